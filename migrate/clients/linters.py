# SPDX-License-Identifier: Apache-2.0
"""The one door to linters of others: programs on PATH that read files and print JSON."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

LIMIT = 120.0


class Answer(msgspec.Struct, frozen=True):
    """What a linter printed; `failed` says why there is no answer. A linter's exit code tells only of findings."""

    out: str = ""
    failed: str = ""


def find(name: str) -> str:
    """Where a program is; "" where it is not on PATH."""
    return shutil.which(name) or ""


def ask(command: Sequence[str], folder: Path) -> Answer:
    """Run a linter in a folder."""
    try:
        done = subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, errors="replace", timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return Answer(failed=f"no answer after {LIMIT:.0f} s")
    except OSError as error:
        return Answer(failed=error.strerror or str(error))
    if not done.stdout.strip():
        told = (done.stderr.strip().splitlines() or [""])[-1]
        return Answer(failed=told or f"exit code {done.returncode}") if done.returncode else Answer("")
    return Answer(done.stdout)
