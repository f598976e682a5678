# SPDX-License-Identifier: Apache-2.0
"""`migrate assess --role` and `--roles-dir`: roles alone, without an inventory."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from migrate import roles
from migrate.commands.assess import deliver
from migrate.commands.sources import watching
from migrate.errors import DECISION_NEEDED, FINE, SOURCE_FAILED, UsageError
from migrate.model.workload import Placement
from migrate.report import roles as report


class Asked(msgspec.Struct, frozen=True):
    """The options. `given` are those that have no meaning for roles alone."""

    role: Path | None
    roles_dir: Path | None
    profile: str
    format: str
    output: Path | None
    given: tuple[str, ...] = ()


def assess_roles(asked: Asked) -> int:
    """Print or write the answers; returns the exit code."""
    if asked.given or (asked.role is not None and asked.roles_dir is not None):
        other = asked.given[0] if asked.given else "--roles-dir"
        raise UsageError(
            f"--role{'s-dir' if asked.role is None else ''} and {other} don't go together",
            hint="A role alone needs no inventory; leave the other option out.",
        )
    if asked.format in ("html", "dot"):
        raise UsageError(f"roles alone have no --format {asked.format}", hint="There are table, json and markdown.")
    with watching() as watch:
        if asked.role is not None:
            found = roles.Answers((roles.assess_role(asked.role, profile=asked.profile, watch=watch),))
        else:
            assert asked.roles_dir is not None
            found = roles.assess_roles(asked.roles_dir, profile=asked.profile, watch=watch)
    deliver(report.render(found, asked.format, single=asked.role is not None, color=colored(asked)), asked.output)
    for finding in found.findings:
        print(f"migrate: {finding.message}\n  → {finding.remedy}", file=sys.stderr)
    return code(found)


def colored(asked: Asked) -> bool:
    return asked.output is None and sys.stdout.isatty()


def code(found: roles.Answers) -> int:
    if any(one.check == "engine-failed" for told in found.roles for one in told.findings):
        return SOURCE_FAILED
    return DECISION_NEEDED if any(told.placement is Placement.DECIDE for told in found.roles) else FINE
