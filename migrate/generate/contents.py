# SPDX-License-Identifier: Apache-2.0
"""Files that a role writes, by where they go: ConfigMap, Secret, environment, or into the image."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

import msgspec

from migrate.generate import edits, names, tasks
from migrate.generate.buckets import COMMANDS, EDITS, FILES, OTHER, PATHS
from migrate.generate.estate import Estate
from migrate.generate.file import File
from migrate.generate.tasks import Sorted, is_below
from migrate.model.workload import Unit, Workload

LARGEST = 128 * 1024
LARGEST_SUM = 900 * 1024  # of the 1 MiB that a ConfigMap may hold
NOT_IN_YAML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # kustomize refuses to build what has these
CONFIG_FOLDERS = ("/etc", "/usr/local/etc")
# What the build itself reads.
OF_THE_BUILD = (
    "/etc/apt",
    "/etc/yum.repos.d",
    "/etc/dnf",
    "/etc/yum.conf",
    "/etc/pki/rpm-gpg",
    "/etc/pip.conf",
    "/etc/npmrc",
)
CONFIG_SUFFIXES = (".cfg", ".cnf", ".conf", ".env", ".ini", ".json", ".properties", ".toml", ".yaml", ".yml")


class Contents(msgspec.Struct, frozen=True):
    """All files, each in one place; `variables` are environment files by path."""

    config: tuple[File, ...] = ()
    secret: tuple[File, ...] = ()
    image: tuple[File, ...] = ()
    variables: Mapping[str, File] = {}


def sort(workload: Workload, done: Sorted, estate: Estate) -> Contents:
    """Each path once, with the text that the machine has in the end."""
    every, edited = _written(done)
    wanted = {path.lstrip("-") for unit in workload.units for path in environment_files(unit)}
    variables = {file.path: file for file in every if file.path in wanted}
    open_to_mount = [file for file in every if file.path not in variables and file.path not in edited]
    mounted = _mounted(open_to_mount, workload, estate)
    secret = tuple(file for file in mounted if estate.tokens.inside(file.text))
    config = _fitting([file for file in mounted if file not in secret])
    placed = {file.path for file in (*config, *secret)} | variables.keys()
    needed = _read_by_commands(config, done)
    image = tuple(file for file in every if file.path not in placed or file.path in needed)
    image = tuple(file for file in image if not estate.tokens.inside(file.text))
    return Contents(config=config, secret=secret, image=image, variables=variables)


def _written(done: Sorted) -> tuple[list[File], set[str]]:
    """The files by path, edits applied; and the paths of those that something else edits afterwards."""
    files: dict[str, File] = {}
    edited: set[str] = set()
    for bucket, task in done.order:
        path = tasks.target(task)
        if bucket == FILES and task.file is not None:
            files[path] = File(path, task.file.text or "", task)
            edited.discard(path)
        elif bucket == EDITS and path in files:
            held = files[path]
            text = edits.apply(held.text, task)
            edited |= {path} if text is None else set()
            files[path] = held if text is None else msgspec.structs.replace(held, text=text)
        elif bucket == PATHS and task.args.get("state") == "absent":
            files.pop(path, None)
        elif bucket == OTHER and path in files:
            edited.add(path)
    return [files[path] for path in sorted(files)], edited


def _read_by_commands(config: Iterable[File], done: Sorted) -> set[str]:
    """Configuration that a command of the build names: it has to be there before the pod is."""
    said = [json.dumps(task.args, default=str) for task in done.of(COMMANDS, OTHER)]
    folders = [str(task.args["src"]) for task in done.of(OTHER) if str(task.args.get("src", "")).count("/") > 1]
    return {
        file.path
        for file in config
        if is_below(file.path, folders) or any(re.search(rf"{re.escape(file.path)}(?![\w.-])", text) for text in said)
    }


def environment_files(unit: Unit) -> list[str]:
    """Its environment files; `-` before one that may be missing."""
    return [path.replace("%i", instance(unit)).replace("%I", instance(unit)) for path in unit.environment_files]


def instance(unit: Unit) -> str:
    """`default` of shop-worker@default.service."""
    return unit.name.removesuffix(".service").partition("@")[2]


def _mounted(files: Iterable[File], workload: Workload, estate: Estate) -> list[File]:
    """Configuration, and whatever holds a secret: neither belongs in an image."""
    products = map(estate.product, estate.members.get(workload.id, (workload,)))
    folders = (*CONFIG_FOLDERS, *(path for product in products if product for path in product.config))
    chosen = [file for file in files if estate.tokens.inside(file.text) or _is_config(file, folders)]
    keys = names.keys(file.path for file in chosen)
    return [msgspec.structs.replace(file, key=keys[file.path]) for file in chosen]


def _is_config(file: File, folders: Iterable[str]) -> bool:
    if file.is_executable or len(file.text.encode()) > LARGEST or NOT_IN_YAML.search(file.text):
        return False
    if is_below(file.path, OF_THE_BUILD):
        return False
    return is_below(file.path, folders) or is_setting(file.path)


def is_setting(path: str) -> bool:
    """Whether a file is no program, by where it is or how it is called."""
    return is_below(path, CONFIG_FOLDERS) or path.endswith(CONFIG_SUFFIXES)


def _fitting(files: Iterable[File]) -> tuple[File, ...]:
    """As many as one ConfigMap holds, in order; the rest goes into the image."""
    kept, room = [], LARGEST_SUM
    for file in files:
        size = len(file.text.encode())
        if size <= room:
            kept.append(file)
            room -= size
    return tuple(kept)
