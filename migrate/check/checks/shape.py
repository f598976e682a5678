# SPDX-License-Identifier: Apache-2.0
"""Documents that Kubernetes would not take: kinds, fields and types that it does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.check.checks import Fault, check
from migrate.check.fields import Field, knowledge, mistakes
from migrate.check.reach import text
from migrate.check.scene import Object, Scene
from migrate.model.finding import Severity

# The last minor version that served what older manifests and habits still ask for.
REMOVED = {
    "extensions/v1beta1": 21,
    "apps/v1beta1": 15,
    "apps/v1beta2": 15,
    "networking.k8s.io/v1beta1": 21,
    "batch/v1beta1": 24,
    "policy/v1beta1": 24,
    "discovery.k8s.io/v1beta1": 24,
    "autoscaling/v2beta1": 24,
}
CUSTOM = ("gateway.networking.k8s.io/", "external-secrets.io/", "bitnami.com/")
VALUES = {
    "imagePullPolicy": "Always IfNotPresent Never",
    "restartPolicy": "Always OnFailure Never",
    "protocol": "TCP UDP SCTP",
    "concurrencyPolicy": "Allow Forbid Replace",
    "dnsPolicy": "ClusterFirst ClusterFirstWithHostNet Default None",
    "whenUnsatisfiable": "DoNotSchedule ScheduleAnyway",
    "addressType": "IPv4 IPv6 FQDN",
    "pathType": "Exact Prefix ImplementationSpecific",
    "unhealthyPodEvictionPolicy": "IfHealthyBudget AlwaysAllow",
    "externalTrafficPolicy": "Cluster Local",
    "ipFamilyPolicy": "SingleStack PreferDualStack RequireDualStack",
    "terminationMessagePolicy": "File FallbackToLogsOnError",
}
ALLOWED = {field: frozenset(words.split()) for field, words in VALUES.items()}


@check(
    Severity.ERROR,
    remedy="Use a version that the cluster serves, or set target.kubernetes to the cluster's.",
    asked_by="kube-linter:no-extensions-v1beta kube-score:stable-version",
)
def api_version(scene: Scene) -> Iterator[Fault]:
    for one in scene.objects:
        message = _not_served(one, scene.minor)
        if message:
            yield Fault(one, "apiVersion" if one.kind else "kind", message)


def _not_served(one: Object, minor: int) -> str:
    kind = knowledge().kinds.get(f"{one.api} {one.kind}")
    if not one.kind or not one.api:
        return "a document needs apiVersion and kind"
    if kind:
        return "" if kind.known_in(minor) else f"Kubernetes serves {one.api} {one.kind} {kind.versions()}"
    if one.api in REMOVED:
        return f"Kubernetes serves {one.api} only until 1.{REMOVED[one.api]}"
    others = sorted(name.split()[0] for name in knowledge().kinds if name.split()[1] == one.kind)
    ours = one.api.rpartition("/")[0] in knowledge().groups
    return f"{one.kind} is of {' or '.join(others)}, not of {one.api}" if others and ours else ""


def _is_known(one: Object) -> bool:
    return f"{one.api} {one.kind}" in knowledge().kinds


def _built_in(one: Object) -> bool:
    """Whether it is Kubernetes' own: the words below mean other things in the kinds of others."""
    return not one.api.startswith(CUSTOM)


def _mistakes(scene: Scene, wanted: str) -> Iterator[Fault]:
    for one in scene.objects:
        kind: Field | None = knowledge().kinds.get(f"{one.api} {one.kind}")
        if kind and kind.known_in(scene.minor):
            for what, at, message in mistakes(one.data, kind.kind, scene.minor):
                if what == wanted:
                    yield Fault(one, at, message)


@check(
    Severity.ERROR,
    remedy="Correct the name of the field, or remove it: the cluster refuses it.",
    asked_by="kube-linter:schema-validation kubeconform:invalid",
)
def unknown_field(scene: Scene) -> Iterator[Fault]:
    yield from _mistakes(scene, "unknown-field")


@check(Severity.ERROR, remedy="Add the field.", asked_by="kube-linter:schema-validation kubeconform:invalid")
def missing_field(scene: Scene) -> Iterator[Fault]:
    yield from _mistakes(scene, "missing-field")


@check(
    Severity.ERROR,
    remedy="Write a value of the right type; text that looks like a number or like yes and no needs quotes.",
    asked_by="kube-linter:schema-validation kubeconform:invalid",
)
def wrong_type(scene: Scene) -> Iterator[Fault]:
    yield from _mistakes(scene, "wrong-type")


@check(Severity.ERROR, remedy="Choose one of the values that Kubernetes knows.")
def unknown_value(scene: Scene) -> Iterator[Fault]:
    for one in scene.objects:
        if one.kind not in ("ConfigMap", "Secret") and _built_in(one) and _is_known(one):
            for at, name, value in _leaves(one.data, ""):
                if name in ALLOWED and value not in ALLOWED[name]:
                    yield Fault(one, at, f"{at} may be {', '.join(sorted(ALLOWED[name]))}")


