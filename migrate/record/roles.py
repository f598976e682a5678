# SPDX-License-Identifier: Apache-2.0
"""Roles alone: each is played on a synthetic machine of a chosen system, many by one child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from migrate.clients.engine import Engine
from migrate.errors import EngineError
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Machine, MachineClass
from migrate.model.messages import Done
from migrate.model.task import RecordedTask
from migrate.model.workload import Facts
from migrate.record.facts import DEFAULT, facts_for
from migrate.record.record import Recording

MACHINE = "machine"
"""The name of the synthetic host."""


def record_roles(
    roles: Iterable[Path],
    *,
    os: str = DEFAULT,
    root: Path | None = None,
    trusted: bool = False,
    anyway: bool = False,
) -> Iterator[tuple[Path, Recording]]:
    """Each role folder with what it would do to a fresh machine with the system `os` (a libosinfo short id).

    Dependencies are looked for beside a role, inside `root`: nothing outside that folder is read. Without one it is
    the folder above where that is called `roles`, else the role itself. A role that ends the child costs only itself.
    `anyway` records also what its defaults leave out, under that condition.
    """
    told = facts_for(Machine(name=MACHINE, os=os))
    around = ((root or enclosing(role), role) for role in (path.resolve() for path in roles))
    for folder, group in groupby(around, key=lambda pair: pair[0].resolve()):
        due = [role for _, role in group]
        while due:
            with Engine(folder, [f"{MACHINE},"], [], trusted=trusted) as engine:
                engine.inventory()
                while due and engine.alive:
                    role = due.pop(0)
                    yield role, played(engine, role, told, os, anyway=anyway)


def enclosing(role: Path) -> Path:
    """What may be read for a role: its siblings too, where it lies in a folder of roles."""
    return role.parent if role.parent.name == "roles" else role


def played(engine: Engine, role: Path, told: Facts, os: str, *, anyway: bool = False) -> Recording:
    try:
        tasks, done = engine.play_role(role, told.values, anyway=anyway)
    except EngineError as error:
        tasks, done = [], lost(role, error)
    return recording(tasks, done, f"profile {os}", os)


def lost(role: Path, error: EngineError) -> Done:
    died = Finding(
        check="engine-failed", subject=role.name, message=str(error), remedy=error.hint, severity=Severity.ERROR
    )
    return Done(findings=(died,))


def recording(tasks: list[RecordedTask], done: Done, source: str, os: str) -> Recording:
    machine = Machine(name=MACHINE, seen_by=("inventory",), os=os, kind=0, facts_from=source)
    made = MachineClass(number=0, representative=MACHINE, members=(MACHINE,))
    return Recording(once(tasks), (machine,), (made,), done.tokens, done.findings, done.plays)


def once(tasks: Iterable[RecordedTask]) -> tuple[RecordedTask, ...]:
    """Each task once: several ways into a role lead over the same files. What runs without a doubt comes first."""
    kept: dict[bytes, RecordedTask] = {}
    for task in tasks:
        key = msgspec.json.encode(msgspec.structs.replace(task, conditional=""), order="deterministic")
        if key not in kept or (kept[key].conditional and not task.conditional):
            kept[key] = task
    return tuple(kept.values())
