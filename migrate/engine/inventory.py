# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory through ansible-core, and the classes of machines in it that Ansible would treat alike."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources, get_vars_from_path

from migrate.engine.gaps import Gaps
from migrate.engine.reader import Reader
from migrate.engine.taint import Taint
from migrate.model.finding import Severity
from migrate.model.machine import Host, MachineClass

ADDRESS_VARIABLES = ("ansible_host", "ansible_ssh_host")
CONNECTION = re.compile(
    r"^ansible_(host|ssh_host|port|ssh_port|user|ssh_user|ssh_private_key_file|ssh_pass|password|become_\w+|ssh_\w+)$"
)
IDENTITY = re.compile(
    r"^(?:\d{1,3}(?:\.\d{1,3}){3}(?:[/:]\d+)?|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:/\d+)?|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}"
    r"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(?:^|_)(?:id|myid|index|number|serial|rank|priority|weight|node|slot|rack)$", re.IGNORECASE)


class Estate:
    """The inventory of one environment and what was made of it."""

    def __init__(self, sources: Iterable[str], reader: Reader, gaps: Gaps, taint: Taint) -> None:
        self.gaps, self.taint = gaps, taint
        self.manager = InventoryManager(loader=reader, sources=list(sources), parse=False)
        for source in self.manager._sources:
            self._refuse_missing(source)
        try:
            self.manager.parse_sources()
        except AnsibleError as error:
            gaps.of_error("broken-inventory", ", ".join(self.manager._sources), error, severity=Severity.ERROR)
        self.manager._inventory.reconcile_inventory()
        for group in self.manager.groups.values():
            taint.hide(group.vars)
        for host in self.manager.hosts.values():
            if host.vars:
                taint.hide(host.vars)
        self.own = {name: self._own_variables(host) for name, host in self.manager.hosts.items()}

    def _own_variables(self, host: Any) -> dict[str, Any]:
        """What is set for one host alone: in the inventory and in host_vars/ beside it or beside the playbook."""
        loader = self.manager._loader
        try:
            files = get_vars_from_inventory_sources(loader, self.manager._sources, [host], "task")
            files = combine_vars(files, get_vars_from_path(loader, loader.get_basedir(), [host], "task"))
        except AnsibleError as error:
            self.gaps.of_error("broken-yaml", f"host_vars of {host.name}", error, severity=Severity.ERROR)
            return dict(host.vars)
        return {**host.vars, **files} if files else host.vars

    def _refuse_missing(self, source: str) -> None:
        if "," not in source and not os.path.exists(source):
            self.gaps.add("broken-inventory", source, f"inventory {source} does not exist", severity=Severity.ERROR)
        for path in [source] if os.path.isfile(source) else files_below(source):
            if os.access(path, os.X_OK) and starts_like_a_program(path):
                message = "an executable inventory is a program; it was not run"
                self.gaps.add("broken-inventory", path, message, severity=Severity.ERROR)

    def hosts_and_classes(self) -> tuple[tuple[Host, ...], tuple[MachineClass, ...]]:
        """Every host with its class number, and the classes, in order of first member."""
        keyed: dict[Any, list[str]] = defaultdict(list)
        names: dict[frozenset[str], tuple[str, ...]] = {}
        hosts = []
        for name in sorted(self.manager.hosts):
            host = self.manager.hosts[name]
            groups = frozenset(group.name for group in host.groups)
            if groups not in names:
                names[groups] = tuple(sorted({group.name for group in host.get_groups()} - {"all", "ungrouped"}))
            own = self.own[name]
            key = (
                names[groups],
                tuple(sorted((k, fingerprint(v)) for k, v in own.items() if not is_identity(k, v, name))),
            )
            keyed[key].append(name)
            hosts.append((name, names[groups], address_of(own), str(own.get("ansible_connection", ""))))
        classes = tuple(self._class(number, members) for number, members in enumerate(keyed.values()))
        number_of = {member: made.number for made in classes for member in made.members}
        rows = (Host(name=n, groups=g, address=a, connection=c, kind=number_of[n]) for n, g, a, c in hosts)
        return tuple(rows), classes

    def _class(self, number: int, members: list[str]) -> MachineClass:
        first = self.own[members[0]]
        differing = {k for name in members[1:] for k, v in self.own[name].items() if k not in first or first[k] != v}
        interesting = sorted(
            k for k in differing if k not in ("inventory_file", "inventory_dir") and not CONNECTION.match(k)
        )
        return MachineClass(
            number=number, representative=members[0], members=tuple(members), differing=tuple(interesting)
        )


def fingerprint(value: Any) -> str:
    """A comparable form of any variable."""
    return value if type(value) is str else repr(msgspec.to_builtins(plain(value)))


def plain(value: Any) -> Any:
    """Tagged strings and containers of ansible-core as ordinary JSON shapes."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value)


def is_identity(key: str, value: Any, host: str) -> bool:
    """True for a variable that tells one machine from its equals: an address, its own name, a MAC, a UUID, a node
    number.
    """
    if CONNECTION.match(key) or key in ("inventory_file", "inventory_dir"):
        return True
    if isinstance(value, str):
        return (
            bool(IDENTITY.match(value))
            or host in value
            or (len(host.split(".", maxsplit=1)[0]) > 2 and host.split(".", maxsplit=1)[0] in value)
        )
    return isinstance(value, int) and not isinstance(value, bool) and bool(NUMBERED.search(key))


def address_of(own: dict[str, Any]) -> str:
    """Where Ansible connects to, when it says so literally."""
    for key in ADDRESS_VARIABLES:
        value = own.get(key)
        if isinstance(value, str) and "{{" not in value:
            return str(value)
    return ""


def files_below(folder: str) -> list[str]:
    """Files of an inventory folder, as ansible-core would try each."""
    if "," in folder or not os.path.isdir(folder):
        return []
    paths = [os.path.join(above, name) for above, _, names in os.walk(folder) for name in names]
    return sorted(path for path in paths if os.path.isfile(path))


def starts_like_a_program(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError:
        return False
    return head[:2] == b"#!" or head == b"\x7fELF"
