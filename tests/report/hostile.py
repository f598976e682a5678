# SPDX-License-Identifier: Apache-2.0
"""Estates whose every text was written by an enemy, or by chance."""

from __future__ import annotations

from hypothesis import strategies as st

from migrate.model.assessment import Assessment
from migrate.model.finding import Finding
from migrate.model.machine import Machine
from migrate.model.place import Place
from migrate.model.task import RecordedTask, Token, TokenKind
from migrate.model.workload import (
    Decision,
    Edge,
    Evidence,
    Kind,
    Nature,
    Placement,
    Points,
    Port,
    Reach,
    Size,
    Unit,
    Workload,
)

EVIL = (
    "\x1b[2J\x1b]0;owned\x07 [red]x[/red] @octocat #1 <script>alert(1)</script> | `tick` | \r\n"
    "::error::boom\n##[group]x\n\u202e <!-- </details> --> [a](http://evil.example) ![b](c) :smile:"
)


def estate(text: str) -> Assessment:
    """Every free text is `text`."""
    place = Place(text, 7)
    workloads = tuple(
        Workload(
            name=text,
            environment=text,
            kind=Kind.UNKNOWN,
            nature=Nature.UNKNOWN,
            placement=placement,
            reason=text,
            software=text,
            title=text,
            role=text,
            hosts=text,
            machines=(text, text + "1"),
            units=(Unit(text, text, text, text, text, {text: text}, (text,), text, text, place),),
            packages=(text,),
            users=(text,),
            ports=(Port(80, text, text, text),),
            data_dirs=(text,),
            edges=tuple(Edge(text, text, 1, text, text, reach, text) for reach in Reach),
            override=Decision(text, Kind.MIXED, Nature.STATEFUL, placement, text, text, text, place),
            wave=1,
            wave_reason=text,
            together=(text,),
            size=Size(1.0, 1, 1, 1, text),
            evidence=tuple(Evidence(text, text, points, place, text) for points in Points),
            tasks=(RecordedTask(text, text, name=text, place=place, conditional=text, unresolved=text),),
            replaced_by=text,
        )
        for placement in Placement
    )
    return Assessment(
        environments=(text,),
        workloads=workloads,
        machines=(Machine(text, text, ("inventory",)), Machine(text + "2", text, (text,))),
        tokens=(Token(text, text, TokenKind.SECRET, place),),
        findings=(Finding(text, text, text, text, place=place, environment=text),),
        partial=True,
    )


# Surrogates cannot be written as JSON, so no stage can hand them on.
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=120)
ESTATES = TEXTS.map(estate)
