# SPDX-License-Identifier: Apache-2.0
"""One file that a role writes."""

from __future__ import annotations

import re

import msgspec

from migrate.model.task import RecordedTask

MODE = re.compile(r"[0-7]{3,4}|[ugoa]*[-+=][rwxXst]+(,[ugoa]*[-+=][rwxXst]+)*")


class File(msgspec.Struct, frozen=True):
    """A file of the container. `key` is its name in the ConfigMap or Secret; `task` writes it."""

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


def mode(value: object) -> str:
    """A file mode as chmod takes it; "" where there is none. YAML reads 0755 as the number 493, as Ansible does."""
    text = format(value, "o") if isinstance(value, int) and not isinstance(value, bool) else str(value or "")
    return text if MODE.fullmatch(text) else ""
