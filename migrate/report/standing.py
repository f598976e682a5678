# SPDX-License-Identifier: Apache-2.0
"""What is said of a machine or a group, from the workloads on it: one kind and placement, or split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from migrate.model.assessment import Assessment
from migrate.model.machine import Machine
from migrate.model.workload import Edge, Evidence, Kind, Nature, Placement, Points, Workload
from migrate.report.details import reason
from migrate.report.groups import Answer, Odd, answer
from migrate.report.names import natural

SPLIT = "split"
# Which of several kinds and placements with the same answer stands for all: a database before its backup job.
KINDS = (
    Kind.STATEFUL,
    Kind.MIXED,
    Kind.UNKNOWN,
    Kind.STATELESS,
    Kind.BUILD_AGENT,
    Kind.BATCH,
    Kind.LIBRARY,
    Kind.PLUMBING,
)
PLACEMENTS = tuple(Placement)
SPLIT_UP = Odd(
    "machine is split",
    "machines are split",
    "some of their workloads stay or need a decision while others move: they shrink, but do not go",
)
BACKGROUND = (Kind.PLUMBING, Kind.LIBRARY)


class Way(msgspec.Struct, frozen=True, order=True, omit_defaults=True, rename={"source": "from", "target": "to"}):
    """An edge in short; where it was seen stands with the workload."""

    source: str
    target: str
    port: int = 0
    protocol: str = "tcp"


class Standing(msgspec.Struct, frozen=True):
    """`kind` and `placement` are `split` where the workloads differ, "" where there are none."""

    kind: str = ""
    placement: str = ""
    split: bool = False
    workloads: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    edges: tuple[Way, ...] = ()


class MachineSaid(Machine, frozen=True, omit_defaults=True, rename={"kind": "class", "sort": "kind"}):
    """A machine with what is said of it; its number of class is called `class` in files."""

    sort: str = ""
    placement: str = ""
    split: bool = False
    workloads: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    edges: tuple[Way, ...] = ()


class GroupSaid(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group of the inventory: its machines, and what is said of all workloads on them."""

    name: str
    environment: str
    machines: tuple[str, ...]
    kind: str = ""
    placement: str = ""
    split: bool = False
    workloads: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    edges: tuple[Way, ...] = ()


class WorkloadSaid(Workload, frozen=True, omit_defaults=True):
    """A workload with its reasons as sentences, the decisive one first."""

    reasons: tuple[str, ...] = ()


def machines_said(assessment: Assessment) -> list[MachineSaid]:
    """Every machine; those with the same workloads are judged once."""
    residents = _residents(assessment.workloads)
    known: dict[tuple[str, tuple[str, ...]], Standing] = {}
    found = []
    for machine in assessment.machines:
        held = residents.get((machine.environment, machine.name), ())
        key = (machine.environment, tuple(one.name for one in held))
        if key not in known:
            known[key] = standing(held)
        found.append(_machine(machine, known[key]))
    return found


def groups_said(assessment: Assessment) -> list[GroupSaid]:
    """Every group of every environment, by name."""
    residents = _residents(assessment.workloads)
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for machine in assessment.machines:
        for group in machine.groups:
            members[machine.environment, group].append(machine.name)
    return [_group(environment, name, members[environment, name], residents) for environment, name in sorted(members)]


def workloads_said(assessment: Assessment) -> list[WorkloadSaid]:
    return [WorkloadSaid(**_fields(one), reasons=tuple(reasons(one))) for one in assessment.workloads]


def split_machines(assessment: Assessment) -> list[Odd]:
    """Machines of which a part moves, for the list of those worth a look; by environment."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in machines_said(assessment):
        if one.split:
            found[one.environment].append(one.name)
    return [
        replace(SPLIT_UP, environment=name, machines=tuple(sorted(found[name], key=natural))) for name in sorted(found)
    ]


def standing(workloads: Sequence[Workload]) -> Standing:
    """Plumbing and libraries count only where there is nothing else."""
    ordered = sorted(workloads, key=lambda one: one.name)
    serving = [one for one in ordered if one.kind not in BACKGROUND] or ordered
    if not serving:
        return Standing()
    sort, placed = _same(serving)
    return Standing(
        kind=sort,
        placement=placed,
        split=sort == SPLIT,
        workloads=tuple(sorted(one.name for one in workloads)),
        reasons=tuple(f"{one.name}: {reason(one)}" for one in serving),
        edges=tuple(sorted({_way(edge) for one in serving for edge in one.edges})),
    )


def reasons(workload: Workload) -> list[str]:
    """The decisive sentence, then each sign that points where the verdict does."""
    return [reason(workload), *(_sign(one) for one in workload.evidence if one.points is _wanted(workload))]


def _same(workloads: Sequence[Workload]) -> tuple[str, str]:
    """One kind and placement, or split: a database and its backup are alike, a web server beside them is not."""
    natures = {one.nature for one in workloads}
    answers = {Answer.MOVES if answer(one) is Answer.REPLACED else answer(one) for one in workloads}
    if len(natures) > 1 or len(answers) > 1:
        return SPLIT, SPLIT
    sort = min((one.kind for one in workloads), key=KINDS.index)
    placed = min((one.placement for one in workloads), key=PLACEMENTS.index)
    return sort.value, placed.value


def _wanted(workload: Workload) -> Points:
    wanted = {Nature.STATELESS: Points.STATELESS, Nature.STATEFUL: Points.STATEFUL}
    return wanted.get(workload.nature, Points.NEITHER)


def _sign(one: Evidence) -> str:
    return f"{one.place}: {one.saw}" if one.place else one.saw


def _way(edge: Edge) -> Way:
    return Way(edge.source, edge.target, edge.port, edge.protocol)


def _residents(workloads: Iterable[Workload]) -> Mapping[tuple[str, str], list[Workload]]:
    found: dict[tuple[str, str], list[Workload]] = defaultdict(list)
    for workload in workloads:
        for name in workload.machines:
            found[workload.environment, name].append(workload)
    return found


def _machine(machine: Machine, said: Standing) -> MachineSaid:
    return MachineSaid(**_fields(machine), sort=said.kind, **_fields(said, without="kind"))


def _group(
    environment: str, name: str, machines: Sequence[str], residents: Mapping[tuple[str, str], Sequence[Workload]]
) -> GroupSaid:
    here = {one.id: one for machine in machines for one in residents.get((environment, machine), ())}
    said = standing([here[key] for key in sorted(here)])
    return GroupSaid(name=name, environment=environment, machines=tuple(sorted(machines)), **_fields(said))


def _fields(struct: msgspec.Struct, *, without: str = "") -> dict[str, Any]:
    """All fields as they are, not converted."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__ if name != without}