def _leaves(value: object, at: str) -> Iterator[tuple[str, str, str]]:
    """(path, last name, text) of every text in a tree."""
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{at}.{key}" if at else str(key)
            if isinstance(inner, str):
                yield path, str(key), inner
            elif key not in ("labels", "annotations", "matchLabels"):
                yield from _leaves(inner, path)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{at}[{index}]")


LABEL_NAME = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?", re.ASCII)
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?", re.ASCII)
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DNS_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
LONGEST_NAME = 253
# A CronJob's jobs and a ReplicaSet's pods get names made of theirs.
LONGEST = {"CronJob": 52, "Deployment": 63, "StatefulSet": 52, "DaemonSet": 63, "Service": 63, "Job": 63}


@check(
    Severity.ERROR,
    remedy="Use lower case letters, digits and hyphens, begin with a letter, and stay below the limit.",
)
def name(scene: Scene) -> Iterator[Fault]:
    for one in scene.objects:
        message = _name_mistake(one)
        if message:
            yield Fault(one, "metadata.name", message)
        if one.namespace and not DNS_LABEL.fullmatch(one.namespace):
            yield Fault(one, "metadata.namespace", "the namespace is no DNS label")


def _name_mistake(one: Object) -> str:
    if not one.name:
        return (
            "" if one.get("metadata.generateName") or not _is_known(one) else f"{one.kind or 'a document'} has no name"
        )
    if one.kind in LONGEST and len(one.name) > LONGEST[one.kind]:
        return f"the name of a {one.kind} may have {LONGEST[one.kind]} characters, not {len(one.name)}"
    if one.kind == "Service" and not (one.name[0].isalpha() and DNS_LABEL.fullmatch(one.name)):
        return "the name of a Service must be a DNS label that begins with a letter"
    if one.kind.startswith(("Role", "ClusterRole")):
        return ""
    return "" if DNS_NAME.fullmatch(one.name) and len(one.name) <= LONGEST_NAME else "the name is no DNS name"


@check(
    Severity.ERROR,
    remedy="Keep to letters, digits, `-`, `_`, `.`, at most 63 characters.",
    asked_by="kube-score:label-values",
)
def label(scene: Scene) -> Iterator[Fault]:
    for one in scene.objects:
        for at, labels in _all_labels(scene, one):
            for key, value in labels.items():
                if not LABEL_NAME.fullmatch(str(key)):
                    yield Fault(one, at, f"{at}: {key} can't be the name of a label")
                elif isinstance(value, str) and not LABEL_VALUE.fullmatch(value):
                    yield Fault(one, f"{at}.{key}", f"{at}.{key} can't have this value")


def _all_labels(scene: Scene, one: Object) -> Iterator[tuple[str, dict[str, object]]]:
    yield "metadata.labels", one.labels
    for pod in scene.pods_by_owner.get(id(one), ()):
        yield f"{pod.at}.metadata.labels" if pod.at else "metadata.labels", pod.labels


@check(
    Severity.ERROR,
    remedy="Remove one of them; of two objects with one name only one survives.",
    asked_by="kube-linter:duplicate-kinds",
)
def duplicate_object(scene: Scene) -> Iterator[Fault]:
    seen: dict[tuple[str, str, str, str], Object] = {}
    for one in scene.objects:
        key = (one.api.rpartition("/")[0], one.kind, one.namespace, one.name)
        if key in seen and one.name:
            yield Fault(one, "metadata.name", f"{seen[key].path} has a {one} too")
        seen.setdefault(key, one)


@check(
    Severity.ERROR,
    remedy="Remove one of the two, or rename it.",
    asked_by="kube-linter:duplicate-env-var kube-score:environment-variable-key-duplication",
)
def duplicate_entry(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        yield from _twice(pod.owner, f"{pod.spec_at}.containers", [one.name for one in pod.containers], "container")
        yield from _twice(pod.owner, f"{pod.spec_at}.volumes", _each(pod.spec.get("volumes"), "name"), "volume")
        ports = [f"{port.get('protocol', 'TCP')} {port.get('containerPort')}" for _, port in pod.ports]
        yield from _twice(pod.owner, f"{pod.spec_at}.containers", ports, "port")
        names = [text(port.get("name")) for _, port in pod.ports]
        yield from _twice(pod.owner, f"{pod.spec_at}.containers", names, "port name")
        for one in pod.containers:
            yield from _twice(pod.owner, f"{one.at}.env", _each(one.data.get("env"), "name"), "variable")
            yield from _twice(
                pod.owner, f"{one.at}.volumeMounts", _each(one.data.get("volumeMounts"), "mountPath"), "mount at"
            )
    for service in scene.of("Service"):
        ports = _each(service.get("spec.ports"), "name")
        yield from _twice(service, "spec.ports", ports, "port name")
        numbers = [f"{port.get('protocol', 'TCP')} {port.get('port')}" for port in _rows(service.get("spec.ports"))]
        yield from _twice(service, "spec.ports", numbers, "port")


def _rows(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _each(value: object, key: str) -> list[str]:
    return [text(one.get(key)) for one in _rows(value)]


def _twice(one: Object, at: str, names: list[str], what: str) -> Iterator[Fault]:
    for found in sorted({entry for entry in names if entry and names.count(entry) > 1}):
        yield Fault(one, at, f"the {what} {found} is there twice")
