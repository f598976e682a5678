# SPDX-License-Identifier: Apache-2.0
"""Ingresses, or HTTPRoutes of the Gateway API, for the hosts that lead to a workload."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from migrate.generate import notes
from migrate.generate.estate import Estate
from migrate.generate.manifest import LABEL_SOURCES, Manifest, Object, labels
from migrate.generate.route import Route
from migrate.model.config import Routes
from migrate.model.finding import Finding, Severity
from migrate.model.workload import Workload

GATEWAY = "gateway"


def manifests(workload: Workload, routes: Sequence[Route], estate: Estate) -> list[Manifest]:
    """What target.routes asks for."""
    if not routes or estate.target.routes is Routes.NONE:
        return []
    if estate.target.routes is Routes.GATEWAY:
        return _http_routes(workload, routes, estate)
    return [_ingress(workload, routes, estate)]


def secret_name(workload: Workload, estate: Estate) -> str:
    """The Secret of type kubernetes.io/tls with the certificate of the hosts of a workload."""
    return f"{estate.name(workload)}-tls"


def _ingress(workload: Workload, routes: Sequence[Route], estate: Estate) -> Manifest:
    spec: Object = {"ingressClassName": estate.target.route_class} if estate.target.route_class else {}
    if secured := [route.host for route in routes if route.tls]:
        spec["tls"] = [{"hosts": secured, "secretName": secret_name(workload, estate)}]
    spec["rules"] = [{"host": route.host, "http": {"paths": [_path(route)]}} for route in routes]
    found: Object = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": estate.name(workload), "labels": labels(workload, estate)},
        "spec": spec,
    }
    sources = {
        "spec.ingressClassName": "target.route_class of migrate.yaml",
        "spec.tls": f"certificate: {_certificate(routes)}",
        **{f"spec.rules[{route.host}]": _told(route) for route in routes},
    }
    return Manifest("ingress.yaml", found, {**LABEL_SOURCES, **sources})


def _path(route: Route) -> Object:
    service = {"name": route.service, "port": {"number": route.port}}
    return {"path": "/", "pathType": "Prefix", "backend": {"service": service}}


def _http_routes(workload: Workload, routes: Sequence[Route], estate: Estate) -> list[Manifest]:
    """One for each backend, since an HTTPRoute has one set of hosts."""
    by_backend: defaultdict[tuple[str, int], list[Route]] = defaultdict(list)
    for route in routes:
        by_backend[route.service, route.port].append(route)
    found = []
    for number, ((service, port), many) in enumerate(sorted(by_backend.items())):
        suffix = f"-{number}" if number else ""
        rule = {
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            "backendRefs": [{"name": service, "port": port}],
        }
        each: Object = {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": f"{estate.name(workload)}{suffix}", "labels": labels(workload, estate)},
            "spec": {
                "parentRefs": [{"name": GATEWAY}],
                "hostnames": [route.host for route in many],
                "rules": [rule],
            },
        }
        sources = {
            "spec.parentRefs": "default: the Gateway of the environment",
            "spec.hostnames": "; ".join(dict.fromkeys(map(_told, many))),
            "spec.rules": "; ".join(dict.fromkeys(map(_told, many))),
        }
        found.append(Manifest(f"httproute{suffix}.yaml", each, {**LABEL_SOURCES, **sources}))
    return found


def gateway(secured: Sequence[tuple[str, str]], estate: Estate) -> Manifest:
    """The Gateway of an environment: HTTP for all, and HTTPS for each (host, Secret) in `secured`."""
    every = {"namespaces": {"from": "Same"}}
    listeners: list[Object] = [{"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": every}]
    for number, (host, secret) in enumerate(sorted(secured)):
        tls = {"mode": "Terminate", "certificateRefs": [{"name": secret}]}
        listeners.append(
            {
                "name": f"https-{number}",
                "hostname": host,
                "port": 443,
                "protocol": "HTTPS",
                "tls": tls,
                "allowedRoutes": every,
            }
        )
    found: Object = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": GATEWAY, "labels": {"app.kubernetes.io/managed-by": "migrate"}},
        "spec": {"gatewayClassName": estate.target.route_class or "default", "listeners": listeners},
    }
    sources = {
        "apiVersion": "default",
        "kind": "target.routes of migrate.yaml",
        "metadata": "default",
        "spec.gatewayClassName": "target.route_class of migrate.yaml",
        "spec.listeners": "hosts of all routes of the environment",
    }
    return Manifest("gateway.yaml", found, sources)


def findings(workload: Workload, routes: Sequence[Route], estate: Estate) -> list[Finding]:
    """Certificates that somebody has to bring, and what is lost on the new way."""
    if not routes or estate.target.routes is Routes.NONE:
        return []
    told = []
    if secured := [route for route in routes if route.tls]:
        message = (
            f"TLS for {notes.listed(one.host for one in secured)} needs the Secret {secret_name(workload, estate)}."
        )
        remedy = f"Create it from the certificate of the VM ({_certificate(routes)}), or let cert-manager do so."
        told.append(notes.finding(workload, "certificate-needed", message, remedy, severity=Severity.NOTE))
    if bypassed := [route for route in routes if route.bypassed]:
        message = (
            f"{notes.listed(one.host for one in bypassed)} goes straight to the Service, past {bypassed[0].bypassed}."
        )
        remedy = "What it adds (headers, limits, redirects) has to be said to the ingress controller."
        told.append(notes.finding(workload, "balancer-bypassed", message, remedy, severity=Severity.NOTE))
    if behind := [route for route in routes if route.backend_tls]:
        message = f"{notes.listed(one.host for one in behind)} is served with TLS alone, which a route does not speak."
        remedy = "Serve it without TLS inside the cluster, or tell the controller to use TLS to the backend."
        told.append(notes.finding(workload, "backend-tls", message, remedy))
    return told


def _told(route: Route) -> str:
    way = f", past {route.bypassed}" if route.bypassed else ""
    return f"virtual host {route.host} ({route.source}){way}"


def _certificate(routes: Sequence[Route]) -> str:
    files = sorted({route.certificate for route in routes if route.certificate})
    return notes.listed(files) or "of the balancer in front"
