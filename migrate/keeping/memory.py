# SPDX-License-Identifier: Apache-2.0
"""What was generated last time: one file below `.migrate/` for each folder of the output, to be kept in git with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import msgspec

from migrate.errors import FileError
from migrate.keeping import disk

FOLDER = disk.MEMORY
TOP = "_"  # for files that are in no folder
VERSION = 1
ATTRIBUTES = ("# Written by migrate; tells reviewers' tools to fold these files.\n", "*.json linguist-generated\n")


class Memory(msgspec.Struct, frozen=True):
    """Path → lines as generated. Lines, so that git can merge what two branches remember."""

    version: int = VERSION
    files: dict[str, list[str]] = {}


def read(folder: Path) -> dict[str, str]:
    """Path → text of what was generated last time; empty before the first run."""
    found: dict[str, str] = {}
    for path in sorted((folder / FOLDER).glob("*.json")):
        found |= {name: "".join(lines) for name, lines in _load(path).files.items() if disk.is_inside(folder, name)}
    return found


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Remember; what is in no file any more is forgotten."""
    tops: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    for path, text in sorted(files.items()):
        top, slash, _ = path.partition("/")
        tops[top if slash else TOP][path] = text.splitlines(keepends=True)
    for file in sorted((folder / FOLDER).glob("*.json")):
        if file.stem not in tops:
            file.unlink()
    for top, inside in tops.items():
        data = msgspec.json.format(msgspec.json.encode(Memory(files=inside)), indent=1) + b"\n"
        disk.write(folder / FOLDER / f"{top}.json", data.decode())
    if tops:
        disk.write(folder / FOLDER / ".gitattributes", "".join(ATTRIBUTES))


def _load(path: Path) -> Memory:
    hint = "Restore it from version control; without it edits can't be told from generated text."
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Memory)
    except (OSError, msgspec.DecodeError) as error:
        raise FileError(f"{path} can't be read: {error}", hint=hint) from error
    if found.version != VERSION:
        raise FileError(f"{path} has version {found.version}; this migrate reads {VERSION}", hint="Update migrate.")
    return found
