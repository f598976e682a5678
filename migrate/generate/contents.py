# SPDX-License-Identifier: Apache-2.0
"""Files that a role writes, by where they go: ConfigMap, Secret, environment, or into the image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from migrate.generate import names, tasks
from migrate.generate.estate import Estate
from migrate.generate.paths import mode
from migrate.generate.tasks import Sorted, is_below
from migrate.model.task import RecordedTask
from migrate.model.workload import Unit, Workload

LARGEST = 128 * 1024
LARGEST_SUM = 900 * 1024  # of the 1 MiB that a ConfigMap may hold
NOT_IN_YAML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # kustomize refuses to build what has these
CONFIG_FOLDERS = ("/etc", "/usr/local/etc")
CONFIG_SUFFIXES = (".cfg", ".cnf", ".conf", ".env", ".ini", ".json", ".properties", ".toml", ".yaml", ".yml")


class File(msgspec.Struct, frozen=True):
    """A file of the container. `key` is its name in the ConfigMap or Secret."""

    path: str
    text: str
    task: RecordedTask
    key: str = ""

    @property
    def mode(self) -> str:
        """Octal, or "" where the role says nothing."""
        file = self.task.file
        return mode(self.task.args.get("mode") or (file.mode if file else ""))

    @property
    def is_executable(self) -> bool:
        return self.mode.isdecimal() and bool(int(self.mode, 8) & 0o100)


class Contents(msgspec.Struct, frozen=True):
    """All files, each in one place; `variables` are environment files by path."""

    config: tuple[File, ...] = ()
    secret: tuple[File, ...] = ()
    image: tuple[File, ...] = ()
    variables: Mapping[str, File] = {}


def sort(workload: Workload, done: Sorted, estate: Estate) -> Contents:
    """Each path once: what is written last is what the machine has."""
    files = {tasks.target(task): task for task in done.of(tasks.FILES)}
    every = [File(path, (task.file.text if task.file else "") or "", task) for path, task in sorted(files.items())]
    wanted = {path.lstrip("-") for unit in workload.units for path in environment_files(unit)}
    variables = {file.path: file for file in every if file.path in wanted}
    mounted = _mounted([file for file in every if file.path not in variables], workload, estate)
    secret = tuple(file for file in mounted if estate.tokens.inside(file.text))
    config = _fitting([file for file in mounted if file not in secret])
    placed = {file.path for file in (*config, *secret)} | variables.keys()
    image = tuple(file for file in every if file.path not in placed)
    return Contents(config=config, secret=secret, image=image, variables=variables)


def environment_files(unit: Unit) -> list[str]:
    """Its environment files; `-` before one that may be missing."""
    return [path.replace("%i", instance(unit)).replace("%I", instance(unit)) for path in unit.environment_files]


def instance(unit: Unit) -> str:
    """`default` of shop-worker@default.service."""
    return unit.name.removesuffix(".service").partition("@")[2]


def _mounted(files: Iterable[File], workload: Workload, estate: Estate) -> list[File]:
    """Configuration, and whatever holds a secret: neither belongs in an image."""
    product = estate.product(workload)
    folders = (*CONFIG_FOLDERS, *(product.config if product else ()))
    chosen = [file for file in files if estate.tokens.inside(file.text) or _is_config(file, folders)]
    keys = names.keys(file.path for file in chosen)
    return [msgspec.structs.replace(file, key=keys[file.path]) for file in chosen]


def _is_config(file: File, folders: Iterable[str]) -> bool:
    if file.is_executable or len(file.text.encode()) > LARGEST or NOT_IN_YAML.search(file.text):
        return False
    return is_below(file.path, folders) or file.path.endswith(CONFIG_SUFFIXES)


def _fitting(files: Iterable[File]) -> tuple[File, ...]:
    """As many as one ConfigMap holds, in order; the rest goes into the image."""
    kept, room = [], LARGEST_SUM
    for file in files:
        size = len(file.text.encode())
        if size <= room:
            kept.append(file)
            room -= size
    return tuple(kept)
