# SPDX-License-Identifier: Apache-2.0
"""Write the files for what an assessment says."""

from __future__ import annotations

import sys
from pathlib import Path

from migrate import pipeline
from migrate.commands.sources import Given, assessed, settings
from migrate.errors import DECISION_NEEDED, FINE, SOURCE_FAILED, FileError
from migrate.files import write_all
from migrate.model.assessment import Assessment
from migrate.model.finding import Finding, Severity
from migrate.report import json as report_json


def generated(given: Given, file: Path | None, output: Path, *, dry_run: bool) -> int:
    """Write (or list) the files; returns the exit code."""
    config, base = settings(given)
    assessment = read_assessment(file) if file else assessed(given)
    artifacts, findings = pipeline.generate(assessment, config, base)
    if dry_run:
        for artifact in artifacts:
            print(artifact.path)
        return FINE
    done = write_all(artifacts, output)
    print(
        f"{output}: {len(done.written)} files written, {len(done.unchanged)} unchanged, {len(done.removed)} removed",
        flush=True,
    )
    tell([*done.findings, *findings])
    if assessment.partial:
        print("migrate: the assessment is partial, so files may be missing", file=sys.stderr)
        return SOURCE_FAILED
    return (
        DECISION_NEEDED
        if any(finding.severity is not Severity.NOTE for finding in [*done.findings, *findings])
        else FINE
    )


def read_assessment(file: Path) -> Assessment:
    try:
        return report_json.decode(file.read_bytes(), str(file))
    except OSError as error:
        raise FileError(
            f"{file}: {error.strerror}", hint="Write one with `migrate assess --format json -o FILE`."
        ) from error


def tell(findings: list[Finding]) -> None:
    """Findings of files that were made, the urgent first."""
    from migrate.report import terminal

    sys.stdout.write(terminal.render_findings(findings, color=sys.stdout.isatty()))
