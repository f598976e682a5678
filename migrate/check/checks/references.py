# SPDX-License-Identifier: Apache-2.0
"""Things that name each other: selectors, ports, ConfigMaps, Secrets, accounts, volumes, backends."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.check.checks import Fault, check, of_container
from migrate.check.reach import Table, items, plain, reach, table, tables, text
from migrate.check.scene import Container, Object, Pod, Scene, meets
from migrate.model.finding import Severity

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
KEYS = ("name", "port")
CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


@check(
    Severity.ERROR,
    remedy="Let spec.selector and the labels of the template agree.",
    asked_by="kube-linter:mismatching-selector "
    "kube-score:deployment-pod-selector-labels-match-template-metadata-labels "
    "kube-score:statefulset-pod-selector-labels-match-template-metadata-labels",
)
def selector(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        if pod.owner.kind not in CONTROLLERS:
            continue
        wanted = table(pod.owner.get("spec.selector"))
        labels = table(wanted.get("matchLabels"))
        rules = tables(wanted.get("matchExpressions"))
        if not labels and not rules:
            yield Fault(pod.owner, "spec.selector", "the selector is empty")
        elif any(pod.labels.get(key) != value for key, value in labels.items()) or not all(
            meets(pod.labels, rule) for rule in rules
        ):
            yield Fault(pod.owner, "spec.selector", "the selector does not fit the labels of the pod template")


@check(
    Severity.ERROR,
    remedy="Let the selector fit the labels of a pod, or give a Service without selector an EndpointSlice.",
    asked_by="kube-linter:dangling-service kube-score:service-targets-pod",
)
def service_without_pods(scene: Scene) -> Iterator[Fault]:
    slices = {text(one.labels.get("kubernetes.io/service-name")) for one in scene.of("EndpointSlice")}
    slices |= {one.name for one in scene.of("Endpoints")}
    for service in scene.of("Service"):
        labels = table(service.get("spec.selector"))
        if service.get("spec.type") == "ExternalName":
            continue
        if labels and not scene.selected(labels):
            yield Fault(service, "spec.selector", "the selector fits no pod that is here")
        elif not labels and service.name not in slices:
            yield Fault(service, "spec", "there is no selector, and no EndpointSlice for it")


@check(
    Severity.ERROR,
    remedy="Name a port that the container or the EndpointSlice has.",
    asked_by="kube-linter:invalid-target-ports kube-linter:target-port-specification",
)
def target_port(scene: Scene) -> Iterator[Fault]:
    yield from (fault for fault, port in _missing_targets(scene) if isinstance(port, str))
    for one in scene.of("EndpointSlice"):
        yield from _slice(one, scene)


@check(
    Severity.WARNING,
    remedy="Declare the port in the container, or correct the number.",
    asked_by="kube-score:container-ports-check",
)
def undeclared_port(scene: Scene) -> Iterator[Fault]:
    """Kubernetes takes any number; one that nobody declares is most often a slip."""
    yield from (fault for fault, port in _missing_targets(scene) if not isinstance(port, str))
    yield from (fault for fault, port in _missing_questions(scene) if not isinstance(port, str))


def _missing_targets(scene: Scene) -> Iterator[tuple[Fault, object]]:
    """(fault, port) of Services that lead to ports which their pods do not declare."""
    for service in scene.of("Service"):
        pods = scene.selected(table(service.get("spec.selector")))
        for index, port in enumerate(tables(service.get("spec.ports"))):
            wanted = port.get("targetPort", port.get("port"))
            for pod in pods:
                if not _listens(pod, wanted, text(port.get("protocol")) or "TCP"):
                    message = f"{pod.owner} has no {port.get('protocol', 'TCP')} port {wanted}"
                    yield Fault(service, f"spec.ports[{index}].targetPort", message), wanted


def _listens(pod: Pod, wanted: object, protocol: str) -> bool:
    return any(
        wanted in (port.get("name"), port.get("containerPort")) and (port.get("protocol") or "TCP") == protocol
        for _, port in pod.ports
    )


def _slice(one: Object, scene: Scene) -> Iterator[Fault]:
    """A slice's ports go by name; one that its Service does not have is reached by nobody."""
    service = scene.named.get(("Service", text(one.labels.get("kubernetes.io/service-name"))))
    if service is None:
        yield Fault(one, "metadata.labels", "no Service is named by kubernetes.io/service-name")
        return
    there = {(text(port.get("name")), port.get("protocol") or "TCP") for port in tables(service.get("spec.ports"))}
    for index, port in enumerate(tables(one.get("ports"))):
        if (text(port.get("name")), port.get("protocol") or "TCP") not in there:
            yield Fault(
                one, f"ports[{index}]", f"{service} has no such port as {text(port.get('name')) or 'one without name'}"
            )


