# SPDX-License-Identifier: Apache-2.0
"""Roles alone as JSON, as a table and as Markdown: for each its verdict, and what that rests on."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from migrate.model.finding import Finding
from migrate.model.role import RoleAnswer
from migrate.model.workload import Evidence, Kind
from migrate.report.clean import clean, prose, tick
from migrate.report.notes import shorten

WIDTH = 110
LONGEST_PATH = 52
MOST_EVIDENCE = 12


class Answers(Protocol):
    """What is shown."""

    @property
    def roles(self) -> tuple[RoleAnswer, ...]: ...

    @property
    def findings(self) -> tuple[Finding, ...]: ...


def render(found: Answers, format: str, *, single: bool, color: bool = False) -> str:
    """`single` shows all evidence of the one role, and as JSON that role instead of a list."""
    if format == "json":
        told = found.roles[0] if single else found.roles
        return msgspec.json.format(msgspec.json.encode(told, order="deterministic"), indent=2).decode() + "\n"
    if format == "markdown":
        return markdown(found.roles)
    return table(found.roles, color=color) + (
        "".join(f"{line}\n" for line in details(found.roles[0])) if single else ""
    )


def table(roles: Sequence[RoleAnswer], *, color: bool) -> str:
    console = Console(
        file=io.StringIO(), width=WIDTH, color_system="standard" if color else None, force_terminal=color,
        no_color=not color, highlight=False, markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading, width in (("role", 26), ("kind", 11), ("placement", 12), ("ports", 11), ("sure", 6), ("why", None)):
        shown.add_column(heading, width=width, overflow="fold")
    for told in roles:
        ports = ", ".join(map(str, told.ports))
        cells = (tail(clean(told.path)), told.kind, told.placement, ports, told.confidence, shorten(clean(told.reason)))
        shown.add_row(*(Text(cell, style="bold" if n == 0 else "", overflow="fold") for n, cell in enumerate(cells)))
    with console.capture() as capture:
        console.print(shown)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join([*lines, "", summary(roles)]) + "\n"


def tail(path: str) -> str:
    """The end of a long path, which tells roles apart."""
    return path if len(path) <= LONGEST_PATH else f"…{path[1 - LONGEST_PATH :]}"


def summary(roles: Sequence[RoleAnswer]) -> str:
    """`41 roles: 12 stateful, 9 stateless, …`"""
    count = Counter(told.kind for told in roles)
    parts = ", ".join(f"{count[kind]} {kind}" for kind in Kind if count[kind])
    return f"{len(roles)} role{'s' if len(roles) != 1 else ''}: {parts}."


def details(told: RoleAnswer) -> Iterator[str]:
    """One role in full, as plain lines."""
    yield ""
    yield f"{told.confidence} confidence: {clean(told.because)}; recorded with {clean(told.facts_from)}"
    for name in ("software", "units", "packages", "data_dirs"):
        if values := getattr(told, name):
            yield f"{name.replace('_', ' ')}: {', '.join(map(clean, values))}"
    if told.replaced_by:
        yield f"replaced by: {clean(told.replaced_by)}"
    for part in told.workloads:
        yield ""
        yield f"{clean(part.name)}: {part.kind}, {part.placement} ({part.confidence} confidence: {clean(part.because)})"
        yield from (f"  {clean(line)}" for line in map(line_of, part.evidence))
    if not told.workloads:
        yield from (f"  {clean(line)}" for line in map(line_of, told.evidence))


def line_of(one: Evidence) -> str:
    where = f"{one.place}: " if one.place else ""
    return f"{where}{one.saw} (→ {one.points})"


def markdown(roles: Sequence[RoleAnswer]) -> str:
    head = "| role | kind | placement | ports | confidence | why |\n| --- | --- | --- | --- | --- | --- |"
    rows = [
        f"| {tick(told.path)} | {told.kind} | {told.placement} | {', '.join(map(str, told.ports))} | "
        f"{told.confidence} | "
        f"{prose(shorten(clean(told.reason)))} |"
        for told in roles
    ]
    blocks = [f"**{prose(summary(roles))}**", "\n".join([head, *rows]), *map(folded, roles)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def folded(told: RoleAnswer) -> str:
    """The evidence of one role, folded away."""
    lines = [f"- {prose(line_of(one))}" for one in told.evidence[:MOST_EVIDENCE]]
    more = len(told.evidence) - MOST_EVIDENCE
    lines += [f"- … and {more} more"] if more > 0 else []
    if not lines:
        return ""
    title = f"<summary>{prose(told.path)}: {prose(told.because)}</summary>"
    return "\n".join(["<details>", title, "", *lines, "", "</details>"])
