# SPDX-License-Identifier: Apache-2.0
"""Who may talk to whom: NetworkPolicies against what Services promise and programs ask for; doors to the outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from migrate.check.checks import Fault, check
from migrate.check.reach import Table, items, plain, reach, strings, table, tables, text
from migrate.check.scene import Object, Pod, Scene
from migrate.model.finding import Severity

DNS = 53
Policies = dict[int, list[Object]]


def policies_of(scene: Scene) -> Policies:
    """id of a pod → the policies that select it, those for every pod last."""
    found: Policies = {}
    for policy in sorted(scene.of("NetworkPolicy"), key=lambda one: not one.get("spec.podSelector")):
        for pod in scene.matched(policy.get("spec.podSelector")):
            found.setdefault(id(pod), []).append(policy)
    return found


def directions(policy: Object) -> set[str]:
    """As Kubernetes takes it: Ingress always, Egress where there are rules, unless policyTypes says otherwise."""
    named = {str(one) for one in items(policy.get("spec.policyTypes"))}
    return named or {"Ingress", *(["Egress"] if policy.get("spec.egress") else [])}


@check(
    Severity.WARNING,
    remedy="Add a NetworkPolicy that selects the pod, for Ingress and Egress.",
    asked_by="kube-linter:non-isolated-pod kube-score:pod-networkpolicy polaris:missingNetworkPolicy",
)
def open_network(scene: Scene) -> Iterator[Fault]:
    policies = policies_of(scene)
    for pod in scene.pods:
        ruled = {direction for policy in policies.get(id(pod), ()) for direction in directions(policy)}
        missing = [
            word
            for direction, word in (("Ingress", "reach it"), ("Egress", "be reached from it"))
            if direction not in ruled
        ]
        if missing:
            yield Fault(pod.owner, "metadata.name", f"no NetworkPolicy: everybody may {' and '.join(missing)}")


@check(
    Severity.WARNING,
    remedy="Let podSelector fit pods that are here, or remove the policy.",
    asked_by="kube-linter:dangling-networkpolicy kube-linter:dangling-networkpolicypeer-podselector "
    "kube-linter:dangling-networkpolicy-rule kube-score:networkpolicy-targets-pod",
)
def policy_without_pods(scene: Scene) -> Iterator[Fault]:
    for policy in scene.of("NetworkPolicy"):
        chosen = policy.get("spec.podSelector")
        if chosen and not scene.matched(chosen):
            yield Fault(policy, "spec.podSelector", "the selector fits no pod that is here")
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for number, rule in enumerate(tables(policy.get(f"spec.{direction}"))):
                for index, peer in enumerate(tables(rule.get(side))):
                    own = peer.get("podSelector") and not peer.get("namespaceSelector")
                    if own and not scene.matched(peer["podSelector"]):
                        at = f"spec.{direction}[{number}].{side}[{index}]"
                        yield Fault(policy, at, "the peer fits no pod that is here")


@check(Severity.WARNING, remedy="Allow the port in a NetworkPolicy of the pod: its Service promises it.")
def blocked_service(scene: Scene) -> Iterator[Fault]:
    for service, pod, ruling, rules in _served(scene):
        for port in tables(service.get("spec.ports")) if rules else ():
            numbers = _numbers(pod, port.get("targetPort", port.get("port")))
            if not any(_allows(rule, numbers, _protocol(port)) for rule in rules):
                message = f"no policy lets anybody reach port {port.get('port')} of {service}"
                yield Fault(ruling, "spec.ingress", message)


@check(Severity.NOTE, remedy="Add an ingress rule for those who call it, or remove the Service.")
def closed_service(scene: Scene) -> Iterator[Fault]:
    for service, _, ruling, rules in _served(scene):
        if not rules:
            yield Fault(ruling, "spec.ingress", f"its policies let nobody in, so {service} is of no use")


def _served(scene: Scene) -> Iterator[tuple[Object, Pod, Object, list[Table]]]:
    """Service, pod behind it, the policy that is nearest to that, and all rules for coming in."""
    policies = policies_of(scene)
    for service in scene.of("Service"):
        for pod in scene.selected(table(service.get("spec.selector"))):
            ruling = [one for one in policies.get(id(pod), ()) if "Ingress" in directions(one)]
            if ruling:
                yield service, pod, ruling[0], [rule for one in ruling for rule in tables(one.get("spec.ingress"))]


@check(
    Severity.WARNING,
    remedy="Allow UDP and TCP port 53, or the pod finds nobody by name.",
)
def blocked_dns(scene: Scene) -> Iterator[Fault]:
    policies = policies_of(scene)
    for pod in scene.pods:
        ruling = [one for one in policies.get(id(pod), ()) if "Egress" in directions(one)]
        rules = [rule for one in ruling for rule in tables(one.get("spec.egress"))]
        # A pod that may go nowhere at all needs no names.
        if rules and not any(_allows(rule, {DNS}, "UDP") for rule in rules):
            yield Fault(ruling[0], "spec.egress", f"{pod.owner} may not ask for names (port 53)")


@check(
    Severity.WARNING,
    remedy="Allow egress to the Service's pods or addresses, on the port behind it.",
)
def blocked_peer(scene: Scene) -> Iterator[Fault]:
    """A pod whose own configuration names a Service of this place needs a way to it."""
    policies, services = policies_of(scene), {one.name: one for one in scene.of("Service") if one.name}
    if not services or not policies:
        return
    pattern = re.compile(
        r"(?<![\w.-])(" + "|".join(sorted(map(re.escape, services), key=len, reverse=True)) + r")(?![\w-])(?::(\d+))?"
    )
    for pod in scene.pods:
        ruling = [one for one in policies.get(id(pod), ()) if "Egress" in directions(one)]
        rules = [rule for one in ruling for rule in tables(one.get("spec.egress"))]
        for name, port in sorted(_spoken_of(pod, scene, pattern)) if ruling else ():
            if not _way(services[name], int(port), rules, scene, pod):
                yield Fault(ruling[0], "spec.egress", f"{pod.owner} speaks of {name}:{port}, and may not go there")


def _spoken_of(pod: Pod, scene: Scene, pattern: re.Pattern[str]) -> set[tuple[str, str]]:
    """(Service, port) in variables and ConfigMaps; only with its port, since names alone are often just words."""
    texts = [text(one.get("value")) for each in pod.serving for one in tables(each.data.get("env"))]
    for kind, name in _config_maps(pod):
        found = scene.named.get((kind, name))
        texts += strings(found.get("data")) if found else []
    return {(match[1], match[2]) for one in texts for match in pattern.finditer(one) if match[2]}


def _config_maps(pod: Pod) -> Iterator[tuple[str, str]]:
    for volume in tables(pod.spec.get("volumes")):
        yield "ConfigMap", text(reach(volume, "configMap.name"))
    for one in pod.serving:
        for source in tables(one.data.get("envFrom")):
            yield "ConfigMap", text(reach(source, "configMapRef.name"))


def _way(service: Object, port: int, rules: list[Table], scene: Scene, asking: Pod) -> bool:
    """Whether some rule leads to what is behind a Service's port; a port that it does not have is another matter."""
    entry = next((one for one in tables(service.get("spec.ports")) if one.get("port") == port), None)
    if entry is None:
        return True
    behind = scene.selected(table(service.get("spec.selector")))
    target = entry.get("targetPort", port)
    numbers = {each for pod in behind for each in _numbers(pod, target)} or {
        target if isinstance(target, int) else port
    }
    if any(pod is asking for pod in behind):
        return True
    fitting = [rule for rule in rules if _allows(rule, numbers, _protocol(entry))]
    return any(_leads(rule, behind, scene) for rule in fitting)


