# SPDX-License-Identifier: Apache-2.0
"""The command as a user runs it: a process of its own, measured."""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIGRATE = [sys.executable, "-m", "migrate.cli"]


@dataclass(frozen=True)
class Run:
    """What one call left: exit code, both outputs, seconds; peak memory in MiB is of the largest process so far."""

    code: int
    out: str
    err: str
    seconds: float
    peak: float


def migrate(*arguments: str, cwd: Path) -> Run:
    begun = time.monotonic()
    done = subprocess.run(
        [*MIGRATE, *arguments],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "COLUMNS": "100"},
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Run(done.returncode, done.stdout, done.stderr, time.monotonic() - begun, peak)


def assess(*arguments: str, cwd: Path, output: Path) -> tuple[Run, dict[str, Any]]:
    """`migrate assess` to a JSON file, and what it holds. Anything but an answer fails with what was printed."""
    run = migrate("assess", *arguments, "--no-cache", "--format", "json", "-o", str(output), cwd=cwd)
    assert run.code in (0, 1, 3), f"exit code {run.code}\n{run.out}\n{run.err}"
    assessment: dict[str, Any] = json.loads(output.read_text())
    return run, assessment


def told(name: str, run: Run, assessment: dict[str, Any]) -> None:
    """Print the figures that a reader of CI wants."""
    figures = " ".join(f"{key}={value}" for key, value in assessment["figures"].items())
    checks: dict[str, int] = {}
    for finding in assessment["findings"]:
        checks[finding["check"]] = checks.get(finding["check"], 0) + 1
    print(f"\n{name}: {figures} workloads={len(assessment['workloads'])}")
    print(f"  {run.seconds:.1f} s, peak {run.peak:.0f} MiB of one process")
    print("  findings: " + ", ".join(f"{check} {count}" for check, count in sorted(checks.items())))
    reasons: dict[str, int] = {}
    for workload in assessment["workloads"]:
        for task in workload.get("tasks", ()):
            if why := task.get("unresolved"):
                reasons[why[:90]] = reasons.get(why[:90], 0) + 1
    for why, count in sorted(reasons.items(), key=lambda item: -item[1])[:5]:
        print(f"  {count} unresolved: {why}")
