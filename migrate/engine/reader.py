# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as ansible-core reads them, but a bad one costs only itself, and secrets become tokens at the door."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.module_utils._internal._datatag import AnsibleTagHelper
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import is_encrypted

from migrate.engine.gaps import Gaps, first_cause, line_in
from migrate.engine.taint import Taint
from migrate.model.finding import Severity

LARGEST_FILE = 16 << 20
MOST_VALUES = 2_000_000


class Reader(DataLoader):  # type: ignore[misc]  # ansible ships no types
    """A DataLoader that answers None for a file that can't be read (ansible-core takes that for an empty file) and
    says so.
    """

    def __init__(self, gaps: Gaps, taint: Taint) -> None:
        super().__init__()
        self.gaps, self.taint = gaps, taint
        self.bad: set[str] = set()

    def load_from_file(
        self,
        file_name: str,
        cache: str = "all",
        unsafe: bool = False,
        json_only: bool = False,
        trusted_as_template: bool = False,
    ) -> Any:
        path = self.path_dwim(file_name)
        if (
            cache == "none"
        ):  # inventory plugins, one after the other: they want the error, and need no copy of what is read once
            return self.taint.hide(
                bounded(super().load_from_file(file_name, "none", True, json_only, trusted_as_template))
            )
        if path not in self._FILE_CACHE:
            self._FILE_CACHE[path] = self._read(path, json_only, trusted_as_template)
        data = self._FILE_CACHE[path]
        return data if unsafe else clone(data)

    def _get_file_contents(self, file_name: str) -> tuple[bytes, bool]:
        """Whatever core reads for a lookup or a template is read here, so the limit holds for all."""
        path = self.path_dwim(file_name)
        if os.path.isfile(path) and os.path.getsize(path) > LARGEST_FILE:
            raise AnsibleError(f"{os.path.basename(path)} is larger than {LARGEST_FILE >> 20} MiB, not read")
        contents: tuple[bytes, bool] = super()._get_file_contents(file_name)
        return contents

    def was_bad(self, path: str) -> bool:
        """True for a file that is there but could not be read: that was said already."""
        return self.path_dwim(path) in self.bad

    def files(self) -> frozenset[str]:
        """What was read so far."""
        return frozenset(self._FILE_CACHE)

    def forget(self) -> None:
        """Read each file anew: the tokens that stand in what was kept are forgotten too."""
        self._FILE_CACHE.clear()
        self.bad.clear()

    def _read(self, path: str, json_only: bool, trusted: bool) -> Any:
        try:
            if os.path.getsize(path) > LARGEST_FILE:
                self.gaps.add(
                    "limit", path, f"larger than {LARGEST_FILE >> 20} MiB, not read", place=self.gaps.place(path)
                )
                return None
            if encrypted(path):
                self.gaps.add(
                    "vault-file",
                    path,
                    "whole file is encrypted by ansible-vault",
                    place=self.gaps.place(path),
                    severity=Severity.NOTE,
                )
                return None
            return self.taint.hide(bounded(DataLoader.load_from_file(self, path, "none", True, json_only, trusted)))
        except (FileNotFoundError, AnsibleFileNotFound):
            raise AnsibleFileNotFound("file not found", file_name=path) from None
        except (AnsibleError, UnicodeError, RecursionError, ValueError, OSError) as error:
            self.bad.add(path)
            place = self.gaps.place(path, line_in(first_cause(error)))
            self.gaps.of_error("broken-yaml", path, error, place=place, severity=Severity.ERROR)
            return None


def bounded(data: Any) -> Any:
    """The data, unless its anchors multiply it beyond what anyone could walk through (a YAML bomb)."""
    if weight(data, {}) > MOST_VALUES:
        raise AnsibleError(f"its anchors multiply it to more than {MOST_VALUES} values, not read")
    return data


def weight(value: Any, known: dict[int, int]) -> int:
    """How many values there are when each mention of an anchor counts anew; one in itself counts as too many."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in known:
        known[id(value)] = MOST_VALUES + 1
        known[id(value)] = 1 + sum(
            weight(item, known) for item in (value.values() if isinstance(value, dict) else value)
        )
    return known[id(value)]


def clone(value: Any) -> Any:
    """A copy whose containers may be changed; what they hold is shared, which is most of what deepcopy would take its
    time for.
    """
    if isinstance(value, dict):
        return AnsibleTagHelper.tag_copy(value, {key: clone(item) for key, item in value.items()})
    return AnsibleTagHelper.tag_copy(value, [clone(item) for item in value]) if isinstance(value, list) else value


def encrypted(path: str) -> bool:
    with open(path, "rb") as file:
        return bool(is_encrypted(file.read(64)))
