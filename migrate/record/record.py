# SPDX-License-Identifier: Apache-2.0
"""The stage itself: asks the engine to play the playbooks, and ties what it recorded to machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from migrate.model.finding import Finding, Severity
from migrate.model.machine import Machine, MachineClass
from migrate.model.messages import Progress
from migrate.model.task import RecordedTask, Token
from migrate.record.gathered import FactCache, known_facts
from migrate.record.session import Session

MOST_TWINS = 100
"""Machines of a class that are asked for in a fact cache."""


class Recording(msgspec.Struct, frozen=True):
    """Everything recorded in one environment; `machines` know their class and where its facts came from."""

    tasks: tuple[RecordedTask, ...]
    machines: tuple[Machine, ...]
    classes: tuple[MachineClass, ...]
    tokens: tuple[Token, ...]
    findings: tuple[Finding, ...]
    plays: int


def record(
    session: Session,
    playbooks: Sequence[str],
    classes: Iterable[MachineClass],
    machines: Sequence[Machine],
    progress: Callable[[Progress], None],
    *,
    cache: FactCache | None = None,
) -> Recording:
    """Play on the representatives, with facts from the cache where it has some. Raises EngineError when the child
    dies.
    """
    named = {name: machine for machine in machines for name in (machine.name, *machine.aliases) if machine.in_inventory}
    guess = commonest_os(machines)
    sources: dict[int, str] = {}
    facts: dict[int, dict[str, Any]] = {}
    broken: list[Finding] = []
    for made in classes:
        machine = named.get(made.representative, Machine(name=made.representative))
        told, odd = known_facts(cache, machine, guess, made.members[:MOST_TWINS])
        broken += odd
        sources[made.number], facts[made.number] = told.source, told.values
    known = {machine.name: (*machine.addresses, *machine.aliases) for machine in machines if machine.in_inventory}
    tasks, done = session.play(playbooks, facts, progress, known)
    findings = (*broken, *done.findings, *differing(done.classes))
    return Recording(
        tuple(tasks), tied(machines, done.classes, sources), done.classes, done.tokens, findings, done.plays
    )


def commonest_os(machines: Iterable[Machine]) -> str:
    """What most VMs of the estate run, for those that don't say."""
    known = Counter(machine.os for machine in machines if machine.os)
    return min(known, key=lambda name: (-known[name], name)) if known else ""


def tied(
    machines: Sequence[Machine], classes: Sequence[MachineClass], sources: Mapping[int, str]
) -> tuple[Machine, ...]:
    """The machines with the number of their class; a class that split takes the facts of the one that it came from."""
    number = {name: made.number for made in classes for name in made.members}
    first = {machine.name: sources.get(machine.kind, "") for machine in machines}
    return tuple(
        msgspec.structs.replace(machine, kind=number.get(machine.name, -1), facts_from=first[machine.name])
        if machine.in_inventory
        else machine
        for machine in machines
    )


def differing(classes: Sequence[MachineClass]) -> list[Finding]:
    """Variables that are not the same on all machines of a class, though they were recorded once."""
    return [
        Finding(
            check="class-differs",
            subject=made.representative,
            message=f"{len(made.members)} machines were recorded as one although {', '.join(made.differing)} differ "
            "between them",
            remedy="They look like names, addresses or numbers of the machine itself; check them when reviewing "
            "its manifests.",
            severity=Severity.NOTE,
        )
        for made in classes
        if made.differing and len(made.members) > 1
    ]
