# SPDX-License-Identifier: Apache-2.0
"""The answer of `migrate assess`, and the file that `migrate generate` reads."""

from __future__ import annotations

import msgspec

from migrate.model.finding import Finding
from migrate.model.machine import Machine
from migrate.model.task import Token
from migrate.model.workload import Workload

SCHEMA_VERSION = 1


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counts a reader checks first: kinds of machine (`classes`), tasks recorded, and those that leave a doubt."""

    machines: int = 0
    classes: int = 0
    plays: int = 0
    tasks: int = 0
    conditional: int = 0
    unresolved: int = 0


class Assessment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything known of the estate. `partial` is true when a source failed and the rest was kept."""

    schema: int = SCHEMA_VERSION
    environments: tuple[str, ...] = ()
    figures: Figures = Figures()
    workloads: tuple[Workload, ...] = ()
    machines: tuple[Machine, ...] = ()
    tokens: tuple[Token, ...] = ()
    findings: tuple[Finding, ...] = ()
    partial: bool = False
