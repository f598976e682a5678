# SPDX-License-Identifier: Apache-2.0
"""Files of the output folder: which paths are ours to touch, reading, writing and removing them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from migrate.errors import FileError
from migrate.files import replace_file
from migrate.keeping.deciding import UNREADABLE
from migrate.model.artifact import Artifact

MEMORY = ".migrate"


def by_path(artifacts: Iterable[Artifact], folder: Path) -> dict[str, Artifact]:
    """Raises FileError for a path that leaves the folder, or that two artifacts have."""
    wanted: dict[str, Artifact] = {}
    for artifact in artifacts:
        path = PurePosixPath(artifact.path)
        if not is_inside(folder, artifact.path):
            raise FileError(f"refusing to write {artifact.path!r}: it is outside {folder}", hint="Rename the workload.")
        if str(path) in wanted:
            raise FileError(f"two generated files are both named {path}", hint="Rename one of the workloads.")
        wanted[str(path)] = artifact
    return wanted


def is_inside(folder: Path, name: str) -> bool:
    """Whether a path stays below the folder, also where a folder on the way is a link to elsewhere."""
    path = PurePosixPath(name)
    usual = not path.is_absolute() and ".." not in path.parts and str(path) != "." and path.parts[0] != MEMORY
    return usual and (folder / path).parent.resolve().is_relative_to(folder.resolve())


def is_there(path: Path) -> bool:
    return os.path.lexists(path)


def read(path: Path) -> str | None:
    """The text of a file; None where there is none, UNREADABLE for links, folders and what is no text."""
    if not is_there(path):
        return None
    if path.is_symlink() or not path.is_file():
        return UNREADABLE
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return UNREADABLE


def write(path: Path, text: str, *, executable: bool = False) -> bool:
    """Whether anything had to change; readers see the old file or the new one, never half of it."""
    data, mode = text.encode(), 0o755 if executable else 0o644
    if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
        stale = bool(path.stat().st_mode & 0o100) != executable
        if stale:
            path.chmod(mode)
        return stale
    replace_file(path, data, mode=mode)
    return True


def remove(folder: Path, path: str) -> bool:
    """Delete a file that is no longer generated, and the folders that this leaves empty."""
    target = folder / path
    if not target.is_file():
        return False
    target.unlink()
    for parent in target.relative_to(folder).parents:
        if parent == Path() or any((folder / parent).iterdir()):
            break
        (folder / parent).rmdir()
    return True
