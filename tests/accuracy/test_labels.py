# SPDX-License-Identifier: Apache-2.0
"""The labels are whole, and the measure counts as it should."""

from __future__ import annotations

from migrate.model.role import RoleAnswer
from migrate.model.workload import Confidence, Kind, Placement
from tests.accuracy.measure import Label, Row, labels, report


def row(kind: Kind, told: Kind, *, sure: bool = True, ports: tuple[int, ...] = ()) -> Row:
    label = Label("p", f"{kind}-{told}", kind, "", frozenset({"a"}), frozenset({80, 443}), sure, "why")
    return Row(label, RoleAnswer("", told, Placement.VM, "because", Confidence.HIGH, "", units=("a",), ports=ports))


def test_labels_are_whole() -> None:
    held = labels()
    assert len(held) >= 200
    assert len({(one.package, one.role) for one in held}) == len(held)
    assert all(one.reason.endswith(".") for one in held)
    assert {one.package for one in held} == {"debops", "kolla-ansible", "kayobe", "tripleo-ansible", "ansible"}
    tuned = sum(one.tuned for one in held)
    assert 0.4 < tuned / len(held) < 0.6


def test_figures() -> None:
    rows = [row(Kind.STATEFUL, Kind.STATEFUL, ports=(80,)), row(Kind.STATEFUL, Kind.STATELESS, sure=False)]
    lines = list(report(rows, misses=False))
    assert lines[:2] == [
        "2 labelled roles, 1 of them sure",
        "all: kind 1/2 = 50.0%, sure rows 1/1 = 100.0%, units 2/2 = 100.0%, ports 1/4 = 25.0%",
    ]
    assert "stateful called stateless: 1" in lines
    assert any("p/stateful-stateless: stateful (not sure), answered stateless" in line for line in lines)
