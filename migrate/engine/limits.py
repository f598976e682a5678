# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one step may take, how deep a file may nest, how many hosts a line may name, how often files may include."""

from __future__ import annotations

import re
import signal
from itertools import accumulate
from typing import Any

import yaml
from ansible._internal._yaml._loader import _YamlParser
from ansible.errors import AnsibleError
from ansible.plugins import inventory as inventory_plugins

from migrate.engine.gaps import Gaps
from migrate.model.place import Place

LOADING = 3
"""A play with all its static imports and roles may take this many times as long as a task."""
AGAIN = 1.0
DEEPEST_YAML = 2000
MOST_HOSTS = 200_000
MOST_LOADED = 20_000
EASY = 10
"""Includes within includes that honest projects have."""
BRACKETS = re.compile(rb"[\[\]{}]")
STEPS = re.compile(rb"(?:[-?:][ \t]+(?:[&!][^\s\[\]{},]+[ \t]+)*){%d}" % DEEPEST_YAML)
RANGE = re.compile(r"\[(\d+|[a-zA-Z]):(\d+|[a-zA-Z])(?::(\d+))?\]")


class TooLongError(AnsibleError):  # type: ignore[misc]  # ansible ships no types
    """A step took more processor time than any honest one."""


class Watch:
    """Stops a step that never ends. Python's regular expressions and big numbers hear the signal too (unlike a thread).

    It counts processor time, so that a busy machine changes nothing; and goes on each second until the next step, in
    case something caught the error.
    """

    def __init__(self) -> None:
        self.seconds, self.gaps, self.told = 0, None, False
        self.subject, self.place, self.times = "", None, 1

    gaps: Gaps | None
    place: Place | None

    def start(self, seconds: int, gaps: Gaps) -> None:
        self.seconds, self.gaps = seconds, gaps
        signal.signal(signal.SIGPROF, self._stop)

    def step(self, subject: str, place: Place | None, times: int = 1) -> None:
        """A step begins, and the one before has ended."""
        if self.gaps is not None:
            self.subject, self.place, self.told, self.times = subject, place, False, times
            signal.setitimer(signal.ITIMER_PROF, self.seconds * times, AGAIN)

    def rest(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _stop(self, *_: Any) -> None:
        message = f"stopped after {self.seconds * self.times} seconds"
        if self.gaps is not None and not self.told:
            self.told = True
            self.gaps.add("limit", self.subject, message, place=self.place)
        raise TooLongError(message)


WATCH = Watch()


class Budget:
    """How many files and roles one play may bring in: recursion that branches is bounded by this, not by its depth."""

    def __init__(self) -> None:
        self.left = MOST_LOADED

    def refill(self) -> None:
        self.left = MOST_LOADED

    def spend(self, gaps: Gaps, what: str, place: Place | None, cost: int = 1) -> bool:
        """False when there is nothing left. What stands deep inside others costs more: it takes longer to load."""
        self.left -= max(1, cost)
        if self.left < 0:
            gaps.add("limit", what, f"a play that brings in more than {MOST_LOADED} files and roles", place=place)
        return self.left >= 0


BUDGET = Budget()


def too_deep(data: bytes) -> bool:
    """True for YAML that nests so deep that libyaml would overflow the stack: it calls itself once per level."""
    if data.count(b"[") + data.count(b"{") > DEEPEST_YAML:
        levels = accumulate(1 if found[0] in b"[{" else -1 for found in BRACKETS.finditer(data))
        if max(levels, default=0) > DEEPEST_YAML:
            return True
    return bool(STEPS.search(data))


def patch_ranges(gaps: Gaps) -> None:
    """A line of an inventory that names more hosts than there are is left out."""
    expand = inventory_plugins.expand_hostname_range

    def expand_some(line: Any = None) -> list[str]:
        count = 1
        for first, last, step in RANGE.findall(str(line or "")):
            begin, end = (int(first), int(last)) if first.isdigit() and last.isdigit() else (0, 52)
            count *= max(1, (end - begin) // (int(step or 1) or 1) + 1)
        if count > MOST_HOSTS:
            gaps.add("limit", str(line), f"names {count} hosts, more than {MOST_HOSTS}; left out")
            return []
        found: list[str] = expand(line)
        return found

    inventory_plugins.expand_hostname_range = expand_some


def patch_depth() -> None:
    """YAML that nests too deep is refused before libyaml meets it, in files as in filters."""
    for loader in (_YamlParser, yaml.CSafeLoader):
        refuse_deep(loader)


def refuse_deep(loader: Any) -> None:
    begin = loader.__init__

    def begin_shallow(self: Any, stream: Any) -> None:
        data = stream.encode(errors="replace") if isinstance(stream, str) else stream
        if isinstance(data, bytes) and too_deep(data):
            raise AnsibleError(f"it nests more than {DEEPEST_YAML} deep, not read")
        begin(self, stream)

    loader.__init__ = begin_shallow
