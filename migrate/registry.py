# SPDX-License-Identifier: Apache-2.0
"""One generic registry: names to things, where a name taken twice is an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from migrate.errors import UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """An ordered table of named extensions of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> T:
        """Raises UsageError when the name is taken."""
        if name in self._items:
            raise UsageError(f"two {self.kind}s are called {name}", hint="Rename one of them.")
        self._items[name] = item
        return item

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def names(self) -> list[str]:
        return list(self._items)
