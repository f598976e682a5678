# SPDX-License-Identifier: Apache-2.0
"""Workloads: what runs on the machines, whether it keeps state, and the evidence for saying so."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from migrate.model.place import Place
from migrate.model.task import RecordedTask


class Nature(StrEnum):
    """Whether losing the machine loses data. Unknown is an answer; silence is never stateless."""

    STATELESS = "stateless"
    STATEFUL = "stateful"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What sort of thing a workload is; `mixed` is stateless code that owns state."""

    STATELESS = "stateless"
    STATEFUL = "stateful"
    MIXED = "mixed"
    BATCH = "batch"
    BUILD_AGENT = "build-agent"
    PLUMBING = "plumbing"
    LIBRARY = "library"
    UNKNOWN = "unknown"


class Placement(StrEnum):
    """Where it should live. `vm` is an ordinary placement; `decide` means that a person must say."""

    DEPLOYMENT = "deployment"
    CRONJOB = "cronjob"
    DAEMONSET = "daemonset"
    BUILD_AGENT = "build-agent"
    VM = "vm"
    DROP = "drop"
    OUT_OF_SCOPE = "out-of-scope"
    DECIDE = "decide"


class Points(StrEnum):
    """Which way a piece of evidence points; `neither` is context that a reader wants to see."""

    STATELESS = "stateless"
    STATEFUL = "stateful"
    NEITHER = "neither"


class Confidence(StrEnum):
    """How much the evidence of a verdict carries; never shown without it."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reason: the rule that saw it, what it saw, where, and which way it points."""

    rule: str
    saw: str
    points: Points
    place: Place | None = None
    machine: str = ""


class Port(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """A listening port. `source` says who told us: unit, config file line, catalog."""

    number: int
    protocol: str = "tcp"
    name: str = ""
    source: str = ""


class Unit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A long-running service or scheduled job.

    `manager`: systemd, supervisor, container, cron, package (its unit starts itself), shell, agent (a
    controller starts it), code (nothing seen starts it). `command`, `user`,
    `directory`, `environment` come from the unit's own file where a task writes it. `schedule` is a cron expression.
    """

    name: str
    manager: str = "systemd"
    command: str = ""
    user: str = ""
    directory: str = ""
    environment: dict[str, str] = {}
    environment_files: tuple[str, ...] = ()
    schedule: str = ""
    image: str = ""
    place: Place | None = None


class Reach(StrEnum):
    """What an edge leads to: a workload, a machine of the fleet, something outside it, or what nothing tells."""

    WORKLOAD = "workload"
    MACHINE = "machine"
    EXTERNAL = "external"
    UNKNOWN = "unknown"


class Edge(msgspec.Struct, frozen=True, order=True, omit_defaults=True, rename={"source": "from", "target": "to"}):
    """`source` needs `target` on `port` (0: not known); in files they are called `from` and `to`.

    `reach` says what `target` names; for `unknown` it is the setting that would tell. `protocol` is tcp, udp or unix.
    `seen` is where, `via` what told it (a URL, a setting, an upstream, a firewall); `connections` counts live sockets.
    `source` is a machine or a group where only its address is known, not which of its workloads comes.
    """

    source: str
    target: str
    port: int = 0
    seen: str = ""
    protocol: str = "tcp"
    reach: Reach = Reach.WORKLOAD
    via: str = ""
    connections: int = 0


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person decided, beside what we would have said (`kind`, `nature`, `placement`, `because`)."""

    reason: str
    kind: Kind
    nature: Nature
    placement: Placement
    because: str
    owner: str = ""
    expires: str = ""
    place: Place | None = None


class Size(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one replica takes of a VM: processors and bytes. `guess` unless it was measured for it alone.

    `source` says how it was worked out; `vm_vcpus` and `vm_memory` are the size of the VM that it is about.
    """

    vcpus: float
    memory: int
    vm_vcpus: int
    vm_memory: int
    source: str
    guess: bool = True


class Workload(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service or scheduled job of a group of machines: what moves, or stays.

    `wave` 0 stays; 1, 2, … move in this order, `together` with these; None is for what needs a decision or goes away.
    """

    name: str
    environment: str
    kind: Kind
    nature: Nature
    placement: Placement
    reason: str
    software: str = ""
    title: str = ""
    role: str = ""
    hosts: str = ""
    machines: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()
    packages: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    data_dirs: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    tasks: tuple[RecordedTask, ...] = ()
    replaced_by: str = ""
    override: Decision | None = None
    wave: int | None = None
    wave_reason: str = ""
    together: tuple[str, ...] = ()
    size: Size | None = None

    @property
    def id(self) -> str:
        """`environment/name`, unique in an assessment; just the name where there is one unnamed environment."""
        return f"{self.environment}/{self.name}" if self.environment else self.name


class Facts(msgspec.Struct, frozen=True):
    """Ansible facts for one class of machines and where they came from."""

    source: str
    values: dict[str, Any]
