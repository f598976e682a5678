# SPDX-License-Identifier: Apache-2.0
"""The order in which workloads move."""

from __future__ import annotations

from migrate.assess.waves import with_waves
from migrate.model.workload import Edge, Kind, Nature, Placement, Workload


def one(name: str, *needs: str, placement: Placement = Placement.DEPLOYMENT, edge: Edge | None = None) -> Workload:
    edges = (*(Edge(name, other, 80) for other in needs), *([edge] if edge else []))
    return Workload(name, "", Kind.STATELESS, Nature.STATELESS, placement, "…", edges=edges)


def waves(*workloads: Workload) -> dict[str, int | None]:
    return {each.name: each.wave for each in with_waves(workloads)}


def test_leaves_come_first_and_what_stays_is_wave_0() -> None:
    db = one("db", placement=Placement.VM)
    assert waves(one("lb", "web"), one("web", "api", "db"), one("api", "db"), db) == {
        "lb": 3,
        "web": 2,
        "api": 1,
        "db": 0,
    }


def test_a_cycle_moves_together() -> None:
    found = {each.name: each for each in with_waves([one("a", "b"), one("b", "a"), one("c", "a")])}
    assert (found["a"].wave, found["b"].wave, found["c"].wave) == (1, 1, 2)
    assert found["a"].together == ("b",)
    assert "they need each other" in found["a"].wave_reason


def test_a_unix_socket_ties_both_ends() -> None:
    found = with_waves([one("nginx", edge=Edge("nginx", "app", protocol="unix")), one("app")])
    assert [each.together for each in found] == [("app",), ("nginx",)]
    assert "share a unix socket" in found[0].wave_reason


def test_what_nobody_decided_has_no_wave() -> None:
    found = {each.name: each for each in with_waves([one("app", placement=Placement.DECIDE), one("web", "app")])}
    assert (found["app"].wave, found["web"].wave) == (None, 1)
    assert "nobody has decided" in found["web"].wave_reason


def test_live_connections_are_told() -> None:
    [app, _] = with_waves(
        [one("app", edge=Edge("app", "db", 5432, connections=120)), one("db", placement=Placement.VM)]
    )
    assert app.wave_reason.endswith("live connections: 120 to db")


def test_an_edge_that_a_firewall_told_counts_for_who_comes() -> None:
    db = one("db", edge=Edge("app", "db", 5432, via="allowed by nftables"))
    assert waves(db, one("app")) == {"db": 1, "app": 2}
