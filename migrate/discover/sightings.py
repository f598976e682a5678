# SPDX-License-Identifier: Apache-2.0
"""One machine of several sightings: hypervisors that see the same VM, told by UUID and MAC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from msgspec.structs import replace

from migrate.model.finding import Finding
from migrate.model.machine import Machine, Power

MOST_TELLING = (Power.RUNNING, Power.PAUSED, Power.UNKNOWN, Power.STOPPED)
"""After a live migration the old hypervisor may still know the VM, stopped."""


def merge(seen: Sequence[Machine]) -> tuple[list[Machine], list[Finding]]:
    """One machine per VM, and what is ambiguous: names that several VMs have, MACs that can't be one VM's."""
    group = list(range(len(seen)))  # each sighting points towards the first of its group
    for same in _by(seen, lambda vm: [vm.uuid] if vm.uuid else []).values():
        _unite(group, same)
    findings = []
    for mac, same in _by(seen, lambda vm: {nic.mac for nic in vm.nics if nic.mac}).items():
        sightings = [seen[index] for index in same]
        if _can_be_one(sightings):
            _unite(group, same)
        elif len({_first(group, index) for index in same}) > 1:
            findings.append(_mac_conflict(mac, sightings))
    groups: defaultdict[int, list[Machine]] = defaultdict(list)
    for index, vm in enumerate(seen):
        groups[_first(group, index)].append(vm)
    for sightings in groups.values():
        findings += _size_conflicts(sorted(sightings, key=lambda vm: MOST_TELLING.index(vm.power)))
    vms = [_combine(sightings) for sightings in groups.values()]
    return vms, [*findings, *_duplicate_names(vms)]


def describe(vms: Iterable[Machine], limit: int = 4) -> str:
    """`web1 (qemu:///system), web1 (qemu+ssh://h2/system) and 3 more`."""
    told = sorted(f"{vm.name} ({', '.join(vm.seen_by)})" for vm in vms)
    more = f" and {len(told) - limit} more" if len(told) > limit else ""
    return ", ".join(told[:limit]) + more


def _by(seen: Sequence[Machine], keys: Callable[[Machine], Collection[str]]) -> dict[str, list[int]]:
    """Which sightings share a key, where at least two do."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for index, vm in enumerate(seen):
        for key in keys(vm):
            found[key].append(index)
    return {key: indexes for key, indexes in found.items() if len(indexes) > 1}


def _can_be_one(sightings: Sequence[Machine]) -> bool:
    """A shared MAC means one VM, unless one hypervisor sees both, or UUID and name say that it was copied."""
    sources = [source for vm in sightings for source in vm.seen_by]
    uuids = {vm.uuid for vm in sightings if vm.uuid}
    names = {vm.name.casefold() for vm in sightings}
    return len(sources) == len(set(sources)) and (len(uuids) <= 1 or len(names) == 1)


def _unite(group: list[int], indexes: Sequence[int]) -> None:
    first = min(_first(group, index) for index in indexes)
    for index in indexes:
        group[_first(group, index)] = first


def _first(group: list[int], index: int) -> int:
    while group[index] != index:
        group[index] = group[group[index]]  # halve the way for the next time
        index = group[index]
    return index


FILLED = ("uuid", "vcpus", "memory", "os", "title", "disks", "nics", "instance", "usage")
"""What a sighting that does not know takes from one that does."""


def _combine(sightings: Sequence[Machine]) -> Machine:
    """The most telling sighting with all names, addresses and sources; what it does not know comes from the others."""
    if len(sightings) == 1:
        return sightings[0]
    best = min(sightings, key=lambda vm: MOST_TELLING.index(vm.power))
    names = dict.fromkeys(name for vm in sightings for name in (vm.name, *vm.aliases) if name != best.name)
    addresses = dict.fromkeys(address for vm in (best, *sightings) for address in vm.addresses)
    sources = dict.fromkeys(source for vm in sightings for source in vm.seen_by)
    known = {field: next(filter(None, (getattr(vm, field) for vm in (best, *sightings))), None) for field in FILLED}
    filled = {field: value for field, value in known.items() if value}
    return replace(best, aliases=tuple(names), addresses=tuple(addresses), seen_by=tuple(sources), **filled)


def _size_conflicts(sightings: Sequence[Machine]) -> Iterator[Finding]:
    """Sources that disagree over the size or the system of one VM, after a resize that one of them has not seen."""
    for field, unit in (("vcpus", "vCPUs"), ("memory", "bytes of memory"), ("os", "as its system")):
        told = {getattr(vm, field): vm for vm in sightings if getattr(vm, field)}
        if len(told) > 1:
            claims = "; ".join(f"{vm.seen_by[0]} says {value} {unit}" for value, vm in told.items())
            remedy = f"Find out which is right: `migrate` goes by {sightings[0].seen_by[0]} where it knows."
            yield Finding("size-conflict", sightings[0].name, f"{sightings[0].name}: {claims}.", remedy)


def _mac_conflict(mac: str, sightings: Sequence[Machine]) -> Finding:
    message = f"The MAC {mac} belongs to several VMs: {describe(sightings)}; they are kept apart."
    remedy = "Give each VM a MAC of its own: on one network only one of them can be reached."
    return Finding("address-conflict", min(vm.name for vm in sightings), message, remedy)


def _duplicate_names(vms: Sequence[Machine]) -> list[Finding]:
    remedy = "Rename one (virsh domrename), or remove the old one if it is left from a move."
    return [
        Finding("duplicate-name", vms[same[0]].name, _same_name([vms[index] for index in same]), remedy)
        for same in _by(vms, lambda vm: [vm.name.casefold()]).values()
    ]


def _same_name(vms: Sequence[Machine]) -> str:
    told = describe(replace(vm, seen_by=(*vm.seen_by, vm.uuid or "no UUID")) for vm in vms)
    return f"{len(vms)} VMs share a name: {told}; they are kept apart."