def _leads(rule: Table, behind: list[Pod], scene: Scene) -> bool:
    """Addresses are taken on trust: which of them a VM has is the bridge's business."""
    peers = tables(rule.get("to"))
    if not peers or any(peer.get("ipBlock") or peer.get("namespaceSelector") is not None for peer in peers):
        return True
    chosen = {id(pod) for peer in peers for pod in scene.matched(peer.get("podSelector"))}
    return any(id(pod) in chosen for pod in behind)


def _allows(rule: Table, numbers: set[Any], protocol: str) -> bool:
    ports = tables(rule.get("ports"))
    return not ports or any(_covers(port, numbers) and _protocol(port) == protocol for port in ports)


def _covers(port: Table, numbers: set[Any]) -> bool:
    first, last = port.get("port"), port.get("endPort")
    if first is None or plain(first) in numbers:
        return True
    if not isinstance(first, int) or not isinstance(last, int):
        return False
    return any(isinstance(one, int) and first <= one <= last for one in numbers)


def _numbers(pod: Pod, wanted: object) -> set[Any]:
    """A port under its number and its name."""
    found = {
        plain(port.get(key))
        for _, port in pod.ports
        if wanted in (port.get("name"), port.get("containerPort"))
        for key in ("name", "containerPort")
        if port.get(key)
    }
    return found or {plain(wanted)}


def _protocol(port: Table) -> str:
    return text(port.get("protocol")) or "TCP"


@check(
    Severity.NOTE,
    remedy="Let an Ingress or a Gateway lead from outside to a ClusterIP.",
    asked_by="kube-linter:exposed-services kube-score:service-type kube-linter:externalname-service-redirect",
)
def exposed_service(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("Service"):
        if one.get("spec.type") in ("NodePort", "LoadBalancer", "ExternalName"):
            yield Fault(one, "spec.type", f"{one.get('spec.type')} goes around the cluster's front door")


@check(
    Severity.NOTE,
    remedy="Add tls with the name of the Secret that holds the certificate.",
    asked_by="polaris:tlsSettingsMissing kube-linter:insecure-route-termination",
)
def plain_http(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("Ingress"):
        if not one.get("spec.tls"):
            yield Fault(one, "spec.tls", "the Ingress speaks plain HTTP")
