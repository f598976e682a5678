# SPDX-License-Identifier: Apache-2.0
"""Roles below a folder: in roles/, in collections, nested or linked; told by the files that make a role."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from migrate.errors import UsageError
from migrate.model.finding import Finding

PARTS = ("tasks", "meta", "defaults", "vars", "handlers")
MORE_PARTS = (*PARTS, "templates", "files", "library")
ENDINGS = (".yml", ".yaml", "")
NOT_LOOKED_IN = frozenset("molecule tests test docs node_modules .git .tox .venv venv templates files".split())
DEEPEST = 12


def roles_below(root: Path) -> tuple[list[Path], list[Finding]]:
    """All roles in `root`, sorted, as paths below it. A link that leads out of it, or around, is told and not followed.

    Raises UsageError when `root` is no folder or holds no role.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is not a folder", hint="Give a folder that holds roles with --roles-dir.")
    seen: set[Path] = set()
    findings: list[Finding] = []
    found = sorted(walk(root, root.resolve(), seen, findings, 0))
    if not found:
        raise UsageError(
            f"there is no role in {root}", hint="A role is a folder with tasks/main.yml, meta/main.yml or the like."
        )
    return found, findings


def walk(folder: Path, root: Path, seen: set[Path], findings: list[Finding], depth: int) -> Iterator[Path]:
    real = folder.resolve()
    if not real.is_relative_to(root):
        findings.append(outside(folder))
        return
    if real in seen or depth > DEEPEST:
        return
    seen.add(real)
    if is_role(folder):
        yield folder
    for child in children(folder):
        yield from walk(child, root, seen, findings, depth + 1)


def children(folder: Path) -> list[Path]:
    """Folders in which roles may be: of a role only its own roles/. Real ones come before links to them."""
    try:
        entries = [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir()]
    except OSError:
        return []
    inner = is_role(folder)
    wanted = [path for path in entries if path.name not in NOT_LOOKED_IN and (path.name == "roles" or not inner)]
    return sorted(wanted, key=lambda path: (path.is_symlink(), path.name))


def is_role(folder: Path) -> bool:
    """True where a main file is in its place; in a folder called `roles`, any folder of a role's parts will do."""
    if any((folder / part / f"main{end}").exists() for part in PARTS for end in ENDINGS):
        return folder.name not in ("roles", "playbooks")
    return folder.parent.name == "roles" and any((folder / part).is_dir() for part in MORE_PARTS)


def dependencies(role: Path) -> frozenset[str]:
    """The bare names of the roles that its meta/main.yml asks for."""
    path = next((p for end in ENDINGS if (p := role / "meta" / f"main{end}").is_file()), None)
    try:
        told = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) if path is not None else None
    except (yaml.YAMLError, OSError, ValueError, RecursionError):
        return frozenset()  # the engine tells what is wrong with it
    asked = told.get("dependencies") if isinstance(told, dict) else None
    named = [one.get("role") or one.get("name") if isinstance(one, dict) else one for one in asked or ()]
    return frozenset(str(name).rpartition(".")[2].removeprefix("ansible-role-") for name in named if name)


def outside(folder: Path) -> Finding:
    return Finding(
        check="role-outside",
        subject=folder.name,
        message=f"{folder.name} is a link to a folder outside, which is not read",
        remedy="Copy the role in, or give its own folder with --role.",
    )
