# SPDX-License-Identifier: Apache-2.0
"""What does not fit between inventory and hypervisors, each with what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from migrate.discover.match import Matches, address_of, spelled
from migrate.discover.sightings import describe
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Host, Machine, Power

CONTAINERS = ("docker", "docker_api", "podman", "buildah", "chroot", "jail", "lxc", "lxd", "incus", "nspawn", "kubectl")
NO_VM = frozenset(("local", *CONTAINERS, "oc", "httpapi", "netconf", "network_cli"))
"""Connections to what is no VM: this machine, containers, network devices."""

LOCAL = frozenset(("localhost", "localhost.localdomain", "127.0.0.1", "::1"))


def find(
    hosts: Sequence[Host], vms: Sequence[Machine], matches: Matches, unanswered: Sequence[str]
) -> Iterator[Finding]:
    """All misfits of an environment, in no particular order."""
    yield from _stopped(hosts, vms, matches)
    yield from _unmanaged(vms, matches)
    yield from _without_vm(hosts, matches, unanswered) if vms else ()
    yield from _ambiguous(hosts, vms, matches)
    yield from _by_address(hosts, vms, matches)
    yield from _shared_addresses(hosts)
    yield from _another_address(hosts, vms, matches)


def _stopped(hosts: Sequence[Host], vms: Sequence[Machine], matches: Matches) -> Iterator[Finding]:
    names = {told.vms[0]: hosts[index].name for index, told in matches.pairs.items()}
    for index, vm in enumerate(vms):
        if vm.power is Power.STOPPED:
            name = names.get(index, vm.name)
            remedy = "Start it, so that it can be observed, or take it out of the inventory if it has retired."
            if index not in names:
                remedy = "Ask its owner whether it can be removed; its disks may hold the only copy of something."
            yield Finding("vm-stopped", name, f"The VM {describe([vm])} is stopped.", remedy)


def _unmanaged(vms: Sequence[Machine], matches: Matches) -> Iterator[Finding]:
    known = {vm for told in (*matches.pairs.values(), *matches.doubts.values()) for vm in told.vms}
    for index, vm in enumerate(vms):
        if index not in known:
            message = f"No inventory knows the VM {describe([vm])}, so nobody can say what runs on it."
            remedy = "Add it to the inventory, or find its owner: until then it stays as it is."
            yield Finding("vm-not-in-inventory", vm.name, message, remedy)


def _without_vm(hosts: Sequence[Host], matches: Matches, unanswered: Sequence[str]) -> Iterator[Finding]:
    remedy = "Remove it from the inventory if it is gone, else add the hypervisor or cloud it runs on to the sources."
    if unanswered:
        remedy = f"It may be on {', '.join(unanswered)}, which gave no answer: mend that first."
    for index, host in enumerate(hosts):
        if index not in matches.pairs and index not in matches.doubts and _should_be_vm(host):
            address = f" ({host.address})" if host.address not in ("", host.name) else ""
            message = f"No hypervisor that answered has a VM for the inventory host {host.name}{address}."
            yield Finding("host-without-vm", host.name, message, remedy)


def _should_be_vm(host: Host) -> bool:
    kind = host.connection.rpartition(".")[2]
    return kind not in NO_VM and host.name not in LOCAL and host.address not in LOCAL


def _ambiguous(hosts: Sequence[Host], vms: Sequence[Machine], matches: Matches) -> Iterator[Finding]:
    """Hosts that are several VMs or that share one; where they share an address, that is said once for all."""
    for index, told in matches.doubts.items():
        host = hosts[index]
        rival = "" if len(told.vms) > 1 else ", and so can another host"
        message = (
            f"The inventory host {host.name} can by its {told.way} be {describe(vms[vm] for vm in told.vms)}{rival}."
        )
        remedy = "Name the VM as in the inventory, or set ansible_host to an address that only this VM has."
        if told.way == "name" or not rival:
            yield Finding("ambiguous-host", host.name, message + " They are not joined.", remedy)


def _by_address(hosts: Sequence[Host], vms: Sequence[Machine], matches: Matches) -> Iterator[Finding]:
    for index, told in matches.pairs.items():
        if told.way == "address":
            host, vm = hosts[index], vms[told.vms[0]]
            address = host.address or host.name
            message = f"The inventory host {host.name} is the VM {describe([vm])}, told by its address {address}."
            remedy = "Nothing to do if that is right; one name in both places would make it certain."
            yield Finding("joined-by-address", host.name, message, remedy, Severity.NOTE)


def _shared_addresses(hosts: Sequence[Host]) -> Iterator[Finding]:
    sharing: defaultdict[str, list[str]] = defaultdict(list)
    for host in hosts:
        if (address := address_of(host)) and _should_be_vm(host):
            sharing[address].append(host.name)
    for address, names in sharing.items():
        if len(names) > 1:
            told = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
            message = f"{len(names)} inventory hosts have the address {address}: {told}."
            remedy = "Keep one name for one machine; if a port tells them apart, name the VMs as the hosts."
            yield Finding("address-conflict", names[0], message, remedy)


def _another_address(hosts: Sequence[Host], vms: Sequence[Machine], matches: Matches) -> Iterator[Finding]:
    """Joined by name, but the host's address is that of another VM."""
    owners: defaultdict[str, set[int]] = defaultdict(set)
    for index, vm in enumerate(vms):
        for address in vm.addresses:
            owners[spelled(address)].add(index)
    for index, told in matches.pairs.items():
        host, address = hosts[index], address_of(hosts[index])
        others = owners.get(address, set()) if address else set()
        if others and told.vms[0] not in others:
            message = (
                f"The inventory says that {host.name} is at {address}, but the hypervisors give this address to "
                f"{describe(vms[vm] for vm in others)}; joined by name with {describe([vms[told.vms[0]]])}."
            )
            remedy = "Correct ansible_host or the DHCP reservation: Ansible may be configuring the wrong machine."
            yield Finding("address-conflict", host.name, message, remedy)
