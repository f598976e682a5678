# SPDX-License-Identifier: Apache-2.0
"""Machines: what the inventory and the hypervisors say of one VM, joined."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.model.finding import Finding


class Power(StrEnum):
    """State of a VM; `unknown` when only the inventory knows it."""

    RUNNING = "running"
    STOPPED = "stopped"
    PAUSED = "paused"
    UNKNOWN = "unknown"


class Disk(msgspec.Struct, frozen=True, omit_defaults=True):
    """A block device. Sizes in bytes, 0 = not known. `boot` is the first disk or the one with a boot order.

    `type` is the volume type of a cloud.
    """

    target: str
    source: str = ""
    capacity: int = 0
    boot: bool = False
    shared: bool = False
    readonly: bool = False
    type: str = ""
    encrypted: bool = False


class Nic(msgspec.Struct, frozen=True, omit_defaults=True):
    """A network card; `addresses` are what DHCP reservations, leases or metadata give it."""

    mac: str
    network: str = ""
    addresses: tuple[str, ...] = ()


class Connection(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """`count` open sockets of a process to `port` of a peer's address; `process` and `unit` are "" where not told."""

    peer: str
    port: int
    protocol: str = "tcp"
    process: str = ""
    unit: str = ""
    count: int = 1


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a machine uses of its size: `memory` in bytes, `cpus` in processors, -1 where `source` does not say."""

    source: str
    memory: int = -1
    cpus: float = -1.0


class Opening(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """What a security group lets in: `source` is a CIDR or a group's name, "" for all; ports 0 to 0 mean all."""

    group: str
    protocol: str = ""
    first: int = 0
    last: int = 0
    source: str = ""


class Instance(msgspec.Struct, frozen=True, omit_defaults=True):
    """What only a cloud knows of a server. `host` is its hypervisor, where the user may know; `keypair` just a name.

    `together` holds server groups as `name (policy)`; values of `metadata` whose keys sound secret are left out.
    """

    project: str = ""
    flavor: str = ""
    image: str = ""
    zone: str = ""
    host: str = ""
    keypair: str = ""
    fault: str = ""
    together: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    openings: tuple[Opening, ...] = ()


class Machine(msgspec.Struct, frozen=True, omit_defaults=True, rename={"kind": "class"}):
    """One VM (or inventory host without one), as seen by every source in `seen_by`.

    `seen_by` holds "inventory" and source URIs; `uuid`, `vcpus` (count) and `memory` (bytes) come from hypervisors;
    `os` is a libosinfo short id such as `debian12`, or ""; `groups` are inventory groups with ancestors, but not `all`;
    `kind` numbers its class and is called `class` in files, where the kind of a machine is that of its workloads.
    """

    name: str
    environment: str = ""
    seen_by: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    uuid: str = ""
    power: Power = Power.UNKNOWN
    vcpus: int = 0
    memory: int = 0
    os: str = ""
    title: str = ""
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    instance: Instance | None = None
    kind: int = -1
    facts_from: str = ""
    connections: tuple[Connection, ...] = ()
    usage: Usage | None = None

    @property
    def in_inventory(self) -> bool:
        return "inventory" in self.seen_by

    @property
    def data_disks(self) -> tuple[Disk, ...]:
        """Disks that are neither boot nor read-only (CD-ROM, cloud-init seed)."""
        return tuple(d for d in self.disks if not d.boot and not d.readonly)


class Host(msgspec.Struct, frozen=True, omit_defaults=True):
    """An inventory host as ansible-core reads it; `kind` numbers its class: same groups and variables but identity."""

    name: str
    groups: tuple[str, ...] = ()
    address: str = ""
    kind: int = -1
    connection: str = ""


class MachineClass(msgspec.Struct, frozen=True, omit_defaults=True):
    """Hosts that Ansible treats alike: `representative` is recorded for all; `differing` variables are not the same."""

    number: int
    representative: str
    members: tuple[str, ...]
    differing: tuple[str, ...] = ()


class Fleet(msgspec.Struct, frozen=True, omit_defaults=True):
    """All machines of an estate, and what does not fit; `partial` where a source failed."""

    schema: int = 1
    machines: tuple[Machine, ...] = ()
    findings: tuple[Finding, ...] = ()
    partial: bool = False


class Difference(msgspec.Struct, frozen=True, order=True):
    """A field of a machine, as it was and as it is."""

    field: str
    old: str
    new: str


class Change(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """What became of one machine: it appeared, vanished, was renamed or changed."""

    what: str
    environment: str
    name: str
    differences: tuple[Difference, ...] = ()
