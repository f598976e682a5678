# SPDX-License-Identifier: Apache-2.0
"""Which workload needs which: what its files and commands name, who is let in by firewalls, which sockets are open."""

from __future__ import annotations

import ipaddress
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.assess import actions, told
from migrate.assess.fleet import Fleet, fleet_of
from migrate.assess.mentions import CODE_ENDINGS, Mention, is_outside, mentions, plain_lines
from migrate.assess.openings import NOT_NEEDS, Opening, openings
from migrate.assess.sockets import spoken
from migrate.assess.subject import edited
from migrate.assess.unitfile import describes_containers
from migrate.model.machine import Machine
from migrate.model.task import RecordedTask
from migrate.model.workload import Edge, Kind, Reach, Workload

LOCAL = ("localhost", "127.0.0.1", "::1", "localhost.localdomain")
NOWHERE = ("0.0.0.0", "::", "255.255.255.255", "example.com", "www.w3.org", "schemas.xmlsoap.org", "json-schema.org")
LONGEST = 200_000
SERVED = ", a name that it serves"
LOGIN_PORTS = {"postgresql": 5432, "mysql": 3306, "mongodb": 27017, "redis": 6379, "rabbitmq": 15672, "influxdb": 8086}


def with_edges(
    workloads: Iterable[Workload], machines: Iterable[Machine], tasks: Iterable[RecordedTask] = ()
) -> tuple[Workload, ...]:
    """The workloads with `edges`; plumbing talks to everyone and is left out. `tasks` are all of the environment."""
    held, recorded = tuple(workloads), tuple(tasks)
    fleet = fleet_of(held, tuple(machines), recorded)
    found = not_own({one.id: needs(one, fleet) for one in held if one.kind is not Kind.PLUMBING}, fleet)
    for edge in let_in(openings(recorded, fleet), found, fleet):
        holder = fleet.named.get(edge.source) or fleet.named[edge.target]
        found[holder.id].append(edge)
    return tuple(
        msgspec.structs.replace(one, edges=tuple(sorted(found[one.id]))) if one.id in found else one for one in held
    )


def not_own(found: Mapping[str, list[Edge]], fleet: Fleet) -> dict[str, list[Edge]]:
    """Without URLs that an application has of itself: a name that its own proxy serves is no need of it."""

    def own(edge: Edge) -> bool:
        proxy = fleet.named.get(edge.target)
        back = found.get(proxy.id, ()) if proxy is not None and edge.via.endswith(SERVED) else ()
        return any(other.target == edge.source for other in back)

    return {key: [edge for edge in edges if not own(edge)] for key, edges in found.items()}


def needs(workload: Workload, fleet: Fleet) -> list[Edge]:
    """What a workload itself tells, each target and port once; a port that is known makes one without it moot."""
    best: dict[tuple[str, int, str, str], Edge] = {}
    for edge in [*written(workload, fleet), *by_socket(workload, fleet), *spoken(workload, fleet)]:
        key = (edge.target, edge.port, edge.protocol, edge.via if edge.reach is Reach.UNKNOWN else "")
        old = best.setdefault(key, edge)
        if edge.connections > old.connections:
            best[key] = msgspec.structs.replace(old, connections=edge.connections)
    known = {edge.target for edge in best.values() if told_apart(edge) and edge.reach is not Reach.UNKNOWN}
    known |= {name for target in known if target in fleet.named for name in fleet.named[target].machines}
    sure = [edge for edge in best.values() if told_apart(edge) or edge.target not in known]
    return by_group(sure, fleet)


def told_apart(edge: Edge) -> bool:
    return bool(edge.port) or edge.protocol == "unix"


