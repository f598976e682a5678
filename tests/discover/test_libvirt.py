# SPDX-License-Identifier: Apache-2.0
"""What hypervisors say, understood: recorded answers, and the test driver end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.clients.libvirt import Answer, Domain, Network
from migrate.discover.libvirt import discover, reservations, understand
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Power

UUID = "11111111-1111-4111-8111-111111111111"
EXAMPLE = Path(__file__).parents[2] / "inventories" / "example" / "libvirt"


def described(name: str, uuid: str = UUID, body: str = "") -> Domain:
    return Domain(name, f"<domain><name>{name}</name><uuid>{uuid}</uuid>{body}</domain>")


def test_one_bad_vm_costs_no_other() -> None:
    bad = [Domain("broken", "<domain>"), Domain("denied", error="access denied"), Domain("", "<domain/>")]
    vms, findings = understand(Answer("qemu:///system", (described("a"), *bad, described("b"))))
    assert [(vm.name, vm.seen_by) for vm in vms] == [("a", ("qemu:///system",)), ("b", ("qemu:///system",))]
    assert {finding.check for finding in findings} == {"vm-unreadable"}
    assert [finding.subject for finding in findings] == ["broken", "denied", "a VM without name"]
    assert all(finding.severity is Severity.ERROR and finding.remedy for finding in findings)


def test_a_vm_without_uuid_is_kept_and_told() -> None:
    [vm], [finding] = understand(Answer("qemu:///system", (Domain("a", "<domain><name>a</name></domain>"),)))
    assert (vm.uuid, finding.check, finding.place) == ("", "vm-without-uuid", None)


def test_an_invented_uuid_is_forgotten() -> None:
    [vm], [finding] = understand(Answer("test:estate.xml", (described("a"),), invented={"a": 12}))
    assert vm.uuid == ""
    assert str(finding.place) == "estate.xml:12"


def test_a_name_with_a_newline_is_escaped_and_told() -> None:
    [vm], [finding] = understand(Answer("qemu:///system", (described("a\nb"),)))
    assert vm.name == "a\\nb"
    assert (finding.check, finding.subject) == ("vm-name-odd", "a\\nb")


def test_no_vms_are_told() -> None:
    vms, [finding] = understand(Answer("qemu:///session"))
    assert (vms, finding.check) == ([], "libvirt-empty")
    assert "0 VMs" in finding.message


def test_no_answer_is_handed_on() -> None:
    finding = Finding("libvirt-unreachable", "x", "y")
    assert understand(Answer("x", finding=finding)) == ([], [finding])


def test_addresses_come_from_reservations_and_leases() -> None:
    lan = """<network><name>lan</name><ip address='10.0.0.1'><dhcp><range start='10.0.0.2' end='10.0.0.9'/>
      <host mac='52:54:00:AA:BB:01' name='x' ip='10.0.0.5'/><host name='DB1' ip='10.0.0.6'/></dhcp></ip>
      <ip family='ipv6' address='fd00::1'><dhcp><host name='db1' ip='FD00::6'/></dhcp></ip></network>"""
    leased = Network("<network/>", (("52:54:00:aa:bb:02", "10.0.0.7", "y"), ("", "10.0.0.8", "")))
    assert reservations([Network(lan), leased, Network("broken")]) == {
        "52:54:00:aa:bb:01": ["10.0.0.5"],
        "db1": ["10.0.0.6", "fd00::6"],
        "52:54:00:aa:bb:02": ["10.0.0.7"],
    }


def test_the_example_estate_is_read_whole() -> None:
    pytest.importorskip("libvirt")
    vms, findings = discover(["test:production.xml", "test:staging.xml"], base=EXAMPLE)
    assert findings == []
    by_name = {vm.name: vm for vm in vms if vm.seen_by == ("test:production.xml",)}
    assert by_name["web1"].os == "debian12"
    assert by_name["web1"].addresses == ("10.20.10.21",)
    assert by_name["db1"].data_disks
    assert by_name["web1"].data_disks == ()
    assert Power.STOPPED in {vm.power for vm in vms}


def test_two_runs_say_the_same() -> None:
    pytest.importorskip("libvirt")
    assert discover(["test:production.xml"], base=EXAMPLE) == discover(["test:production.xml"], base=EXAMPLE)
