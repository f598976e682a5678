# SPDX-License-Identifier: Apache-2.0
"""One environment's conversation with the engine, whose answers may have been kept: then no engine is started."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from types import TracebackType
from typing import Any, Self

import msgspec

from migrate.clients.engine import Engine
from migrate.errors import DisagreementError
from migrate.model.messages import Done, Inventory, Progress
from migrate.model.task import RecordedTask
from migrate.record.cache import Cache

MANY = 6
"""Classes from which on a second player is worth its start."""
PASSING = "stopped after"
"""Begins the message of a limit that a busier machine would meet elsewhere."""


class Read(msgspec.Struct, frozen=True):
    """The answer to an inventory's reading."""

    inventory: Inventory
    done: Done


class Played(msgspec.Struct, frozen=True):
    """The answer to a playing."""

    tasks: tuple[RecordedTask, ...]
    done: Done


class Session:
    """Asks the engine what isn't kept. `start` opens an engine, `question` is all that the engine is told by it.

    With a `pool` the classes are shared among as many players as the engine was made for, where that pays.
    """

    def __init__(
        self, start: Callable[[], Engine], question: Sequence[Any], cache: Cache | None, pool: Executor | None = None
    ) -> None:
        self._start, self._cache, self._pool = start, cache, pool
        self._key = cache.key("read", *question) if cache else ""
        self._begun = time.time_ns()
        self._engine: Engine | None = None
        self._read: Read | None = cache.get(self._key, Read) if cache else None

    def __enter__(self) -> Self:
        if self._read is None:
            self._opened()
        return self

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = self._start().__enter__()
        return self._engine

    def inventory(self) -> tuple[Inventory, Done]:
        """All hosts and classes. Raises EngineError."""
        if self._read is None:
            self._read = Read(*self._opened().inventory())
            self._keep(self._key, self._read, self._read.done)
        return self._read.inventory, self._read.done

    def play(
        self,
        playbooks: Sequence[str],
        facts: dict[int, dict[str, Any]],
        progress: Callable[[Progress], None],
        known: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[Sequence[RecordedTask], Done]:
        """Everything recorded. Raises EngineError when the engine dies before it recorded anything."""
        key = self._cache.key("played", self._key, playbooks, facts, dict(known or {})) if self._cache else ""
        kept = self._cache.get(key, Played) if self._cache else None
        if kept is None:
            play = partial(self._play, playbooks, facts, progress, known)
            try:
                kept = play(self._pool if len(facts) >= MANY else None)
            except DisagreementError:
                self.close()
                kept = play(None)
            self._keep(key, kept, kept.done)
        return kept.tasks, kept.done

    def _play(
        self,
        playbooks: Sequence[str],
        facts: dict[int, dict[str, Any]],
        progress: Callable[[Progress], None],
        known: Mapping[str, tuple[str, ...]] | None,
        pool: Executor | None,
    ) -> Played:
        if self._engine is None:
            self._begun = time.time_ns()
            self._opened().inventory()
        tasks, done = self._opened().play(playbooks, facts, progress, known, pool=pool)
        return Played(tuple(tasks), done)

    def _keep(self, key: str, answer: Read | Played, done: Done) -> None:
        if self._cache and not any(finding.message.startswith(PASSING) for finding in done.findings):
            plain = msgspec.structs.replace(answer, done=msgspec.structs.replace(done, looked=None, numbered={}))
            self._cache.put(key, plain, done.looked, self._begun)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the engine, if there is one."""
        if self._engine is not None:
            self._engine.__exit__(None, None, None)
            self._engine = None
