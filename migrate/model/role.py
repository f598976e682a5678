# SPDX-License-Identifier: Apache-2.0
"""One role alone: what would become of it, wherever it runs."""

from __future__ import annotations

import msgspec

from migrate.model.finding import Finding
from migrate.model.workload import Confidence, Evidence, Kind, Nature, Placement, Port


class Part(msgspec.Struct, frozen=True):
    """One workload that a role makes."""

    name: str
    kind: Kind
    nature: Nature
    placement: Placement
    reason: str
    software: str = ""
    units: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    data_dirs: tuple[str, ...] = ()
    confidence: Confidence = Confidence.LOW
    because: str = ""
    replaced_by: str = ""
    evidence: tuple[Evidence, ...] = ()


class RoleAnswer(msgspec.Struct, frozen=True):
    """`kind`, `placement` and `reason` are those of the part that holds most state; the other fields are of all parts.

    `path` is relative to the folder that was asked about. `because` says what `confidence` rests on. `look_at` is what
    a person should look at where nothing tells. `facts_from` names the system that it was recorded for;
    `has_tasks` is false for a role without files of tasks.
    """

    path: str
    kind: Kind
    placement: Placement
    reason: str
    confidence: Confidence
    because: str
    software: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    data_dirs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    replaced_by: str = ""
    look_at: str = ""
    evidence: tuple[Evidence, ...] = ()
    workloads: tuple[Part, ...] = ()
    facts_from: str = ""
    tasks: int = 0
    has_tasks: bool = True
    findings: tuple[Finding, ...] = ()
