# SPDX-License-Identifier: Apache-2.0
"""Facts of machines that nobody asks: profiles of distributions, and a machine's own identity."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Interface, IPv6Address, ip_address
from typing import Any

from msgspec.structs import replace

from migrate.model.machine import Disk, Machine
from migrate.model.workload import Facts

DEFAULT = "debian12"
NAMES = {"alma": "almalinux", "alpinelinux": "alpine", "oraclelinux": "ol", "redhat": "rhel", "sle": "sles"}
"""What sources say, where it isn't libosinfo's word."""
LIKE_RHEL = frozenset("almalinux centos centos-stream circle eurolinux miraclelinux ol rocky scientificlinux".split())
"""Rebuilds: where one has no profile of a major version, RHEL's fits."""
SIZES = {"TB": 1 << 40, "GB": 1 << 30, "MB": 1 << 20, "KB": 1 << 10}
Version = tuple[int, ...]


def profile(os: str, *, teller: str = "the hypervisor") -> Facts:
    """Facts of a plain VM with this system (a libosinfo short id), or with the nearest that has a profile."""
    if not os:
        return Facts(f"profile {DEFAULT} (nothing says which system it runs)", _values(DEFAULT))
    name = _choose(os)
    if name is None:
        return Facts(f"profile {DEFAULT} ({teller} says {os}, which no profile is like)", _values(DEFAULT))
    nearest = "" if _same_major(name, os) else ", whose nearest profile is this"
    return Facts(f"profile {name} ({teller} says {os}{nearest})", _values(name))


def facts_for(machine: Machine, *, guess: str = "") -> Facts:
    """The profile of a machine's system with its own name, addresses, processors, memory and disks.

    `guess` is the id of a system, for machines of which no hypervisor says it.
    """
    found = profile(machine.os) if machine.os else profile(guess, teller="a guess")
    values = found.values
    values |= _names(machine)
    values["ansible_dns"]["search"] = [values["ansible_domain"]] if values["ansible_domain"] else []
    _put_network(values, machine)
    _put_size(values, machine)
    _put_disks(values, [disk for disk in machine.disks if not disk.readonly])
    return found


def profiles() -> list[str]:
    """The names of all profiles, in order."""
    return sorted(name for name in _names_of_files() if not name.startswith("_"))


def _names_of_files() -> Iterator[str]:
    for file in (files("migrate.record") / "profiles").iterdir():
        if file.name.endswith(".json"):
            yield file.name.removesuffix(".json")


