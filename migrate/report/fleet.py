# SPDX-License-Identifier: Apache-2.0
"""The fleet as a list: a table for a terminal, Markdown, CSV; and what changed in it since last time."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from migrate.model.machine import Change, Fleet, Machine
from migrate.report.clean import clean, tick

COLUMNS = (
    "environment",
    "machine",
    "power",
    "vCPU",
    "memory",
    "system",
    "data disks",
    "addresses",
    "groups",
    "seen by",
)
GIB = 2**30
WIDTH = 120
FEW = 5
MARKS = {"appeared": "+", "vanished": "-", "renamed": "~", "changed": "~"}


def render(fleet: Fleet, *, color: bool = False, width: int = 0) -> str:
    """A table; empty columns are left out, and of many groups the first few stand for all."""
    rows = [_row(machine, most=FEW) for machine in fleet.machines]
    shown = [number for number in range(len(COLUMNS)) if any(row[number] for row in rows)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number in shown:
        table.add_column(COLUMNS[number], justify="right" if COLUMNS[number] in ("vCPU", "memory") else "left")
    for row in rows:
        table.add_row(*(clean(row[number]) for number in shown))
    buffer = io.StringIO()
    console = Console(
        file=buffer, force_terminal=color, no_color=not color, width=width or WIDTH, highlight=False, markup=False
    )
    console.print(table)
    console.print(f"{len(rows)} machine{'' if len(rows) == 1 else 's'}")
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def markdown(fleet: Fleet) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(tick(cell) if cell else "" for cell in _row(one)) + " |" for one in fleet.machines]
    return "\n".join(lines) + "\n"


def comma_separated(fleet: Fleet) -> str:
    """CSV (RFC 4180): memory and disks in bytes; a cell that a spreadsheet would take for a formula begins with '."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(
        ("environment", "name", "power", "vcpus", "memory", "os", "data_disks", "data_bytes", "addresses", "groups",
         "seen_by", "uuid")
    )  # fmt: skip
    for one in fleet.machines:
        data = sum(disk.capacity for disk in one.data_disks)
        row = (one.environment, one.name, one.power.value, one.vcpus or "", one.memory or "", one.os,
               len(one.data_disks), data or "", " ".join(one.addresses), " ".join(one.groups), " ".join(one.seen_by),
               one.uuid)  # fmt: skip
        writer.writerow([_harmless(str(cell)) for cell in row])
    return buffer.getvalue()


def render_changes(changes: Sequence[Change]) -> str:
    """One line per machine, and one per field that is another now."""
    if not changes:
        return "Nothing has changed since the last look.\n"
    lines = []
    for change in changes:
        name = f"{change.environment}/{change.name}" if change.environment else change.name
        lines.append(f"{MARKS[change.what]} {clean(name)}: {change.what}")
        lines += [
            f"    {one.field}: {clean(one.old) or 'none'} → {clean(one.new) or 'none'}" for one in change.differences
        ]
    return "\n".join(lines) + "\n"


def _row(machine: Machine, *, most: int = 0) -> tuple[str, ...]:
    """Its cells; `most` groups at most, 0 for all."""
    groups = machine.groups[: most or None]
    more = f", +{len(machine.groups) - len(groups)} more" if len(groups) < len(machine.groups) else ""
    return (
        machine.environment,
        machine.name,
        machine.power.value,
        str(machine.vcpus or ""),
        _size(machine.memory),
        machine.os,
        ", ".join(_size(disk.capacity) or disk.target or disk.source or "?" for disk in machine.data_disks),
        ", ".join(machine.addresses),
        ", ".join(groups) + more,
        ", ".join(machine.seen_by),
    )


def _size(bytes_: int) -> str:
    return f"{bytes_ / GIB:.3g} GiB" if bytes_ else ""


def _harmless(cell: str) -> str:
    """Names come from others; see https://owasp.org/www-community/attacks/CSV_Injection."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
