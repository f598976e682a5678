# SPDX-License-Identifier: Apache-2.0
"""One host may die: spread, disruption budgets, autoscalers, labels by which people find things."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.check.checks import Fault, check, of_pod
from migrate.check.reach import number, reach, table, tables, text
from migrate.check.scene import Object, Pod, Scene
from migrate.model.finding import Severity

HOST = "kubernetes.io/hostname"
INSTANCE = "app.kubernetes.io/instance"
SPREAD = ("Deployment", "StatefulSet")


def several(scene: Scene) -> Iterator[Pod]:
    """Pods that are meant to run more than once."""
    scaled = {text(one.get("spec.scaleTargetRef.name")) for one in scene.of("HorizontalPodAutoscaler")}
    for pod in scene.pods:
        if pod.owner.kind in SPREAD and (pod.replicas > 1 or pod.owner.name in scaled):
            yield pod


@check(
    Severity.WARNING,
    remedy="Add topologySpreadConstraints and a preferred podAntiAffinity on kubernetes.io/hostname.",
    asked_by="kube-linter:no-anti-affinity kube-score:deployment-has-host-podantiaffinity "
    "kube-score:statefulset-has-host-podantiaffinity kube-score:pod-topology-spread-constraints "
    "polaris:topologySpreadConstraint",
)
def spread(scene: Scene) -> Iterator[Fault]:
    for pod in several(scene):
        constraints = tables(pod.spec.get("topologySpreadConstraints"))
        if not any(_fits(pod, one.get("labelSelector"), scene) for one in constraints):
            yield of_pod(pod, "topologySpreadConstraints", "all pods may land on one node: no spread")
        if not any(_fits(pod, one.get("labelSelector"), scene) for one in _against(pod)):
            yield of_pod(pod, "affinity", "all pods may land on one node: no podAntiAffinity over hosts")


def _against(pod: Pod) -> list[dict[str, object]]:
    """The anti-affinity terms over hosts."""
    found = table(reach(pod.spec, "affinity.podAntiAffinity"))
    preferred = tables(found.get("preferredDuringSchedulingIgnoredDuringExecution"))
    terms = [
        *tables(found.get("requiredDuringSchedulingIgnoredDuringExecution")),
        *(table(one.get("podAffinityTerm")) for one in preferred),
    ]
    return [one for one in terms if one.get("topologyKey") == HOST]


def _fits(pod: Pod, selector: object, scene: Scene) -> bool:
    return any(one is pod for one in scene.matched(selector)) if selector else False


@check(
    Severity.WARNING,
    remedy="Add a PodDisruptionBudget with maxUnavailable: 1 for two replicas or more, and none for one.",
    asked_by="kube-linter:pdb-max-unavailable kube-linter:pdb-min-available "
    "kube-linter:pdb-unhealthy-pod-eviction-policy kube-score:deployment-has-poddisruptionbudget "
    "kube-score:statefulset-has-poddisruptionbudget kube-score:poddisruptionbudget-has-policy "
    "polaris:missingPodDisruptionBudget polaris:pdbDisruptionsIsZero "
    "polaris:pdbMinAvailableGreaterThanOrEqualToHPAMinReplicas",
)
def disruption_budget(scene: Scene) -> Iterator[Fault]:
    covered: set[int] = set()
    for one in scene.of("PodDisruptionBudget"):
        pods = scene.matched(one.get("spec.selector"))
        covered |= {id(pod) for pod in pods}
        yield from (Fault(one, "spec", message) for message in _budget(one, pods))
    for pod in several(scene):
        if id(pod) not in covered:
            yield Fault(pod.owner, "metadata.name", "no PodDisruptionBudget: draining nodes may stop all pods at once")


def _budget(one: Object, pods: list[Pod]) -> Iterator[str]:
    least, most = one.get("spec.minAvailable"), one.get("spec.maxUnavailable")
    replicas = min((pod.replicas for pod in pods), default=0)
    if not pods:
        yield "the selector fits no pod that is here"
    if (least is None) == (most is None):
        yield "exactly one of minAvailable and maxUnavailable is needed"
    elif _blocks(least, most, replicas):
        yield f"with {replicas} replicas no pod may ever be evicted, so no node can be drained"
    if one.get("spec.unhealthyPodEvictionPolicy") != "AlwaysAllow":
        yield "pods that are ill block draining: unhealthyPodEvictionPolicy should be AlwaysAllow"


def _blocks(least: object, most: object, replicas: int) -> bool:
    if most is not None:
        return most in (0, "0", "0%")
    if isinstance(least, str) and least.endswith("%"):
        return least == "100%"
    return bool(replicas) and number(least) >= replicas


@check(
    Severity.WARNING,
    remedy="Let minReplicas be 2 or more, and maxReplicas above it.",
    asked_by="kube-linter:hpa-minimum-three-replicas kube-linter:hpa-maximum-replicas "
    "kube-score:horizontalpodautoscaler-replicas polaris:hpaMaxAvailability polaris:hpaMinAvailability",
)
def autoscaler(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("HorizontalPodAutoscaler"):
        least, most = number(one.get("spec.minReplicas")) or 1, number(one.get("spec.maxReplicas"))
        if most <= least:
            yield Fault(one, "spec.maxReplicas", f"between {least} and {most} there is nothing to scale")
        if least < 2:
            yield Fault(one, "spec.minReplicas", "it may scale down to a single pod")


@check(
    Severity.NOTE,
    remedy="Give two machines or two replicas, if the program can run twice.",
    asked_by="kube-linter:minimum-three-replicas kube-score:deployment-replicas polaris:deploymentMissingReplicas",
)
def single_replica(scene: Scene) -> Iterator[Fault]:
    many = {id(pod) for pod in several(scene)}
    served = {id(pod) for one in scene.of("Service") for pod in scene.selected(table(one.get("spec.selector")))}
    for pod in scene.pods:
        if pod.owner.kind in SPREAD and id(pod) not in many and id(pod) in served:
            yield Fault(pod.owner, "spec.replicas", "one pod serves alone: while it moves, nobody answers")


@check(
    Severity.NOTE,
    remedy="Set the labels app.kubernetes.io/name and app.kubernetes.io/instance (the object's own name).",
    asked_by="polaris:metadataAndInstanceMismatched",
)
def instance_label(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        if pod.owner.labels.get(INSTANCE) != pod.owner.name:
            yield Fault(pod.owner, "metadata.labels", f"the label {INSTANCE} is not the object's name")
