# SPDX-License-Identifier: Apache-2.0
"""Rules: each sees one kind of sign and says which way it points, where it was seen, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from migrate.assess.subject import Subject
from migrate.model.place import Place
from migrate.model.task import RecordedTask
from migrate.model.workload import Evidence, Points
from migrate.registry import Registry


class Seen(msgspec.Struct, frozen=True):
    """What a rule yields: a sentence about what was seen, and the task or place that shows it."""

    saw: str
    place: Place | None = None
    machine: str = ""
    points: Points | None = None


TOKENS = re.compile(r"mg(?:sec|need|unk)_\w*?_[0-9a-f]{6}_x", re.IGNORECASE)


Looking = Callable[[Subject], Iterator[Seen]]


class Rule(msgspec.Struct, frozen=True):
    """One row: name, which way its evidence points, what a person should do, and the function that looks."""

    name: str
    points: Points
    advice: str
    look: Looking


RULES: Registry[Rule] = Registry("rule")


def rule(points: Points, *, advice: str) -> Callable[[Looking], Looking]:
    """Register a function as a rule; its name is the function's."""

    def register(look: Looking) -> Looking:
        name = look.__name__.replace("_", "-")
        RULES.add(name, Rule(name, points, advice, look))
        return look

    return register


def seen(task: RecordedTask, saw: str, points: Points | None = None) -> Seen:
    """Evidence at the task's own line; a condition that only a real run knows is told in a few words."""
    return Seen(saw + doubt(task), task.place, "", points)


def doubt(task: RecordedTask) -> str:
    """` (only if …)` for a task under a condition; what the condition rests on is at the task's line."""
    told = re.sub(r"\s*\(results? of [^)]*\)", "", task.conditional).removeprefix("only where ")
    return f" (only if {told if len(told) <= 48 else told[:47].rstrip() + '…'})" if told else ""


def gather(subject: Subject) -> tuple[Evidence, ...]:
    """All evidence of all rules, each sentence once per place, in the order of the rules."""
    found: dict[tuple[str, str, str], Evidence] = {}
    for row in RULES:
        for one in row.look(subject):
            saw = readable(one.saw)
            evidence = Evidence(
                rule=row.name, saw=saw, points=one.points or row.points, place=one.place, machine=one.machine
            )
            found.setdefault((row.name, saw, str(one.place)), evidence)
    return tuple(found.values())


def readable(text: str) -> str:
    """The text with a word for values that are secret or that only a real run knows."""
    return TOKENS.sub(lambda token: "«secret»" if token[0].lower().startswith("mgsec") else "«unknown»", text)
