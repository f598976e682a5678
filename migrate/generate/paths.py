# SPDX-License-Identifier: Apache-2.0
"""Folders, links and removals that a role makes: in the image, or as empty volumes where the process writes."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable

from migrate.generate.accounts import Account
from migrate.generate.file import mode
from migrate.generate.steps import Phase, Scene, Step
from migrate.generate.tasks import is_below, target
from migrate.model.product import Product
from migrate.model.task import RecordedTask

VOLATILE = ("/run", "/tmp", "/var/tmp", "/var/log", "/var/cache", "/var/lock", "/dev/shm")
ALWAYS = "/tmp"
WRITABLE = re.compile(r"^\s*(?:ReadWritePaths|ReadWriteDirectories|BindPaths)\s*=\s*(.+?)\s*$", re.MULTILINE)
UNIT_FOLDERS = {
    "RuntimeDirectory": "/run",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
    "StateDirectory": "/var/lib",
}


def writable(
    tasks: Iterable[RecordedTask], unit_texts: Iterable[tuple[str, str]], product: Product | None
) -> dict[str, str]:
    """Folder → why an empty volume is mounted there, sorted."""
    found = {ALWAYS: "default: most programs want it"}
    for path in product.run.writable if product and product.run else ():
        found.setdefault(path.rstrip("/"), "catalog: written while running, holds no state")
    for task in tasks:
        path = target(task)
        if task.args.get("state") == "directory" and is_volatile(path):
            found.setdefault(path, f"{task.place} makes it, and nothing in it outlives a restart")
    for text, place in unit_texts:
        for path in (*_unit_folders(text), *filter(is_volatile, _writable(text))):
            found.setdefault(path, f"the unit of {place} asks systemd for it")
    return dict(sorted((path, why) for path, why in found.items() if path.startswith("/")))


def is_volatile(path: str) -> bool:
    """Whether what is there outlives no restart anyway."""
    return is_below(path, VOLATILE) and path not in VOLATILE


def state_folders(unit_texts: Iterable[tuple[str, str]]) -> list[str]:
    """Folders that a unit wants kept (StateDirectory); here they are emptied with every pod."""
    kept = [path for text, _ in unit_texts for path in _unit_folders(text) if path.startswith("/var/lib/")]
    return kept + [path for text, _ in unit_texts for path in _writable(text) if not is_below(path, VOLATILE)]


def _writable(text: str) -> list[str]:
    """Folders that a unit may write to although the rest is read-only for it."""
    words = (word.lstrip("-+").split(":")[0].rstrip("/") for value in WRITABLE.findall(text) for word in value.split())
    return [re.sub(r"^/var/run(?=/|$)", "/run", word) for word in words if re.fullmatch(r"/[\w.@/-]+", word)]


def owned(tasks: Iterable[RecordedTask], user: str, volumes: Iterable[str]) -> list[tuple[str, RecordedTask]]:
    """Folders that the role gives to the process's user and that are read-only in the container."""
    given = [
        (target(task), task)
        for task in tasks
        if task.args.get("state") == "directory" and task.args.get("owner") == user
    ]
    return [(path, task) for path, task in given if user and not is_below(path, volumes)]


def express(task: RecordedTask, scene: Scene) -> Step | str:
    """The commands that make a folder, a link or nothing."""
    if is_below(target(task), scene.volumes):
        return Step(Phase.FOLDERS, task)
    return Step(Phase.FOLDERS, task, commands=tuple(_lines(task, scene.account, scene.user)))


def copy_inside(task: RecordedTask) -> Step | str:
    """A copy of what an earlier task has put on the machine."""
    source, path = str(task.args.get("src") or ""), target(task)
    if not source.startswith("/"):
        return "where it copies from is not plain"
    whole = "/." if source.endswith("/") else ""
    lines = [f"mkdir -p {shlex.quote(posixpath.dirname(path))}"]
    lines += [f"cp -R {shlex.quote(source.rstrip('/') + whole)} {shlex.quote(path)}"]
    if chosen := mode(task.args.get("mode")):
        lines.append(f"chmod {chosen} {shlex.quote(path)}")
    return Step(Phase.COMMANDS, task, commands=tuple(lines))


def _lines(task: RecordedTask, run_user: Account, user: str) -> list[str]:
    path, state = shlex.quote(target(task)), task.args.get("state", "file")
    if state == "directory":
        given = task.args.get("owner") == user and bool(user)
        owner = f" -o {run_user.uid} -g {run_user.gid}" if given else ""
        # Folders of other accounts stay readable: only one account runs here.
        chosen = mode(task.args.get("mode")) if given else ""
        return [f"install -d{owner} -m {chosen or '0755'} {path}"]
    if state in {"link", "hard"} and task.args.get("src"):
        flags = "-sfn" if state == "link" else "-f"
        parent = shlex.quote(posixpath.dirname(target(task)))
        return [f"mkdir -p {parent}", f"ln {flags} {shlex.quote(str(task.args['src']))} {path}"]
    if state == "absent" and target(task).count("/") > 1:
        return [f"rm -rf {path}"]
    if state == "touch":
        return [f"mkdir -p {shlex.quote(posixpath.dirname(target(task)))}", f"touch {path}"]
    return []


def _unit_folders(text: str) -> list[str]:
    found = re.findall(r"^\s*(\w+Directory)\s*=\s*(.+?)\s*$", text, re.MULTILINE)
    names = ((UNIT_FOLDERS[key], name) for key, value in found if key in UNIT_FOLDERS for name in value.split())
    return [
        f"{folder}/{name.split(':')[0]}"
        for folder, name in names
        if re.fullmatch(r"[\w.@/-]+", name) and ".." not in name
    ]