def by_group(edges: Iterable[Edge], fleet: Fleet) -> list[Edge]:
    """A whole group of machines on one port is one edge: a list of scrape targets would drown everything else."""
    kept: list[Edge] = []
    machines: dict[tuple[int, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        (machines[edge.port, edge.protocol] if edge.reach is Reach.MACHINE else kept).append(edge)
    for alike in machines.values():
        names = fleet.groups_of([edge.target for edge in alike])
        kept += alike if len(names) > 1 else [msgspec.structs.replace(alike[0], target=names[0])]
    return kept


def written(workload: Workload, fleet: Fleet) -> Iterator[Edge]:
    for where, mention, outside in said(workload):
        edge = lead(workload, mention, fleet, outside=outside)
        if edge is not None:
            yield msgspec.structs.replace(edge, seen=where, via=mention.via + edge.via)


def said(workload: Workload) -> Iterator[tuple[str, Mention, bool]]:
    """(where, mention, may it lead outside the fleet) of all texts of a workload."""
    tasks = [task for task in workload.tasks if not task.delegate_to]
    for task in tasks:
        if describes_containers(task):
            continue  # what is in it is each container's own, and told with its unit
        dest = task.file.dest if task.file else str(task.args.get("path") or task.args.get("dest") or "")
        text = (task.file.text if task.file else "") or edited(task)
        if text and len(text) < LONGEST and not any(word in dest for word in NOT_NEEDS):
            source = posixpath.normpath(str((task.file.source if task.file else "") or task.place))
            outside = not dest.endswith(CODE_ENDINGS)
            yield from (
                (f"{source} (line {one.line} of {dest})", one, outside) for one in told.in_text(text, task.peers)
            )
    for unit in workload.units:
        given = "\n".join([unit.command, *(f"{key}={value}" for key, value in sorted(unit.environment.items()))])
        lines = given.splitlines()
        written = [task for task in tasks if describes_containers(task)] if unit.image else []
        for one in mentions(given):
            yield within(written, lines[one.line - 1]) or str(unit.place or unit.name), one, True
    for task in tasks:
        yield from ((str(task.place), one, True) for one in (*in_arguments(task), *told.in_arguments(task)))


def within(tasks: Sequence[RecordedTask], setting: str) -> str:
    """Where a container's `KEY=value` stands in the file that describes it; "" where it doesn't."""
    key, _, value = setting.partition("=")
    for task in tasks:
        for line, text in plain_lines(task.file.text if task.file and task.file.text else ""):
            if value and key in text and value in text and task.file:
                return f"{posixpath.normpath(str(task.file.source or task.place))} (line {line} of {task.file.dest})"
    return ""


def in_arguments(task: RecordedTask) -> Iterator[Mention]:
    """Hosts in a task's own arguments: a database's login_host, what it waits for, the server of an NFS mount."""
    host = task.args.get("login_host") or task.args.get("login_server")
    if isinstance(host, str) and host:
        port = number(task.args.get("login_port")) or LOGIN_PORTS.get(task.module.split("_", maxsplit=1)[0], 0)
        yield Mention(host, port, via=f"login_host of {task.module}", sure=is_outside(host))
    if task.module == "wait_for" and isinstance(task.args.get("host"), str):
        yield Mention(str(task.args["host"]), number(task.args.get("port")), via="wait_for")
    for _, source, kind in actions.mounts(task):
        if kind.startswith("nfs") and ":" in source:
            server = source.rpartition(":/")[0].strip("[]")
            yield Mention(server, 2049, via="an NFS mount", sure=is_outside(server))


def number(value: object) -> int:
    return int(str(value)) if str(value).isdigit() else 0


def lead(workload: Workload, mention: Mention, fleet: Fleet, *, outside: bool = True) -> Edge | None:
    """Where a mention leads; None where it is no news, or not sure enough."""
    host = mention.host.lower().rstrip(".")
    if host in LOCAL:
        return to_neighbour(workload, mention, fleet)
    machine = fleet.machine(host)
    if machine:
        return to_machine(workload, machine, mention, fleet)
    if (sibling := fleet.container(host, workload)) is not None:
        port = mention.port or (sibling.ports[0].number if len(sibling.ports) == 1 else 0)
        return Edge(workload.name, sibling.name, port, protocol=mention.protocol)
    if (proxy := fleet.public.get(host)) is not None:
        return Edge(workload.name, proxy, mention.port, via=SERVED) if proxy != workload.name else None
    if not mention.sure or not outside:
        return None
    if not mention.host:
        return Edge(workload.name, "unknown", mention.port, protocol=mention.protocol, reach=Reach.UNKNOWN)
    if host in NOWHERE or not is_outside(host) or is_local(host):
        return None
    return Edge(workload.name, host, mention.port, protocol=mention.protocol, reach=Reach.EXTERNAL)


def is_local(host: str) -> bool:
    """Loopback, link-local, multicast: no address of something else."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified


def to_neighbour(workload: Workload, mention: Mention, fleet: Fleet) -> Edge | None:
    """`localhost:5432` is the other workload of the same machines that listens there."""
    if not mention.port or not workload.machines:
        return None
    listening = fleet.listening(workload.machines[0], mention.port)
    other = next((one for one in listening if one.name != workload.name), None)
    if other is None or workload in listening:
        return None
    return Edge(workload.name, other.name, mention.port, protocol=mention.protocol)


def to_machine(workload: Workload, machine: str, mention: Mention, fleet: Fleet) -> Edge | None:
    """To the workload that listens on the port there; else to the only one that may, else to the machine.

    With a port that may be the only one there, if no port of it is known; without, the only one with ports, or at all.
    """
    own = machine in workload.machines
    there = fleet.hosted.get(machine, [])
    listening = [one for one in fleet.listening(machine, mention.port) if one.name != workload.name]
    if own and not (mention.port and listening):
        return None
    others = [one for one in there if one.name != workload.name]
    steady = [one for one in others if not scheduled(one)]
    silent = steady if len(steady) == 1 and not steady[0].ports else []
    serving = silent if mention.port else [one for one in others if one.ports] or others
    target = next(iter(listening or (serving if len(serving) == 1 else [])), None)
    if target is None:
        return Edge(workload.name, machine, mention.port, protocol=mention.protocol, reach=Reach.MACHINE)
    port = mention.port or (target.ports[0].number if len(target.ports) == 1 else 0)
    return Edge(workload.name, target.name, port, protocol=mention.protocol)


def scheduled(workload: Workload) -> bool:
    return bool(workload.units) and all(unit.schedule for unit in workload.units)


def by_socket(workload: Workload, fleet: Fleet) -> Iterator[Edge]:
    """A unix socket that its files name and another workload of the same machines listens on."""
    for path, where in fleet.sockets_used(workload):
        other = fleet.listens_on(path, workload)
        if other is not None:
            yield Edge(workload.name, other.name, 0, where, "unix", via=path)


def let_in(found: Iterable[Opening], known: Mapping[str, Sequence[Edge]], fleet: Fleet) -> list[Edge]:
    """Whom firewalls let in, where nothing else tells already that they come."""
    new: dict[tuple[str, str, int], Edge] = {}
    for opening in found:
        for edge in from_sources(opening, known, fleet):
            new.setdefault((edge.source, edge.target, edge.port), edge)
    return list(new.values())


def from_sources(opening: Opening, known: Mapping[str, Sequence[Edge]], fleet: Fleet) -> Iterator[Edge]:
    unexplained: list[str] = []
    for machine in opening.sources:
        there = [one for one in fleet.hosted.get(machine, []) if one.id != opening.target.id]
        if any(edge.target == opening.target.name for one in there for edge in known.get(one.id, ())):
            continue
        if len(there) == 1:
            yield edge_in(opening, there[0].name)
        else:
            unexplained.append(machine)
    yield from (edge_in(opening, source) for source in fleet.groups_of(unexplained))


def edge_in(opening: Opening, source: str) -> Edge:
    return Edge(
        source, opening.target.name, opening.port, opening.seen, opening.protocol, via=f"allowed by {opening.via}"
    )
