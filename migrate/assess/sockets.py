# SPDX-License-Identifier: Apache-2.0
"""Live connections that a machine's facts tell of, given to the workload whose process holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migrate.assess.fleet import Fleet
from migrate.model.machine import Connection
from migrate.model.workload import Edge, Reach, Workload


def spoken(workload: Workload, fleet: Fleet) -> Iterator[Edge]:
    """Edges of open sockets, counted over all machines of the workload."""
    count: Counter[tuple[str, int, str, Reach]] = Counter()
    told: dict[tuple[str, int, str, Reach], str] = {}
    for name in workload.machines:
        machine = fleet.by_name.get(name)
        for one in machine.connections if machine is not None else ():
            if held_by(workload, one, name, fleet) and (leads := peer(workload, one, fleet)) is not None:
                count[leads] += one.count
                told.setdefault(leads, f"{one.process or 'a process'} on {name}")
    for (target, port, protocol, reach), number in sorted(count.items()):
        key = (target, port, protocol, reach)
        yield Edge(workload.name, target, port, told[key], protocol, reach, "a live socket", number)


def held_by(workload: Workload, one: Connection, machine: str, fleet: Fleet) -> bool:
    """Whether the process is this workload's: by its unit, its program's name, or because nothing else is there."""
    there = fleet.hosted.get(machine, ())
    if one.unit or one.process:
        named = [other for other in there if belongs(other, one)]
        return workload in named if named else len(there) == 1
    return len(there) == 1


def belongs(workload: Workload, one: Connection) -> bool:
    unit = one.unit.removesuffix(".service")
    words = {unit, unit.partition("@")[0], one.process} - {""}
    for mine in workload.units:
        program = mine.command.split()[0].rsplit("/", 1)[-1] if mine.command.strip() else ""
        if words & {mine.name, mine.name.partition("@")[0], program}:
            return True
    return bool(words & {workload.name, workload.software} - {""})


def peer(workload: Workload, one: Connection, fleet: Fleet) -> tuple[str, int, str, Reach] | None:
    """What the other end is; None for itself and for loopback without a neighbour."""
    address = one.peer.lower()
    machine = fleet.machine(address)
    if address.startswith("127.") or address in ("::1", "localhost"):
        machine = workload.machines[0]
    if not machine:
        return (address, one.port, one.protocol, Reach.EXTERNAL) if not address.startswith("127.") else None
    others = [other for other in fleet.listening(machine, one.port) if other.name != workload.name]
    if others:
        return others[0].name, one.port, one.protocol, Reach.WORKLOAD
    return None if machine in workload.machines else (machine, one.port, one.protocol, Reach.MACHINE)
