# SPDX-License-Identifier: Apache-2.0
"""Say where a field of a generated file comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import FileError, UsageError
from migrate.files import parse_documents
from migrate.keeping import memory
from migrate.report import provenance

NAME = "provenance.json"


def explained(what: str) -> str:
    """`FILE` or `FILE:FIELD` → what is known of it."""
    path, field = split(what)
    told = _sources(path)
    texts = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    subject = provenance.Subject(
        path=str(path),
        sources=told,
        documents=_documents(path, texts),
        generated=_documents(path, _remembered(path)),
    )
    return provenance.explain(subject, field)


def split(what: str) -> tuple[Path, str]:
    """The file is all up to a colon that makes it one; a field may have colons itself."""
    parts = what.split(":")
    for end in range(len(parts), 0, -1):
        path = Path(":".join(parts[:end]))
        if path.is_file():
            return path, ":".join(parts[end:])
    hint = "Give FILE:FIELD, for example deploy/web/base/deployment.yaml:spec.replicas."
    raise UsageError(f"{parts[0]}: no such file", hint=hint)


def _sources(path: Path) -> dict[str, str]:
    """What the provenance.json above a file says of it."""
    whole = path.resolve()
    for folder in whole.parents:
        found = folder / NAME
        inside = whole.relative_to(folder).as_posix()
        if found.is_file() and inside in (told := _load(found)):
            return told[inside]
    hint = "Generate the file again; a file of your own has no provenance."
    raise FileError(f"{path} is in no {NAME} above it", hint=hint)


def _load(path: Path) -> dict[str, dict[str, str]]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, str]])
    except (OSError, msgspec.DecodeError) as error:
        raise FileError(f"{path} can't be read: {error}", hint="Generate it again.") from error


def _remembered(path: Path) -> str:
    """The file as it was generated last; "" where nobody remembers."""
    whole = path.resolve()
    for folder in whole.parents:
        if (folder / memory.FOLDER).is_dir():
            return memory.read(folder).get(whole.relative_to(folder).as_posix(), "")
    return ""


def _documents(path: Path, text: str) -> tuple[Any, ...]:
    if path.suffix not in (".yaml", ".yml"):
        return ()
    return tuple(parse_documents(text, str(path)))
