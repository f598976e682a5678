# SPDX-License-Identifier: Apache-2.0
"""What is wrong, missing or odd, with its remedy."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.model.place import Place


class Severity(StrEnum):
    """error: a source could not be read, so the answer is partial, or a cluster refuses the file; warning: look at it;
    note: good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One problem. `check` is a stable kebab-case name, `subject` the machine, file or role it is about."""

    check: str
    subject: str
    message: str
    remedy: str = ""
    severity: Severity = Severity.WARNING
    place: Place | None = None
    environment: str = ""

    def sort_key(self) -> tuple[str, str, str, str, str]:
        """Errors first, then by name and place, so that reports keep their order."""
        order = list(Severity).index(self.severity)
        return (str(order), self.environment, self.check, str(self.place or ""), self.subject + self.message)