@check(
    Severity.ERROR,
    remedy="Ask on a port that the container declares.",
    asked_by="kube-linter:liveness-port kube-linter:readiness-port kube-linter:startup-port",
)
def probe_port(scene: Scene) -> Iterator[Fault]:
    yield from (fault for fault, port in _missing_questions(scene) if isinstance(port, str))


def _missing_questions(scene: Scene) -> Iterator[tuple[Fault, object]]:
    """(fault, port) of probes that ask on ports which their container does not declare."""
    for pod in scene.pods:
        for one in pod.containers:
            ports = {
                plain(port.get(key)) for port in tables(one.data.get("ports")) for key in ("name", "containerPort")
            }
            for probe, way in ((probe, way) for probe in PROBES for way in ("httpGet", "tcpSocket", "grpc")):
                port = reach(one.data, f"{probe}.{way}.port")
                if port is not None and plain(port) not in ports:
                    message = f"{probe} asks on {port}, which is no port of it"
                    yield of_container(pod, one, f"{probe}.{way}.port", message), port


@check(
    Severity.ERROR,
    remedy="Add the object or the key, or correct the name.",
    asked_by="kube-linter:env-var-value-from kube-linter:non-existent-service-account",
)
def missing_reference(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for at, kind, name, key, optional in _named(pod):
            if not name or optional:
                continue
            target = scene.named.get((kind, name))
            if target is None:
                yield Fault(pod.owner, at, f"there is no {kind} {name}")
            elif key and not _has_key(target, key):
                yield Fault(pod.owner, at, f"{target} has no key {key}")


Reference = tuple[str, str, str, str, bool]


def _named(pod: Pod) -> Iterator[Reference]:
    """(where, kind, name, key, optional) of everything that a pod needs."""
    account = text(pod.spec.get("serviceAccountName"))
    yield f"{pod.spec_at}.serviceAccountName", "ServiceAccount", account, "", account == "default"
    for index, secret in enumerate(tables(pod.spec.get("imagePullSecrets"))):
        # Pull secrets come with the cluster, not with the application.
        yield f"{pod.spec_at}.imagePullSecrets[{index}]", "Secret", text(secret.get("name")), "", True
    for index, volume in enumerate(tables(pod.spec.get("volumes"))):
        yield from _of_volume(f"{pod.spec_at}.volumes[{index}]", volume)
    for one in pod.containers:
        yield from _of_variables(one)


def _of_volume(at: str, volume: Table) -> Iterator[Reference]:
    claim = text(reach(volume, "persistentVolumeClaim.claimName"))
    yield f"{at}.persistentVolumeClaim", "PersistentVolumeClaim", claim, "", False
    sources = [volume, *tables(reach(volume, "projected.sources"))]
    for source in sources:
        for field, kind, key in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            found = table(source.get(field))
            name, optional = text(found.get(key) or found.get("name")), bool(found.get("optional"))
            yield f"{at}.{field}", kind, name, "", optional
            for item in tables(found.get("items")):
                yield f"{at}.{field}.items", kind, name, text(item.get("key")), optional


def _of_variables(one: Container) -> Iterator[Reference]:
    for index, source in enumerate(tables(one.data.get("envFrom"))):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            found = table(source.get(field))
            yield f"{one.at}.envFrom[{index}]", kind, text(found.get("name")), "", bool(found.get("optional"))
    for index, entry in enumerate(tables(one.data.get("env"))):
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            found = table(reach(entry, f"valueFrom.{field}"))
            at = f"{one.at}.env[{index}].valueFrom"
            yield at, kind, text(found.get("name")), text(found.get("key")), bool(found.get("optional"))


def _has_key(target: Object, key: str) -> bool:
    """Whether an object gives a key; where it takes whole secrets from elsewhere, nobody can tell from here."""
    if target.kind == "ExternalSecret":
        named = {text(one.get("secretKey")) for one in tables(target.get("spec.data"))}
        return (
            key in named or bool(target.get("spec.dataFrom")) or key in table(target.get("spec.target.template.data"))
        )
    fields = (
        ("spec.encryptedData", "spec.template.data")
        if target.kind == "SealedSecret"
        else ("data", "stringData", "binaryData")
    )
    return any(key in table(target.get(field)) for field in fields)


@check(Severity.ERROR, remedy="Give the pod a volume of that name, and mount keys that it has.")
def volume_mount(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        volumes = {text(one.get("name")): one for one in tables(pod.spec.get("volumes"))}
        volumes |= {text(reach(one, "metadata.name")): {} for one in tables(pod.owner.get("spec.volumeClaimTemplates"))}
        for one in pod.containers:
            for index, mount in enumerate(tables(one.data.get("volumeMounts"))):
                message = _mount_mistake(mount, volumes, scene)
                if message:
                    yield of_container(pod, one, f"volumeMounts[{index}]", message)


def _mount_mistake(mount: Table, volumes: dict[str, Table], scene: Scene) -> str:
    name = text(mount.get("name"))
    if name not in volumes:
        return f"there is no volume {name or 'without a name'}"
    if not text(mount.get("mountPath")).startswith("/"):
        return "mountPath must begin with /"
    path, volume = text(mount.get("subPath")), volumes[name]
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        source = table(volume.get(field))
        target = scene.named.get((kind, text(source.get("secretName") or source.get("name"))))
        if path and source and target and not source.get("items") and not _has_key(target, path):
            return f"{target} has no key {path}"
        listed = [text(item.get("path")) for item in tables(source.get("items"))]
        if path and listed and path not in listed:
            return f"no item of the volume {name} is put at {path}"
    return ""


@check(
    Severity.ERROR,
    remedy="Lead to a Service and a port that are here.",
    asked_by="kube-linter:dangling-ingress kube-score:ingress-targets-service",
)
def missing_backend(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("Ingress", "HTTPRoute"):
        for at, name, port in _ingress(one) if one.kind == "Ingress" else _route(one):
            service = scene.named.get(("Service", name))
            if service is None:
                yield Fault(one, at, f"there is no Service {name or 'named'}")
            elif plain(port) not in {plain(one.get(key)) for one in tables(service.get("spec.ports")) for key in KEYS}:
                yield Fault(one, at, f"{service} has no port {port}")


def _ingress(one: Object) -> Iterator[tuple[str, str, object]]:
    backends = [("spec.defaultBackend", one.get("spec.defaultBackend"))] if one.get("spec.defaultBackend") else []
    for number, rule in enumerate(tables(one.get("spec.rules"))):
        for index, path in enumerate(tables(reach(rule, "http.paths"))):
            backends.append((f"spec.rules[{number}].http.paths[{index}].backend", path.get("backend")))
    for at, backend in backends:
        service = table(table(backend).get("service"))
        if service:
            port = table(service.get("port"))
            yield at, text(service.get("name")), port.get("name") or port.get("number")


def _route(one: Object) -> Iterator[tuple[str, str, object]]:
    for number, rule in enumerate(tables(one.get("spec.rules"))):
        for index, backend in enumerate(tables(rule.get("backendRefs"))):
            if backend.get("kind", "Service") == "Service" and not backend.get("namespace"):
                yield f"spec.rules[{number}].backendRefs[{index}]", text(backend.get("name")), backend.get("port")


@check(
    Severity.ERROR,
    remedy="Name a controller that is here, and let its replicas to the autoscaler.",
    asked_by="kube-linter:dangling-horizontalpodautoscaler kube-score:horizontalpodautoscaler-has-target "
    "kube-score:deployment-targeted-by-hpa-does-not-have-replicas-configured",
)
def autoscaler_target(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("HorizontalPodAutoscaler"):
        wanted = table(one.get("spec.scaleTargetRef"))
        target = scene.named.get((text(wanted.get("kind")), text(wanted.get("name"))))
        if target is None:
            yield Fault(one, "spec.scaleTargetRef", f"there is no {wanted.get('kind')} {wanted.get('name')}")
        elif target.get("spec.replicas") is not None:
            yield Fault(target, "spec.replicas", f"{one} decides the replicas, and each apply would undo that")


@check(Severity.ERROR, remedy="Name objects of the role and account that are here.")
def role_binding(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("RoleBinding"):
        reference = table(one.get("roleRef"))
        if reference.get("kind") == "Role" and ("Role", text(reference.get("name"))) not in scene.named:
            yield Fault(one, "roleRef", f"there is no Role {reference.get('name')}")
        for index, subject in enumerate(tables(items(one.get("subjects")))):
            here = subject.get("kind") == "ServiceAccount" and subject.get("namespace", one.namespace) == one.namespace
            if here and ("ServiceAccount", text(subject.get("name"))) not in scene.named:
                yield Fault(one, f"subjects[{index}]", f"there is no ServiceAccount {subject.get('name')}")
