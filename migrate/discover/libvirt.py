# SPDX-License-Identifier: Apache-2.0
"""libvirt as a source: what each hypervisor said, understood VM by VM, with a finding for what is odd or unreadable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import msgspec

from migrate.clients import libvirt
from migrate.clients.libvirt import Answer, Domain, Network
from migrate.discover.domain import Reserved, Unreadable, parse, printable, read_domain
from migrate.discover.usage import usage
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Machine
from migrate.model.place import Place


def discover(
    uris: Sequence[str], *, base: Path = Path(), limit: float = 30.0, trusted: bool = False
) -> tuple[list[Machine], list[Finding]]:
    """One sighting per VM and URI; arguments as for `migrate.clients.libvirt.ask`."""
    understood = [understand(answer) for answer in libvirt.ask(uris, base=base, limit=limit, trusted=trusted)]
    return [vm for vms, _ in understood for vm in vms], [finding for _, findings in understood for finding in findings]


def understand(answer: Answer) -> tuple[list[Machine], list[Finding]]:
    """The VMs of one hypervisor; what can't be read is a finding, and the rest is kept."""
    if answer.finding:
        return [], [answer.finding]
    vms: list[Machine] = []
    findings = [] if answer.domains else [_no_vms(answer.uri)]
    reserved = reservations(answer.networks)
    for domain in answer.domains:
        try:
            vm = _read(domain, answer, reserved)
        except Unreadable as problem:
            findings.append(_unreadable(domain, answer.uri, str(problem)))
            continue
        vms.append(vm)
        findings += _oddities(vm, domain, answer)
    return vms, findings


def reservations(networks: Iterable[Network]) -> Reserved:
    """What DHCP reservations and leases give: addresses by MAC, and by name where a reservation has no MAC."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for network in networks:
        for mac, address, _ in network.leases:
            found[mac.lower()].append(address.lower())
        try:
            root = parse(network.xml, "network")
        except Unreadable:
            continue  # it costs us addresses, never a VM
        for host in root.iterfind("ip/dhcp/host"):
            found[_reserved_for(host)].append(host.get("ip", "").lower())
    found.pop("", None)
    return found


def _reserved_for(host: Element) -> str:
    return (host.get("mac") or host.get("name") or "").lower()


def _read(domain: Domain, answer: Answer, reserved: Reserved) -> Machine:
    if domain.error:
        raise Unreadable(domain.error)
    vm = read_domain(domain.xml, active=domain.active, paused=domain.paused, reserved=reserved)
    if not vm.name:
        raise Unreadable("it has neither name nor UUID")
    uuid = "" if domain.name in answer.invented else vm.uuid
    return msgspec.structs.replace(vm, uuid=uuid, seen_by=(answer.uri,), usage=usage(domain.statistics))


def _unreadable(domain: Domain, uri: str, reason: str) -> Finding:
    name = printable(domain.name) or "a VM without name"
    message = f"{uri} describes {name}, but {reason}; this VM is missing from the answer."
    remedy = f"Look at `virsh -c {uri} dumpxml {name}` and define the VM anew."
    return Finding("vm-unreadable", name, message, remedy, Severity.ERROR)


def _oddities(vm: Machine, domain: Domain, answer: Answer) -> Iterator[Finding]:
    if not vm.uuid:
        line = answer.invented.get(domain.name, 0)
        message = f"{vm.name} of {answer.uri} has no UUID, so it can only be told from others by name, address and MAC."
        place = Place(libvirt.path_in(answer.uri), line) if line else None
        yield Finding("vm-without-uuid", vm.name, message, "Give it a <uuid> (uuidgen makes one).", place=place)
    if not domain.name.isprintable():
        message = f"The name of {vm.name} on {answer.uri} has control characters; they are shown escaped."
        remedy = "Rename it (virsh domrename): Kubernetes, DNS and Ansible want letters, digits, - and ."
        yield Finding("vm-name-odd", vm.name, message, remedy)


def _no_vms(uri: str) -> Finding:
    remedy = "Check the path of the URI (qemu:///system, not qemu:///session) and that this user may see the VMs."
    return Finding("libvirt-empty", uri, f"{uri} answers, but it has 0 VMs.", remedy)
