# SPDX-License-Identifier: Apache-2.0
"""Where one field of a generated file comes from: its source, its value, and whether a person has changed it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from migrate.errors import UsageError
from migrate.model.fields import covering, fields
from migrate.report.clean import clean

ABSENT = "(not there)"


class Subject(msgspec.Struct, frozen=True):
    """A generated file: its path, what provenance.json says of it, its documents, and those that were generated."""

    path: str
    sources: Mapping[str, str]
    documents: tuple[Any, ...] = ()
    generated: tuple[Any, ...] = ()


def explain(subject: Subject, field: str) -> str:
    """All that is known of one field, or of every field where none is given. Raises UsageError for a field unknown."""
    if not field:
        return "".join(f"{clean(name)}\n  {clean(source)}\n" for name, source in sorted(subject.sources.items()))
    values = dict(pair for document in subject.documents for pair in fields(document))
    before = dict(pair for document in subject.generated for pair in fields(document))
    known = {**dict.fromkeys(subject.sources, ""), **before, **values}
    name = field if field in known else _by_number(field, subject.documents)
    if not name:
        raise UsageError(f"{subject.path} has no field {clean(field)}", hint=_nearest(field, known))
    around = covering(name, subject.sources)
    lines = [clean(f"{subject.path}:{name}")]
    if name in values:
        lines.append(f"  value: {clean(_short(values[name]))}")
    lines += [f"  from:  {clean(subject.sources[around])}"] if around else _of_parts(name, subject.sources)
    if around and around != name:
        lines.append(f"         (said of {clean(around)})")
    if subject.generated and values.get(name) != before.get(name):
        lines.append(f"  edited by hand; generated was {clean(_short(before.get(name, ABSENT)))}")
    return "\n".join(lines) + "\n"


def _of_parts(name: str, sources: Mapping[str, str]) -> list[str]:
    """A field that holds others comes from where they come from."""
    inside = {field: source for field, source in sources.items() if field.startswith((f"{name}.", f"{name}["))}
    parts = [(field[len(name) :].lstrip("."), source) for field, source in sorted(inside.items())]
    lines = [f"  {clean(part)} from:  {clean(source)}" for part, source in parts]
    return lines or ["  from:  nobody wrote down where from"]


def _by_number(field: str, documents: tuple[Any, ...]) -> str:
    """The name of a field whose list items are given by number, as in `containers[0]`; "" if there is none."""
    for document in documents:
        numbered = {_numbers(document, name): name for name, _ in fields(document)}
        if field in numbered:
            return numbered[field]
    return ""


def _numbers(value: Any, name: str) -> str:
    """The same field with the number of each item in place of its name."""
    found, at = "", ""
    while at != name:
        step = next(
            (one, item) for one, item in fields(value, at) if name == one or name.startswith((f"{one}.", f"{one}["))
        )
        inside = step[0][len(at) :]
        if isinstance(value, list):
            inside = f"[{next(number for number, item in enumerate(value) if item is step[1])}]"
        found, at, value = found + inside, step[0], step[1]
    return found


def _nearest(field: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(field, known, n=3, cutoff=0.5)
    if not near:
        last = field.replace("]", "").replace("[", ".").rpartition(".")[2]
        near = [name for name in known if name.rpartition(".")[2] == last][:3]
    return f"Did you mean {' or '.join(map(clean, near))}?" if near else "Leave the field out to see all of them."


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"
