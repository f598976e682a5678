# SPDX-License-Identifier: Apache-2.0
"""Services: in front of pods, and in front of machines that stay (the bridge)."""

from __future__ import annotations

import ipaddress
from typing import Any

from migrate.files import dump_all, dump_yaml
from migrate.generate import names, notes
from migrate.generate.draft import header
from migrate.generate.estate import Estate, addresses, ports
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding
from migrate.model.machine import Machine, Power
from migrate.model.workload import Workload

Object = dict[str, Any]
NAME = "app.kubernetes.io/name"
MANAGED_BY = "migrate.hybrid"
LARGEST_SLICE = 1000


def in_front_of_pods(workload: Workload, estate: Estate) -> list[Artifact]:
    """`service.yaml`; none where nothing listens."""
    if not ports(workload):
        return []
    name = estate.name(workload)
    found = _service(workload, name, {"selector": {NAME: name}}, named_target=True)
    text = dump_yaml(found, header=header(workload))
    return [Artifact(f"{estate.folder(workload)}/base/service.yaml", text, _port_sources(workload))]


def bridge(workload: Workload, estate: Estate) -> tuple[list[Artifact], list[Finding]]:
    """A Service without selector and the slices that point it at the machines."""
    if not ports(workload):
        message = f"No port of {workload.name} is known, so pods get no name for it."
        remedy = "Let the role write the port into its configuration, or describe the product in the catalog."
        return [], [notes.finding(workload, "no-port", message, remedy)]
    by_family, findings = _by_family(workload, estate)
    name, folder = estate.name(workload), estate.folder(workload)
    service = _service(workload, name, _families(set(by_family)), named_target=False)
    text = dump_yaml(service, header=header(workload))
    artifacts = [Artifact(f"{folder}/base/service.yaml", text, _port_sources(workload))]
    if by_family:
        slices = [one for family, found in sorted(by_family.items()) for one in _slices(workload, name, family, found)]
        machines = [machine for found in by_family.values() for machine in found.values()]
        sources = {f"endpoints[{machine.name}]": _seen(machine) for machine in machines}
        text = dump_all(slices, header=header(workload))
        artifacts.append(Artifact(f"{folder}/base/endpointslice.yaml", text, sources))
    return artifacts, findings


def _service(workload: Workload, name: str, more: Object, *, named_target: bool) -> Object:
    found = []
    for (number, protocol), port_name in names.port_names(ports(workload)).items():
        port: Object = {"name": port_name, "port": number, "protocol": protocol}
        found.append({**port, "targetPort": port_name if named_target else number})
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {NAME: name}},
        "spec": {"type": "ClusterIP", **more, "ports": found},
    }


def _by_family(workload: Workload, estate: Estate) -> tuple[dict[str, dict[str, Machine]], list[Finding]]:
    """Family → address → machine: the first address of each family, because others may be of another network."""
    found: dict[str, dict[str, Machine]] = {}
    lost = []
    for machine in estate.machines_of(workload):
        first = {f"IPv{ipaddress.ip_address(address).version}": address for address in reversed(addresses(machine))}
        for family, address in first.items():
            found.setdefault(family, {})[address] = machine
        if not first:
            lost.append(machine.name)
    if not lost and workload.machines:
        return found, []
    who = notes.listed(lost) or "any machine"
    message = f"No address is known of {who}, so the Service of {workload.name} does not lead there."
    remedy = "Give the machine an address in the inventory (ansible_host) or read it from the hypervisor."
    return found, [notes.finding(workload, "no-address", message, remedy)]


def _families(found: set[str]) -> Object:
    """A Service takes endpoints of its own family only, and IPv4 is the usual one."""
    if found == {"IPv6"}:
        return {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]}
    return {"ipFamilyPolicy": "PreferDualStack"} if "IPv6" in found else {}


def _slices(workload: Workload, name: str, family: str, found: dict[str, Machine]) -> list[Object]:
    ordered = sorted(found, key=lambda address: int(ipaddress.ip_address(address)))
    chunks = [ordered[start : start + LARGEST_SLICE] for start in range(0, len(ordered), LARGEST_SLICE)]
    labels = {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": MANAGED_BY, NAME: name}
    port_names = names.port_names(ports(workload)).items()
    listening = [{"name": known, "port": port, "protocol": protocol} for (port, protocol), known in port_names]
    return [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-{family.lower()}{f'-{number}' if number else ''}", "labels": labels},
            "addressType": family,
            "ports": listening,
            "endpoints": [_endpoint(address, found[address]) for address in chunk],
        }
        for number, chunk in enumerate(chunks)
    ]


def _endpoint(address: str, machine: Machine) -> Object:
    return {"addresses": [address], "conditions": {"ready": machine.power is not Power.STOPPED}}


def _seen(machine: Machine) -> str:
    stopped = "; not ready: the VM is stopped" if machine.power is Power.STOPPED else ""
    return f"{machine.name}, seen by {', '.join(machine.seen_by) or 'nobody'}{stopped}"


def _port_sources(workload: Workload) -> dict[str, str]:
    return {f"spec.ports[{port.number}]": port.source or "assessment" for port in ports(workload)}
