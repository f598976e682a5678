# SPDX-License-Identifier: Apache-2.0
"""The answer as a table for a terminal; the one module that needs Rich."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from migrate.model.assessment import Assessment
from migrate.model.finding import Finding
from migrate.model.workload import Workload
from migrate.report.clean import clean
from migrate.report.details import reason, wave_of
from migrate.report.groups import IN_FULL, Answer, Estate, estates, odd_machines, takeovers
from migrate.report.names import common_domain, compact, port_list
from migrate.report.notes import Line, elsewhere, findings, shorten, worth_a_look
from migrate.report.standing import split_machines
from migrate.report.summary import alarms, counted, outcome

WIDTH, NARROWEST, WIDEST = 100, 80, 120
NARROW = 92
INDENT, GAP = 2, 2
LONGEST_NAMES = 48
HEADINGS = ("workload", "placement", "machines", "ports")
# The least and the most that a column may take; the reason gets the rest.
BOUNDS = ((10, 24), (9, 11), (8, 18), (5, 11))
TIGHT = ((10, 17), (9, 11), (8, 12), (5, 6))

MARKS = {
    Answer.MOVES: ("→", "green"),
    Answer.STAYS: ("■", "cyan"),
    Answer.DECIDE: ("?", "yellow"),
    Answer.REPLACED: ("↺", ""),
    Answer.OUT_OF_SCOPE: ("·", ""),
}


class Row(msgspec.Struct, frozen=True):
    """Cells of one workload, each a first line and a quieter second one; the last is the reason."""

    cells: tuple[tuple[str, str], ...]
    why: str


def render(assessment: Assessment, *, width: int | None = None, color: bool = False) -> str:
    """The whole report; `width` in columns (100 if None, kept between 80 and 120), `color` adds ANSI styles."""
    console = _console(max(NARROWEST, min(width or WIDTH, WIDEST)), color)
    with console.capture() as capture:
        for part in _parts(assessment, console.width):
            console.print(part)
    # Cells are padded with blanks; without them the text can be pasted and compared.
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).strip("\n") + "\n"


def render_findings(found: Sequence[Finding], *, width: int | None = None, color: bool = False) -> str:
    """Only findings, as they look in the whole report."""
    return printed(map(_line, findings(found)), width or WIDTH, color) if found else ""


def printed(parts: Iterable[RenderableType], width: int, color: bool) -> str:
    """Parts, one below the other, as text."""
    console = _console(max(NARROWEST, min(width, WIDEST)), color)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    # Cells are padded with blanks; without them the text can be pasted and compared.
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).strip("\n") + "\n"


def _console(width: int, color: bool) -> Console:
    """A console that asks nothing of the real terminal or of the process's environment."""
    return Console(
        file=io.StringIO(),
        width=width,
        color_system="standard" if color else None,
        force_terminal=color,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )


def _parts(assessment: Assessment, width: int) -> Iterator[RenderableType]:
    groups = estates(assessment)
    rows = {estate.name: _rows(estate) for estate in groups}
    widths = _widths([row for each in rows.values() for group in each.values() for row in group], width)
    for estate in groups:
        yield from _estate(estate, rows[estate.name], widths, width)
    yield from map(_line, findings(elsewhere(assessment.findings)))
    yield from map(_line, worth_a_look([*odd_machines(assessment), *split_machines(assessment)]))
    yield from (Text(line, style="dim", overflow="fold") for line in _figures(assessment))
    yield Text("")
    yield from (Text(alarm, style="bold red", overflow="fold") for alarm in alarms(assessment))
    yield Text(outcome(assessment), style="bold", overflow="fold")


def _estate(
    estate: Estate, rows: dict[Answer, list[Row]], widths: Sequence[int], width: int
) -> Iterator[RenderableType]:
    yield _heading(estate, width)
    yield Text("")
    if any(rows.values()):
        yield _indented(_table([], widths, header=True))
    for answer, workloads in estate.workloads.items():
        if not workloads:
            continue
        mark, style = MARKS[answer]
        yield Text(f"{mark} {answer.value} ({len(workloads):,})", style=f"bold {style}".strip())
        yield _indented(_table(rows[answer], widths, style) if answer in IN_FULL else _folded(workloads))
        yield Text("")


