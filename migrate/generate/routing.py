# SPDX-License-Identifier: Apache-2.0
"""Which host leads to which Service: from the virtual hosts of web servers and the rules of balancers in front."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from migrate.generate import haproxy, tasks, vhosts
from migrate.generate.estate import Estate, ports
from migrate.generate.haproxy import Check, Section
from migrate.generate.peers import rewrite
from migrate.generate.route import Route, Routing
from migrate.generate.vhosts import VirtualHost
from migrate.model.workload import Placement, Workload


def find(estate: Estate) -> Routing:
    """Read every web server and balancer that moves; a balancer's word counts more than that of what is behind it."""
    routes: dict[str, list[Route]] = {}
    checks: dict[tuple[str, str], tuple[Check, str]] = {}
    secured: set[tuple[str, str]] = set()
    for workload in _moving(estate):
        for place, text in _texts(workload):
            sections = haproxy.parse(text) if "backend" in text or "listen" in text else []
            found = _Balancer(workload, estate, place, sections)
            routes.setdefault(workload.id, []).extend(found.routes())
            checks |= {(workload.environment, service): check for service, check in found.checks().items()}
            secured |= {(workload.environment, service) for service in found.secured()}
    homes = {one.id: one.environment for one in estate.assessment.workloads}
    claimed = {(homes[owner], route.host) for owner, many in routes.items() for route in many}
    for workload in _moving(estate):
        own = [route for place, text in _texts(workload) for route in _own(workload, estate, place, text)]
        is_secured = (workload.environment, estate.name(workload)) in secured
        kept = [msgspec.structs.replace(one, tls=one.tls or is_secured) for one in own]
        routes.setdefault(workload.id, []).extend(
            one for one in kept if (workload.environment, one.host) not in claimed
        )
    return Routing({owner: _each_host_once(many) for owner, many in routes.items() if many}, checks)


def _moving(estate: Estate) -> list[Workload]:
    every = estate.assessment.workloads
    return sorted((one for one in every if one.placement is Placement.DEPLOYMENT), key=lambda one: one.id)


def _texts(workload: Workload) -> list[tuple[str, str]]:
    """(place, text) of the last version of each file that the representative gets."""
    machine = tasks.representative(workload)
    found = {
        tasks.target(task): (str(task.place), task.file.text)
        for task in workload.tasks
        if task.machine == machine and task.file and task.file.text and not task.handler
    }
    return [found[path] for path in sorted(found)]


def _own(workload: Workload, estate: Estate, place: str, text: str) -> list[Route]:
    """A virtual host leads to the port that serves it: plain before TLS, and none that only redirects."""
    open_ports = {port.number for port in ports(workload)}
    by_host: defaultdict[str, list[VirtualHost]] = defaultdict(list)
    for one in vhosts.parse(text):
        for host in one.hosts if not estate.tokens.inside(list(one.hosts)) else ():
            by_host[host].append(one)
    found = []
    for host, many in sorted(by_host.items()):
        serving = [one for one in many if one.port in open_ports and not one.redirects]
        if not serving:
            continue
        best = min(serving, key=lambda one: (one.tls, one.port))
        certificate = next((one.certificate for one in many if one.certificate), "")
        tls = any(one.tls for one in many)
        found.append(Route(host, estate.name(workload), best.port, tls, best.tls, certificate, place))
    return found


def _each_host_once(routes: Iterable[Route]) -> tuple[Route, ...]:
    found: dict[str, Route] = {}
    for route in sorted(routes):
        found.setdefault(route.host, route)
    return tuple(found.values())


class _Balancer(msgspec.Struct, frozen=True):
    """The sections of one haproxy.cfg, seen from the estate."""

    workload: Workload
    estate: Estate
    place: str
    sections: list[Section]

    def service(self, backend: str) -> tuple[str, int]:
        """(Service, port) that all servers of a backend come to; ("", 0) where that is not one."""
        found = set()
        for section in self.sections:
            if section.name == backend and section.kind in ("backend", "listen"):
                for server in section.servers:
                    name, _, port = rewrite(server, self.workload, self.estate).text.rpartition(":")
                    found.add((name, int(port)) if port.isdecimal() else ("", 0))
        known = set(self.estate.names.values())
        (only,) = found if len(found) == 1 else [("", 0)]
        return only if only[0] in known else ("", 0)

    def fronts(self) -> list[Section]:
        return [one for one in self.sections if one.kind in ("frontend", "listen") and one.is_http and one.binds]

    def routes(self) -> list[Route]:
        found = []
        for front in self.fronts():
            tls = any(ssl for _, ssl in front.binds)
            for backend, names in front.hosts.items():
                service, port = self.service(backend)
                for host in vhosts.hosts_in(list(names)) if service else ():
                    found.append(Route(host, service, port, tls, source=self.place, bypassed=self.workload.name))
        return found

    def secured(self) -> set[str]:
        """Services that are reached with TLS through a frontend that names no host for them."""
        fronts = [front for front in self.fronts() if any(ssl for _, ssl in front.binds)]
        return {self.service(front.default or front.name)[0] for front in fronts} - {""}

    def checks(self) -> dict[str, tuple[Check, str]]:
        found = {}
        for section in self.sections:
            service, _ = self.service(section.name)
            if section.check and service:
                found[service] = (section.check, f"httpchk of {self.workload.name} ({self.place})")
        return found
