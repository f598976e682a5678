# SPDX-License-Identifier: Apache-2.0
"""Joining inventory and hypervisors: what is one machine, what is not, and what nobody can tell."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from migrate.discover.fleet import join
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Host, Instance, Machine, Nic, Power


def vm(name: str, *addresses: str, uri: str = "qemu:///system", uuid: str = "", mac: str = "") -> Machine:
    nics = (Nic(mac),) if mac else ()
    return Machine(
        name, seen_by=(uri,), uuid=uuid or f"uuid of {name}", power=Power.RUNNING, addresses=addresses, nics=nics
    )


def joined(hosts: list[Host], vms: list[Machine]) -> dict[str, tuple[str, ...]]:
    """Machines by name, with who sees them."""
    return {machine.name: machine.seen_by for machine in join("", hosts, vms)[0]}


def checks(hosts: list[Host], vms: list[Machine]) -> list[tuple[str, str]]:
    return [(finding.check, finding.subject) for finding in join("", hosts, vms)[1]]


BOTH = ("inventory", "qemu:///system")


@pytest.mark.parametrize(
    ("host", "machine"),
    [
        (Host("web1"), vm("web1")),
        (Host("Web1"), vm("wEB1")),
        (Host("web1"), vm("web1.example.com")),
        (Host("web1.example.com"), vm("web1")),
        (Host("front", address="10.0.0.5"), vm("vm-17", "10.0.0.4", "10.0.0.5")),
        (Host("10.0.0.5"), vm("vm-17", "10.0.0.5")),
        (Host("front", address="FD00:0::5"), vm("vm-17", "fd00::5")),
        (Host("front", address="vm-17.example.com"), vm("vm-17.example.com")),
        (Host("front", address="vm-17.example.com"), vm("vm-17")),
        (Host("shop"), replace(vm("instance-2a"), aliases=("shop",))),
    ],
)
def test_one_machine(host: Host, machine: Machine) -> None:
    assert joined([host], [machine]) == {host.name: BOTH}


@pytest.mark.parametrize(
    ("host", "machine"),
    [
        (Host("web1"), vm("web2")),
        (Host("web1.a.example"), vm("web1.b.example")),
        (Host("10.0.0.5"), vm("10")),
        (Host("front", address="127.0.0.1"), vm("vm-17", "127.0.0.1")),
        (Host("front", address="10.0.0.5"), vm("vm-17", "10.0.0.50")),
    ],
)
def test_two_machines(host: Host, machine: Machine) -> None:
    assert joined([host], [machine]) == {host.name: ("inventory",), machine.name: ("qemu:///system",)}


def test_a_machine_has_what_both_sides_know() -> None:
    host = Host("front", groups=("web",), address="10.0.0.5", kind=3)
    [machine], [finding] = join("production", [host], [vm("vm-17", "10.0.0.4", "10.0.0.5", mac="aa")])
    assert machine == Machine(
        "front",
        environment="production",
        seen_by=BOTH,
        aliases=("vm-17",),
        groups=("web",),
        addresses=("10.0.0.5", "10.0.0.4"),
        uuid="uuid of vm-17",
        power=Power.RUNNING,
        nics=(Nic("aa"),),
        kind=3,
    )
    assert (finding.check, finding.severity, finding.environment) == ("joined-by-address", Severity.NOTE, "production")


def test_a_name_that_ansible_connects_to_is_an_alias() -> None:
    [machine], _ = join("", [Host("front", address="front.example.com")], [])
    assert (machine.aliases, machine.addresses) == (("front.example.com",), ())


def test_the_full_name_wins_over_the_short_one() -> None:
    hosts = [Host("web1"), Host("web1.b.example")]
    vms = [vm("web1"), vm("web1.a.example")]
    assert joined(hosts, vms) == {
        "web1": BOTH,
        "web1.b.example": ("inventory",),
        "web1.a.example": ("qemu:///system",),
    }


def test_an_ambiguous_short_name_is_not_guessed() -> None:
    hosts = [Host("web1.a.example"), Host("web1.b.example")]
    assert checks(hosts, [vm("web1")]) == [("ambiguous-host", "web1.a.example"), ("ambiguous-host", "web1.b.example")]
    assert len(joined(hosts, [vm("web1")])) == 3


def test_an_address_settles_what_names_leave_open() -> None:
    hosts = [Host("web1", address="10.0.0.5")]
    vms = [vm("web1", "10.0.0.5", uri="a", uuid="1"), vm("web1", "10.0.0.6", uri="b", uuid="2")]
    machines, findings = join("", hosts, vms)
    assert [machine.seen_by for machine in machines] == [("inventory", "a"), ("b",)]
    assert [f.check for f in findings] == ["duplicate-name", "vm-not-in-inventory", "joined-by-address"]


def test_one_name_on_two_hypervisors() -> None:
    vms = [vm("web1", uri="a", uuid="1"), vm("web1", uri="b", uuid="2")]
    assert checks([], vms)[0] == ("duplicate-name", "web1")
    assert checks([Host("web1")], vms) == [("ambiguous-host", "web1"), ("duplicate-name", "web1")]


def test_a_vm_that_moved_is_one_machine_and_its_running_side_counts() -> None:
    old = replace(vm("web1", "10.0.0.4", uri="old", uuid="1"), power=Power.STOPPED)
    [machine], findings = join("", [Host("web1")], [old, vm("web1-new", "10.0.0.5", uri="new", uuid="1")])
    assert (machine.power, machine.seen_by) == (Power.RUNNING, ("inventory", "old", "new"))
    assert (machine.aliases, machine.addresses) == (("web1-new",), ("10.0.0.5", "10.0.0.4"))
    assert findings == []


def test_a_shared_mac_is_one_machine_unless_all_speaks_against_it() -> None:
    same = [vm("web1", uri="a", uuid="1", mac="m"), vm("web1", uri="b", uuid="2", mac="m")]
    assert list(joined([], same).values()) == [("a", "b")]
    unlike = [vm("web1", uri="a", mac="m"), vm("web2", uri="b", mac="m")]
    assert ("address-conflict", "web1") in checks([], unlike)
    assert len(joined([], unlike)) == 2
    neighbours = [replace(machine, uuid="", seen_by=("a",)) for machine in unlike]
    assert len(joined([], neighbours)) == 2


def test_two_sources_of_one_vm_complete_each_other() -> None:
    hypervisor = replace(vm("instance-1", uuid="u"), vcpus=2, memory=2**31)
    cloud = replace(vm("web1", uri="openstack:lab", uuid="u"), vcpus=4, os="debian12", instance=Instance(flavor="m1"))
    (machine,), findings = join("", [Host("web1")], [hypervisor, cloud])
    assert (machine.vcpus, machine.memory, machine.os) == (2, 2**31, "debian12")
    assert machine.instance == Instance(flavor="m1")
    assert machine.seen_by == ("inventory", "qemu:///system", "openstack:lab")
    assert [finding.check for finding in findings] == ["size-conflict"]
    assert "qemu:///system says 2 vCPUs; openstack:lab says 4 vCPUs" in findings[0].message


def test_what_only_one_side_knows_is_told() -> None:
    assert checks([Host("web1")], [vm("web2")]) == [("host-without-vm", "web1"), ("vm-not-in-inventory", "web2")]


def test_hosts_are_not_missed_where_no_hypervisor_answered() -> None:
    assert checks([Host("web1")], []) == []


def test_hosts_that_are_no_vms_are_not_missed() -> None:
    hosts = [Host("localhost"), Host("me", connection="local"), Host("box", connection="community.docker.docker")]
    hosts += [Host("switch", connection="ansible.netcommon.network_cli"), Host("alias", address="127.0.0.1")]
    assert checks(hosts, [vm("web1")]) == [("vm-not-in-inventory", "web1")]


def test_a_hypervisor_that_gave_no_answer_is_named_in_the_remedy() -> None:
    _, findings = join("", [Host("web1"), Host("web2")], [vm("web2")], unanswered=["qemu+ssh://h2/system"])
    assert ["qemu+ssh://h2/system" in finding.remedy for finding in findings] == [True]


def test_stopped_vms_are_told_with_or_without_inventory() -> None:
    stopped = [replace(vm(name), power=Power.STOPPED) for name in ("web1", "web2")]
    assert checks([Host("WEB1")], stopped) == [
        ("vm-not-in-inventory", "web2"),
        ("vm-stopped", "WEB1"),
        ("vm-stopped", "web2"),
    ]


def test_an_address_that_two_hosts_have_is_told_once() -> None:
    hosts = [Host(name, address="10.0.0.5") for name in ("a", "b", "c")]
    assert checks(hosts, [vm("x", "10.0.0.5")]) == [("address-conflict", "a")]


def test_an_address_that_is_another_vms_is_told() -> None:
    vms = [vm("web1", "10.0.0.4"), vm("db1", "10.0.0.5")]
    assert checks([Host("web1", address="10.0.0.5"), Host("db1")], vms) == [("address-conflict", "web1")]


def test_an_address_that_two_vms_have_is_not_guessed() -> None:
    vms = [vm("x", "10.0.0.5", uri="a"), vm("y", "10.0.0.5", uri="b")]
    assert checks([Host("front", address="10.0.0.5")], vms) == [("ambiguous-host", "front")]


NAMES = st.sampled_from(["web1", "WEB1", "web1.a.example", "web1.b.example", "db1", "db1.a.example", "10.0.0.1", "x"])
ADDRESSES = st.sampled_from(["", "10.0.0.1", "10.0.0.2", "10.0.0.3", "web1.a.example", "127.0.0.1", "::1"])
HOSTS = st.lists(st.builds(Host, name=NAMES, address=ADDRESSES), max_size=8, unique_by=lambda host: host.name)
VMS = st.lists(
    st.builds(
        Machine,
        name=NAMES,
        uuid=st.sampled_from(["", "1", "2", "3", "4"]),
        power=st.sampled_from(Power),
        addresses=st.lists(ADDRESSES, max_size=2, unique=True).map(tuple),
        seen_by=st.sampled_from([("a",), ("b",), ("c",)]),
        nics=st.lists(st.builds(Nic, mac=st.sampled_from(["m", "n", "o"])), max_size=2).map(tuple),
    ),
    max_size=8,
)


@given(HOSTS, VMS)
def test_every_host_and_every_sighting_is_in_exactly_one_machine(hosts: list[Host], vms: list[Machine]) -> None:
    machines, _ = join("e", hosts, vms)
    assert sorted(m.name for m in machines if m.in_inventory) == sorted(host.name for host in hosts)
    assert {m.environment for m in machines} <= {"e"}
    homes: Counter[str] = Counter()
    for machine in machines:
        for uuid in {v.uuid for v in vms if v.uuid} & {machine.uuid}:
            homes[uuid] += 1
    assert all(count == 1 for count in homes.values())
    apart = [replace(v, uuid=str(index), nics=()) for index, v in enumerate(vms)]
    machines, _ = join("e", hosts, apart)
    assert sorted(m.uuid for m in machines if m.uuid) == sorted(v.uuid for v in apart)
    assert sum(m.in_inventory for m in machines) == len(hosts)


@given(HOSTS, VMS)
def test_the_order_of_hosts_and_the_run_change_nothing(hosts: list[Host], vms: list[Machine]) -> None:
    assert join("", hosts, vms) == join("", hosts, vms)
    assert join("", hosts[::-1], vms)[0] == join("", hosts, vms)[0]


@given(HOSTS, VMS)
def test_every_finding_has_a_remedy_and_a_line_of_text(hosts: list[Host], vms: list[Machine]) -> None:
    findings: list[Finding] = join("", hosts, vms)[1]
    assert all(finding.remedy and finding.subject and finding.message.isprintable() for finding in findings)
    assert findings == sorted(findings, key=Finding.sort_key)
