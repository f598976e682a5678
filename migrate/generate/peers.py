# SPDX-License-Identifier: Apache-2.0
"""Addresses of other machines in texts: Service names where that is certain, a finding where it is not."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from migrate.generate.estate import Estate, addresses, ports
from migrate.model.machine import Machine
from migrate.model.workload import Placement, Workload

HOST = re.compile(
    r"(?:(?<![\w.-])(?P<four>\d{1,3}(?:\.\d{1,3}){3})(?!\.?\d)"
    r"|\[(?P<six>[0-9a-f:]+)\]"
    r"|(?<![\w.:-])(?P<bare>[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*)(?![\w.])"
    r"|(?<![\w.-])(?P<name>[a-z][\w.-]*))(?::(?P<port>\d{1,5})(?!\d))?",
    re.IGNORECASE,
)
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Rewritten(msgspec.Struct, frozen=True):
    """A text with Service names in it; `notes` say what was replaced and why, `left` which addresses stay and why."""

    text: str
    notes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def rewrite(text: str, workload: Workload, estate: Estate, *, port: int = 0) -> Rewritten:
    """Replace addresses of the fleet; `port` is meant where the text itself gives none (DB_HOST beside DB_PORT)."""
    notes: dict[str, None] = {}
    left: dict[str, None] = {}

    def replace(match: re.Match[str]) -> str:
        host, number = _host(match), int(match["port"] or 0) or port
        if not host or (match["name"] and not number):
            return match[0]
        service, reason = _service(host, number, workload, estate)
        if service:
            suffix = f":{match['port']}" if match["port"] else ""
            notes[f"{match[0]} → {service}{suffix}: {reason}"] = None
            return service + suffix
        if reason:
            left[f"{match[0]} ({reason})"] = None
        return match[0]

    return Rewritten(HOST.sub(replace, text), tuple(notes), tuple(left))


def _host(match: re.Match[str]) -> str:
    """What was found, in its usual spelling; "" for what only looks like an address."""
    if match["name"]:
        return match["name"].lower()
    try:
        return str(ipaddress.ip_address(match["four"] or match["six"] or match["bare"]))
    except ValueError:
        return ""


def _service(host: str, port: int, workload: Workload, estate: Estate) -> tuple[str, str]:
    """(Service name, why), or ("", why the address stays), or two empty texts where it is no business of ours."""
    own = set(workload.machines)
    if host in LOOPBACK:
        return _local(port, workload, estate)
    machine = estate.hosts.get((workload.environment, host))
    if machine is None:
        return "", ""
    candidates = _candidates(machine, port, workload, estate)
    if machine.name in own and not candidates:
        return "", f"{machine.name}, its own machine"
    return _only(candidates, machine, port, estate)


def _local(port: int, workload: Workload, estate: Estate) -> tuple[str, str]:
    """On the machine this was a neighbour; a pod has no neighbours."""
    here = {number.number for number in ports(workload)}
    machines = estate.machines_of(workload)
    if not port or port in here or not machines:
        return "", ""
    candidates = _candidates(machines[0], port, workload, estate)
    return _only(candidates, machines[0], port, estate) if candidates else ("", "")


def _candidates(machine: Machine, port: int, workload: Workload, estate: Estate) -> list[Workload]:
    """Other workloads of the machine that get a Service and listen on the port (without one: are known to be used)."""
    residents = estate.residents.get((workload.environment, machine.name), ())
    used = {edge.target for edge in workload.edges}
    return [
        other
        for other in residents
        if other.id != workload.id
        and (other.placement is Placement.DEPLOYMENT or (other.placement is Placement.VM and addresses(machine)))
        and (
            any(one.number == port for one in ports(other))
            if port
            else bool({other.name, other.id} & used and ports(other))
        )
    ]


def _only(candidates: list[Workload], machine: Machine, port: int, estate: Estate) -> tuple[str, str]:
    where = f"{machine.name}, port {port}" if port else machine.name
    if not candidates:
        return "", f"{where}: no Service there" if port else where
    if len(candidates) > 1:
        return "", f"{where}: any of {', '.join(other.name for other in candidates)}"
    other = candidates[0]
    if other.placement is Placement.VM and len(set(other.machines)) > 1:
        # Behind one Service, writes would land on replicas too.
        return "", f"{where}: {other.name} has {len(set(other.machines))} machines that may differ in role"
    return estate.name(other), f"{other.name} listens there ({where})"
