# SPDX-License-Identifier: Apache-2.0
"""Domain XML, understood field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.discover.domain import Reserved, Unreadable, printable, read_domain
from migrate.model.machine import Disk, Machine, Nic, Power

WHOLE = """
<domain type='kvm' id='7'>
  <name>web01</name>
  <uuid>11111111-1111-4111-8111-1111111111AA</uuid>
  <title>Web, first of two</title>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/>
    </libosinfo:libosinfo>
  </metadata>
  <memory unit='KiB'>2097152</memory>
  <vcpu placement='static' current='1'>2</vcpu>
  <devices>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <disk type='file' device='disk'><source file='/vms/web01.qcow2'/><target dev='vda' bus='virtio'/></disk>
    <disk type='volume' device='disk'><source pool='data' volume='web01.raw'/><target dev='vdb'/><shareable/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='pool/img'/><target dev='vdc'/></disk>
    <disk type='block' device='lun'><source dev='/dev/sdz'/><target dev='sdb'/></disk>
    <filesystem type='mount'><source dir='/srv/web'/><target dir='web'/><readonly/></filesystem>
    <interface type='network'><mac address='52:54:00:AA:BB:01'/><source network='lan'/></interface>
    <interface type='bridge'><mac address='52:54:00:aa:bb:02'/><source bridge='br0'/>
      <filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.9'/></filterref></interface>
    <frobnicator flux='9'/>
  </devices>
</domain>"""


def read(body: str, *, active: bool = True, paused: bool = False, reserved: Reserved = {}) -> Machine:  # noqa: B006
    xml = body if body.lstrip().startswith("<") and "<domain" in body else f"<domain><name>a</name>{body}</domain>"
    return read_domain(xml, active=active, paused=paused, reserved=reserved)


def test_a_whole_domain() -> None:
    assert read(WHOLE, reserved={"52:54:00:aa:bb:01": ["10.0.0.5"], "web01": ["10.0.0.6"]}) == Machine(
        name="web01",
        uuid="11111111-1111-4111-8111-1111111111aa",
        power=Power.RUNNING,
        vcpus=2,
        memory=2 * 2**30,
        os="debian12",
        title="Web, first of two",
        disks=(
            Disk("sda", readonly=True),
            Disk("vda", "/vms/web01.qcow2", boot=True),
            Disk("vdb", "data/web01.raw", shared=True),
            Disk("vdc", "rbd:pool/img"),
            Disk("sdb", "/dev/sdz"),
            Disk("web", "/srv/web", shared=True, readonly=True),
        ),
        nics=(
            Nic("52:54:00:aa:bb:01", "lan", ("10.0.0.5",)),
            Nic("52:54:00:aa:bb:02", "br0", ("10.0.0.9",)),
        ),
        addresses=("10.0.0.5", "10.0.0.9", "10.0.0.6"),
    )


def test_what_is_not_said_is_not_known() -> None:
    assert read("") == Machine(name="a", power=Power.RUNNING)


@pytest.mark.parametrize(
    ("active", "paused", "power"),
    [(True, False, Power.RUNNING), (True, True, Power.PAUSED), (False, False, Power.STOPPED)],
)
def test_power(active: bool, paused: bool, power: Power) -> None:
    assert read("", active=active, paused=paused).power is power


@pytest.mark.parametrize(
    ("element", "size"),
    [
        ("<memory>1024</memory>", 2**20),
        ("<memory unit='b'>1024</memory>", 1024),
        ("<memory unit='bytes'>1024</memory>", 1024),
        ("<memory unit='KB'>3</memory>", 3000),
        ("<memory unit='MiB'>3</memory>", 3 * 2**20),
        ("<memory unit='M'>3</memory>", 3 * 2**20),
        ("<memory unit='GB'> 2 </memory>", 2 * 10**9),
        ("<memory unit='TiB'>1</memory>", 2**40),
        ("<memory unit='furlong'>1</memory>", 0),
        ("<memory>many</memory>", 0),
        ("<memory/>", 0),
    ],
)
def test_memory_units(element: str, size: int) -> None:
    assert read(element).memory == size


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("http://debian.org/debian/12", "debian12"),
        ("http://ubuntu.com/ubuntu/24.04", "ubuntu24.04"),
        ("http://redhat.com/rhel/9.4", "rhel9.4"),
        ("http://redhat.com/rhel/9", "rhel9"),
        ("http://rockylinux.org/rocky/9", "rocky9"),
        ("http://centos.org/centos-stream/9", "centos-stream9"),
        ("http://suse.com/sles/15.4", "sles15sp4"),
        ("http://suse.com/sles/15", "sles15"),
        ("http://archlinux.org/archlinux/rolling", "archlinux"),
        ("http://microsoft.com/win/2k22", "win2k22"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_os(long: str, short: str) -> None:
    namespace = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
    xml = f"<metadata><o:libosinfo xmlns:o='{namespace}'><o:os id='{long}'/></o:libosinfo></metadata>"
    assert read(xml).os == short


def disks(*parts: str) -> list[bool]:
    found = [
        f"<disk device='{device}'><target dev='d'/>{rest}</disk>"
        for device, _, rest in (p.partition(" ") for p in parts)
    ]
    return [disk.boot for disk in read(f"<devices>{''.join(found)}</devices>").disks]


def test_only_one_disk_boots() -> None:
    assert disks("disk", "disk") == [True, False]
    assert disks("disk <boot order='2'/>", "disk <boot order='1'/>") == [False, True]
    assert disks("cdrom <boot order='1'/>", "disk <readonly/>", "disk") == [False, False, True]
    assert disks("cdrom") == [False]
    assert disks() == []


def test_an_openstack_server_has_its_own_name_and_addresses() -> None:
    xml = """<domain><name>instance-0000002a</name><metadata>
      <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
        <nova:name>shop-web-1</nova:name><nova:flavor name="m1.small"/>
        <nova:ports><nova:port uuid="x"><nova:ip type="fixed" address="10.1.0.7"/></nova:port></nova:ports>
      </nova:instance></metadata></domain>"""
    machine = read(xml)
    assert (machine.name, machine.aliases, machine.addresses) == ("shop-web-1", ("instance-0000002a",), ("10.1.0.7",))


def test_the_first_line_of_a_description_serves_as_title() -> None:
    assert read("<description>\n  nginx front\nand more</description>").title == "nginx front"


def test_a_vm_without_name_goes_by_its_uuid() -> None:
    assert read("<domain><uuid>11111111-1111-4111-8111-111111111111</uuid></domain>").name.startswith("11111111-")


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        ("<domain><name>a</domain>", "broken XML"),
        ("", "broken XML"),
        ("<network><name>lan</name></network>", "<network>, not <domain>"),
        ("<!DOCTYPE d [<!ENTITY a 'aaaa'>]><domain><name>&a;</name></domain>", "document type"),
        ("<domain><name>\ud800</name></domain>", "broken XML"),
    ],
)
def test_unreadable(xml: str, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        read_domain(xml, active=True, paused=False, reserved={})


@given(st.text())
def test_printable_text_stays_on_one_line(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


def test_ordinary_text_is_left_alone() -> None:
    assert printable(" dätå-√ \U0001f600 ") == "dätå-√ \U0001f600"
    assert printable("a\nb") == "a\\nb"
