# SPDX-License-Identifier: Apache-2.0
"""All chosen workloads, one after the other."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.clients.builder import Builder
from migrate.model.trial import Verification
from migrate.verify.folder import Subject
from migrate.verify.trial import Options, Watch, attempt


def verify(subjects: Iterable[Subject], tool: Builder, options: Options, watch: Watch = lambda _: None) -> Verification:
    """Try each; what fails is in its trial, and the others are tried all the same."""
    trials = tuple(attempt(subject, tool, options, watch) for subject in subjects)
    return Verification(builder=f"{tool.name} {tool.version}".strip(), trials=trials)
