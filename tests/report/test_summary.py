# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from msgspec.structs import replace

from migrate.model.assessment import Assessment
from migrate.model.finding import Finding, Severity
from migrate.model.workload import Kind, Nature, Placement
from migrate.report.summary import alarms, sentence
from tests.report.estate import ESTATE, LIBVIRT, machines, workload

STATE = {"kind": Kind.STATEFUL, "nature": Nature.STATEFUL}


def test_whole_estate() -> None:
    assert sentence(ESTATE) == (
        "PARTIAL: 1 input could not be read (qemu+ssh://kvm2/system), so machines and workloads are missing here. "
        "17 of 21 machines in production and staging run 18 workloads: 6 can move to Kubernetes now, "
        "3 stay on their VMs with their data, 1 needs a decision; "
        "7 are plumbing that Kubernetes replaces and 1 is out of scope."
    )


def test_one_of_each() -> None:
    estate = Assessment(
        workloads=(
            workload("db", Placement.VM, "one", **STATE),
            workload("sshd", Placement.DROP, "one", kind=Kind.PLUMBING),
        ),
        machines=machines("production", "one"),
    )
    assert sentence(estate) == (
        "1 machine runs 2 workloads: none can move to Kubernetes yet, 1 stays on its VM with its data; "
        "1 is plumbing that Kubernetes replaces."
    )


def test_one_that_moves() -> None:
    estate = Assessment(workloads=(workload("web", Placement.DEPLOYMENT, "one"),))
    assert sentence(estate) == "1 machine runs 1 workload: 1 can move to Kubernetes now."


def test_not_all_that_stay_keep_data() -> None:
    staying = (workload("db", Placement.VM, "a", **STATE), workload("vpn", Placement.VM, "b"))
    libraries = tuple(workload(name, Placement.DROP, "a", kind=Kind.LIBRARY) for name in ("php", "java"))
    assert sentence(Assessment(workloads=(*staying, *libraries))) == (
        "2 machines run 4 workloads: none can move to Kubernetes yet, 2 stay on their VMs (1 with data); "
        "2 are plumbing and libraries that Kubernetes and images replace."
    )


def test_many() -> None:
    hosts = [f"web{number}" for number in range(12_000)]
    estates = ("dev", "int", "pre", "qa", "prod")
    every = tuple(workload("web", Placement.DEPLOYMENT, *hosts, environment=name) for name in estates)
    assert sentence(Assessment(environments=estates, workloads=every)) == (
        "60,000 machines in 5 environments run 5 workloads: 5 can move to Kubernetes now."
    )


def test_no_hosts_is_said_loudly() -> None:
    assert sentence(Assessment(environments=("production",))).startswith("0 HOSTS: ")
    only_vms = Assessment(environments=("production",), machines=machines("production", "old", seen_by=(LIBVIRT,)))
    assert sentence(only_vms).startswith("0 HOSTS: ")
    assert sentence(only_vms).endswith(" No workload was found on 1 machine.")
    one_empty = replace(ESTATE, environments=("production", "staging", "test"), partial=False)
    assert sentence(one_empty).startswith("0 HOSTS in test. 17 of 21 machines")


def test_no_workload_found() -> None:
    assert sentence(Assessment(machines=machines("", "a", "b"))) == "No workload was found on 2 machines."


def test_partial_names_what_is_missing() -> None:
    errors = tuple(Finding("source-failed", f"kvm{number}", "no", severity=Severity.ERROR) for number in range(5))
    text = sentence(Assessment(machines=machines("", "a"), findings=errors, partial=True))
    assert text.startswith("PARTIAL: 5 inputs could not be read (kvm0, kvm1, kvm2, …), so ")
    assert sentence(Assessment(machines=machines("", "a"), partial=True)).startswith("PARTIAL: a source gave no answer")


def test_a_decision_against_evidence_of_state_is_said_first() -> None:
    found = Finding("override-loses-state", "postgresql", "…")
    assert sentence(Assessment(findings=(found,))).startswith("0 HOSTS")
    [*_, risk] = alarms(Assessment(findings=(found,)))
    assert risk.startswith("RISK: people decided to move postgresql ")
