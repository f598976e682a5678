# SPDX-License-Identifier: Apache-2.0
"""The machines and workloads of one environment, looked up by name, address, port and socket."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from migrate.assess import actions
from migrate.assess.mentions import plain_lines
from migrate.assess.subject import edited
from migrate.assess.unitfile import programs
from migrate.model.machine import Machine
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Workload

SOCKET = re.compile(r"(?:^|[\s\"'=:@(])(?:unix:)?(?://(?=/))?(?P<path>/[\w./\-@]+\.sock(?:et)?)\b")
BOUND = re.compile(
    r"(?:--bind|-b|--socket|--http-socket|--unix-socket|--listen|ListenStream|listen|bind|socket|unix_socket|UNIX_LISTENER)"
    r"[\s=:]+[\"']?(?:unix:/{0,2})?$",
    re.IGNORECASE,
)
VIRTUAL = re.compile(r"virtual_ipaddress(?:_excluded)?\s*\{([^}]*)\}|IPaddr2?\s[^\n]*?\bip=(\S+)")
ADDRESS = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?:/\d+)?")
SERVES = re.compile(r"^\s*(?:server_name|ServerName|ServerAlias)\s+([^;#\n]+)", re.MULTILINE)
PUBLISHED = re.compile(r"(?:[\d.]+:|\[[0-9a-fA-F:]+\]:)?(\d{1,5}):(\d{1,5})(?:/(?:tcp|udp))?")
SHORTEST = 3


class Fleet:
    """`hosted` are the workloads of each machine without plumbing, `named` all workloads by name."""

    def __init__(
        self, workloads: Sequence[Workload], machines: Sequence[Machine], tasks: Sequence[RecordedTask]
    ) -> None:
        self.machines, self.tasks = machines, tasks
        self.named = {one.name: one for one in workloads}
        self.hosted: dict[str, list[Workload]] = defaultdict(list)
        self.plumbing: dict[str, list[Workload]] = defaultdict(list)
        for workload in workloads:
            held = self.plumbing if workload.kind is Kind.PLUMBING else self.hosted
            for machine in workload.machines:
                held[machine].append(workload)
        self._published: dict[str, frozenset[int]] = {}
        self._sockets: dict[str, list[tuple[str, str, bool]]] = {}

    @cached_property
    def by_kind(self) -> Mapping[int, list[str]]:
        """Names of machines by class."""
        found: dict[int, list[str]] = defaultdict(list)
        for machine in self.machines:
            found[machine.kind].append(machine.name)
        return found

    @cached_property
    def by_name(self) -> Mapping[str, Machine]:
        return {machine.name: machine for machine in self.machines}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Address, name or alias → machine; what two machines share says nothing, and is left out."""
        owners: dict[str, set[str]] = defaultdict(set)
        for machine in self.machines:
            spelt = (
                machine.name,
                *machine.aliases,
                *machine.addresses,
                *(a for nic in machine.nics for a in nic.addresses),
            )
            for name in spelt:
                owners[name.partition("/")[0].lower()].add(machine.name)
        found = {name: next(iter(held)) for name, held in owners.items() if len(held) == 1 and len(name) >= SHORTEST}
        found = dict(self.floating()) | found
        return dict(self.hosts_file(found)) | found

    def floating(self) -> Iterator[tuple[str, str]]:
        """Addresses that keepalived or pacemaker moves between machines: the first of them stands for all."""
        for task in self.tasks:
            text = task.file.text if task.file is not None and task.file.text else ""
            machines = self.by_kind.get(task.kind)
            if machines and ("virtual_ipaddress" in text or "IPaddr" in text):
                block = " ".join(filter(None, (part for found in VIRTUAL.findall(text) for part in found)))
                yield from ((address, machines[0]) for address in ADDRESS.findall(block))

    def hosts_file(self, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Names that tasks give to machines in /etc/hosts."""
        for task in self.tasks:
            dest = task.file.dest if task.file is not None else task.args.get("path") or task.args.get("dest")
            if dest != "/etc/hosts":
                continue
            text = (task.file.text if task.file is not None else "") or edited(task)
            for _, line in plain_lines(text):
                address, *names = line.lower().split()
                if address in known:
                    yield from ((name, known[address]) for name in names if len(name) >= SHORTEST)

    def machine(self, host: str) -> str:
        """The machine of a name or address; a short name stands for the only machine with that first label."""
        return self.names.get(host, "") if len(host) >= SHORTEST else ""

    @cached_property
    def public(self) -> Mapping[str, str]:
        """Names that web servers of the fleet serve → the workload that does; one that several serve is left out."""
        served: dict[str, set[str]] = defaultdict(set)
        for workload in self.named.values():
            for task in workload.tasks:
                text = task.file.text if task.file is not None and task.file.text else ""
                for found in SERVES.finditer(text) if "erver" in text else ():
                    for name in found[1].lower().split():
                        served[name.strip("\"';")].add(workload.name)
        return {name: next(iter(held)) for name, held in served.items() if len(held) == 1 and "." in name}

    def listening(self, machine: str, port: int) -> list[Workload]:
        """Who listens there; what only serves the machine itself comes last."""
        there = (*self.hosted.get(machine, ()), *self.plumbing.get(machine, ())) if port else ()
        published = [one for one in there if port in self.published(one)]
        return published or [one for one in there if any(known.number == port for known in one.ports)]

    def published(self, workload: Workload) -> frozenset[int]:
        """Ports of the machine that lead to its containers, where they are not those that it listens on inside."""
        if workload.id not in self._published:
            self._published[workload.id] = frozenset(published(workload))
        return self._published[workload.id]

    def container(self, host: str, asker: Workload) -> Workload | None:
        """Another container of the same machine: they know one another by name."""
        if not asker.machines or not any(unit.image for unit in asker.units):
            return None
        near = (one for one in self.hosted.get(asker.machines[0], ()) if one.name != asker.name)
        return next((one for one in near if any(unit.image and unit.name.lower() == host for unit in one.units)), None)

    def groups_of(self, names: Sequence[str]) -> list[str]:
        """The inventory group of exactly these machines, else their names."""
        if len(names) < 2:
            return list(names)
        wanted = set(names)
        known = [set(self.by_name[name].groups) for name in names if name in self.by_name]
        shared = set.intersection(*known) if known else set()
        same = sorted(group for group in shared if self.members[group] == wanted)
        return [f"group {same[0]}"] if same else list(names)

    @cached_property
    def members(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for machine in self.machines:
            for group in machine.groups:
                found[group].add(machine.name)
        return found

    def sockets(self, workload: Workload) -> list[tuple[str, str, bool]]:
        """(path, where, whether it listens there) of unix sockets that a workload's files and commands name."""
        if workload.id not in self._sockets:
            self._sockets[workload.id] = list(sockets_in(workload))
        return self._sockets[workload.id]

    def sockets_used(self, workload: Workload) -> list[tuple[str, str]]:
        bound = {path for path, _, listens in self.sockets(workload) if listens}
        return [(path, where) for path, where, listens in self.sockets(workload) if not listens and path not in bound]

    def listens_on(self, path: str, asker: Workload) -> Workload | None:
        near = self.hosted.get(asker.machines[0], ()) if asker.machines else ()
        others = (one for one in near if one.name != asker.name)
        return next((one for one in others if any(p == path and here for p, _, here in self.sockets(one))), None)


def published(workload: Workload) -> Iterator[int]:
    """`8080:80` of a container: 8080 on the machine."""
    names = {unit.name for unit in workload.units if unit.image}
    for task in workload.tasks if names else ():
        started = ((start.name, start.container) for start in actions.starts(task))
        written = ((program.name, program.container) for program in programs(task))
        for name, held in (*started, *written):
            texts = held.ports if held is not None and name in names else ()
            yield from (
                int(found[1]) for text in texts if (found := PUBLISHED.fullmatch(text)) and found[1] != found[2]
            )


def sockets_in(workload: Workload) -> Iterator[tuple[str, str, bool]]:
    for task in workload.tasks:
        if task.file is not None and task.file.text and ".sock" in task.file.text:
            source = str(task.file.source or task.place)
            for number, line in plain_lines(task.file.text):
                yield from sockets_of(line, f"{source} (line {number} of {task.file.dest})")
    for unit in workload.units:
        yield from sockets_of(unit.command, str(unit.place or unit.name))


def sockets_of(line: str, where: str) -> Iterator[tuple[str, str, bool]]:
    for match in SOCKET.finditer(line):
        yield match["path"], where, bool(BOUND.search(line[: match.start("path")]))


def fleet_of(workloads: Iterable[Workload], machines: Sequence[Machine], tasks: Sequence[RecordedTask]) -> Fleet:
    return Fleet(tuple(workloads), machines, tasks)
