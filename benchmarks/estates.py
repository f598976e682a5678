# SPDX-License-Identifier: Apache-2.0
"""Writes an estate of any size: the Ansible project beside this file, with an inventory and libvirt's XML for it."""

import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path


@dataclass(frozen=True)
class Tier:
    """One kind of host: its group, the role that makes it, its share of the estate in percent, its data disk in GiB."""

    group: str
    role: str
    share: int
    data_disk: int = 0


@dataclass(frozen=True)
class Host:
    """One host; its number gives its address, its MAC and its UUID."""

    name: str
    number: int
    tier: Tier

    @property
    def address(self) -> str:
        return f"10.{self.number >> 16 & 255}.{self.number >> 8 & 255}.{self.number & 255}"


@dataclass(frozen=True)
class Estate:
    """Where an estate was written; the inventory and the playbook are relative to the project."""

    project: Path
    inventory: str
    playbook: str
    libvirt_uris: tuple[str, ...]


PROJECT = Path(__file__).parent / "project"

TIERS = (
    Tier("webservers", "nginx", 30),
    Tier("appservers", "app", 30),
    Tier("workers", "worker", 15),
    Tier("databases", "postgresql", 10, data_disk=500),
    Tier("redis", "redis", 5, data_disk=50),
    Tier("memcached", "memcached", 5),
    Tier("balancers", "haproxy", 5),
)

DOMAIN = """  <domain type='test'>
    <name>{name}</name>
    <uuid>{uuid}</uuid>
    <metadata>
      <libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>
        <libosinfo:os id='http://debian.org/debian/12'/>
      </libosinfo:libosinfo>
    </metadata>
    <memory unit='MiB'>4096</memory>
    <vcpu>2</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type></os>
    <devices>
{disks}      <interface type='network'>
        <mac address='52:54:00:{mac}'/>
        <source network='default'/>
        <model type='virtio'/>
      </interface>
    </devices>
  </domain>
"""

DISK = """      <disk type='file' device='disk'>
        <driver name='qemu' type='qcow2'/>
        <source file='/var/lib/libvirt/images/{name}-{use}.qcow2'/>
        <target dev='{device}' bus='virtio'/>
      </disk>
"""

NETWORK = """  <network>
    <name>default</name>
    <uuid>{uuid}</uuid>
    <forward mode='nat'/>
    <bridge name='virbr0'/>
    <ip address='10.255.0.1' netmask='255.0.0.0'/>
  </network>
"""


def hosts_of(size: int) -> Iterator[Host]:
    """Hosts of an estate of `size` hosts, tier after tier; what the shares leave over goes to the last tier."""
    number = 0
    for tier in TIERS:
        count = size - number if tier is TIERS[-1] else size * tier.share // 100
        for index in range(1, count + 1):
            number += 1
            yield Host(f"{tier.role}{index:05d}", number, tier)


def write_estate(folder: Path, size: int, *, hypervisors: int = 1) -> Estate:
    """Write the project of `size` hosts below `folder`, and their domains, dealt out to the hypervisors in turn."""
    project, inventory = folder / "project", "inventory/hosts.yml"
    shutil.copytree(PROJECT, project)
    (project / inventory).write_text("".join(inventory_lines(size)))
    files = [folder / f"hypervisor{number}.xml" for number in range(1, hypervisors + 1)]
    for first, file in enumerate(files):
        file.write_text("".join(domain_texts(islice(hosts_of(size), first, None, hypervisors))))
    return Estate(project, inventory, "site.yml", tuple(f"test://{file}" for file in files))


def inventory_lines(size: int) -> Iterator[str]:
    """Lines of a YAML inventory: one group for each tier, all of them below `production`."""
    yield "all:\n  children:\n    production:\n      children:\n"
    group = ""
    for host in hosts_of(size):
        if host.tier.group != group:
            group = host.tier.group
            yield f"        {group}:\n          hosts:\n"
        yield f"            {host.name}: {{ansible_host: {host.address}}}\n"


def domain_texts(hosts: Iterable[Host]) -> Iterator[str]:
    """XML of one hypervisor for libvirt's test driver, piece by piece."""
    yield "<node>\n"
    yield NETWORK.format(uuid=uuid.UUID(int=1))
    for host in hosts:
        disks = DISK.format(name=host.name, use="root", device="vda")
        if host.tier.data_disk:
            disks += DISK.format(name=host.name, use=f"data-{host.tier.data_disk}g", device="vdb")
        mac = ":".join(f"{host.number >> shift & 255:02x}" for shift in (16, 8, 0))
        yield DOMAIN.format(name=host.name, uuid=uuid.UUID(int=host.number << 32), disks=disks, mac=mac)
    yield "</node>\n"
