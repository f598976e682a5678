# SPDX-License-Identifier: Apache-2.0
"""A folder of manifests as a person left it, read so that it can be checked like generated files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from migrate.errors import UsageError
from migrate.model.artifact import Artifact

LARGEST = 2_000_000


def read(folder: Path) -> list[Artifact]:
    """All files below it but hidden ones, links and very large ones. Raises UsageError where there is no folder."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", hint="Give the folder that `migrate generate` wrote.")
    return sorted(_files(folder))


def _files(folder: Path) -> Iterator[Artifact]:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(here, name) for name in names if not name.startswith(".")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST:
                text = path.read_text(encoding="utf-8", errors="replace")
                yield Artifact(path.relative_to(folder).as_posix(), text)
