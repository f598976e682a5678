# SPDX-License-Identifier: Apache-2.0
"""What machines were seen to do, from Ansible's fact cache: memory and processors in use, and open connections.

Connections stand in a local fact of the machine (`/etc/ansible/facts.d/migrate_observe.fact`), which
`docs/observations.md` describes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from migrate.model.machine import Connection, Machine, Usage
from migrate.record.gathered import FactCache, whole

FACT = "migrate_observe"
MEBIBYTE = 1 << 20
MOST = 2_000
"""Connections of a machine that are read: a busy proxy has tens of thousands, to few peers."""


def observed(machines: Sequence[Machine], folder: Path) -> list[Machine]:
    """The machines with what the cache knows of them; those that it doesn't know stay as they are."""
    return [seen(machine, folder) for machine in machines]


def seen(machine: Machine, folder: Path) -> Machine:
    facts = whole(FactCache(folder, folder.name), machine.name) if machine.in_inventory else None
    if facts is None:
        return machine
    values = bare(facts.values)
    return msgspec.structs.replace(
        machine,
        connections=connections(values),
        usage=machine.usage or usage(values, facts.source),
        vcpus=machine.vcpus or count(values.get("processor_vcpus")),
        memory=machine.memory or count(values.get("memtotal_mb")) * MEBIBYTE,
    )


def bare(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts by their names without `ansible_`."""
    return {name.removeprefix("ansible_"): value for name, value in facts.items()}


def usage(facts: Mapping[str, Any], source: str) -> Usage | None:
    """Memory without caches, and the load over fifteen minutes; None where neither is told."""
    nocache = mapping(mapping(facts.get("memory_mb")).get("nocache"))
    load = mapping(facts.get("loadavg")).get("15m")
    memory = count(nocache.get("used")) * MEBIBYTE or -1
    cpus = float(load) if isinstance(load, (int, float)) and load >= 0 else -1.0
    if memory < 0 and cpus < 0:
        return None
    return Usage(source=f"{source}; processors are its load over 15 min", memory=memory, cpus=round(cpus, 2))


def connections(facts: Mapping[str, Any]) -> tuple[Connection, ...]:
    """Open connections to others, the same ones counted together; what has no shape of one is left out."""
    told = mapping(mapping(facts.get("local")).get(FACT)).get("connections")
    found: dict[tuple[str, int, str, str, str], int] = {}
    for each in told[:MOST] if isinstance(told, list) else ():
        one = mapping(each)
        peer, port = str(one.get("peer") or ""), count(one.get("port"))
        if peer and 0 < port < 65536:
            protocol = "udp" if one.get("protocol") == "udp" else "tcp"
            key = (peer, port, protocol, str(one.get("process") or ""), str(one.get("unit") or ""))
            found[key] = found.get(key, 0) + max(1, count(one.get("count")))
    return tuple(sorted(Connection(*key, count=number) for key, number in found.items()))


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
