# SPDX-License-Identifier: Apache-2.0
"""OpenStack as a source: what each cloud listed, joined in memory into machines, with a finding for what is odd."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from migrate.clients import openstack
from migrate.clients.openstack import Answer, Record
from migrate.discover.domain import printable
from migrate.discover.server import Belongings, read_server
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Machine, Opening


def discover(
    clouds: Sequence[str], *, files: Sequence[Path] = (), limit: float = 60.0, every_project: bool = False
) -> tuple[list[Machine], list[Finding]]:
    """One sighting per server and cloud; arguments as for `migrate.clients.openstack.ask`."""
    answers = openstack.ask(clouds, files=files, limit=limit, every_project=every_project)
    understood = [understand(answer) for answer in answers]
    return [vm for vms, _ in understood for vm in vms], [finding for _, findings in understood for finding in findings]


def understand(answer: Answer) -> tuple[list[Machine], list[Finding]]:
    """The servers of one cloud, by name."""
    servers = sorted(answer.records.get("servers", ()), key=lambda server: (str(server.get("name")), str(server["id"])))
    own = index(answer.records)
    machines = [msgspec.structs.replace(read_server(one, own), seen_by=(answer.cloud,)) for one in servers]
    oddities = [finding for server, machine in zip(servers, machines, strict=True) for finding in odd(server, machine)]
    return machines, [*answer.findings, *oddities, *([] if servers or answer.findings else [_no_servers(answer.cloud)])]


def index(records: Mapping[str, Sequence[Record]]) -> Belongings:
    """Every collection by what a server calls it."""
    security = records.get("security_groups", ())
    names = {str(group["id"]): printable(str(group.get("name") or group["id"])) for group in security}
    return Belongings(
        flavors=_by_id(records.get("flavors", ())),
        images=_by_id(records.get("images", ())),
        volumes=_by_id(records.get("volumes", ())),
        networks={str(one["id"]): printable(str(one.get("name") or "")) for one in records.get("networks", ())},
        ports=_grouped(records.get("ports", ()), "device_id"),
        floating=_floating(records.get("floating_ips", ())),
        openings={str(group["id"]): tuple(_openings(group, names)) for group in security},
        groups=_together(records.get("server_groups", ())),
    )


def _by_id(records: Iterable[Record]) -> dict[str, Record]:
    return {str(record["id"]): record for record in records}


def _grouped(records: Iterable[Record], key: str) -> dict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[str(record.get(key) or "")].append(record)
    return {name: sorted(group, key=lambda one: str(one["id"])) for name, group in found.items()}


def _floating(records: Iterable[Record]) -> dict[str, list[str]]:
    """Floating addresses by port."""
    ports = _grouped(records, "port_id")
    return {port: [str(one.get("floating_ip_address") or "") for one in addresses] for port, addresses in ports.items()}


def _openings(group: Record, names: Mapping[str, str]) -> Iterator[Opening]:
    """What a group lets in (https://docs.openstack.org/api-ref/network/v2/#security-group-rules-security-group-rules)."""
    for rule in group.get("security_group_rules") or ():
        if rule.get("direction") == "ingress":
            first = int(rule.get("port_range_min") or 0)
            remote = str(rule.get("remote_group_id") or "")
            yield Opening(
                group=names[str(group["id"])],
                protocol=str(rule.get("protocol") or ""),
                first=first,
                last=int(rule.get("port_range_max") or first),
                source=names.get(remote, remote) or str(rule.get("remote_ip_prefix") or ""),
            )


def _together(records: Iterable[Record]) -> dict[str, list[str]]:
    """Server groups by the identity of each member."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for group in records:
        policy = group.get("policy") or ", ".join(group.get("policies") or ())
        for member in group.get("members") or ():
            found[str(member)].append(printable(f"{group.get('name')} ({policy})"))
    return found


def odd(server: Record, machine: Machine) -> Iterator[Finding]:
    if str(server.get("status")) == "ERROR":
        said = machine.instance.fault if machine.instance else ""
        message = f"{machine.name} of {machine.seen_by[0]} is in state ERROR{': ' + said if said else ''}."
        remedy = "Rebuild or delete it; as it stands it runs nothing that could move."
        yield Finding("server-in-error", machine.name, message, remedy)
    if not str(server.get("name") or "").isprintable():
        message = f"The name of {machine.name} on {machine.seen_by[0]} has control characters; they are shown escaped."
        remedy = "Rename it: Kubernetes, DNS and Ansible want letters, digits, - and ."
        yield Finding("vm-name-odd", machine.name, message, remedy)


def _no_servers(cloud: str) -> Finding:
    remedy = "Check project and region, or ask for all projects (policy.all_projects) where this user may see them."
    return Finding("openstack-empty", cloud, f"{cloud} answers, but it has 0 servers.", remedy, Severity.WARNING)
