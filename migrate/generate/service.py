# SPDX-License-Identifier: Apache-2.0
"""Services: in front of pods, and in front of machines that stay (the bridge)."""

from __future__ import annotations

import ipaddress

from migrate.generate import names, notes, waivers
from migrate.generate.estate import Estate, addresses, ports
from migrate.generate.manifest import LABEL_SOURCES, NAME, Manifest, Object, labels
from migrate.model.finding import Finding
from migrate.model.machine import Machine, Power
from migrate.model.workload import Workload

MANAGED_BY = "migrate.hybrid"
LARGEST_SLICE = 1000


def in_front_of_pods(workload: Workload, estate: Estate) -> list[Manifest]:
    """`service.yaml`; none where nothing listens."""
    if not ports(workload):
        return []
    name = estate.name(workload)
    found = _service(workload, estate, {"selector": {NAME: name}}, named_target=True)
    sources = {"spec.selector": "name of the workload", **_port_sources(workload)}
    return [Manifest("service.yaml", found, sources)]


def bridge(workload: Workload, estate: Estate) -> tuple[list[Manifest], list[Finding]]:
    """A Service without selector and the slices that point it at the machines."""
    if not ports(workload):
        message = f"No port of {workload.name} is known, so pods get no name for it."
        remedy = "Let the role write the port into its configuration, or describe the product in the catalog."
        return [], [notes.finding(workload, "no-port", message, remedy)]
    by_family, findings = _by_family(workload, estate)
    service = _service(workload, estate, _families(set(by_family)), named_target=False)
    service["metadata"]["annotations"] = waivers.of_bridge()
    sources = {
        "metadata.annotations": waivers.SOURCE,
        "spec.ipFamilyPolicy": "addresses of the machines",
        "spec.ipFamilies": "addresses of the machines",
    }
    manifests = [Manifest("service.yaml", service, {**sources, **_port_sources(workload)})]
    for family, found in sorted(by_family.items()):
        manifests += _slices(workload, estate, family, found, alone=len(by_family) == 1)
    return manifests, findings


def _service(workload: Workload, estate: Estate, more: Object, *, named_target: bool) -> Object:
    found = []
    for (number, protocol), port_name in names.port_names(ports(workload)).items():
        port: Object = {"name": port_name, "port": number, "protocol": protocol}
        found.append({**port, "targetPort": port_name if named_target else number})
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": estate.name(workload), "labels": labels(workload, estate)},
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


def _slices(
    workload: Workload, estate: Estate, family: str, found: dict[str, Machine], *, alone: bool
) -> list[Manifest]:
    name = estate.name(workload)
    ordered = sorted(found, key=lambda address: int(ipaddress.ip_address(address)))
    chunks = [ordered[start : start + LARGEST_SLICE] for start in range(0, len(ordered), LARGEST_SLICE)]
    marks = {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": MANAGED_BY}
    port_names = names.port_names(ports(workload)).items()
    listening = [{"name": known, "port": port, "protocol": protocol} for (port, protocol), known in port_names]
    manifests = []
    for number, chunk in enumerate(chunks):
        suffix = f"{family.lower()}{f'-{number}' if number else ''}"
        each: Object = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-{suffix}", "labels": {**labels(workload, estate), **marks}},
            "addressType": family,
            "ports": listening,
            "endpoints": [_endpoint(address, found[address]) for address in chunk],
        }
        file = "endpointslice.yaml" if alone and not number else f"endpointslice-{suffix}.yaml"
        manifests.append(Manifest(file, each, _slice_sources(workload, [found[one] for one in chunk]), apart=True))
    return manifests


def _slice_sources(workload: Workload, machines: list[Machine]) -> dict[str, str]:
    return {
        **LABEL_SOURCES,
        "metadata.labels": "default: ties the slice to its Service, and says who keeps it",
        "addressType": "addresses of the machines",
        **{f"ports[{name}]": _port_source(workload, port) for port, name in names.port_names(ports(workload)).items()},
        **{f"endpoints[{number}]": _seen(machine) for number, machine in enumerate(machines)},
    }


def _endpoint(address: str, machine: Machine) -> Object:
    return {"addresses": [address], "conditions": {"ready": machine.power is not Power.STOPPED}}


def _seen(machine: Machine) -> str:
    stopped = "; not ready: the VM is stopped" if machine.power is Power.STOPPED else ""
    return f"{machine.name}, seen by {', '.join(machine.seen_by) or 'nobody'}{stopped}"


def _port_sources(workload: Workload) -> dict[str, str]:
    known = names.port_names(ports(workload))
    return {
        **LABEL_SOURCES,
        "spec.type": "default: reached inside the cluster alone",
        **{f"spec.ports[{name}]": _port_source(workload, port) for port, name in known.items()},
    }


def _port_source(workload: Workload, wanted: tuple[int, str]) -> str:
    sources = {(port.number, names.protocol(port)): port.source for port in ports(workload)}
    return sources[wanted] or "assessment"
