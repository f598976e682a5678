# SPDX-License-Identifier: Apache-2.0
"""Firewall rules and access lists between machines: whom they let in, to which workload and port."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from migrate.assess import actions
from migrate.assess.fleet import Fleet
from migrate.assess.mentions import plain_lines
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Workload

# Files that name who may come, not whom a workload needs.
NOT_NEEDS = (
    "nftables", "iptables", "ip6tables", "ferm", "firewalld", "ufw", "shorewall", "pg_hba", "hosts.allow", "hosts.deny",
    "/etc/hosts", "exports", "known_hosts", "sshd_config", "/etc/ansible/",
)  # fmt: skip
ADDRESS = re.compile(r"(?<![\w.:])(\d{1,3}(?:\.\d{1,3}){3})(?:/32)?(?![\w./])")
NFT = re.compile(
    r"ip6?\s+saddr\s+(?P<from>\{[^}]*\}|\S+)\s+.*?(?P<protocol>tcp|udp)\s+dport\s+(?P<ports>\{[^}]*\}|\S+).*\baccept\b"
)
TABLES = re.compile(r"-A\s+\S*(?:INPUT|input|IN|in)\S*\s.*-j\s+ACCEPT")
FERM = re.compile(
    r"(?:saddr\s+(?P<from>\([^)]*\)|\S+).*?)?(?:proto\s+(?P<protocol>tcp|udp).*?)?dport\s+\(?(?P<ports>[\d\s]+)\)?.*?"
    r"(?:saddr\s+(?P<after>\([^)]*\)|\S+).*?)?\bACCEPT\b"
)
HBA = re.compile(r"^host(?:ssl|nossl|gssenc)?\s+\S+\s+\S+\s+(?P<from>\S+)")
RICH = re.compile(r"source\s+address=\W?(?P<from>[\w.:/]+).*port\s+port=\W?(?P<ports>\d+).*accept", re.DOTALL)


class Said(msgspec.Struct, frozen=True):
    """What one rule says: addresses that may come, and ports; port 0 is the workload's own."""

    sources: tuple[str, ...]
    ports: tuple[int, ...]
    seen: str
    via: str
    protocol: str = "tcp"


class Opening(msgspec.Struct, frozen=True):
    """`sources` are machines of the fleet that may reach `port` of `target`."""

    target: Workload
    sources: tuple[str, ...]
    port: int
    protocol: str
    seen: str
    via: str


def openings(tasks: Iterable[RecordedTask], fleet: Fleet) -> Iterator[Opening]:
    """Every rule that lets machines of the fleet reach a workload that listens there."""
    for task in tasks:
        if machines := fleet.by_kind.get(task.kind):
            for said in rules(task):
                yield from opened(said, machines, fleet)


def opened(said: Said, machines: Sequence[str], fleet: Fleet) -> Iterator[Opening]:
    sources = {fleet.machine(address) for address in said.sources} - {"", *machines}
    for port in said.ports if sources else ():
        for target in targets(machines[0], port, fleet):
            coming = tuple(sorted(sources - set(target.machines)))
            yield Opening(target, coming, port or target.ports[0].number, said.protocol, said.seen, said.via)


def targets(machine: str, port: int, fleet: Fleet) -> list[Workload]:
    if port:
        return [one for one in fleet.listening(machine, port) if one.kind is not Kind.PLUMBING][:1]
    return [one for one in fleet.hosted.get(machine, ()) if one.software.startswith("postgres") and one.ports][:1]


def rules(task: RecordedTask) -> Iterator[Said]:
    """What one task lets in, by a module of a firewall or by the text of its rules."""
    if actions.is_removal(task):
        return
    place = str(task.place)
    if task.module in ("iptables", "ufw", "firewalld", "postgresql_pg_hba"):
        yield from of_module(task, place)
    elif task.module in actions.SHELL_MODULES:
        yield from of_text(actions.shell_text(task), "", place)
    elif task.file is not None and task.file.text and any(word in task.file.dest for word in NOT_NEEDS):
        yield from of_text(task.file.text, task.file.dest, str(task.file.source or task.place))
    elif isinstance(block := task.args.get("block") or task.args.get("line"), str):
        yield from of_text(block, str(task.args.get("path") or task.args.get("dest") or ""), place)


def of_module(task: RecordedTask, place: str) -> Iterator[Said]:
    args = {key: str(value) for key, value in task.args.items()}
    protocol = "udp" if "udp" in (args.get("protocol"), args.get("proto")) else "tcp"
    if task.module == "firewalld":
        if found := RICH.search(args.get("rich_rule", "")):
            yield Said(addresses(found["from"]), numbers(found["ports"]), place, "firewalld", protocol)
    elif task.module == "postgresql_pg_hba":
        yield Said(addresses(args.get("source") or args.get("address", "")), (0,), place, "pg_hba.conf")
    elif task.module == "ufw" and args.get("rule", "allow") in ("allow", "limit"):
        source = args.get("from_ip") or args.get("src") or args.get("from", "")
        yield Said(addresses(source), numbers(args.get("to_port") or args.get("port", "")), place, "ufw", protocol)
    elif task.module == "iptables" and args.get("jump") == "ACCEPT":
        ports = args.get("destination_port") or args.get("destination_ports", "")
        yield Said(addresses(args.get("source", "")), numbers(ports), place, "iptables", protocol)


def of_text(text: str, dest: str, place: str) -> Iterator[Said]:
    for line_number, line in plain_lines(text):
        seen = f"{place} (line {line_number} of {dest})" if dest else place
        yield from of_line(line, dest, seen)


def of_line(line: str, dest: str, seen: str) -> Iterator[Said]:
    if found := NFT.search(line):
        yield Said(addresses(found["from"]), numbers(found["ports"]), seen, "nftables", found["protocol"])
    elif TABLES.search(line):
        source, port = re.search(r"(?:-s|--source)\s+(\S+)", line), re.search(r"--dports?\s+([\d,]+)", line)
        protocol = "udp" if re.search(r"-p\s+udp", line) else "tcp"
        if source and port:
            yield Said(addresses(source[1]), numbers(port[1]), seen, "iptables", protocol)
    elif "ferm" in dest and (found := FERM.search(line)):
        source_text = found["from"] or found["after"] or ""
        yield Said(addresses(source_text), numbers(found["ports"]), seen, "ferm", found["protocol"] or "tcp")
    elif "pg_hba" in dest and (found := HBA.match(line.strip())):
        yield Said(addresses(found["from"]), (0,), seen, "pg_hba.conf")


def addresses(text: str) -> tuple[str, ...]:
    """Single hosts; a network lets in anyone, which says nothing of who comes. Names are kept as they are."""
    found = [*ADDRESS.findall(text)]
    if not found and re.fullmatch(r"[\w.\-]*[A-Za-z][\w.\-]*", text):
        found = [text.lower()]
    return tuple(dict.fromkeys(found))


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(port) for port in re.findall(r"(?<![\d\-:])\d{1,5}(?![\d\-:])", text) if 0 < int(port) < 65536)
