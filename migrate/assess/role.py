# SPDX-License-Identifier: Apache-2.0
"""What would become of one role: its workloads together, or what it is for when it makes none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch

import msgspec

from migrate import catalog
from migrate.assess import actions
from migrate.assess.assess import assess, survey
from migrate.assess.confidence import confidence
from migrate.assess.purpose import purpose
from migrate.catalog import TOKEN, Index
from migrate.model.finding import Finding
from migrate.model.machine import Machine
from migrate.model.role import Part, RoleAnswer
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Nature, Placement, Workload

WORST = (
    Kind.STATEFUL,
    Kind.MIXED,
    Kind.UNKNOWN,
    Kind.STATELESS,
    Kind.BUILD_AGENT,
    Kind.BATCH,
    Kind.PLUMBING,
    Kind.LIBRARY,
)
"""A role is what its worst part is, from the most that can be lost to the least."""


class Role(msgspec.Struct, frozen=True):
    """`path` is how the answer names it; `dependencies` are the bare names of roles that its meta file asks for.

    Handlers of a role without tasks of its own are there for other roles.
    """

    path: str
    dependencies: frozenset[str] = frozenset()
    has_tasks: bool = True

    @property
    def name(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]

    def owns(self, task: RecordedTask) -> bool:
        """False for a task that only comes with a dependency, which is a role of its own."""
        inner = task.roles[1].rpartition(".")[2] if len(task.roles) > 1 else ""
        return not inner or inner.removeprefix("ansible-role-") not in self.dependencies


def answer(
    role: Role, tasks: Sequence[RecordedTask], machines: Sequence[Machine], findings: Sequence[Finding]
) -> RoleAnswer:
    """The answer about one role, from what it did to a machine of its own."""
    index = catalog.index()
    own = [task for task in tasks if role.owns(task) and (role.has_tasks or not task.handler)]
    workloads = assess(survey("", own, machines, index))
    if any(one.kind is not Kind.PLUMBING for one in workloads):
        told = of_workloads(workloads, index)
    else:
        told = of_purpose(own, workloads, index)
    return msgspec.structs.replace(
        told,
        path=role.path,
        packages=tuple(sorted({name for task in own for name in actions.packages(task)})),
        facts_from=machines[0].facts_from if machines else "",
        tasks=len(own),
        findings=tuple(findings),
    )


def of_workloads(workloads: Sequence[Workload], index: Index) -> RoleAnswer:
    parts = sorted((part(one, index) for one in workloads), key=badness)
    worst = parts[0]
    return RoleAnswer(
        path="",
        kind=kind_of(parts),
        placement=worst.placement,
        reason=worst.reason,
        confidence=worst.confidence,
        because=worst.because,
        software=unique(one.software for one in parts if one.software),
        units=unique(unit for one in parts for unit in one.units),
        ports=tuple(sorted({port.number for one in parts for port in one.ports})),
        data_dirs=tuple(sorted({folder for one in parts for folder in one.data_dirs})),
        look_at=worst.reason if worst.kind is Kind.UNKNOWN else "",
        evidence=tuple(one for each in parts for one in each.evidence),
        workloads=tuple(parts),
    )


def kind_of(parts: Sequence[Part]) -> Kind:
    """The worst part's; a job that keeps data makes a role of stateless services mixed, one that only cleans up is
    plumbing.
    """
    if all(one.kind is Kind.PLUMBING or is_chore(one) for one in parts):
        return Kind.PLUMBING
    kept = any(one.kind is Kind.BATCH and one.nature is Nature.STATEFUL for one in parts)
    return Kind.MIXED if parts[0].kind is Kind.STATELESS and kept else parts[0].kind


def badness(one: Part) -> tuple[bool, int, str]:
    return is_chore(one), WORST.index(one.kind), one.name


def is_chore(one: Part) -> bool:
    return one.kind is Kind.BATCH and one.placement is Placement.DROP


def of_purpose(tasks: Sequence[RecordedTask], workloads: Sequence[Workload], index: Index) -> RoleAnswer:
    told = purpose(tasks, workloads, index)
    parts = tuple(part(one, index) for one in workloads)
    return RoleAnswer(
        path="",
        kind=told.kind,
        placement=told.placement,
        reason=told.reason,
        confidence=told.confidence,
        because=told.because,
        software=told.software,
        units=unique(unit for one in parts for unit in one.units),
        replaced_by=told.replaced_by,
        look_at=told.look_at,
        evidence=(*told.evidence, *(one for each in parts for one in each.evidence)),
        workloads=parts,
    )


def part(workload: Workload, index: Index) -> Part:
    word, why = confidence(workload.kind, workload.nature, workload.evidence)
    return Part(
        name=workload.name,
        kind=workload.kind,
        nature=workload.nature,
        placement=workload.placement,
        reason=workload.reason,
        software=workload.software,
        units=unique(plain(unit.name, index) for unit in workload.units),
        ports=workload.ports,
        data_dirs=workload.data_dirs,
        confidence=word,
        because=why,
        replaced_by=workload.replaced_by,
        evidence=workload.evidence,
    )


def plain(unit: str, index: Index) -> str:
    """The name of a unit without what only a real run knows: its template for an instance, the catalog's name for a
    version.
    """
    if not TOKEN.search(unit):
        return unit
    template = unit.partition("@")[0]
    if template and not TOKEN.search(template):
        return template
    some = TOKEN.sub("0", unit)
    globs = (name for one in index.units.find(some) for name in one.units if "*" in name)
    return next((name for name in globs if fnmatch(some, name)), TOKEN.sub("*", unit))


def unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def says_nothing(told: RoleAnswer) -> bool:
    """True when nothing was recorded that tells what the role is for."""
    return not told.workloads and (told.kind is Kind.UNKNOWN or not told.evidence)
