# SPDX-License-Identifier: Apache-2.0
"""Print an assessment in the format that was asked for."""

from __future__ import annotations

import sys
from pathlib import Path

from migrate.files import replace_file
from migrate.model.assessment import Assessment
from migrate.model.workload import Placement
from migrate.report import explain, graph, markdown, page
from migrate.report import json as report_json


def undecided(assessment: Assessment) -> bool:
    """Whether a person has to say something before the answer is whole."""
    silent = any(finding.check in ("no-workload", "missing-role") for finding in assessment.findings)
    return silent or any(workload.placement is Placement.DECIDE for workload in assessment.workloads)


def show(assessment: Assessment, format: str, workload: str, output: Path | None) -> None:
    """Print or write the answer."""
    deliver(explain.explain(assessment, workload) if workload else formatted(assessment, format, output), output)


def deliver(text: str, output: Path | None) -> None:
    """To a file, or to standard output. Raises FileError where the file can't be written."""
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        replace_file(output, text.encode())


def formatted(assessment: Assessment, format: str, output: Path | None) -> str:
    if format == "json":
        return report_json.encode(assessment).decode()
    if format == "markdown":
        return markdown.render(assessment)
    if format == "dot":
        return graph.dot(assessment)
    if format == "html":
        return page.render(assessment)
    from migrate.report import terminal

    tty = output is None and sys.stdout.isatty()
    return terminal.render(assessment, color=tty)