def _values(name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(_text(name))
    return values


@cache
def _text(name: str) -> str:
    """A profile on top of those that it extends, as JSON: every caller gets dicts of its own."""
    file = files("migrate.record") / "profiles" / f"{name}.json"
    written: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    below = json.loads(_text(written["extends"])) if "extends" in written else {}
    for key in written.get("without", []):
        del below[key]
    return json.dumps(_merge(below, written["facts"]), sort_keys=True)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _parse(os: str) -> tuple[str, Version]:
    """`rhel9.4` → rhel, (9, 4); `sles15sp6` → sles, (15,); `debiantesting` → debian, ()."""
    match = re.match(r"(?P<word>[a-z]+(?:-[a-z]+)*)-?(?P<version>\d+(?:\.\d+)*)?", os.casefold())
    if not match:
        return "", ()
    word = NAMES.get(match["word"], match["word"])
    known = {*LIKE_RHEL, *_by_word()}
    word = max((name for name in known if word.startswith(name)), key=len, default=word)
    return word, tuple(int(number) for number in (match["version"] or "").split(".") if number)


@cache
def _by_word() -> dict[str, dict[Version, str]]:
    """rhel → {(9,): rhel9}."""
    found: dict[str, dict[Version, str]] = {}
    for name in profiles():
        word = name.rstrip("0123456789.")
        version = tuple(int(number) for number in name.removeprefix(word).split("."))
        found.setdefault(word, {})[version] = name
    return found


def _choose(os: str) -> str | None:
    """The profile of this version, else of the same major version, else the nearest of the family."""
    word, version = _parse(os)
    own = _by_word().get(word, {})
    rhel = _by_word()["rhel"] if word in LIKE_RHEL else {}
    for family in (own, rhel):
        same = {number: name for number, name in family.items() if number[:1] == version[:1]}
        if version and same:
            return _nearest(same, version)
    family = own or rhel
    return _nearest(family, version) if family else None


def _nearest(family: dict[Version, str], version: Version) -> str:
    """The newest that isn't newer than the version, else the oldest; for no version the newest."""
    older = [number for number in family if not version or number <= version]
    return family[max(older) if older else min(family)]


def _same_major(name: str, os: str) -> bool:
    (word, version), (wanted, number) = _parse(name), _parse(os)
    return word == wanted and (not number or version[:1] == number[:1])


def _names(machine: Machine) -> dict[str, str]:
    """A name with dots is fully qualified, unless it is an address; else an alias may be."""
    names = [name for name in (machine.name, *machine.aliases) if name and _address(name) is None]
    host = names[0].split(".")[0] if names else "ip-" + re.sub(r"[.:]", "-", machine.name)
    fqdn = next((name for name in names if name.startswith(f"{host}.")), host)
    domain = fqdn.partition(".")[2]
    facts = {"fqdn": fqdn, "hostname": host, "nodename": host, "domain": domain}
    return {f"ansible_{key}": value for key, value in facts.items()}


def _address(text: str) -> Any:
    """An IPv4Address, an IPv6Address, or None for what isn't an address."""
    try:
        return ip_address(re.split("[/%]", text, maxsplit=1)[0])
    except ValueError:
        return None


def _pick(addresses: Iterable[str], version: int) -> list[str]:
    found = [_address(text) for text in addresses]
    mine = [str(address) for address in found if address is not None and address.version == version]
    return list(dict.fromkeys(mine))


def _put_network(values: dict[str, Any], machine: Machine) -> None:
    """eth0 has the machine's first address, each further card those that are known of it."""
    known = [*machine.addresses, *(address for nic in machine.nics for address in nic.addresses)]
    template = values["ansible_eth0"]
    names = [f"eth{number}" for number in range(max(1, len(machine.nics)))]
    for number, name in enumerate(names):
        nic = machine.nics[number] if machine.nics else None
        card = dict(template, device=name, pciid=f"virtio{number}")
        if nic is not None:
            card["macaddress"] = nic.mac
        _put_addresses(card, known if number == 0 else nic.addresses if nic else ())
        values[f"ansible_{name}"] = card
    values["ansible_interfaces"] = ["lo", *names]
    _put_default(values, values["ansible_eth0"])
    v4 = _pick(known, 4) or values["ansible_all_ipv4_addresses"]
    v6 = sorted({*_pick(known, 6), *(a["address"] for name in names for a in values[f"ansible_{name}"]["ipv6"])})
    values["ansible_all_ipv4_addresses"], values["ansible_all_ipv6_addresses"] = v4, v6
    values["ansible_locally_reachable_ips"] = {"ipv4": ["127.0.0.0/8", "127.0.0.1", *v4], "ipv6": ["::1", *v6]}


def _put_addresses(card: dict[str, Any], addresses: Iterable[str]) -> None:
    """One IPv4 address with a /24, a global IPv6 address, and the one that follows from the MAC."""
    addresses = list(addresses)
    v4, v6 = _pick(addresses, 4)[:1], _pick(addresses, 6)[:1]
    if v4:
        card["ipv4"] = _ipv4(v4[0])
    elif card["device"] != "eth0":
        card.pop("ipv4", None)
    link = {"address": _link_local(card["macaddress"]), "prefix": "64", "scope": "link"}
    card["ipv6"] = [{"address": address, "prefix": "64", "scope": "global"} for address in v6] + [link]


def _ipv4(address: str) -> dict[str, str]:
    network = IPv4Interface(f"{address}/24").network
    return {
        "address": address,
        "broadcast": str(network.broadcast_address),
        "netmask": str(network.netmask),
        "network": str(network.network_address),
        "prefix": "24",
    }


def _link_local(mac: str) -> str:
    """fe80::5054:ff:fe00:1 of 52:54:00:00:00:01."""
    numbers = [int(part, 16) for part in re.findall("[0-9a-fA-F]{2}", mac)][:6]
    octets = numbers if len(numbers) == 6 else [0x52, 0x54, 0, 0, 0, 1]
    eui = bytes([octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]])
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + eui))


