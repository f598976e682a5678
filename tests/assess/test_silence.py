# SPDX-License-Identifier: Apache-2.0
"""A machine of which nothing is known is told of; tokens are told in words."""

from __future__ import annotations

from migrate.assess.rules import readable
from migrate.assess.silence import silence
from migrate.model.machine import Machine
from migrate.model.place import Place
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Nature, Placement, Workload

MACHINES = tuple(Machine(name=f"m{number}", kind=0) for number in range(6))
TASKS = (RecordedTask("m0", "ansible.builtin.command", {"_raw_params": "/opt/x"}, place=Place("a.yml", 3), kind=0),)


def workload(kind: Kind) -> Workload:
    machines = tuple(machine.name for machine in MACHINES)
    return Workload("x", "", kind, Nature.UNKNOWN, Placement.DROP, "x", machines=machines)


def test_commands_that_nobody_understands() -> None:
    for seen in ((), (workload(Kind.PLUMBING),)):
        [one] = silence(TASKS, MACHINES, seen)
        assert one.check == "no-workload"
        assert one.subject == "m0, m1, m2, m3 and 2 more"
        assert "command at a.yml:3" in one.message


def test_a_workload_breaks_the_silence() -> None:
    assert silence(TASKS, MACHINES, (workload(Kind.STATELESS),)) == []


def test_machines_without_tasks_are_not_silent() -> None:
    assert silence((), MACHINES, ()) == []


def test_tokens_become_words() -> None:
    assert readable("makes /srv/mgunk_item_1_a1b2c3_x/data") == "makes /srv/«unknown»/data"
    assert readable("key mgsec_a_000000_x") == "key «secret»"
