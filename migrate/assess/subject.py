# SPDX-License-Identifier: Apache-2.0
"""What a rule looks at: one draft workload, its machines, and everything recorded beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

from migrate.assess.drafts import Draft
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
        """Text of the files that its tasks write; code and static pages are left out by size and by place."""
        for task in self.draft.tasks:
            if task.file is not None and task.file.text and len(task.file.text) < CONFIG_LIMIT:
                yield task, task.file.text

    def keeps_in(self, path: str) -> bool:
        """True when `path` is a data folder of the product, or above or below one."""
        dirs = self.product.data_dirs if self.product else ()
        return any(within(path, folder) or (within(folder, path) and len(PurePosixPath(path).parts) > 2) for folder in dirs)


def within(path: str, folder: str) -> bool:
    """True when `path` is `folder` or below it; `*` in `folder` stands for one name."""
    parts, wanted = PurePosixPath(path).parts, PurePosixPath(folder).parts
    return len(parts) >= len(wanted) and all(want in ("*", part) for part, want in zip(parts, wanted, strict=False))
