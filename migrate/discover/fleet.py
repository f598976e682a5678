# SPDX-License-Identifier: Apache-2.0
"""The fleet: what the inventory and the hypervisors say, joined into one machine each, with what does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from migrate.discover import misfits
from migrate.discover.match import address_of, match, spelled
from migrate.discover.sightings import merge
from migrate.model.finding import Finding
from migrate.model.machine import Host, Machine

NOTHING = Machine(name="")


def join(
    environment: str, hosts: Sequence[Host], seen: Sequence[Machine], *, unanswered: Sequence[str] = ()
) -> tuple[list[Machine], list[Finding]]:
    """All machines of an environment by name, each host and each VM in exactly one, and what a person should look at.

    `seen` holds the sightings of all hypervisors; `unanswered` the URIs that gave none, where a missing VM may well be.
    """
    vms, findings = merge(seen)
    matches = match(hosts, vms)
    vm_of = {index: vms[told.vms[0]] for index, told in matches.pairs.items()}
    taken = {told.vms[0] for told in matches.pairs.values()}
    machines = [_machine(host, vm_of.get(index, NOTHING)) for index, host in enumerate(hosts)]
    machines += [vm for index, vm in enumerate(vms) if index not in taken]
    findings += misfits.find(hosts, vms, matches, unanswered)
    return (
        sorted((replace(machine, environment=environment) for machine in machines), key=_order),
        sorted((replace(finding, environment=environment) for finding in findings), key=Finding.sort_key),
    )


def _machine(host: Host, vm: Machine) -> Machine:
    """The inventory's name, groups and address, and all else from the VM."""
    address = address_of(host)
    names = [vm.name, *vm.aliases] if address or spelled(host.address) else [vm.name, *vm.aliases, host.address]
    return replace(
        vm,
        name=host.name,
        aliases=tuple(dict.fromkeys(name for name in names if name not in ("", host.name))),
        seen_by=("inventory", *vm.seen_by),
        groups=host.groups,
        addresses=tuple(dict.fromkeys(filter(None, (address, *vm.addresses)))),
        kind=host.kind,
    )


def _order(machine: Machine) -> tuple[str, str, tuple[str, ...]]:
    return machine.name, machine.uuid, machine.seen_by
