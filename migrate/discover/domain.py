# SPDX-License-Identifier: Apache-2.0
"""One VM as libvirt describes it, understood: domain XML → Machine (https://libvirt.org/formatdomain.html)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from migrate.model.machine import Disk, Machine, Nic, Power

UNITS: dict[str, int] = {"": 2**10, "b": 1, "byte": 1} | {
    letter + ending: base**power
    for power, letter in enumerate("kmgtpe", start=1)
    for ending, base in (("", 1024), ("ib", 1024), ("b", 1000))
}
"""Bytes of a memory unit, in lower case; no unit means KiB."""

LIBOSINFO = "metadata/{http://libosinfo.org/xmlns/libvirt/domain/1.0}libosinfo/{*}os"
NOVA = "metadata/{*}instance"
NEVER_BOOTS_FROM = ("cdrom", "floppy")

Reserved = Mapping[str, Sequence[str]]
"""Addresses that networks keep for a MAC or for a VM's name, both in lower case."""


class Unreadable(ValueError):
    """XML that is no description of a VM."""


def read_domain(xml: str, *, active: bool, paused: bool, reserved: Reserved) -> Machine:
    """One VM, with "" and 0 for what its XML does not say. Raises Unreadable."""
    root = parse(xml, "domain")
    own, nova = printable(root.findtext("name", "")), _nova(root)
    name = nova or own or root.findtext("uuid", "").strip()
    title = (root.findtext("title") or root.findtext("description") or "").strip()
    nics = tuple(_nics(root.iterfind("devices/interface"), reserved))
    addresses = [address for nic in nics for address in nic.addresses]
    addresses += [*reserved.get(own.lower(), ()), *_nova_addresses(root)]
    return Machine(
        name=name,
        aliases=(own,) if own and own != name else (),
        uuid=root.findtext("uuid", "").strip().lower(),
        power=_power(active=active, paused=paused),
        vcpus=_count(root.findtext("vcpu")),
        memory=_memory(root.find("memory")),
        os=_os(root.find(LIBOSINFO)),
        title=printable(title.partition("\n")[0]),
        disks=(*_disks(root.findall("devices/disk")), *_folders(root.iterfind("devices/filesystem"))),
        nics=nics,
        addresses=tuple(dict.fromkeys(addresses)),
    )


def parse(xml: str, tag: str) -> Element:
    """The root element, which must be `tag`. Raises Unreadable."""
    if "<!DOCTYPE" in xml:  # libvirt writes none, and entities can blow up to any size
        raise Unreadable("it has a document type, which libvirt never writes")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, UnicodeEncodeError) as problem:
        raise Unreadable(f"it is broken XML ({problem})") from problem
    if root.tag != tag:
        raise Unreadable(f"it is <{printable(root.tag)}>, not <{tag}>")
    return root


def printable(text: str) -> str:
    """`text` on one line: control characters escaped, so that no name can break a table."""
    text = text.strip()
    return text if text.isprintable() else "".join(_escape(letter) for letter in text)


def _escape(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")


def _power(*, active: bool, paused: bool) -> Power:
    if not active:
        return Power.STOPPED
    return Power.PAUSED if paused else Power.RUNNING


def _count(text: str | None) -> int:
    """0 for what is no number."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0


def _memory(element: Element | None) -> int:
    if element is None:
        return 0
    unit = element.get("unit", "").lower()
    return _count(element.text) * UNITS.get(unit.removesuffix("s"), 0)


def _os(element: Element | None) -> str:
    """libosinfo's short id of its long one: http://ubuntu.com/ubuntu/24.04 → ubuntu24.04."""
    parts = element.get("id", "").rstrip("/").split("/") if element is not None else []
    if len(parts) < 5:
        return ""
    system, version = parts[-2:]
    if service_pack := re.fullmatch(r"(1\d)\.([1-9])", version) if system in ("sles", "sled") else None:
        return f"{system}{service_pack[1]}sp{service_pack[2]}"
    return system if version == "rolling" else system + version


def _nova(root: Element) -> str:
    """The name of an OpenStack server, whose libvirt name is just instance-0000002a."""
    instance = root.find(NOVA)
    return printable(instance.findtext("{*}name", "")) if instance is not None else ""


def _nova_addresses(root: Element) -> Iterator[str]:
    """OpenStack's fixed addresses, which nova writes down since 2020."""
    for address in root.iterfind(NOVA + "/{*}ports/{*}port/{*}ip"):
        yield address.get("address", "").lower()


def _disks(elements: Sequence[Element]) -> Iterator[Disk]:
    boot = _boot(elements)
    for element in elements:
        target = element.find("target")
        device = element.get("device", "disk")
        yield Disk(
            target=target.get("dev", "") if target is not None else "",
            source=_source(element.find("source")),
            boot=element is boot,
            shared=element.find("shareable") is not None,
            readonly=device in NEVER_BOOTS_FROM or element.find("readonly") is not None,
        )


def _boot(elements: Iterable[Element]) -> Element | None:
    """The disk with the lowest boot order, else the first. Only one: a second with an order may well hold data."""
    disks = [e for e in elements if e.get("device", "disk") not in NEVER_BOOTS_FROM and e.find("readonly") is None]
    return min(disks, key=_boot_order, default=None)


def _boot_order(disk: Element) -> int:
    boot = disk.find("boot")
    return _count(boot.get("order")) if boot is not None else 2**31


def _source(element: Element | None) -> str:
    """Path, device, `pool/volume` or `protocol:name`."""
    if element is None:
        return ""
    if volume := element.get("volume"):
        return f"{element.get('pool', '')}/{volume}"
    if protocol := element.get("protocol"):
        return f"{protocol}:{element.get('name', '')}"
    return element.get("file") or element.get("dev") or element.get("dir") or ""


def _folders(elements: Iterable[Element]) -> Iterator[Disk]:
    """Folders of the hypervisor that the VM mounts (virtiofs, 9p): they can hold data as a disk does."""
    for element in elements:
        target, source = element.find("target"), element.find("source")
        yield Disk(
            target=target.get("dir", "") if target is not None else "",
            source=source.get("dir", "") if source is not None else "",
            shared=True,
            readonly=element.find("readonly") is not None,
        )


def _nics(elements: Iterable[Element], reserved: Reserved) -> Iterator[Nic]:
    for element in elements:
        mac, source = element.find("mac"), element.find("source")
        address = mac.get("address", "").lower() if mac is not None else ""
        link = source.attrib if source is not None else {}
        own = [ip.get("address", "").lower() for ip in element.iterfind("ip")]
        own += [p.get("value", "").lower() for p in element.iterfind("filterref/parameter") if p.get("name") == "IP"]
        addresses = dict.fromkeys([*own, *reserved.get(address, ())])
        network = link.get("network") or link.get("bridge") or link.get("dev") or ""
        yield Nic(mac=address, network=network, addresses=tuple(filter(None, addresses)))
