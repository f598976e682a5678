# SPDX-License-Identifier: Apache-2.0
"""Which workload needs which: addresses and names of other machines in the files and commands of a workload."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from migrate.model.machine import Machine
from migrate.model.task import RecordedTask
from migrate.model.workload import Edge, Kind, Workload

NAMED = re.compile(r"(?<![\w.\-])([A-Za-z0-9](?:[\w\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9\-]+)*)(?::(\d{2,5}))?(?![\w\-])")
LOCAL = ("localhost", "127.0.0.1")
LONGEST = 200_000


def with_edges(workloads: Iterable[Workload], machines: Iterable[Machine]) -> tuple[Workload, ...]:
    """The workloads with `edges`; plumbing talks to everyone and is left out."""
    held = list(workloads)
    names = known_names(machines)
    hosted: dict[str, list[Workload]] = defaultdict(list)
    for workload in held:
        if workload.kind is not Kind.PLUMBING:
            for machine in workload.machines:
                hosted[machine].append(workload)
    return tuple(
        msgspec.structs.replace(w, edges=tuple(edges_of(w, names, hosted))) if w.kind is not Kind.PLUMBING else w
        for w in held
    )


def known_names(machines: Iterable[Machine]) -> dict[str, str]:
    """Address, name or alias → machine; names too short or too common to mean a machine are left out."""
    names: dict[str, str] = {}
    for machine in machines:
        for name in (machine.name, *machine.aliases, *machine.addresses):
            if len(name) > 2 and name not in (*LOCAL, "::1"):
                names.setdefault(name, machine.name)
    return names


def edges_of(workload: Workload, names: dict[str, str], hosted: dict[str, list[Workload]]) -> list[Edge]:
    found: dict[tuple[str, int], Edge] = {}
    own = set(workload.machines)
    for where, text in texts(workload):
        for match in NAMED.finditer(text):
            machine = names.get(match[1]) or (
                workload.machines[0] if match[1] in LOCAL and match[2] and workload.machines else None
            )
            if machine is not None and (machine not in own or match[2]):
                edge = edge_to(workload, machine, int(match[2] or 0), where, hosted)
                if edge.target != workload.name and (match[1] not in LOCAL or edge.target != machine):
                    found.setdefault((edge.target, edge.port), edge)
    return sorted(found.values())


def edge_to(workload: Workload, machine: str, port: int, where: str, hosted: dict[str, list[Workload]]) -> Edge:
    """To the workload that listens on the port there; else to the only service of the machine, else to the machine."""
    there = hosted.get(machine, [])
    listening = [other for other in there if any(known.number == port for known in other.ports)]
    serving = [other for other in there if other.ports] if not port else []
    target = listening or (serving if len(serving) == 1 else [])
    return Edge(source=workload.name, target=target[0].name if target else machine, port=port, seen=where)


def texts(workload: Workload) -> Iterator[tuple[str, str]]:
    for task in workload.tasks:
        if task.file is not None and task.file.text and len(task.file.text) < LONGEST and not about_firewall(task):
            yield str(task.file.source or task.place), task.file.text
    for unit in workload.units:
        yield str(unit.place or unit.name), " ".join([unit.command, *unit.environment.values()])


def about_firewall(task: RecordedTask) -> bool:
    """Rules that let others in name who comes, not whom this workload needs."""
    dest = task.file.dest if task.file else ""
    return any(
        word in dest
        for word in (
            "nftables",
            "iptables",
            "ferm",
            "firewalld",
            "ufw",
            "pg_hba",
            "hosts.allow",
            "/etc/hosts",
            "exports",
        )
    )
