# SPDX-License-Identifier: Apache-2.0
"""The answer as Markdown for a pull request: the sentence, the tables, and each workload's evidence folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrate.model.assessment import Assessment
from migrate.model.finding import Finding
from migrate.model.workload import Workload
from migrate.report.clean import clean, code, prose, tick
from migrate.report.details import Item, needed, reason, sections, verdict
from migrate.report.graph import mermaid
from migrate.report.groups import IN_FULL, Answer, Estate, by_check, estates, odd_machines, takeovers
from migrate.report.names import common_domain, compact, port_list
from migrate.report.notes import LONGEST_NAMES, PLACES, SHOWN, counted_odd, elsewhere, shorten, where
from migrate.report.standing import split_machines
from migrate.report.summary import alarms, counted, outcome

MARKS = {
    Answer.MOVES: "🟢",
    Answer.STAYS: "🔵",
    Answer.DECIDE: "🟡",
    Answer.REPLACED: "⚪",
    Answer.OUT_OF_SCOPE: "⚪",
}


def render(assessment: Assessment) -> str:
    """The whole report; no text of the project in it can mention, link, or break out of its cell."""
    blocks = [
        *(f"> [!WARNING]\n> {prose(alarm)}" for alarm in alarms(assessment)),
        f"**{prose(outcome(assessment))}**" if outcome(assessment) else "",
        *(block for estate in estates(assessment) for block in _estate(estate, assessment)),
        *_findings(elsewhere(assessment.findings)),
        *_odd(assessment),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _estate(estate: Estate, assessment: Assessment) -> Iterator[str]:
    name = prose(estate.name) or "Estate"
    yield f"### {name}: {counted(len(estate.machines), 'machine')}"
    full = [(answer, workload) for answer in IN_FULL for workload in estate.workloads[answer]]
    yield _table(full, common_domain(estate.machines))
    if picture := mermaid(assessment, estate.name):
        yield f"#### Who needs whom\n\n```mermaid\n{picture}\n```"
    for _, workload in full:
        yield _details(workload, assessment)
    for answer in (Answer.REPLACED, Answer.OUT_OF_SCOPE):
        yield _folded(answer, estate.workloads[answer])


def _table(rows: Sequence[tuple[Answer, Workload]], domain: str) -> str:
    head = "| | workload | placement | kind | wave | machines | ports | why |\n"
    head += "| --- | --- | --- | --- | --- | --- | --- | --- |"
    return "\n".join([head, *(_row(answer, workload, domain) for answer, workload in rows)]) if rows else ""


def _row(answer: Answer, workload: Workload, domain: str) -> str:
    title = f"<br>{prose(workload.title)}" if workload.title else ""
    machines = compact(workload.machines, domain=domain, limit=LONGEST_NAMES)
    cells = (
        MARKS[answer],
        f"{tick(workload.name)}{title}",
        workload.placement.value,
        workload.kind.value,
        "-" if workload.wave is None else str(workload.wave),
        f"{len(workload.machines):,}: {tick(machines)}" if workload.machines else "0",
        prose(port_list(workload.ports)),
        prose(shorten(clean(reason(workload)))),
    )
    return f"| {' | '.join(cells)} |"


def _details(workload: Workload, assessment: Assessment) -> str:
    wanted = needed(workload, assessment.tokens)
    lines = [
        "<details>",
        f"<summary>{code(workload.id)}: {_pieces(workload)}</summary>",
        "",
        f"It {verdict(workload)}.",
    ]
    for section in sections(workload, assessment.workloads, wanted):
        lines += ["", *([f"**{prose(section.title)}**", ""] if section.title else []), *map(_item, section.items)]
    return "\n".join([*lines, "", "</details>"])


def _pieces(workload: Workload) -> str:
    return f"{len(workload.evidence) or 'no'} {'piece' if len(workload.evidence) == 1 else 'pieces'} of evidence"


def _item(item: Item) -> str:
    return f"- {tick(item.label)} {prose(item.text)}" if item.label else f"- {prose(item.text)}"


def _folded(answer: Answer, workloads: Sequence[Workload]) -> str:
    """What goes away, by what takes its place."""
    items = [f"- {prose(shorten(clean(why)))}: {', '.join(map(tick, names))}" for why, names in takeovers(workloads)]
    return _fold(f"{MARKS[answer]} {answer.value} ({len(workloads):,})", items)


def _fold(title: str, items: Iterable[str]) -> str:
    lines = list(items)
    return "\n".join(["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]) if lines else ""


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield "### Findings"
    for group in by_check(findings):
        shown = group[: SHOWN[group[0].severity] * PLACES]
        more = [f"- … and {len(group) - len(shown):,} more"] if len(group) > len(shown) else []
        title = f"{group[0].severity.value}: {code(group[0].check)} ({len(group):,})"
        yield _fold(title, [*map(_finding, shown), *more])


def _finding(finding: Finding) -> str:
    remedy = f" → {prose(shorten(clean(finding.remedy)))}" if finding.remedy else ""
    about = where(finding)
    return f"- {tick(about)} {prose(shorten(clean(finding.message)))}{remedy}"


def _odd(assessment: Assessment) -> Iterator[str]:
    odd = [*odd_machines(assessment), *split_machines(assessment)]
    if odd:
        yield "### Machines worth a look"
    names = [tick(compact(each.machines, limit=LONGEST_NAMES)) for each in odd]
    lines = [
        f"- {counted_odd(each)}{_in(each.environment)}: {name}; {each.remedy}"
        for each, name in zip(odd, names, strict=True)
    ]
    yield "\n".join(lines)


def _in(environment: str) -> str:
    return f" in {prose(environment)}" if environment else ""
