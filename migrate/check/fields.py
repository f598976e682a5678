# SPDX-License-Identifier: Apache-2.0
"""What fields the kinds of Kubernetes have, by version: our own small schema, so that no large one is needed.

`fields.json` (written by scripts/fields.py) says of each field: `*` required, `[` a list of, `{` a mapping to, then a
plain type, `any`, or the name of another type; `/key` is what entries of the list are merged by, `@29` the first and
`-31` the last minor version that knows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from migrate.check.reach import Table

CODE = re.compile(r"(\*?)([\[{]*)([\w.-]*?)(?:/(\w+))?(?:@(\d+))?(?:-(\d+))?")
QUANTITY = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")
WORDS = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "number": "a number",
    "quantity": "a quantity such as 500m or 64Mi",
    "int-or-string": "a whole number or text",
}


class Field(msgspec.Struct, frozen=True):
    """One field. `wraps`: brackets around `kind`, outermost first; 0 for `since` and `until` means always."""

    required: bool
    wraps: str
    kind: str
    merge_key: str
    since: int
    until: int

    def known_in(self, minor: int) -> bool:
        return self.since <= minor and (not self.until or minor <= self.until)

    def versions(self) -> str:
        """Which versions know it, for a message."""
        return f"only until 1.{self.until}" if self.until else f"only from 1.{self.since}"


class Knowledge(msgspec.Struct, frozen=True):
    """`kinds`: `apps/v1 Deployment` → the type that it is, and since and until when; `types`: type → field."""

    versions: tuple[int, int]
    kinds: dict[str, Field]
    types: dict[str, dict[str, Field]]
    groups: frozenset[str]


@cache
def knowledge() -> Knowledge:
    read = msgspec.json.decode((Path(__file__).parent / "fields.json").read_bytes())
    kinds = {name: parse(code) for name, code in read["kinds"].items()}
    types = {name: {field: parse(code) for field, code in fields.items()} for name, fields in read["types"].items()}
    groups = frozenset(name.split()[0].rpartition("/")[0] for name in kinds)
    return Knowledge(tuple(read["versions"]), kinds, types, groups)


@cache
def parse(code: str) -> Field:
    match = CODE.fullmatch(code)
    assert match, code
    required, wraps, kind, key, since, until = match.groups()
    return Field(bool(required), wraps, kind, key or "", int(since or 0), int(until or 0))


def minor_of(version: str) -> int:
    """The minor number of `1.31`; the newest that is known where it is not a version or newer still."""
    oldest, newest = knowledge().versions
    match = re.match(r"v?1\.(\d+)", version)
    return min(max(int(match[1]), oldest), newest) if match else newest


def mistakes(data: Table, kind: str, minor: int) -> Iterator[tuple[str, str, str]]:
    """(what, field path, sentence) of everything that has another shape than a type has; `what` is unknown-field,
    missing-field or wrong-type."""
    yield from _in_type(data, kind, "", minor)


def _in_type(data: Table, kind: str, at: str, minor: int) -> Iterator[tuple[str, str, str]]:
    known = knowledge().types[kind]
    for name, value in data.items():
        path = f"{at}.{name}" if at else str(name)
        field = known.get(name)
        if field is None:
            yield "unknown-field", path, f"there is no field {path}"
        elif not field.known_in(minor):
            yield "unknown-field", path, f"Kubernetes knows {path} {field.versions()}, not in 1.{minor}"
        elif value is not None:
            yield from _in_value(value, field.wraps, field.kind, path, minor)
    for name, field in known.items():
        if field.required and data.get(name) is None and field.known_in(minor):
            path = f"{at}.{name}" if at else name
            yield "missing-field", path, f"{path} is required"


def _in_value(value: Any, wraps: str, kind: str, at: str, minor: int) -> Iterator[tuple[str, str, str]]:
    if wraps:
        yield from _in_many(value, wraps, kind, at, minor)
    elif kind in WORDS:
        if not PLAIN[kind](value):
            yield "wrong-type", at, f"{at} should be {WORDS[kind]}, not {_told(value)}"
    elif kind != "any" and isinstance(value, dict):
        yield from _in_type(value, kind, at, minor)
    elif kind != "any":
        yield "wrong-type", at, f"{at} should be a mapping, not {_told(value)}"


def _in_many(value: Any, wraps: str, kind: str, at: str, minor: int) -> Iterator[tuple[str, str, str]]:
    if wraps[0] == "[":
        if not isinstance(value, list):
            yield "wrong-type", at, f"{at} should be a list, not {_told(value)}"
            return
        for index, inner in enumerate(value):
            yield from _in_value(inner, wraps[1:], kind, f"{at}[{index}]", minor)
    elif not isinstance(value, dict):
        yield "wrong-type", at, f"{at} should be a mapping, not {_told(value)}"
    else:
        for key, inner in value.items():
            if inner is not None:
                yield from _in_value(inner, wraps[1:], kind, f"{at}.{key}", minor)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


PLAIN: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _whole,
    "boolean": lambda value: isinstance(value, bool),
    "number": _number,
    "quantity": lambda value: _number(value) or (isinstance(value, str) and bool(QUANTITY.fullmatch(value))),
    "int-or-string": lambda value: isinstance(value, str) or _whole(value),
}


def _told(value: Any) -> str:
    """What a value is, never the value: it may be a secret."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a whole number", float: "a number", list: "a list", dict: "a mapping"}
    return names.get(type(value), "something else")
