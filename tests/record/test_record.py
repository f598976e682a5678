# SPDX-License-Identifier: Apache-2.0
"""What the engine recorded, tied to machines."""

from __future__ import annotations

from typing import Any, cast

from migrate.clients.engine import Engine
from migrate.model.machine import Machine, MachineClass
from migrate.model.messages import Done, Progress
from migrate.model.task import RecordedTask
from migrate.record.record import commonest_os, differing, record, tied

INVENTORY = ("inventory",)


class Recorder:
    """An engine that answers with one task, and with a class split in two."""

    def __init__(self) -> None:
        self.facts: dict[int, dict[str, Any]] = {}

    def play(
        self, _playbooks: object, facts: dict[int, dict[str, Any]], progress: Any, known: object = None
    ) -> tuple[list[RecordedTask], Done]:
        self.facts = facts
        progress(Progress(play="site.yml#1", hosts=1))
        split = (MachineClass(0, "web1", ("web1",)), MachineClass(7, "web2", ("web2",)))
        return [RecordedTask(machine="web1", action="ping", kind=0)], Done(classes=split, plays=1)


def test_machines_get_the_class_and_the_facts_that_they_had() -> None:
    machines = [
        Machine(name="web1", seen_by=INVENTORY, kind=0, os="debian11"),
        Machine(name="web2", seen_by=INVENTORY, kind=0),
        Machine(name="stray", seen_by=("qemu:///system",), os="debian11"),
    ]
    recorder = Recorder()
    classes = [MachineClass(0, "web1", ("web1", "web2"))]
    told = record(cast(Engine, recorder), ["site.yml"], classes, machines, lambda _: None)
    assert recorder.facts[0]["ansible_distribution_major_version"] == "11"
    assert [(one.name, one.kind) for one in told.machines] == [("web1", 0), ("web2", 7), ("stray", -1)]
    assert told.machines[1].facts_from == told.machines[0].facts_from != ""
    assert (told.plays, len(told.tasks), told.machines[2].facts_from) == (1, 1, "")


def test_commonest_os() -> None:
    machines = [Machine(name=str(n), os=os) for n, os in enumerate(["rocky9", "debian12", "", "debian12", "", ""])]
    assert commonest_os(machines) == "debian12"
    assert commonest_os(machines[:2]) == "debian12"
    assert commonest_os([]) == ""


def test_machines_of_no_class() -> None:
    [one] = tied([Machine(name="a", seen_by=INVENTORY, kind=3)], [], {3: "profile debian12"})
    assert (one.kind, one.facts_from) == (-1, "profile debian12")


def test_differing_variables_are_told() -> None:
    alike = MachineClass(0, "a1", ("a1", "a2"), differing=("server_id",))
    [finding] = differing(
        [alike, MachineClass(1, "b1", ("b1",), differing=("x",)), MachineClass(2, "c1", ("c1", "c2"))]
    )
    assert (finding.check, finding.subject) == ("class-differs", "a1")
    assert "server_id" in finding.message
