# SPDX-License-Identifier: Apache-2.0
"""What is said of machines and groups in JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.model.assessment import Assessment
from migrate.model.machine import Machine
from migrate.model.workload import Edge, Kind, Nature, Placement, Workload
from migrate.report import terminal
from migrate.report.explain import explain
from migrate.report.json import decode, encode
from migrate.report.standing import split_machines, standing


def one(name: str, kind: Kind, nature: Nature, placement: Placement, *machines: str) -> Workload:
    edges = (Edge(name, "db", 5432, "roles/x/tasks/main.yml:1"),) if name != "db" else ()
    return Workload(name, "", kind, nature, placement, f"Because of {name}.", machines=machines, edges=edges)


WEB = one("web", Kind.STATELESS, Nature.STATELESS, Placement.DEPLOYMENT, "m1", "m2")
JOB = one("job", Kind.BATCH, Nature.STATELESS, Placement.CRONJOB, "m1")
DB = one("db", Kind.STATEFUL, Nature.STATEFUL, Placement.VM, "m2", "m3")
BACKUP = one("backup", Kind.BATCH, Nature.STATEFUL, Placement.VM, "m3")
SSH = one("sshd", Kind.PLUMBING, Nature.UNKNOWN, Placement.DROP, "m1", "m2", "m3", "m4")
ESTATE = Assessment(
    environments=("",),
    workloads=(WEB, JOB, DB, BACKUP, SSH),
    machines=tuple(Machine(f"m{n}", groups=("all_of_them", "front" if n < 3 else "back"), kind=n) for n in range(1, 6)),
)


@pytest.mark.parametrize(
    ("workloads", "kind", "placement"),
    [
        ([WEB], "stateless", "deployment"),
        ([WEB, JOB], "stateless", "deployment"),
        ([DB, BACKUP], "stateful", "vm"),
        ([WEB, DB], "split", "split"),
        ([WEB, SSH], "stateless", "deployment"),
        ([SSH], "plumbing", "drop"),
        ([], "", ""),
    ],
)
def test_split(workloads: list[Workload], kind: str, placement: str) -> None:
    said = standing(workloads)
    assert (said.kind, said.placement, said.split) == (kind, placement, kind == "split")


def test_json_says_it_per_machine_group_and_workload() -> None:
    said: dict[str, Any] = json.loads(encode(ESTATE))
    machines = {each["name"]: each for each in said["machines"]}
    assert [machines[name].get("kind") for name in ("m1", "m2", "m3", "m4", "m5")] == [
        "stateless",
        "split",
        "stateful",
        "plumbing",
        None,
    ]
    assert (machines["m2"]["split"], machines["m2"]["class"], machines["m2"]["workloads"]) == (
        True,
        2,
        ["db", "sshd", "web"],
    )
    assert machines["m2"]["edges"] == [{"from": "web", "to": "db", "port": 5432}]
    assert machines["m2"]["reasons"] == ["db: Because of db.", "web: Because of web."]
    groups = {each["name"]: each for each in said["groups"]}
    assert (groups["back"]["kind"], groups["back"]["placement"], groups["front"]["kind"]) == ("stateful", "vm", "split")
    web = next(each for each in said["workloads"] if each["name"] == "web")
    assert (web["kind"], web["placement"], web["reasons"]) == ("stateless", "deployment", ["Because of web."])
    assert web["edges"] == [{"from": "web", "to": "db", "port": 5432, "seen": "roles/x/tasks/main.yml:1"}]


def test_what_was_added_for_readers_is_not_taken_for_more_when_read_again() -> None:
    assert decode(encode(ESTATE)).machines == tuple(sorted(ESTATE.machines, key=lambda each: each.name))


def test_split_machines_are_worth_a_look() -> None:
    [odd] = split_machines(ESTATE)
    assert odd.machines == ("m2",)
    assert "1 machine is split: m2" in terminal.render(ESTATE)


def test_a_machine_can_be_explained() -> None:
    text = explain(ESTATE, "m2")
    assert text.startswith("m2 · split\n")
    assert "web needs db on port 5432" in text
    assert "db: Because of db." in text
