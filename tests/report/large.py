# SPDX-License-Identifier: Apache-2.0
"""An estate of any number of machines by hand: kinds of machine with two workloads each, that need one another."""

from __future__ import annotations

from migrate.model.assessment import Assessment
from migrate.model.finding import Finding
from migrate.model.machine import Machine, Power
from migrate.model.place import Place
from migrate.model.workload import Edge, Evidence, Kind, Nature, Placement, Points, Port, Workload

PLACE = Place("roles/service/tasks/main.yml", 12)
SEEN = ("inventory", "qemu+ssh://kvm/system")
OF_A_KIND = 25


def large(machines: int) -> Assessment:
    kinds = range(machines // OF_A_KIND)
    names = [tuple(f"node{kind:04}-{number:02}.dc.example.com" for number in range(OF_A_KIND)) for kind in kinds]
    workloads = tuple(one for kind in kinds for one in (front(kind, names[kind]), store(kind, names[kind])))
    every = tuple(machine(name, kind) for kind in kinds for name in names[kind])
    stopped = tuple(Finding("vm-stopped", one.name, "it does not run", "Find out why.") for one in every[:2000])
    return Assessment(("production",), workloads=workloads, machines=every, findings=stopped)


def machine(name: str, kind: int) -> Machine:
    return Machine(name, "production", SEEN, power=Power.RUNNING, vcpus=4, memory=8 << 30, os="debian12", kind=kind)


def front(kind: int, names: tuple[str, ...]) -> Workload:
    name, seen = f"front-{kind:04}", f"{PLACE} (line 3 of /etc/front.env)"
    needs = {(f"store-{kind:04}", 5432), (f"front-{kind * 7 % 50:04}", 8080), (f"store-{kind * 3 % 40:04}", 5432)}
    return Workload(
        name,
        "production",
        Kind.STATELESS,
        Nature.STATELESS,
        Placement.DEPLOYMENT,
        "Its settings reach for data elsewhere: DATABASE_URL, REDIS_URL.",
        software="gunicorn",
        title="Gunicorn",
        machines=names,
        ports=(Port(8080),),
        edges=tuple(Edge(name, target, port, seen) for target, port in sorted(needs) if target != name),
        evidence=signs(Points.STATELESS),
        wave=1 + kind % 5,
        wave_reason="after what it needs",
    )


def store(kind: int, names: tuple[str, ...]) -> Workload:
    return Workload(
        f"store-{kind:04}",
        "production",
        Kind.STATEFUL,
        Nature.STATEFUL,
        Placement.VM,
        "Tables and the write-ahead log live in its data directory.",
        software="postgresql",
        title="PostgreSQL",
        machines=names,
        ports=(Port(5432),),
        evidence=signs(Points.STATEFUL),
        wave=0,
        wave_reason="stays where it is",
    )


def signs(points: Points) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"rule-{number}", f"sign number {number} of what it keeps in /srv/data/{number}", points, PLACE)
        for number in range(12)
    )
