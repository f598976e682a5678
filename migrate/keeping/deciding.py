# SPDX-License-Identifier: Apache-2.0
"""What becomes of one file: from what was generated last time, what is on disk now, and what is generated this time."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from migrate.errors import FileError
from migrate.files import parse_documents


class Merged(msgspec.Struct, frozen=True):
    """The outcome of a three-way merge; with conflicts the text holds both sides between marks."""

    text: str
    conflicts: int = 0


# (on disk, generated last time, generated now) → merged; None where it can't be done.
Merge = Callable[[str, str, str], Merged | None]


class Act(StrEnum):
    """What is done, and why nothing is."""

    WRITE = "write"
    SAME = "same"
    MERGE = "merge"
    REMOVE = "remove"
    EDITED = "edited"
    CONFLICT = "conflict"
    UNMERGED = "unmerged"
    FOREIGN = "foreign"
    ORPHAN = "orphan"
    DELETED = "deleted"
    DELETED_BUT_NEW = "deleted-but-new"
    GONE = "gone"


class Step(msgspec.Struct, frozen=True):
    """An act, the text for it (of the file, or of the conflict), and what to remember as generated (None: nothing)."""

    act: Act
    text: str | None = None
    remembered: str | None = None


# What is on disk but is no text, or no file, can only be left alone.
UNREADABLE = "\ue000unreadable"


def decide(
    before: str | None, mine: str | None, now: str | None, *, merge: Merge | None, path: str, keep: bool, take: bool
) -> Step:
    """`before` was generated, `mine` is on disk, `now` is generated; None where there is no such file."""
    if now is None:
        return _no_longer(before, mine, keep=keep, take=take)
    if take or (mine is None and before is None):
        return Step(Act.WRITE, now, now)
    if keep:
        return Step(Act.EDITED, None, now)
    if mine is None:
        return Step(Act.DELETED, None, before) if before == now else Step(Act.DELETED_BUT_NEW, None, before)
    if mine == now:
        return Step(Act.SAME, None, now)
    if before is None:
        return Step(Act.FOREIGN)
    if mine == before:
        return Step(Act.WRITE, now, now)
    if before == now:
        return Step(Act.EDITED, None, now)
    return _merge(before, mine, now, merge, path)


def _no_longer(before: str | None, mine: str | None, *, keep: bool, take: bool) -> Step:
    if mine is None or keep:
        return Step(Act.GONE)
    if mine == before or take:
        return Step(Act.REMOVE)
    return Step(Act.ORPHAN, None, before)


def _merge(before: str, mine: str, now: str, merge: Merge | None, path: str) -> Step:
    merged = merge(mine, before, now) if merge and mine != UNREADABLE else None
    if merged is None:
        return Step(Act.UNMERGED, None, before)
    if merged.conflicts or _is_broken(path, merged.text, now):
        return Step(Act.CONFLICT, merged.text, before)
    return Step(Act.MERGE, merged.text, now)


def _is_broken(path: str, text: str, now: str) -> bool:
    """Two good edits can make bad YAML together."""
    if not path.endswith((".yaml", ".yml")):
        return False
    try:
        parse_documents(now, path)
        parse_documents(text, path)
    except FileError:
        return True
    return False
