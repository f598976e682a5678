# SPDX-License-Identifier: Apache-2.0
"""What several players of one project said, put together as a single one would have said it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import zip_longest

import msgspec

from migrate.model.finding import Finding
from migrate.model.messages import Done, Looked, Recorded
from migrate.model.place import Place
from migrate.model.task import RecordedTask, Token

ONCE = ("missing-collection", "unknown-module")
"""Findings that are told for the first place only."""


class Heard:
    """The answers of one player; without `done` it ended before its time."""

    def __init__(self) -> None:
        self.tasks: list[RecordedTask] = []
        self.steps: list[int] = []
        self.tokens: dict[str, Token] = {}
        self.done: Done | None = None

    def add(self, told: Recorded) -> None:
        self.tasks += told.tasks
        self.steps += told.steps
        self.tokens.update((token.text, token) for token in told.tokens)


def in_order(parts: Sequence[Heard]) -> list[RecordedTask]:
    """Tasks of all players by the step at which they were noted."""
    rows = (zip(part.steps, part.tasks, strict=True) for part in parts)
    return [task for _, task in merge(*rows, key=lambda row: row[0])] if len(parts) > 1 else parts[0].tasks


def together(answers: Sequence[Done]) -> Done | None:
    """One answer; None when the players saw different things, so that only a single one can tell."""
    first = answers[0]
    if len(answers) == 1:
        return first
    if any((one.classes, one.plays) != (first.classes, first.plays) for one in answers) or not agree(answers):
        return None
    findings = {msgspec.json.encode(finding): finding for one in answers for finding in one.findings}
    tokens = {token.text: token for one in answers for token in one.tokens}
    return Done(
        findings=tuple(sorted(told_once(findings.values()), key=Finding.sort_key)),
        tokens=tuple(tokens[text] for text in sorted(tokens)),
        classes=first.classes,
        plays=first.plays,
        looked=looked(answers),
    )


def agree(answers: Iterable[Done]) -> bool:
    """True when secrets that share a name have the same numbers with all: what one saw begins what another saw."""
    longest: dict[str, tuple[str, ...]] = {}
    for one in answers:
        for name, marks in one.numbered.items():
            pairs = zip_longest(longest.get(name, ()), marks)
            if any(mark != other for mark, other in pairs if mark is not None and other is not None):
                return False
            longest[name] = max(longest.get(name, ()), marks, key=len)
    return True


def told_once(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without those that tell of a later place what another tells of an earlier one."""
    every = list(findings)
    first: dict[tuple[str, str], Finding] = {}
    for one in sorted((one for one in every if one.check in ONCE), key=by_place, reverse=True):
        first[one.check, one.subject] = one
    return [one for one in every if one.check not in ONCE or first[one.check, one.subject] is one]


def by_place(finding: Finding) -> tuple[bool, str, int]:
    place = finding.place or Place(path="")
    return (finding.place is None, place.path, place.line)


def looked(answers: Sequence[Done]) -> Looked | None:
    """All that any of them looked at."""
    every = [one.looked for one in answers if one.looked is not None]
    if len(every) < len(answers):
        return None
    parts = (sorted({path for one in every for path in getattr(one, name)}) for name in Looked.__struct_fields__)
    return Looked(*map(tuple, parts))
