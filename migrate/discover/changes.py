# SPDX-License-Identifier: Apache-2.0
"""What is different between two looks at a fleet: machines that appeared, vanished, were renamed or changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from migrate.model.machine import Change, Difference, Fleet, Machine

COMPARED = tuple("seen_by aliases groups addresses uuid power vcpus memory os title disks nics instance".split())

Key = tuple[str, str]


def compare(old: Fleet, new: Fleet, *, unanswered: Sequence[str] = ()) -> tuple[Change, ...]:
    """By environment and name. What only `unanswered` sources saw may be there still, so it is not called vanished."""
    before, now = _by_name(old.machines), _by_name(new.machines)
    renamed = _renamed(before, now)
    appeared = [Change("appeared", *key) for key in now.keys() - before.keys() - renamed.keys()]
    vanished = [
        Change("vanished", *key)
        for key in before.keys() - now.keys() - set(renamed.values())
        if not _hidden(before[key], unanswered)
    ]
    moved = [Change("renamed", *key, (Difference("name", renamed[key][1], key[1]),)) for key in renamed]
    same = [
        Change("changed", *key, told) for key in before.keys() & now.keys() if (told := _told(before[key], now[key]))
    ]
    return tuple(sorted([*appeared, *vanished, *moved, *same]))


def _by_name(machines: Iterable[Machine]) -> dict[Key, Machine]:
    """Machines that share a name are told by their UUID as well."""
    found: dict[Key, Machine] = {}
    for machine in machines:
        key = (machine.environment, machine.name)
        found[key if key not in found else (machine.environment, f"{machine.name} {machine.uuid}")] = machine
    return found


def _renamed(before: Mapping[Key, Machine], now: Mapping[Key, Machine]) -> dict[Key, Key]:
    """New names of machines whose UUID went by another, to the old ones."""
    gone = {before[key].uuid: key for key in sorted(before.keys() - now.keys()) if before[key].uuid}
    return {key: gone[now[key].uuid] for key in sorted(now.keys() - before.keys()) if now[key].uuid in gone}


def _hidden(machine: Machine, unanswered: Sequence[str]) -> bool:
    return bool(machine.seen_by) and set(machine.seen_by) <= set(unanswered)


def _told(old: Machine, new: Machine) -> tuple[Difference, ...]:
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in COMPARED)
    return tuple(Difference(name, _text(was), _text(is_)) for name, was, is_ in pairs if was != is_)


def _text(value: Any) -> str:
    """What a person can compare: a name, a number, or JSON of what has parts."""
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return msgspec.json.encode(value).decode() if value else ""
