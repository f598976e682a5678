# SPDX-License-Identifier: Apache-2.0
"""Where something was seen: a file and a line of it."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """A line of a file. `path` is relative to the project (or names the source); line 0 means the whole file."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path
