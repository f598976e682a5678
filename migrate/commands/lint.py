# SPDX-License-Identifier: Apache-2.0
"""Check a folder of manifests, generated or edited."""

from __future__ import annotations

from pathlib import Path

import msgspec

from migrate import pipeline
from migrate.check import folder as folders
from migrate.commands.generate import tell
from migrate.commands.sources import Given, settings
from migrate.errors import DECISION_NEEDED, FINE
from migrate.model.finding import Finding, Severity
from migrate.model.place import Place


def linted(given: Given, folder: Path, format: str) -> int:
    """Print what is wrong; returns the exit code."""
    config, _ = settings(given)
    findings, told = pipeline.lint(folders.read(folder), config)
    if format == "json":
        print(msgspec.json.format(msgspec.json.encode(findings), indent=2).decode())
    else:
        tell([_found_in(folder, one) for one in findings])
        print(told, flush=True)
    return DECISION_NEEDED if any(one.severity is not Severity.NOTE for one in findings) else FINE


def _found_in(folder: Path, finding: Finding) -> Finding:
    """Told as `deploy/web/base/deployment.yaml:12`, once."""
    line = finding.place.line if finding.place else 0
    where = str(Place(str(folder / finding.subject), line))
    return msgspec.structs.replace(finding, subject=where, place=None)
