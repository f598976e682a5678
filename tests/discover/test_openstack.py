# SPDX-License-Identifier: Apache-2.0
"""What a cloud answers, understood: the records are shortened ones of real services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.clients.openstack import Answer
from migrate.discover.openstack import understand
from migrate.model.finding import Finding
from migrate.model.machine import Disk, Machine, Nic, Opening, Power

WEB = {
    "id": "3881F1CC",
    "name": "web-1",
    "status": "ACTIVE",
    "tenant_id": "p1",
    "flavor": {"original_name": "m1.small", "vcpus": 1, "ram": 2048, "disk": 20, "ephemeral": 0},
    "image": {"id": "i1"},
    "key_name": "k1",
    "metadata": {"role": "web", "db_password": "hunter2"},
    "tags": ["blue"],
    "OS-EXT-AZ:availability_zone": "nova",
    "OS-EXT-SRV-ATTR:instance_name": "instance-00000001",
    "OS-EXT-SRV-ATTR:root_device_name": "/dev/sda",
    "OS-EXT-SRV-ATTR:user_data": "cGFzc3dvcmQ6IGh1bnRlcjI=",
    "os-extended-volumes:volumes_attached": [{"id": "v1"}],
    "addresses": {"private": [{"addr": "10.0.0.5", "OS-EXT-IPS-MAC:mac_addr": "FA:16:3E:00:00:01"}]},
}
IMAGE = {"id": "i1", "name": "Debian 12", "os_distro": "debian", "os_version": "12.5"}
VOLUME = {
    "id": "v1",
    "size": 5,
    "volume_type": "ssd",
    "encrypted": True,
    "attachments": [{"server_id": "3881F1CC", "device": "/dev/sdb"}],
}
PORT = {
    "id": "n1",
    "device_id": "3881F1CC",
    "mac_address": "fa:16:3e:00:00:01",
    "network_id": "net1",
    "fixed_ips": [{"ip_address": "10.0.0.5"}, {"ip_address": "fd00::5"}],
    "security_groups": ["g1"],
}
GROUP = {
    "id": "g1",
    "name": "web",
    "security_group_rules": [
        {
            "direction": "ingress",
            "protocol": "tcp",
            "port_range_min": 443,
            "port_range_max": 443,
            "remote_ip_prefix": "",
        },
        {"direction": "ingress", "protocol": None, "port_range_min": None, "remote_group_id": "g1"},
        {"direction": "egress", "protocol": None},
    ],
}
RECORDS: dict[str, list[dict[str, Any]]] = {
    "servers": [WEB],
    "images": [IMAGE],
    "volumes": [VOLUME],
    "ports": [PORT],
    "networks": [{"id": "net1", "name": "private"}],
    "floating_ips": [{"id": "f1", "port_id": "n1", "floating_ip_address": "198.18.1.162"}],
    "security_groups": [GROUP],
    "server_groups": [{"id": "s1", "name": "apart", "policy": "anti-affinity", "members": ["3881F1CC"]}],
}


def understood(**changes: Any) -> tuple[list[Machine], list[Finding]]:
    records = {name: tuple(found) for name, found in {**RECORDS, **changes}.items()}
    return understand(Answer("openstack:lab", records))


def one(**changes: Any) -> Machine:
    (machine,), _ = understood(**changes)
    return machine


def test_a_server_with_all_that_belongs_to_it() -> None:
    machine = one()
    assert (machine.name, machine.aliases, machine.uuid) == ("web-1", ("instance-00000001",), "3881f1cc")
    assert (machine.power, machine.vcpus, machine.memory, machine.os) == (Power.RUNNING, 1, 2 * 2**30, "debian12")
    assert machine.addresses == ("10.0.0.5", "fd00::5", "198.18.1.162")
    assert machine.nics == (Nic("fa:16:3e:00:00:01", "private", machine.addresses),)
    assert machine.disks == (
        Disk("sda", capacity=20 * 2**30, boot=True),
        Disk("sdb", "v1", 5 * 2**30, type="ssd", encrypted=True),
    )
    assert machine.seen_by == ("openstack:lab",)


def test_what_only_a_cloud_knows() -> None:
    instance = one().instance
    assert instance
    assert (instance.project, instance.flavor, instance.image, instance.keypair) == (
        "p1",
        "m1.small",
        "Debian 12",
        "k1",
    )
    assert (instance.zone, instance.tags, instance.together) == ("nova", ("blue",), ("apart (anti-affinity)",))
    assert instance.openings == (Opening("web", source="web"), Opening("web", "tcp", 443, 443))


def test_secrets_stay_out() -> None:
    assert one().instance.metadata == {"role": "web"}  # type: ignore[union-attr]
    assert "hunter2" not in json.dumps(str(one())) and "cGFzc3dvcmQ" not in str(one())


@pytest.mark.parametrize(
    ("root", "volumes", "boots_from"),
    [
        ("/dev/sdb", [{**VOLUME, "volume_image_metadata": {"os_distro": "ubuntu", "os_version": "24.04"}}], "v1"),
        (None, [VOLUME], "v1"),
        ("/dev/vda", [], "v1"),
    ],
)
def test_a_server_that_boots_from_a_volume(root: str | None, volumes: list[Any], boots_from: str) -> None:
    server = {**WEB, "image": "", "OS-EXT-SRV-ATTR:root_device_name": root}
    machine = one(servers=[server], volumes=volumes)
    assert [disk.source for disk in machine.disks if disk.boot] == [boots_from]
    assert machine.os == ("ubuntu24.04" if root == "/dev/sdb" else "")
    assert not machine.data_disks


def test_without_cinder_a_volume_is_still_a_data_disk() -> None:
    assert one(volumes=[]).data_disks == (Disk("", "v1"),)


def test_without_neutron_addresses_are_those_of_nova() -> None:
    machine = one(ports=[], floating_ips=[], security_groups=[], networks=[])
    assert machine.nics == (Nic("fa:16:3e:00:00:01", "private", ("10.0.0.5",)),)


def test_a_flavor_and_an_image_that_are_gone() -> None:
    machine = one(servers=[{**WEB, "flavor": {"id": "old"}}], images=[])
    assert (machine.vcpus, machine.memory, machine.os) == (0, 0, "")
    assert machine.instance and (machine.instance.flavor, machine.instance.image) == ("old", "i1")


def test_an_old_flavor_by_its_identity() -> None:
    flavors = [{"id": "old", "name": "m1.tiny", "vcpus": 2, "ram": 512, "OS-FLV-EXT-DATA:ephemeral": 3}]
    machine = one(servers=[{**WEB, "flavor": {"id": "old"}}], flavors=flavors)
    assert (machine.vcpus, machine.memory) == (2, 2**29)
    assert Disk("ephemeral", capacity=3 * 2**30) in machine.data_disks


def test_a_volume_of_many_is_shared() -> None:
    attachments = [*VOLUME["attachments"], {"server_id": "other", "device": "/dev/sdb"}]  # type: ignore[misc]
    machine = one(volumes=[{**VOLUME, "multiattach": True, "attachments": attachments}])
    assert machine.data_disks[0].shared


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"status": "ERROR", "fault": {"message": "No valid host"}}, "server-in-error"),
        ({"name": "web\n1"}, "vm-name-odd"),
    ],
)
def test_oddities(change: dict[str, Any], check: str) -> None:
    (machine,), findings = understood(servers=[{**WEB, **change}])
    assert [finding.check for finding in findings] == [check]
    assert machine.name.isprintable()


def test_an_empty_cloud_is_said() -> None:
    assert [finding.check for finding in understand(Answer("openstack:lab"))[1]] == ["openstack-empty"]


@pytest.mark.parametrize(
    ("distribution", "version", "expected"),
    [
        ("ubuntu", "24.04", "ubuntu24.04"),
        ("rhel", "9.3", "rhel9"),
        ("rocky", "9", "rocky9"),
        ("debian12", "12", "debian12"),
        ("debian", "", "debian"),
        ("", "12", ""),
        ("a b", "1", ""),
    ],
)
def test_the_system_of_an_image(distribution: str, version: str, expected: str) -> None:
    image = {**IMAGE, "os_distro": distribution, "os_version": version}
    assert one(images=[image]).os == expected
