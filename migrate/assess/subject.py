# SPDX-License-Identifier: Apache-2.0
"""What a rule looks at: one draft workload, its machines, and everything recorded beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import msgspec

from migrate.assess.actions import CONTAINER_MODULES, starts
from migrate.assess.containers import Container
from migrate.assess.drafts import Draft
from migrate.assess.unitfile import describes_containers
from migrate.catalog import Index
from migrate.model.machine import Machine
from migrate.model.product import Product
from migrate.model.task import RecordedTask

CONFIG_LIMIT = 400_000


class Subject(msgspec.Struct, frozen=True):
    """`neighbours` are all tasks recorded on the same classes, those of other roles too."""

    draft: Draft
    machines: tuple[Machine, ...]
    neighbours: tuple[RecordedTask, ...]
    index: Index

    @property
    def product(self) -> Product | None:
        return self.draft.product

    @property
    def tasks(self) -> tuple[RecordedTask, ...]:
        return tuple(self.draft.tasks)

    def texts(self) -> Iterator[tuple[RecordedTask, str]]:
        """Text of the files that its tasks write or edit, and the environment that they give to containers."""
        for task in self.draft.tasks:
            if describes_containers(task) or not self.seen_inside(task):
                continue
            text = task.file.text if task.file is not None and task.file.text else edited(task)
            if text and len(text) < CONFIG_LIMIT:
                yield task, text
        told = set[str]()
        for start in self.draft.starts:
            given = start.container.environment if start.container is not None else {}
            lines = "\n".join(f"{key}={value}" for key, value in given.items())
            if lines and lines not in told:
                told.add(lines)
                yield start.task, lines

    def seen_inside(self, task: RecordedTask) -> bool:
        """False for a file that another container is given, or that a service of a compose file has no part in."""
        held = [start.container for start in self.draft.starts if start.container is not None]
        if not held or len(held) < len(self.draft.starts):
            return True
        path = task.file.dest if task.file is not None else str(task.args.get("path") or task.args.get("dest") or "")
        if shows(held, path):
            return True
        return all(one.alone for one in held) and not shows(self.siblings(), path)

    def siblings(self) -> list[Container]:
        """Containers that the same role runs on the same machines."""
        tasks = (task for task in self.neighbours if CONTAINER_MODULES.match(task.module))
        same = (task for task in tasks if (task.roles[0] if task.roles else "") == self.draft.role)
        return [start.container for task in same for start in starts(task) if start.container is not None]

    def keeps_in(self, path: str) -> bool:
        """True when `path` is a data folder of the product, or above or below one."""
        dirs = self.product.data_dirs if self.product else ()
        return any(
            within(path, folder) or (within(folder, path) and len(PurePosixPath(path).parts) > 2) for folder in dirs
        )


def shows(held: Iterable[Container], path: str) -> bool:
    """True when one of the containers is told or given what is at `path`."""
    own = (folder for one in held for folder in (*one.environment_files, *(item.source for item in one.volumes)))
    return any(within(path, folder) for folder in own if folder.startswith("/"))


def edited(task: RecordedTask) -> str:
    """What a task puts into a file line by line, or into an environment, as lines of `key = value`."""
    if CONTAINER_MODULES.match(task.module):
        return ""  # the environment of a container is told with its start
    if task.module in ("lineinfile", "blockinfile", "replace") and str(task.args.get("state", "present")) != "absent":
        return str(task.args.get("line") or task.args.get("block") or task.args.get("replace") or "")
    if task.module == "ini_file":
        return f"{task.args.get('option', '')} = {task.args.get('value', '')}"
    given = task.args.get("env") or task.args.get("environment")
    return "\n".join(f"{key}={value}" for key, value in given.items()) if isinstance(given, dict) else ""


def within(path: str, folder: str) -> bool:
    """True when `path` is `folder` or below it; `*` in `folder` stands for one name."""
    parts, wanted = PurePosixPath(path).parts, PurePosixPath(folder).parts
    return len(parts) >= len(wanted) and all(want in ("*", part) for part, want in zip(parts, wanted, strict=False))
