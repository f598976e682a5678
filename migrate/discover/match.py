# SPDX-License-Identifier: Apache-2.0
"""Which inventory host is which VM: by name, then by the first part of a name, then by address; never by a guess."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from migrate.model.machine import Host, Machine

Keys = Iterable[str]
IPV4 = re.compile(r"((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}")


class Way(NamedTuple):
    """One way to tell: a host and a VM are candidates when they share a key."""

    name: str
    of_host: Callable[[Host], Keys]
    of_vm: Callable[[Machine], Keys]


class Told(NamedTuple):
    """The VMs (by index) that a host may be, and the way that told."""

    way: str
    vms: list[int]


class Matches(NamedTuple):
    """By index of the host: its one VM, or for a host left without one, the VMs that came into question."""

    pairs: dict[int, Told]
    doubts: dict[int, Told]


def match(hosts: Sequence[Host], vms: Sequence[Machine]) -> Matches:
    """Pairs where a host has one candidate and that VM has no other; each way looks only at what is still unpaired."""
    matches = Matches({}, {})
    for way in WAYS:
        taken = {told.vms[0] for told in matches.pairs.values()}
        free_hosts = {index: way.of_host(host) for index, host in enumerate(hosts) if index not in matches.pairs}
        free_vms = {index: way.of_vm(vm) for index, vm in enumerate(vms) if index not in taken}
        candidates = _candidates(free_hosts, free_vms)
        suitors = Counter(vm for wanted in candidates.values() for vm in wanted)
        for host, wanted in candidates.items():
            if len(wanted) == 1 and suitors[wanted[0]] == 1:
                matches.pairs[host] = Told(way.name, wanted)
                matches.doubts.pop(host, None)
            else:
                matches.doubts.setdefault(host, Told(way.name, wanted))
    return matches


def address_of(host: Host) -> str:
    """The IP address that Ansible connects to, spelled as usual; "" where that is a name, or this machine itself."""
    address = spelled(host.address or host.name)
    return "" if address.startswith("127.") or address == "::1" else address


def spelled(text: str) -> str:
    """An IP address in its usual spelling, "" for anything else."""
    if ":" not in text:  # IPv4 has one spelling, and ipaddress is slow for ten thousand machines
        return text if IPV4.fullmatch(text) else ""
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return ""


def _candidates(hosts: Mapping[int, Keys], vms: Mapping[int, Keys]) -> dict[int, list[int]]:
    having: defaultdict[str, list[int]] = defaultdict(list)
    for vm, keys in vms.items():
        for key in set(keys):
            having[key].append(vm)
    found = {host: sorted({vm for key in keys for vm in having.get(key, ())}) for host, keys in hosts.items()}
    return {host: wanted for host, wanted in found.items() if wanted}


def _names(vm: Machine) -> Iterator[str]:
    for name in (vm.name, *vm.aliases):
        yield name.casefold().rstrip(".")


def _name(host: Host) -> Iterator[str]:
    yield host.name.casefold().rstrip(".")


def _dns_name(host: Host) -> Iterator[str]:
    """What Ansible connects to, where that is a name."""
    if host.address and not spelled(host.address):
        yield host.address.casefold().rstrip(".")


def _addresses(vm: Machine) -> Iterator[str]:
    return filter(None, map(spelled, vm.addresses))


def _address(host: Host) -> Iterator[str]:
    return filter(None, [address_of(host)])


def _short(names: Keys, *, long: str, short: str) -> Iterator[str]:
    """First labels, marked so that a short name only meets a long one: web1.a.example is not web1.b.example."""
    for name in names:
        label, dot, _ = name.partition(".")
        if not spelled(name):
            yield (long if dot else short) + label


def _short_host(names: Keys) -> Iterator[str]:
    return _short(names, long="long host, short VM ", short="short host, long VM ")


def _short_names(vm: Machine) -> Iterator[str]:
    return _short(_names(vm), long="short host, long VM ", short="long host, short VM ")


WAYS = (
    Way("name", _name, _names),
    Way("name", lambda host: _short_host(_name(host)), _short_names),
    Way("address", _address, _addresses),
    Way("address", _dns_name, _names),
    Way("address", lambda host: _short_host(_dns_name(host)), _short_names),
)