def _heading(estate: Estate, width: int) -> Text:
    """The environment on the left, how much it holds on the right, a rule between."""
    domain = common_domain(estate.machines)
    workloads = sum(map(len, estate.workloads.values()))
    held = (counted(len(estate.machines), "machine"), counted(workloads, "workload"), domain and f"*.{clean(domain)}")
    name, right = shorten(clean(estate.name) or "estate", 30), shorten(" · ".join(filter(None, held)), 60)
    rule = "─" * max(2, width - cell_len(name) - cell_len(right) - 2)
    return Text.assemble((name, "bold"), " ", (rule, "dim"), " ", right, overflow="fold")


def _rows(estate: Estate) -> dict[Answer, list[Row]]:
    domain = common_domain(estate.machines)
    return {answer: [_row(each, domain) for each in estate.workloads[answer]] for answer in IN_FULL}


def _row(workload: Workload, domain: str) -> Row:
    names = compact(map(clean, workload.machines), domain=clean(domain), limit=LONGEST_NAMES)
    several = counted(len(workload.machines), "machine") if len(workload.machines) != 1 else ""
    name, title = clean(workload.name), clean(workload.title)
    cells = (
        # A title says nothing where it only repeats the name.
        (name, f"  {title}" if title and title.casefold() != name.casefold() else ""),
        (workload.placement.value, workload.kind.value),
        (names, several),
        (port_list(workload.ports), wave_of(workload) if workload.wave else ""),
    )
    return Row(cells, shorten(clean(reason(workload))))


def _widths(rows: Sequence[Row], width: int) -> list[int]:
    """Widths of all columns, the same in every table, so that the eye can run down them."""
    bounds = TIGHT if width < NARROW else BOUNDS
    wanted = [
        max([least, *(cell_len(text) for row in rows for text in row.cells[number])])
        for number, (least, _) in enumerate(bounds)
    ]
    kept = [min(want, most) for want, (_, most) in zip(wanted, bounds, strict=True)]
    return [*kept, width - INDENT - sum(kept) - GAP * len(kept)]


def _table(rows: Sequence[Row], widths: Sequence[int], style: str = "", *, header: bool = False) -> Table:
    table = Table(box=None, show_header=header, padding=(0, GAP, 0, 0), pad_edge=False, header_style="dim")
    for heading, width in zip((*HEADINGS, "why"), widths, strict=True):
        table.add_column(heading, width=width, overflow="fold")
    for row in rows:
        styles = ("bold", style, "", "")
        cells = [_cell(*cell, style=each) for cell, each in zip(row.cells, styles, strict=True)]
        table.add_row(*cells, Text(row.why, overflow="fold"))
    return table


def _cell(first: str, second: str, *, style: str) -> Text:
    return Text.assemble((first, style), *([("\n" + second, "dim")] if second else []), overflow="fold")


def _folded(workloads: Iterable[Workload]) -> Table:
    """What goes away, by what takes its place."""
    table = Table(box=None, show_header=False, padding=(0, GAP, 0, 0), pad_edge=False)
    table.add_column(overflow="fold", max_width=40, style="dim")
    table.add_column(overflow="fold")
    for why, names in takeovers(workloads):
        table.add_row(Text(shorten(clean(why)), overflow="fold"), Text(", ".join(map(clean, names)), overflow="fold"))
    return table


def _line(line: Line) -> RenderableType:
    if not line.text:
        return Text("")
    grid = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    texts = [Text(text, style=line.style, overflow="fold") for text in (line.mark, line.text) if text]
    for _ in texts:
        grid.add_column(overflow="fold")
    grid.add_row(*texts)
    return Padding(grid, (0, 0, 0, line.indent))


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, INDENT))


def _figures(assessment: Assessment) -> Iterator[str]:
    figures = assessment.figures
    if figures.tasks:
        kinds = "1 class" if figures.classes == 1 else f"{figures.classes:,} classes"
        read = f"{counted(figures.tasks, 'task')} of {counted(figures.plays, 'play')}, recorded on {kinds} of machines"
        yield f"{read}; {figures.conditional:,} conditional, {figures.unresolved:,} unresolved."
    if assessment.workloads:
        yield "--explain WORKLOAD shows the evidence for one of them, with file and line."
