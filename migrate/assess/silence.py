# SPDX-License-Identifier: Apache-2.0
"""Machines on which nothing but plumbing was recognised: that no workload was seen doesn't mean that there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from migrate.assess import actions
from migrate.model.finding import Finding
from migrate.model.machine import Machine
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Workload

SHOWN = 4
REMEDY = (
    "Look at what runs on them before anything is moved or removed, and describe it in the project with a unit file."
)


def silence(tasks: Iterable[RecordedTask], machines: Iterable[Machine], workloads: Iterable[Workload]) -> list[Finding]:
    """One finding per class of machines with tasks that nobody understood, or with none that makes anything."""
    known, plumbed = set[str](), set[str]()
    for workload in workloads:
        (plumbed if workload.kind in (Kind.PLUMBING, Kind.LIBRARY) else known).update(workload.machines)
    held: dict[int, list[RecordedTask]] = defaultdict(list)
    for task in tasks:
        if not task.delegate_to:
            held[task.kind].append(task)
    classes: dict[int, list[str]] = defaultdict(list)
    for machine in machines:
        if machine.kind >= 0 and machine.name not in known and held[machine.kind]:
            classes[machine.kind].append(machine.name)
    found = ((sorted(hosts), opaque(held[kind])) for kind, hosts in classes.items())
    return [finding(hosts, dark) for hosts, dark in sorted(found) if dark or not plumbed.intersection(hosts)]


def opaque(tasks: Iterable[RecordedTask]) -> list[str]:
    """Places of commands of which nothing is known but that they run, each once."""
    dark = [task for task in tasks if task.module in actions.SHELL_MODULES and not actions.starts(task)]
    return list(dict.fromkeys(f"{task.module} at {task.place}" for task in dark if task.place.path))


def finding(hosts: Sequence[str], dark: Sequence[str]) -> Finding:
    why = f"; not understood: {some(dark)}" if dark else ""
    return Finding(
        check="no-workload",
        subject=some(hosts),
        message=f"no workload was recognised on {len(hosts)} machine{'s' if len(hosts) > 1 else ''}{why}",
        remedy=REMEDY,
    )


def some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
