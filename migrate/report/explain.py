# SPDX-License-Identifier: Apache-2.0
"""Everything known of one workload, for a terminal: each statement beside the file and line that it comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from migrate.model.assessment import Assessment
from migrate.model.workload import Workload
from migrate.report.clean import clean
from migrate.report.details import Item, naming, needed, reason, sections, verdict
from migrate.report.find import find
from migrate.report.standing import MachineSaid, machines_said

WIDTH = 100
WIDEST_LABEL = 46


def explain(assessment: Assessment, name: str) -> str:
    """All of the workload called `name`, `environment/name` or a unique start of one, or of what runs on a machine.

    UsageError if there is none.
    """
    machines = [one for one in machines_said(assessment) if name in (one.name, f"{one.environment}/{one.name}")]
    if machines and not any(name in (one.id, one.name) for one in assessment.workloads):
        return "\n\n".join("\n".join(_machine(machine)) for machine in machines) + "\n"
    found = find(assessment.workloads, name)
    return "\n\n".join("\n".join(_lines(workload, assessment)) for workload in found) + "\n"


def _machine(machine: MachineSaid) -> Iterator[str]:
    """What becomes of a machine, and why; each of its workloads can be explained in turn."""
    id = f"{machine.environment}/{machine.name}" if machine.environment else machine.name
    yield f"{clean(id)} · {machine.sort or 'nothing recognised'}"
    size = f"{machine.vcpus} vCPUs, {machine.memory >> 20:,} MiB" if machine.vcpus and machine.memory else ""
    used = f"{machine.usage.memory >> 20:,} MiB ({machine.usage.source})" if machine.usage else ""
    placed = f"{machine.placement}: some of its workloads stay, others move" if machine.split else machine.placement
    facts = (("placement", placed), ("system", machine.os), ("size", size), ("uses", used))
    yield from _items([Item(label, text) for label, text in (*facts, ("seen by", ", ".join(machine.seen_by))) if text])
    for title, texts in (("Workloads", machine.workloads), ("Why", machine.reasons), ("Needs", _ways(machine))):
        if texts:
            yield from ("", f"{title} ({len(texts)})")
            yield from _items([Item("", text) for text in texts])


def _ways(machine: MachineSaid) -> list[str]:
    ports = ((way, f" on port {way.port}" if way.port else "") for way in machine.edges)
    return [f"{way.source} needs {way.target}{port}" for way, port in ports]


def _lines(workload: Workload, assessment: Assessment) -> Iterator[str]:
    wanted = needed(workload, assessment.tokens)
    name = naming(wanted)
    yield from _wrapped(" · ".join(clean(text) for text in (workload.id, workload.title) if text), "", "  ")
    yield from _wrapped(f"{verdict(workload)}.", "  ", "  ")
    yield from _wrapped(clean(name(reason(workload))), "  ", "  ")
    for section in sections(workload, assessment.workloads, wanted):
        yield ""
        if section.title:
            yield section.title
        yield from _items(section.items)
    if not workload.evidence:
        yield ""
        yield "No evidence was found either way, and silence is not a sign that it keeps no state."


def _items(items: Sequence[Item]) -> Iterator[str]:
    """Two columns; a label too wide for its column stands on a line of its own."""
    labels = [clean(item.label) for item in items]
    fitting = [len(label) for label in labels if len(label) <= WIDEST_LABEL]
    column = max(fitting, default=0)
    for label, item in zip(labels, items, strict=True):
        start = f"  {label:{column}}  " if column else "  "
        if len(label) > column:
            yield from _wrapped(label, "  ", "    ")
            start = " " * (column + 4) if column else "    "
        yield from _wrapped(clean(item.text), start, " " * len(start))


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    lines = textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return lines or [first.rstrip()]
