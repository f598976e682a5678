# SPDX-License-Identifier: Apache-2.0
"""From tasks to verdicts, where a golden case would be long: one sign of state is enough, and silence is no answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate import catalog
from migrate.assess.assess import assess, survey
from migrate.commands.assess import undecided
from migrate.model.assessment import Assessment
from migrate.model.finding import Finding
from migrate.model.machine import Disk, Machine
from migrate.model.place import Place
from migrate.model.task import RecordedTask, RenderedFile
from migrate.model.workload import Kind, Nature, Placement, Workload


def task(module: str, line: int = 1, *, conditional: str = "", kind: int = 0, **args: Any) -> RecordedTask:
    place = Place("roles/x/tasks/main.yml", line)
    return RecordedTask(
        f"m{kind}",
        f"ansible.builtin.{module}",
        args,
        place=place,
        roles=("x",),
        hosts="g",
        conditional=conditional,
        kind=kind,
    )


def file(dest: str, text: str, line: int = 1) -> RecordedTask:
    place = Place("roles/x/tasks/main.yml", line)
    return RecordedTask(
        "m0", "ansible.builtin.copy", place=place, roles=("x",), hosts="g", kind=0, file=RenderedFile(dest, text)
    )


def judged(*tasks: RecordedTask, machines: tuple[Machine, ...] = (Machine(name="m0", kind=0),)) -> dict[str, Workload]:
    return {one.name: one for one in assess(survey("", tasks, machines, catalog.index()))}


UNIT = file("/etc/systemd/system/app.service", "[Service]\nExecStart=/opt/app/app\nEnvironmentFile=/etc/app.env\n", 2)
START = task("systemd", 3, name="app", state="started")


def test_silence_is_unknown() -> None:
    app = judged(UNIT, START)["app"]
    assert (app.nature, app.kind, app.placement) == (Nature.UNKNOWN, Kind.UNKNOWN, Placement.DECIDE)
    assert "/opt/app/app" in app.reason


def test_one_sign_of_state_is_enough() -> None:
    settings = file("/etc/app.env", "DATABASE_URL=postgres://db/x\nUPLOAD_DIR=/srv/app/uploads\n")
    app = judged(settings, UNIT, START)["app"]
    assert (app.nature, app.kind, app.placement) == (Nature.STATEFUL, Kind.MIXED, Placement.DECIDE)
    assert "UPLOAD_DIR" in app.reason


def test_data_elsewhere_is_stateless() -> None:
    app = judged(file("/etc/app.env", "DATABASE_URL=postgres://db/x\n"), UNIT, START)["app"]
    assert (app.nature, app.placement) == (Nature.STATELESS, Placement.DEPLOYMENT)


def test_a_web_address_is_no_database() -> None:
    assert judged(file("/etc/app.env", "HOMEPAGE=https://example.net/\n"), UNIT, START)["app"].nature is Nature.UNKNOWN


@pytest.mark.parametrize("unit", ["postgresql", "mysqld", "mongod", "redis-server", "elasticsearch", "rabbitmq-server"])
def test_a_database_under_a_condition_is_still_one(unit: str) -> None:
    [one] = judged(task("service", name=unit, state="started", conditional="x.rc == 0 (result of x)")).values()
    assert (one.nature, one.placement) == (Nature.STATEFUL, Placement.VM)
    assert "only-conditional" in {evidence.rule for evidence in one.evidence}


def test_a_disk_that_nothing_explains() -> None:
    disks = (Disk("vda", boot=True), Disk("vdb"))
    machine = Machine(name="m0", kind=0, seen_by=("inventory", "qemu:///system"), disks=disks)
    app = judged(file("/etc/app.env", "DATABASE_URL=postgres://db/x\n"), UNIT, START, machines=(machine,))["app"]
    assert app.nature is Nature.STATEFUL
    assert "vdb" in app.reason


def test_a_package_that_keeps_data_needs_no_start() -> None:
    assert judged(task("yum", name="mariadb-server"))["mariadb"].placement is Placement.VM


def test_a_removed_package_is_no_workload() -> None:
    assert judged(task("apt", name="mysql-server", state="absent")) == {}


def test_a_handler_that_restarts_a_database_does_not_own_it() -> None:
    install = task("apt", name="postgresql")
    args = {"name": "postgresql", "state": "restarted"}
    other = RecordedTask("m0", "ansible.builtin.service", args, roles=("tuning",), hosts="g", kind=0, handler=True)
    [one] = judged(other, install).values()
    assert (one.name, one.role) == ("postgresql", "x")


def test_classes_with_other_verdicts_are_apart() -> None:
    running = task("service", name="nginx", state="started", kind=0)
    stopped = task("service", name="nginx", state="stopped", kind=1)
    machines = (Machine(name="m0", kind=0), Machine(name="m1", kind=1))
    found = judged(running, stopped, machines=machines)
    assert {one.machines: one.placement for one in found.values()} == {
        ("m0",): Placement.DEPLOYMENT,
        ("m1",): Placement.DROP,
    }


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


def test_code_of_one_role_runs_in_the_service_of_another() -> None:
    uploads = RecordedTask(
        "m0", "file", {"path": "/opt/app/uploads", "state": "directory"}, roles=("deploy",), hosts="g", kind=0
    )
    code = RecordedTask(
        "m0", "git", {"repo": "https://x/app.git", "dest": "/opt/app"}, roles=("deploy",), hosts="g", kind=0
    )
    found = judged(code, uploads, UNIT, START)
    assert list(found) == ["app"]
    assert found["app"].nature is Nature.STATEFUL


def test_code_that_nothing_runs_is_told() -> None:
    [one] = judged(task("git", repo="https://x/app.git", dest="/opt/app")).values()
    assert (one.nature, one.placement, one.units[0].manager) == (Nature.UNKNOWN, Placement.DECIDE, "code")


DESTS = st.sampled_from(["/etc/app.env", "/etc/cron.d/x", "/srv/compose.yml", "/etc/supervisor/conf.d/x.conf"])


@given(text=WORDS, name=WORDS, dest=DESTS)
def test_any_text_gets_an_answer(text: str, name: str, dest: str) -> None:
    for one in judged(file(dest, text), task("service", name=name, state="started"), UNIT, START).values():
        assert one.reason
        assert one.nature is not Nature.STATELESS or one.evidence


def test_what_a_broker_keeps_is_told_before_what_is_made_in_it() -> None:
    user = RecordedTask(
        "m0",
        "community.rabbitmq.rabbitmq_user",
        {"user": "x"},
        roles=("x",),
        hosts="g",
        place=Place("a.yml", 1),
        kind=0,
    )
    [one] = judged(task("service", name="rabbitmq-server", state="started"), user).values()
    assert "makes-databases" in {evidence.rule for evidence in one.evidence}
    assert one.reason == catalog.load()["rabbitmq"].reason


def test_a_worker_that_schedules_runs_once() -> None:
    unit = file("/etc/systemd/system/app.service", "[Service]\nExecStart=/opt/app/bin/celery -A app worker -B\n")
    assert "single-scheduler" in {evidence.rule for evidence in judged(unit, START)["app"].evidence}


def test_silent_machines_need_a_decision() -> None:
    found = Finding(check="no-workload", subject="m0", message="no workload was recognised on 1 machine")
    assert undecided(Assessment(findings=(found,)))
    assert not undecided(Assessment())
