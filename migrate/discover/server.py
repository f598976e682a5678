# SPDX-License-Identifier: Apache-2.0
"""One server as nova describes it, with its volumes, ports and image from the other services → Machine.

Field names are those of https://docs.openstack.org/api-ref/compute/#list-servers-detailed and its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from migrate.clients.openstack import Record
from migrate.discover.domain import printable
from migrate.model.machine import Disk, Instance, Machine, Nic, Opening, Power

GIB = 2**30
MIB = 2**20
POWER = {
    "ACTIVE": Power.RUNNING,
    "REBOOT": Power.RUNNING,
    "HARD_REBOOT": Power.RUNNING,
    "PASSWORD": Power.RUNNING,
    "MIGRATING": Power.RUNNING,
    "VERIFY_RESIZE": Power.RUNNING,
    "SHUTOFF": Power.STOPPED,
    "SHELVED": Power.STOPPED,
    "SHELVED_OFFLOADED": Power.STOPPED,
    "PAUSED": Power.PAUSED,
    "SUSPENDED": Power.PAUSED,
}
"""States of https://docs.openstack.org/api-guide/compute/server_concepts.html; in all others a server may do either."""

SOUNDS_SECRET = re.compile(r"pass(w(or)?d|phrase)?|secret|token|credential|(api|private|access).?key", re.IGNORECASE)


class Belongings(msgspec.Struct, frozen=True):
    """The collections of one cloud, indexed once, so that a server finds its own without a search.

    Records by identity; `ports` by server, `floating` addresses by port, `openings` by identity and by name of a
    security group, `groups` (server groups) by member.
    """

    flavors: Mapping[str, Record]
    images: Mapping[str, Record]
    volumes: Mapping[str, Record]
    networks: Mapping[str, str]
    ports: Mapping[str, Sequence[Record]]
    floating: Mapping[str, Sequence[str]]
    openings: Mapping[str, tuple[Opening, ...]]
    groups: Mapping[str, Sequence[str]]


def read_server(server: Record, own: Belongings) -> Machine:
    """One server, with "" and 0 for what the cloud does not say or no longer has (a deleted flavor or image)."""
    identity = str(server["id"])
    ports = own.ports.get(identity, ())
    disks = tuple(_disks(server, own))
    flavor, image = _flavor(server, own), _image(server, disks, own)
    nics = tuple(_nics(ports, own)) or tuple(_nics_of_nova(server))
    hostname = str(server.get("OS-EXT-SRV-ATTR:hostname") or "")
    name = printable(str(server.get("name") or "")) or identity
    return Machine(
        name=name,
        aliases=tuple(dict.fromkeys(filter(None, (_libvirt_name(server), hostname if hostname != name else "")))),
        uuid=identity.lower(),
        power=POWER.get(str(server.get("status")), Power.UNKNOWN),
        vcpus=int(flavor.get("vcpus") or 0),
        memory=int(flavor.get("ram") or 0) * MIB,
        os=_os(image),
        title=printable(str(server.get("description") or "").partition("\n")[0]),
        disks=disks,
        nics=nics,
        addresses=tuple(dict.fromkeys(address for nic in nics for address in nic.addresses)),
        instance=_instance(server, flavor, image, ports, own),
    )


def _libvirt_name(server: Record) -> str:
    return str(server.get("OS-EXT-SRV-ATTR:instance_name") or "")


def _flavor(server: Record, own: Belongings) -> Record:
    """Since microversion 2.47 a server keeps a copy of its flavor; before, the identity of one that may be gone."""
    flavor = server.get("flavor") or {}
    return flavor if "vcpus" in flavor else own.flavors.get(str(flavor.get("id")), flavor)


def _image(server: Record, disks: Sequence[Disk], own: Belongings) -> Record:
    """What a server was made from; one that boots from a volume has only that volume's memory of its image."""
    image = server.get("image") or {}
    if image:
        identity = str(image.get("id") or "")
        return own.images.get(identity, {"name": identity})
    boot = next((own.volumes.get(disk.source, {}) for disk in disks if disk.boot), {})
    remembered = boot.get("volume_image_metadata") or {}
    return {**remembered, "name": remembered.get("image_name", "")}


def _os(image: Record) -> str:
    """libosinfo's short id, from the properties that glance defines (os_distro is such an id without its version)."""
    properties = {**image, **(image.get("properties") or {})}
    distribution = str(properties.get("os_distro") or "").strip().lower()
    version = str(properties.get("os_version") or "").strip().lower()
    if not distribution or not re.fullmatch(r"[a-z0-9._-]+", distribution + version):
        return ""
    numbers = version if distribution in ("ubuntu", "alpine", "opensuse", "freebsd") else version.partition(".")[0]
    return distribution if not version or distribution.endswith(version) else distribution + numbers


