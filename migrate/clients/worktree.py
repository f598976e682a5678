# SPDX-License-Identifier: Apache-2.0
"""The commit that a folder is at, read from git's own files: nothing of a project is run, not even its hooks."""

from __future__ import annotations

import re
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
REFERENCE = re.compile(r"ref: (refs/[\w./@+-]+)")
LARGEST = 8 * 1024 * 1024


def revision(folder: Path) -> str:
    """The commit of the work tree that a folder is in; "" where there is none, or none that is plain to see."""
    start = folder.resolve()
    home = next((path / ".git" for path in (start, *start.parents) if (path / ".git").exists()), None)
    if home is None:
        return ""
    if home.is_file():  # of a second work tree, or a submodule
        pointer = _read(home).removeprefix("gitdir:").strip()
        home = (home.parent / pointer).resolve()
    head = _read(home / "HEAD").strip()
    match = REFERENCE.fullmatch(head)
    return _commit(home, match[1]) if match else head if COMMIT.fullmatch(head) else ""


def _commit(home: Path, name: str) -> str:
    """A branch, by itself or among the packed ones, here or in the repository that this work tree belongs to."""
    if ".." in name:
        return ""
    common = _read(home / "commondir").strip()
    for place in dict.fromkeys((home, (home / common).resolve())):
        loose = _read(place / name).strip()
        if COMMIT.fullmatch(loose):
            return loose
        for line in _read(place / "packed-refs").splitlines():
            commit, _, packed = line.partition(" ")
            if packed == name and COMMIT.fullmatch(commit):
                return commit
    return ""


def _read(path: Path) -> str:
    """The text of a plain file; "" for everything else."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
