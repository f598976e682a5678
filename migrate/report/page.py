# SPDX-License-Identifier: Apache-2.0
"""The answer as one HTML page that needs no network: the data as JSON, and a script that shows what is looked at."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import msgspec

from migrate.model.assessment import Assessment
from migrate.model.finding import Finding
from migrate.model.workload import Workload
from migrate.report.clean import clean
from migrate.report.details import Naming, naming, needed, reason, sections, verdict
from migrate.report.graph import graph
from migrate.report.groups import Answer, answer, by_check
from migrate.report.names import compact, natural, port_list
from migrate.report.notes import shorten, where
from migrate.report.standing import MachineSaid, machines_said
from migrate.report.summary import alarms, outcome

SCRIPTS = ("start.js", "table.js", "panel.js", "layout.js", "picture.js", "lists.js", "end.js")
MOST_BYTES = 5_000_000
BUDGETS = (80, 30, 12, 5, 2, 0)
"""Items a section may have; the largest with which the page fits."""
LONGEST_TEXT = 400
LONGEST_NAMES = 90
MOST_FINDINGS = 25

Data = dict[str, Any]


def render(assessment: Assessment) -> str:
    """The page. Nothing in it is markup but our own: the script writes text from the project as text."""
    style, script = _read("page.css"), "\n".join(map(_read, SCRIPTS))
    title = f"migrate: {outcome(assessment) or 'nothing found'}"
    fixed = {
        "policy": f"default-src 'none'; style-src 'sha256-{_hash(style)}'; script-src 'sha256-{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'",
        "title": html.escape(clean(title)),
        "sentence": html.escape(clean(outcome(assessment))),
        "style": style,
        "script": script,
    }
    frame = _read("page.html")
    for name, text in fixed.items():
        frame = frame.replace(f"@{name}@", text, 1)
    head, tail = frame.split("@data@")
    return head + _fitting(assessment, MOST_BYTES - len(head.encode()) - len(tail.encode())) + tail


def _read(name: str) -> str:
    return (files("migrate.report") / "web" / name).read_text(encoding="utf-8").rstrip("\n")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _fitting(assessment: Assessment, room: int) -> str:
    """The data with as many details as fit into `room` bytes."""
    name = naming(assessment.tokens)
    whole = data(assessment, name)
    text = ""
    for most in BUDGETS:
        text = _json({**whole, "workloads": [_cut(one, most) for one in whole["workloads"]]})
        if len(text.encode()) <= room:
            break
    return text


def _json(value: Data) -> str:
    """JSON that may stand in a script element: no character of it can end that, or be read as markup."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _cut(workload: Data, most: int) -> Data:
    """The workload with the first items of each section, and how many were left out."""
    kept = [[title, items[:most], max(0, len(items) - most)] for title, items in workload["more"]]
    return {**workload, "more": kept if most else []}


class Frame(msgspec.Struct, frozen=True):
    """What every part is shown in: places of environments and workloads in their lists, and names for tokens."""

    assessment: Assessment
    environments: Mapping[str, int]
    numbers: Mapping[str, int]
    name: Naming


def data(assessment: Assessment, name: Naming) -> Data:
    """All that the page shows, as JSON values; workloads and nodes are numbered by their place in the list."""
    environments = {one: number for number, one in enumerate(_environments(assessment))}
    ordered = sorted(assessment.workloads, key=lambda one: (environments[one.environment], natural(one.name)))
    frame = Frame(assessment, environments, {one.id: number for number, one in enumerate(ordered)}, name)
    coming = _coming(assessment.workloads)
    return {
        "alarms": [clean(name(text)) for text in alarms(assessment)],
        "environments": [clean(one) for one in environments],
        "answers": [one.value for one in Answer],
        "workloads": [_workload(one, coming.get((one.environment, one.name), ()), frame) for one in ordered],
        "machines": _machines(frame),
        "findings": [_check(group, name) for group in by_check(assessment.findings)],
        **_picture(frame),
    }


def _environments(assessment: Assessment) -> list[str]:
    named = {one.environment for one in assessment.machines} | {one.environment for one in assessment.workloads}
    return list(dict.fromkeys((*assessment.environments, *sorted(named))))


def _coming(workloads: Sequence[Workload]) -> Mapping[tuple[str, str], list[Workload]]:
    """Who needs it, by environment and name; itself too, for what a firewall told of it."""
    found: dict[tuple[str, str], list[Workload]] = defaultdict(list)
    for one in workloads:
        for target in dict.fromkeys(edge.target for edge in one.edges):
            found[one.environment, target].append(one)
    return found


def _workload(one: Workload, coming: Sequence[Workload], frame: Frame) -> Data:
    told = sections(one, coming, needed(one, frame.assessment.tokens))
    return {
        "name": clean(one.name),
        "env": frame.environments[one.environment],
        "title": clean(one.title),
        "answer": list(Answer).index(answer(one)),
        "placement": one.placement.value,
        "kind": one.kind.value,
        "wave": one.wave,
        "machines": compact(map(clean, one.machines), limit=LONGEST_NAMES),
        "count": len(one.machines),
        "ports": port_list(one.ports),
        "why": _text(frame.name(reason(one))),
        "verdict": f"It {verdict(one)}.",
        "decided": one.override is not None,
        "more": [[clean(part.title), [[_text(i.label), _text(i.text)] for i in part.items]] for part in told],
    }


def _text(text: str) -> str:
    return shorten(clean(text), LONGEST_TEXT)


def _machines(frame: Frame) -> list[Data]:
    """Machines that are alike in all that is shown, as one row."""
    alike: dict[tuple[object, ...], list[MachineSaid]] = defaultdict(list)
    for one in machines_said(frame.assessment):
        alike[_looks(one)].append(one)
    rows = [_row(group, frame) for group in alike.values()]
    return sorted(rows, key=lambda row: (row["env"], natural(row["names"])))


def _looks(one: MachineSaid) -> tuple[object, ...]:
    return one.environment, one.workloads, one.os, one.vcpus, one.memory, one.power, one.seen_by, one.split


def _row(group: Sequence[MachineSaid], frame: Frame) -> Data:
    first = group[0]
    ids = (f"{first.environment}/{name}" if first.environment else name for name in first.workloads)
    names = sorted((clean(one.name) for one in group), key=natural)
    return {
        "env": frame.environments[first.environment],
        "shown": compact(names, limit=LONGEST_NAMES),
        "names": "\n".join(names),
        "count": len(group),
        "os": clean(first.os),
        "vcpus": first.vcpus,
        "memory": first.memory >> 20,
        "power": first.power.value,
        "seen": clean(", ".join(first.seen_by)),
        "kind": first.sort,
        "placement": first.placement,
        "workloads": [frame.numbers[id] for id in ids if id in frame.numbers],
    }


def _check(group: Sequence[Finding], name: Naming) -> Data:
    return {
        "severity": group[0].severity.value,
        "check": clean(group[0].check),
        "count": len(group),
        "items": [
            [clean(one.environment), _text(where(one)), _text(name(one.message)), _text(name(one.remedy))]
            for one in group[:MOST_FINDINGS]
        ],
    }


def _picture(frame: Frame) -> Data:
    found = graph(frame.assessment)
    place = {node.key: number for number, node in enumerate(found.nodes)}
    nodes = [
        {
            "label": clean(frame.name(node.label)),
            "env": frame.environments[node.environment],
            "reach": node.reach.value,
            "workload": frame.numbers.get(node.key, -1),
        }
        for node in found.nodes
    ]
    links = [[place[link.source], place[link.target], clean(link.label)] for link in found.links]
    return {"nodes": nodes, "links": links}