def _put_default(values: dict[str, Any], card: dict[str, Any]) -> None:
    default = values["ansible_default_ipv4"]
    gateway = str(IPv4Interface(card["ipv4"]["network"] + "/24").network[1])
    values["ansible_default_ipv4"] = default | card["ipv4"] | {"gateway": gateway, "macaddress": card["macaddress"]}
    wide = next((address for address in card["ipv6"] if address["scope"] == "global"), None)
    if wide is not None:
        shared = {"interface": "eth0", "macaddress": card["macaddress"], "mtu": card["mtu"], "type": "ether"}
        values["ansible_default_ipv6"] = wide | shared | {"gateway": "fe80::1"}


def _put_size(values: dict[str, Any], machine: Machine) -> None:
    """Processors as libvirt counts them, a socket each; memory in MB, of which three quarters are free."""
    if machine.vcpus > 0:
        model = values["ansible_processor"][1:3]
        values["ansible_processor"] = [text for number in range(machine.vcpus) for text in (str(number), *model)]
        for key in ("count", "nproc", "vcpus"):
            values[f"ansible_processor_{key}"] = machine.vcpus
    if machine.memory > 0:
        total = machine.memory >> 20
        free, spare = total * 3 // 4, total * 7 // 8
        values["ansible_memtotal_mb"], values["ansible_memfree_mb"] = total, free
        values["ansible_memory_mb"]["real"] = {"free": free, "total": total, "used": total - free}
        values["ansible_memory_mb"]["nocache"] = {"free": spare, "used": total - spare}
    if machine.uuid:
        values["ansible_product_uuid"] = machine.uuid


def _put_disks(values: dict[str, Any], disks: list[Disk]) -> None:
    """The boot disk takes the profile's partitions, its root partition the rest of the space; other disks are empty."""
    if not disks:
        return
    system = values["ansible_devices"]["vda"]
    disks = [replace(disk, target=disk.target.removeprefix("/dev/") or "vda") for disk in disks]
    root = next((disk for disk in disks if disk.boot), disks[0])
    values["ansible_devices"] = {disk.target: _device(system, disk) for disk in disks}
    grown = values["ansible_devices"][root.target]["sectors"] - system["sectors"]
    mounts = [dict(m, device=m["device"].replace("vda", root.target)) for m in values["ansible_mounts"]]
    values["ansible_mounts"] = [_resize(m, grown * 512) if m["mount"] == "/" else m for m in mounts]
    device = next(m["device"] for m in mounts if m["mount"] == "/").removeprefix("/dev/")
    partitions = {name.replace("vda", root.target): dict(part) for name, part in system["partitions"].items()}
    sectors = max(0, partitions[device]["sectors"] + grown)
    partitions[device] |= {"sectors": sectors, "size": human(sectors * 512)}
    values["ansible_devices"][root.target]["partitions"] = partitions


def _device(template: dict[str, Any], disk: Disk) -> dict[str, Any]:
    size = disk.capacity or template["sectors"] * 512
    return dict(template, partitions={}, sectors=size // 512, size=human(size // 512 * 512))


def _resize(mount: dict[str, Any], grown: int) -> dict[str, Any]:
    """A quarter of it is used."""
    blocks = max(0, (mount["size_total"] + grown) // mount["block_size"])
    free = blocks * 3 // 4
    sizes = {"size_total": blocks * mount["block_size"], "size_available": free * mount["block_size"]}
    return mount | sizes | {"block_total": blocks, "block_available": free, "block_used": blocks - free}


def human(size: int) -> str:
    """Bytes as Ansible prints the size of a device: `20.00 GB`."""
    unit = next((unit for unit, least in SIZES.items() if size >= least), "")
    return f"{size / SIZES[unit]:.2f} {unit}" if unit else f"{size:.2f} Bytes"
