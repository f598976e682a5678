# SPDX-License-Identifier: Apache-2.0
"""Workloads that only meet on one machine, by a unix socket, become one pod."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from migrate.generate.tasks import representative
from migrate.model.assessment import Assessment
from migrate.model.task import RecordedTask
from migrate.model.workload import Edge, Placement, Port, Workload


class Joined(msgspec.Struct, frozen=True):
    """The assessment with one workload for each pod; `members` by its id, and the folders of the sockets they share."""

    assessment: Assessment
    members: Mapping[str, tuple[Workload, ...]] = {}
    sockets: Mapping[str, tuple[str, ...]] = {}


def join(assessment: Assessment) -> Joined:
    """Merge what is tied together; everything else stays as it is."""
    by_name = {(one.environment, one.name): one for one in assessment.workloads}
    ties = [
        (one, by_name[one.environment, edge.target], edge)
        for one in assessment.workloads
        for edge in one.edges
        if edge.protocol == "unix" and (one.environment, edge.target) in by_name
    ]
    ties = [(front, back, edge) for front, back, edge in ties if _fit(front, back)]
    if not ties:
        return Joined(assessment)
    members = {group[0].id: group for group in _groups(ties)}
    sockets = {
        lead: tuple(sorted({posixpath.dirname(edge.via) for _, back, edge in ties if back in group}))
        for lead, group in members.items()
    }
    renamed = {(one.environment, one.name): group[0].name for group in members.values() for one in group}
    away = {one.id for group in members.values() for one in group[1:]}
    merged = (members.get(one.id, (one,)) for one in assessment.workloads if one.id not in away)
    workloads = tuple(_renamed(merge(group), renamed) for group in merged)
    return Joined(msgspec.structs.replace(assessment, workloads=workloads), members, sockets)


def merge(group: tuple[Workload, ...]) -> Workload:
    """One workload that does what all of them do, under the name of the first; those in front of it come first."""
    lead = group[0]
    if len(group) == 1:
        return lead
    fronts = [*group[1:], lead]
    return msgspec.structs.replace(
        lead,
        software=fronts[0].software,
        units=tuple(unit for one in fronts for unit in one.units),
        packages=tuple(sorted({package for one in group for package in one.packages})),
        ports=tuple(dict.fromkeys(port for one in fronts for port in one.ports if one is not lead or _told(port))),
        edges=tuple(dict.fromkeys(edge for one in group for edge in one.edges if edge.protocol != "unix")),
        tasks=united(group),
    )


def _told(port: Port) -> bool:
    """Whether something but the catalog knows of it: who listens on a socket need not have its usual port."""
    return not port.source.startswith("catalog")


def united(group: Iterable[Workload]) -> tuple[RecordedTask, ...]:
    """The tasks of all as if one machine had them, each once."""
    group = tuple(group)
    machine = representative(group[0])
    found: dict[bytes, RecordedTask] = {}
    for one in group:
        own = representative(one)
        for task in one.tasks:
            moved = msgspec.structs.replace(task, machine=machine) if task.machine == own else task
            found.setdefault(msgspec.json.encode(msgspec.structs.replace(moved, kind=-1), order="sorted"), moved)
    return tuple(found.values())


def _fit(front: Workload, back: Workload) -> bool:
    """Whether both move as Deployments, from the same machines."""
    moves = front.placement is Placement.DEPLOYMENT and back.placement is Placement.DEPLOYMENT
    built = not any(unit.image for one in (front, back) for unit in one.units)
    return moves and built and front.id != back.id and set(front.machines) == set(back.machines)


def _groups(ties: Iterable[tuple[Workload, Workload, Edge]]) -> list[tuple[Workload, ...]]:
    """Whoever is tied to one another, what listens on the sockets first."""
    ties = list(ties)
    leader: dict[str, str] = {}
    known: dict[str, Workload] = {}

    def lead(name: str) -> str:
        while leader.get(name, name) != name:
            name = leader[name]
        return name

    for front, back, _ in ties:
        known |= {front.id: front, back.id: back}
        one, two = sorted((lead(front.id), lead(back.id)))
        leader[two] = one
    groups: defaultdict[str, list[Workload]] = defaultdict(list)
    for name in sorted(known):
        groups[lead(name)].append(known[name])
    fronts = {front.id for front, _, _ in ties}
    return [tuple(sorted(group, key=lambda one: (one.id in fronts, one.id))) for group in groups.values()]


def _renamed(workload: Workload, renamed: Mapping[tuple[str, str], str]) -> Workload:
    """Edges lead to the pods."""
    edges = []
    for edge in workload.edges:
        target = renamed.get((workload.environment, edge.target), edge.target)
        source = workload.name if edge.source in {name for _, name in renamed} else edge.source
        if target != workload.name:
            edges.append(msgspec.structs.replace(edge, source=source, target=target))
    return msgspec.structs.replace(workload, edges=tuple(edges)) if edges != list(workload.edges) else workload
