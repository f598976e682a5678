# SPDX-License-Identifier: Apache-2.0
"""Public Ansible content for tests: downloaded from the package index into a cache outside the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

PINNED = {"ansible": "12.3.0", "debops": "3.3.2", "kolla-ansible": "22.2.0"}
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hybrid-migrate" / "content"


def unpacked(name: str) -> Path:
    """The unpacked wheel of a pinned package."""
    folder = CACHE / f"{name}-{PINNED[name]}"
    if not (folder / ".complete").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            str(CACHE),
            f"{name}=={PINNED[name]}",
        ]
        subprocess.run(command, check=True)
        (wheel,) = CACHE.glob(f"{name.replace('-', '_')}-{PINNED[name]}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        (folder / ".complete").touch()
    return folder


def only(folder: Path, pattern: str) -> Path:
    """The one path below a folder that matches."""
    found = sorted(folder.rglob(pattern))
    assert found, f"{pattern} is not below {folder}"
    return found[0]