def _disks(server: Record, own: Belongings) -> Iterator[Disk]:
    """Attached volumes by device, and the disks on the hypervisor that the flavor gives."""
    attached = [str(one["id"]) for one in server.get("os-extended-volumes:volumes_attached") or ()]
    root = str(server.get("OS-EXT-SRV-ATTR:root_device_name") or "")
    volumes = [_volume(identity, server, own) for identity in attached]
    from_volume = not server.get("image")
    boot = _boot(volumes, root) if from_volume else ""
    flavor = _flavor(server, own)
    if not from_volume:
        yield Disk(target=_device(root) or "vda", capacity=int(flavor.get("disk") or 0) * GIB, boot=True)
    if ephemeral := int(flavor.get("OS-FLV-EXT-DATA:ephemeral") or flavor.get("ephemeral") or 0):
        yield Disk(target="ephemeral", capacity=ephemeral * GIB)
    for disk in sorted(volumes, key=lambda disk: (disk.target, disk.source)):
        yield msgspec.structs.replace(disk, boot=disk.source == boot)


def _boot(volumes: Sequence[Disk], root: str) -> str:
    """The volume on the root device, else the first."""
    on_root = [disk for disk in volumes if disk.target == _device(root)]
    first = min(on_root or volumes, key=lambda disk: (disk.target, disk.source), default=None)
    return first.source if first else ""


def _volume(identity: str, server: Record, own: Belongings) -> Disk:
    """A volume that cinder did not tell of (no service, no permission) keeps its identity, and nothing is made up."""
    volume = own.volumes.get(identity, {})
    places = [one for one in volume.get("attachments") or () if str(one.get("server_id")) == str(server["id"])]
    return Disk(
        target=_device(str(places[0].get("device") or "")) if places else "",
        source=identity,
        capacity=int(volume.get("size") or 0) * GIB,
        shared=bool(volume.get("multiattach")) and len(volume.get("attachments") or ()) > 1,
        type=str(volume.get("volume_type") or ""),
        encrypted=bool(volume.get("encrypted")),
    )


def _device(path: str) -> str:
    return path.removeprefix("/dev/")


def _nics(ports: Iterable[Record], own: Belongings) -> Iterator[Nic]:
    for port in ports:
        fixed = [str(one.get("ip_address") or "") for one in port.get("fixed_ips") or ()]
        addresses = [*fixed, *own.floating.get(str(port["id"]), ())]
        network = str(port.get("network_id") or "")
        yield Nic(
            mac=str(port.get("mac_address") or "").lower(),
            network=own.networks.get(network) or network,
            addresses=tuple(filter(None, addresses)),
        )


def _nics_of_nova(server: Record) -> Iterator[Nic]:
    """nova's own cache of addresses by network, for where neutron said nothing."""
    for network, addresses in sorted((server.get("addresses") or {}).items()):
        by_mac: dict[str, list[str]] = {}
        for one in addresses:
            by_mac.setdefault(str(one.get("OS-EXT-IPS-MAC:mac_addr") or "").lower(), []).append(str(one["addr"]))
        for mac, known in sorted(by_mac.items()):
            yield Nic(mac=mac, network=printable(network), addresses=tuple(known))


def _instance(server: Record, flavor: Record, image: Record, ports: Sequence[Record], own: Belongings) -> Instance:
    groups = dict.fromkeys(str(group) for port in ports for group in port.get("security_groups") or ())
    return Instance(
        project=str(server.get("tenant_id") or server.get("project_id") or ""),
        flavor=printable(str(flavor.get("original_name") or flavor.get("name") or flavor.get("id") or "")),
        image=printable(str(image.get("name") or "")),
        zone=str(server.get("OS-EXT-AZ:availability_zone") or ""),
        host=str(server.get("OS-EXT-SRV-ATTR:hypervisor_hostname") or server.get("OS-EXT-SRV-ATTR:host") or ""),
        keypair=printable(str(server.get("key_name") or "")),
        fault=printable(str((server.get("fault") or {}).get("message") or "")),
        together=tuple(sorted(own.groups.get(str(server["id"]), ()))),
        tags=tuple(sorted(printable(str(tag)) for tag in server.get("tags") or ())),
        metadata=_metadata(server.get("metadata") or {}),
        openings=tuple(sorted({opening for group in groups for opening in own.openings.get(group, ())})),
    )


def _metadata(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {
        printable(key): printable(str(value))
        for key, value in sorted(metadata.items())
        if not SOUNDS_SECRET.search(key)
    }
