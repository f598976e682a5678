# SPDX-License-Identifier: Apache-2.0
"""What every generator may look at: the assessment, indexed."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

from migrate.generate import names
from migrate.generate.route import Route, Routing
from migrate.generate.tokens import Tokens
from migrate.model.assessment import Assessment
from migrate.model.config import Target
from migrate.model.machine import Machine
from migrate.model.product import Product
from migrate.model.workload import Edge, Port, Unit, Workload

Key = tuple[str, str]
RESERVED = ("chart", "environments", "images")


class Estate(msgspec.Struct, frozen=True):
    """Keys are (environment, name): `hosts` also knows machines by address; `residents` are workloads of a machine,
    `callers` the edges that lead to a workload.

    Keys of `members` (what became one pod), `sockets` (folders that they share) and `images` (reference of an image
    that has a folder of its own) are ids of workloads.
    """

    assessment: Assessment
    catalog: Mapping[str, Product]
    target: Target
    tokens: Tokens
    names: Mapping[str, str]
    folders: Mapping[str, str]
    machines: Mapping[Key, Machine]
    hosts: Mapping[Key, Machine]
    residents: Mapping[Key, tuple[Workload, ...]]
    workloads: Mapping[Key, Workload]
    callers: Mapping[Key, tuple[Edge, ...]]
    routing: Routing = Routing()
    members: Mapping[str, tuple[Workload, ...]] = {}
    sockets: Mapping[str, tuple[str, ...]] = {}
    images: Mapping[str, str] = {}
    revision: str = ""

    def name(self, workload: Workload) -> str:
        """The workload's label, unique in its environment."""
        return self.names[workload.id]

    def folder(self, workload: Workload) -> str:
        """Where its files go; what only one environment has is moved to its overlay later."""
        return self.name(workload)

    def namespace(self, environment: str) -> str:
        """Where the objects of an environment live; "" for wherever the person who applies them is."""
        return self.target.namespace.replace("{environment}", self.folders[environment]) or self.folders[environment]

    def product(self, workload: Workload) -> Product | None:
        """Its entry in the software catalog."""
        return self.catalog.get(workload.software)

    def routes_to(self, workload: Workload) -> list[Route]:
        """Ways from outside that end at its Service, whoever declares them."""
        homes = self.workloads
        many = (
            route
            for (environment, name), one in homes.items()
            if environment == workload.environment
            for route in self.routing.routes.get(one.id, ())
        )
        return sorted(route for route in many if route.service == self.name(workload))

    def member(self, workload: Workload, unit: Unit) -> Workload:
        """The workload that a unit comes from, where several became one pod."""
        return next((one for one in self.members.get(workload.id, ()) if unit in one.units), workload)

    def machines_of(self, workload: Workload) -> tuple[Machine, ...]:
        """Its machines by name; a name that no source knows yields an empty machine."""
        found = (self.machines.get((workload.environment, name)) for name in sorted(set(workload.machines)))
        wanted = zip(sorted(set(workload.machines)), found, strict=True)
        return tuple(machine or Machine(name=name, environment=workload.environment) for name, machine in wanted)


def index(assessment: Assessment, catalog: Mapping[str, Product], target: Target) -> Estate:
    """Look everything up once, so that a thousand workloads cost a thousand steps."""
    environments = sorted({workload.environment for workload in assessment.workloads})
    return Estate(
        assessment=assessment,
        catalog=catalog,
        target=target,
        tokens=Tokens.of(assessment.tokens),
        names={key: name for env in environments for key, name in _names(assessment.workloads, env)},
        folders=dict(names.labels(filter(None, environments))) | {"": ""},
        machines={(machine.environment, machine.name): machine for machine in assessment.machines},
        hosts=_hosts(assessment.machines),
        residents=_residents(assessment.workloads),
        workloads={(one.environment, one.name): one for one in assessment.workloads},
        callers=_callers(assessment.workloads),
    )


def ports(workload: Workload) -> tuple[Port, ...]:
    """Its ports, each (number, protocol) once, by number."""
    known = {(port.number, names.protocol(port)): port for port in reversed(workload.ports) if 0 < port.number < 65536}
    return tuple(known[key] for key in sorted(known))


def addresses(machine: Machine) -> tuple[str, ...]:
    """All its IP addresses in their usual spelling, in the order in which sources gave them."""
    every = (*machine.addresses, *(address for nic in machine.nics for address in nic.addresses))
    return tuple(dict.fromkeys(filter(None, map(_address, every))))


@cache
def _address(text: str) -> str:
    """Without prefix length; "" for what is a name, or what only the machine itself can reach."""
    try:
        address = ipaddress.ip_address(text.partition("/")[0])
    except ValueError:
        return ""
    unusable = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    return "" if unusable else str(address)


def _names(workloads: Iterable[Workload], environment: str) -> Iterable[tuple[str, str]]:
    inside = {workload.name: workload.id for workload in workloads if workload.environment == environment}
    return ((inside[name], _free(label)) for name, label in names.labels(inside).items())


def _free(label: str) -> str:
    """The folders of the output have names, too."""
    return f"{label}-workload" if label in RESERVED else label


def _hosts(machines: Iterable[Machine]) -> dict[Key, Machine]:
    """An address or name that two machines share says nothing, so it is left out."""
    found: defaultdict[Key, dict[str, Machine]] = defaultdict(dict)
    for machine in machines:
        for host in (machine.name, *machine.aliases, *addresses(machine)):
            found[machine.environment, host.lower()][machine.name] = machine
    return {key: next(iter(owners.values())) for key, owners in found.items() if len(owners) == 1}


def _callers(workloads: Iterable[Workload]) -> dict[Key, tuple[Edge, ...]]:
    """(environment, target) → the edges that lead there, wherever they were seen."""
    found: defaultdict[Key, set[Edge]] = defaultdict(set)
    for workload in workloads:
        for edge in workload.edges:
            found[workload.environment, edge.target].add(edge)
    return {key: tuple(sorted(edges)) for key, edges in found.items()}


def _residents(workloads: Iterable[Workload]) -> dict[Key, tuple[Workload, ...]]:
    found: defaultdict[Key, list[Workload]] = defaultdict(list)
    for workload in sorted(workloads, key=lambda one: one.id):
        for machine in sorted(set(workload.machines)):
            found[workload.environment, machine].append(workload)
    return {key: tuple(living) for key, living in found.items()}
