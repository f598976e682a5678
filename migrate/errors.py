# SPDX-License-Identifier: Apache-2.0
"""The one error tree: what went wrong, what to do about it, and the exit code that a script sees."""

from __future__ import annotations

FINE = 0
DECISION_NEEDED = 1
WRONG_USE = 2
SOURCE_FAILED = 3


class MigrateError(Exception):
    """Anything that migrate refuses or cannot do; `hint` is the remedy, in one sentence."""

    exit_code = WRONG_USE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(MigrateError):
    """The command line or migrate.yaml asks for something that can't be."""


class FileError(MigrateError):
    """A file that a person gave us is missing or can't be understood; names file and, where known, line."""


class SourceError(MigrateError):
    """A source (inventory, hypervisor, cloud) gave no answer."""

    exit_code = SOURCE_FAILED


class DisagreementError(SourceError):
    """Several players of one project saw different things; a single one has to play it again."""


class EngineError(SourceError):
    """The recording child process died or spoke nonsense."""
