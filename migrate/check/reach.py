# SPDX-License-Identifier: Apache-2.0
"""Reaching into documents that people wrote: what is of another shape than it should be counts as absent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Table = dict[str, Any]


def table(value: Any) -> Table:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def tables(value: Any) -> list[Table]:
    """The mappings in a list."""
    return [one for one in items(value) if isinstance(one, dict)]


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """0 for what is no whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def plain(value: Any) -> str | int:
    """A name or a number; "" for what is neither, so that it may be looked up."""
    return value if isinstance(value, str | int) else ""


def reach(value: Any, path: str) -> Any:
    """What stands at `a.b.c`; None where the way ends."""
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def strings(value: Any) -> Iterator[str]:
    """Every text in a tree, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
