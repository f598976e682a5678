# SPDX-License-Identifier: Apache-2.0
"""The one door to git: merging the three versions of a file, for which no repository is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

LONG = 60.0
LABELS = ("yours", "generated before", "generated now")
LARGEST_COUNT = 127  # of conflicts, in an exit code; above that it is an error


def is_there() -> bool:
    """Whether git is on PATH."""
    return shutil.which("git") is not None


def merge_file(mine: str, before: str, now: str) -> tuple[str, int] | None:
    """(merged text, number of conflicts), with both sides of a conflict between marks; None where git can't."""
    git = shutil.which("git")
    if git is None:
        return None
    with tempfile.TemporaryDirectory(prefix="migrate-merge-") as folder:
        paths = [Path(folder, str(number)) for number in range(3)]
        for path, text in zip(paths, (mine, before, now), strict=True):
            path.write_bytes(text.encode())
        labels = [word for label in LABELS for word in ("-L", label)]
        command = [git, "merge-file", "-p", "--diff3", *labels, *map(str, paths)]
        # A person's settings (merge.conflictStyle, attributes) must not change what comes out.
        quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_DIR": folder}
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **quiet}
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=LONG, cwd=folder, env=environment)
        except (OSError, subprocess.TimeoutExpired):
            return None
    if not 0 <= done.returncode <= LARGEST_COUNT:
        return None
    return done.stdout.decode(), done.returncode
