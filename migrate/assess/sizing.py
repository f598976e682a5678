# SPDX-License-Identifier: Apache-2.0
"""How much a replica of a workload takes: what a source measured, else a share of its VM, marked as a guess."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from migrate.model.machine import Machine
from migrate.model.workload import Kind, Placement, Size, Workload

MEBIBYTE = 1 << 20
MEMORY, PROCESSORS = 64 * MEBIBYTE, 0.1
"""What is measured is rounded up to these, or no two runs would say the same."""


def with_sizes(workloads: Sequence[Workload], machines: Iterable[Machine]) -> tuple[Workload, ...]:
    """The workloads of one environment with the size of a replica; without, where no source knows the VM's size."""
    known = {machine.name: machine for machine in machines if machine.vcpus and machine.memory}
    serving = [one for one in workloads if one.kind is not Kind.PLUMBING and one.placement is not Placement.DROP]
    sharing = Counter(name for one in serving for name in one.machines)
    sized = {one.id: size_of(one, known, sharing) for one in serving}
    return tuple(msgspec.structs.replace(one, size=sized.get(one.id)) for one in workloads)


def size_of(workload: Workload, known: Mapping[str, Machine], sharing: Mapping[str, int]) -> Size | None:
    machines = [known[name] for name in workload.machines if name in known]
    measured = [machine for machine in machines if machine.usage is not None and machine.usage.memory >= 0]
    if measured:
        return used(max(measured, key=lambda one: (one.usage.memory if one.usage else 0, one.name)), measured, sharing)
    return share(min(machines, key=lambda one: (one.memory, one.vcpus, one.name)), sharing) if machines else None


def used(machine: Machine, measured: Sequence[Machine], sharing: Mapping[str, int]) -> Size:
    """By the machine that uses most, so that a replica fits wherever it comes from."""
    usage, residents = machine.usage, max(1, sharing[machine.name])
    assert usage is not None
    cpus = max((one.usage.cpus for one in measured if one.usage is not None), default=-1.0)
    processors = f"{cpus:.2f} of {machine.vcpus} vCPUs" if cpus >= 0 else f"an unknown part of {machine.vcpus} vCPUs"
    told = f"{machine.name} uses {mebibytes(usage.memory)} of {mebibytes(machine.memory)} and {processors}"
    most = f", the most of {len(measured)} machines" if len(measured) > 1 else ""
    split = f"; divided by the {residents} workloads there, which is a guess" if residents > 1 else ""
    return Size(
        vcpus=rounded((cpus if cpus >= 0 else machine.vcpus) / residents, PROCESSORS),
        memory=int(rounded(usage.memory / residents, MEMORY)),
        vm_vcpus=machine.vcpus,
        vm_memory=machine.memory,
        source=f"{told} ({usage.source}){most}{split}",
        guess=residents > 1 or cpus < 0,
    )


def rounded(value: float, step: float) -> float:
    return round(math.ceil(round(value / step, 6)) * step, 3)


def share(machine: Machine, sharing: Mapping[str, int]) -> Size:
    residents = max(1, sharing[machine.name])
    by = f", divided by the {residents} workloads there" if residents > 1 else ""
    return Size(
        vcpus=round(machine.vcpus / residents, 3),
        memory=machine.memory // residents,
        vm_vcpus=machine.vcpus,
        vm_memory=machine.memory,
        source=f"a guess: {machine.name} has {machine.vcpus} vCPUs and {mebibytes(machine.memory)}{by}; "
        "no source says what it uses",
    )


def mebibytes(size: int) -> str:
    return f"{size // MEBIBYTE:,} MiB"
