# SPDX-License-Identifier: Apache-2.0
"""What would be applied together: the objects of one kustomization or folder, and ways to look at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from migrate.check.reach import Table, items, reach, table, tables, text

TEMPLATES = {
    "Deployment": "spec.template",
    "StatefulSet": "spec.template",
    "DaemonSet": "spec.template",
    "ReplicaSet": "spec.template",
    "Job": "spec.template",
    "CronJob": "spec.jobTemplate.spec.template",
}
EXAMPLE = ".example.yaml"


class Object(msgspec.Struct, frozen=True, dict=True, eq=False):
    """One document of one file. `example` marks skeletons, which people fill and apply themselves."""

    path: str
    data: Table
    index: int = 0
    example: bool = False

    @cached_property
    def kind(self) -> str:
        return text(self.data.get("kind"))

    @cached_property
    def api(self) -> str:
        return text(self.data.get("apiVersion"))

    @cached_property
    def name(self) -> str:
        return text(reach(self.data, "metadata.name"))

    @cached_property
    def namespace(self) -> str:
        return text(reach(self.data, "metadata.namespace"))

    @cached_property
    def labels(self) -> Table:
        return table(reach(self.data, "metadata.labels"))

    @cached_property
    def annotations(self) -> Table:
        return table(reach(self.data, "metadata.annotations"))

    def get(self, path: str) -> Any:
        return reach(self.data, path)

    def __str__(self) -> str:
        return f"{self.kind or 'document'} {self.name or '(no name)'}"


class Container(msgspec.Struct, frozen=True, eq=False):
    """One container, and where it stands in its object; `first` are init containers that end."""

    at: str
    data: Table
    first: bool

    @property
    def name(self) -> str:
        return text(self.data.get("name")) or self.at

    @property
    def security(self) -> Table:
        return table(self.data.get("securityContext"))


class Pod(msgspec.Struct, frozen=True, dict=True, eq=False):
    """The pods that an object makes; `at` is where its template stands."""

    owner: Object
    at: str
    template: Table

    @cached_property
    def labels(self) -> Table:
        return table(reach(self.template, "metadata.labels"))

    @cached_property
    def spec(self) -> Table:
        return table(self.template.get("spec"))

    @cached_property
    def security(self) -> Table:
        return table(self.spec.get("securityContext"))

    @cached_property
    def spec_at(self) -> str:
        return f"{self.at}.spec" if self.at else "spec"

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """All of them, those that run first at the front."""
        return tuple(
            Container(f"{self.spec_at}.{field}[{index}]", one, field[0] == "i" and not one.get("restartPolicy"))
            for field in ("initContainers", "containers")
            for index, one in enumerate(items(self.spec.get(field)))
            if isinstance(one, dict)
        )  # fmt: skip

    @cached_property
    def serving(self) -> tuple[Container, ...]:
        return tuple(one for one in self.containers if not one.first)

    @cached_property
    def ports(self) -> tuple[tuple[Container, Table], ...]:
        return tuple((one, port) for one in self.serving for port in tables(one.data.get("ports")))

    @property
    def runs_once(self) -> bool:
        return self.owner.kind in ("Job", "CronJob")

    @property
    def replicas(self) -> int:
        found = self.owner.get("spec.replicas")
        return found if isinstance(found, int) else 1


class Scene(msgspec.Struct, frozen=True, dict=True, eq=False):
    """All objects of `root`; `examples` are the skeletons beside them; `minor` is the Kubernetes that it is for."""

    root: str
    objects: tuple[Object, ...]
    examples: tuple[Object, ...] = ()
    minor: int = 31

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Object, ...]]:
        found = defaultdict(list)
        for one in self.objects:
            found[one.kind].append(one)
        return {kind: tuple(all_of) for kind, all_of in found.items()}

    def of(self, *kinds: str) -> Iterator[Object]:
        for kind in kinds:
            yield from self.by_kind.get(kind, ())

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        return tuple(pod for one in self.objects for pod in pods_of(one))

    @cached_property
    def pods_by_owner(self) -> Mapping[int, tuple[Pod, ...]]:
        """id of an object → its pods."""
        return {id(pod.owner): (pod,) for pod in self.pods}

    @cached_property
    def pods_by_label(self) -> Mapping[tuple[str, Any], tuple[Pod, ...]]:
        """One label → the pods that have it, so that a selector need not look at every pod."""
        found = defaultdict(list)
        for pod in self.pods:
            for key, value in pod.labels.items():
                found[key, str(value)].append(pod)
        return {label: tuple(pods) for label, pods in found.items()}

    def selected(self, labels: Table) -> list[Pod]:
        """The pods that have all of these labels; none for no labels."""
        wanted = [(key, str(value)) for key, value in labels.items()]
        if not wanted:
            return []
        fewest = min((self.pods_by_label.get(label, ()) for label in wanted), key=len)
        return [pod for pod in fewest if all(str(pod.labels.get(key)) == value for key, value in wanted)]

    def matched(self, selector: Any) -> list[Pod]:
        """The pods of a LabelSelector; all of them for an empty one."""
        selector = table(selector)
        labels, rules = table(selector.get("matchLabels")), tables(selector.get("matchExpressions"))
        found = self.selected(labels) if labels else list(self.pods)
        return [pod for pod in found if all(meets(pod.labels, rule) for rule in rules)]

    @cached_property
    def named(self) -> Mapping[tuple[str, str], Object]:
        """(kind, name) → object; what a skeleton, ExternalSecret or SealedSecret makes counts as a Secret."""
        found = {(one.kind, one.name): one for one in (*self.examples, *self.objects)}
        for one in self.of("ExternalSecret", "SealedSecret"):
            at = "spec.target.name" if one.kind == "ExternalSecret" else "spec.template.metadata.name"
            found.setdefault(("Secret", text(one.get(at)) or one.name), one)
        return found


def pods_of(one: Object) -> Iterator[Pod]:
    if one.kind == "Pod":
        yield Pod(one, "", one.data)
    elif one.kind in TEMPLATES:
        at = TEMPLATES[one.kind]
        yield Pod(one, at, table(one.get(at)))


def meets(labels: Table, rule: Table) -> bool:
    """One expression of a LabelSelector."""
    value, wanted = labels.get(text(rule.get("key"))), items(rule.get("values"))
    operator = text(rule.get("operator"))
    if operator in ("Exists", "DoesNotExist"):
        return (value is not None) == (operator == "Exists")
    return (str(value) in map(str, wanted)) == (operator != "NotIn")
