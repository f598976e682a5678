# SPDX-License-Identifier: Apache-2.0
"""What came of trying workloads, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from migrate.model.trial import Passed, Trial, Verification
from migrate.report.clean import clean
from migrate.report.summary import counted
from migrate.report.terminal import WIDTH, printed

MARKS = {Passed.YES: ("✔", "green"), Passed.NO: ("✘", "red"), Passed.UNTRIED: ("·", "dim")}
STEPS = ("built", "started", "ready", "answered")


def render(done: Verification, *, width: int | None = None, color: bool = False) -> str:
    """A row for each workload, then what each answered, what it needs and what went wrong."""
    return printed(_parts(done), width or WIDTH, color)


def _parts(done: Verification) -> Iterator[RenderableType]:
    yield _table(done)
    for trial in done.trials:
        lines = list(_lines(trial))
        if lines:
            yield Text("")
            yield Text(clean(trial.id), style="bold")
            yield from (Padding(line, (0, 0, 0, 2)) for line in lines)
    yield Text("")
    yield Text(outcome(done), style="bold", overflow="fold")


def _table(done: Verification) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("workload", overflow="fold", style="bold")
    for step in STEPS:
        table.add_column(step)
    table.add_column("image", justify="right")
    table.add_column("seconds", justify="right")
    for trial in done.trials:
        cells = [_cell(trial, step) for step in STEPS]
        size = f"{trial.size / 2**20:,.0f} MiB" if trial.size else ""
        table.add_row(clean(trial.id), *cells, size, f"{trial.seconds:.1f}")
    return table


def _cell(trial: Trial, step: str) -> Text:
    mark, style = MARKS[getattr(trial, step)]
    return Text(f"{mark} exit {trial.exit_code}" if step == "answered" and trial.exit_code is not None else mark, style)


def _lines(trial: Trial) -> Iterator[Text]:
    for answer in trial.answers:
        mark, style = MARKS[Passed.YES if answer.fine else Passed.NO]
        yield Text.assemble((mark, style), f" {clean(answer.question)}: {clean(answer.answer)}", overflow="fold")
    for one in trial.differences:
        told = f" {clean(one.route)}, {clean(one.part)}: pod {clean(one.pod)} · VM {clean(one.vm)}"
        yield Text.assemble(("≠", "yellow"), told, overflow="fold")
    if trial.needs:
        where = ", ".join(map(clean, trial.needs))
        yield Text.assemble(("→", "yellow"), f" it asked for {where}; a stand-in was there", overflow="fold")
    yield from (Text.assemble(("·", "dim"), f" {clean(note)}", overflow="fold") for note in trial.notes)
    yield from (Text.assemble(("✘", "red"), f" {clean(text)}", overflow="fold") for text in trial.problems)
    yield from (Text(f"  | {clean(line)}", style="dim", overflow="fold") for line in trial.log)
    if trial.kept:
        yield Text(f"  still there, with containers of the same name: {clean(trial.kept)}", overflow="fold")


def outcome(done: Verification) -> str:
    """The answer in one sentence."""
    tried = len(done.trials)
    parts = [f"{sum(getattr(one, step) is Passed.YES for one in done.trials)} {step}" for step in STEPS]
    fine = sum(one.is_fine for one in done.trials)
    return f"{counted(tried, 'workload')} with {done.builder}: {', '.join(parts)}; {fine} of {tried} without a fault."
