# SPDX-License-Identifier: Apache-2.0
"""List the fleet, keep a snapshot of it, and say what changed since the last one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import msgspec

from migrate import pipeline
from migrate.commands.assess import deliver
from migrate.commands.sources import Given, settings, watching
from migrate.discover import sources
from migrate.discover.changes import compare
from migrate.errors import DECISION_NEEDED, FINE, SOURCE_FAILED, FileError, UsageError
from migrate.files import replace_file
from migrate.model.machine import Change, Fleet

SNAPSHOTS = Path(".migrate") / "fleet"
KEPT = 30
NUMBERED = re.compile(r"(\d{6})\.json")


def discovered(given: Given, format: str, output: Path | None, *, diff: bool) -> int:
    """Print the fleet, or what changed in it; returns the exit code."""
    config, base = settings(given)
    with watching() as watch:
        fleet = pipeline.discover(config, base, only=given.environments, watch=watch)
    folder = base / SNAPSHOTS
    old = last(folder)
    if diff and old is None:
        raise UsageError(f"{folder}: no snapshot to compare with", hint="Run `migrate discover` once before --diff.")
    whole = not fleet.partial and not given.environments
    if whole:
        keep(fleet, folder)
    changes = changed(old or Fleet(), fleet, given) if diff else ()
    tty = output is None and sys.stdout.isatty()
    deliver(formatted(fleet, changes, format, diff=diff, tty=tty), output)
    print(rendered(fleet), end="", file=sys.stderr)
    if fleet.partial:
        print("migrate: a source failed, so no snapshot is kept of this answer", file=sys.stderr)
        return SOURCE_FAILED
    return DECISION_NEEDED if changes else FINE


def changed(old: Fleet, fleet: Fleet, given: Given) -> tuple[Change, ...]:
    """Within the environments that were asked for."""
    asked = given.environments
    before = msgspec.structs.replace(
        old, machines=tuple(one for one in old.machines if not asked or one.environment in asked)
    )
    return compare(before, fleet, unanswered=sources.silent(fleet.findings))


def formatted(fleet: Fleet, changes: tuple[Change, ...], format: str, *, diff: bool, tty: bool) -> str:
    if format == "json":
        written = msgspec.json.encode(changes if diff else fleet, order="deterministic")
        return msgspec.json.format(written, indent=2).decode() + "\n"
    from migrate.report import fleet as report

    if diff:
        return report.render_changes(changes)
    if format == "csv":
        return report.comma_separated(fleet)
    if format == "markdown":
        return report.markdown(fleet)
    from rich.console import Console

    return report.render(fleet, color=tty, width=Console().width if tty else 0)


def rendered(fleet: Fleet) -> str:
    """What does not fit, for a person; the list itself may be read by a program."""
    from migrate.report import terminal

    return terminal.render_findings(list(fleet.findings), color=sys.stderr.isatty())


def snapshots(folder: Path) -> list[Path]:
    """From the oldest to the newest."""
    return sorted(path for path in folder.glob("*.json") if NUMBERED.fullmatch(path.name))


def last(folder: Path) -> Fleet | None:
    """The newest snapshot. Raises FileError where it can't be read."""
    found = snapshots(folder)
    if not found:
        return None
    try:
        return msgspec.json.decode(found[-1].read_bytes(), type=Fleet)
    except (OSError, msgspec.DecodeError) as error:
        raise FileError(f"{found[-1]} can't be read: {error}", hint="Remove it; the one before will do.") from error


def keep(fleet: Fleet, folder: Path) -> None:
    """A new snapshot where something is different; the oldest go."""
    plain = msgspec.structs.replace(fleet, findings=())
    data = msgspec.json.format(msgspec.json.encode(plain, order="deterministic"), indent=1) + b"\n"
    found = snapshots(folder)
    if found and found[-1].read_bytes() == data:
        return
    number = int(found[-1].stem) + 1 if found else 1
    replace_file(folder / f"{number:06}.json", data)
    for path in found[: max(0, len(found) + 1 - KEPT)]:
        path.unlink()
