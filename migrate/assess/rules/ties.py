# SPDX-License-Identifier: Apache-2.0
"""Rules about what ties a workload to its machine: kernel, devices, network, names, addresses, licences.

None of them says whether it keeps state; each says what a pod would lack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess import actions
from migrate.assess.belonging import path_of
from migrate.assess.rules import Seen, rule, seen
from migrate.assess.rules.settings import uncommented
from migrate.assess.subject import Subject
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Points

KERNEL_FILE = re.compile(r"^/etc/(?:sysctl\.d/|sysctl\.conf$|modules-load\.d/|modprobe\.d/|modules$)")
DEVICE = re.compile(
    r"(?<![\w/])/dev/(?!(?:null|zero|u?random|std(?:in|out|err)|shm|fd|log|tty|pts|console|tcp|udp)\b|disk/)[\w/.\-]+"
)
LICENCE_FILE = re.compile(
    r"(?:^|[/._-])licen[cs]e(?:s|[._-]?key|[._-]?file)?(?:\.(?:lic|dat|key|txt|xml|json))?$|\.lic$", re.I
)
LICENCE = re.compile(
    r"\b(?:LM_LICENSE_FILE|[A-Z]+_LICENSE_FILE|flexnet|flexlm|lmgrd|hasplm|aksusb|sentinel[_-]?(?:hasp|rms)|hostid|dongle)\b|"
    r"^\s*[\w.\-]*licen[cs]e[_.-]?(?:key|file|server|path)\w*[\"']?\s*[=:]\s*\S",
    re.IGNORECASE | re.MULTILINE,
)
ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|/\d)")
NO_MACHINE = re.compile(
    r"^(?:0\.|127\.|255\.|169\.254\.|22[4-9]\.|23\d\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.)|\.0$|\.255$"
)
NETWORKED = ("network", "privileged")


def concerned(subject: Subject) -> bool:
    """Of what is left out anyway, nobody needs to know what ties it."""
    return subject.product is None or subject.product.kind is not Kind.PLUMBING


@rule(Points.NEITHER, advice="Set it on the nodes, or in the pod's securityContext where Kubernetes calls it safe.")
def kernel_settings(subject: Subject) -> Iterator[Seen]:
    """Kernel parameters and modules that its role sets: a pod shares its node's kernel."""
    for task in subject.tasks if concerned(subject) else ():
        if task.module in ("sysctl", "modprobe") and not actions.is_removal(task):
            what = "the kernel parameter" if task.module == "sysctl" else "the kernel module"
            yield seen(task, f"needs {what} {task.args.get('name', '')}")
        elif task.file is not None and KERNEL_FILE.match(task.file.dest):
            yield seen(task, f"sets up the kernel in {task.file.dest}")


@rule(Points.NEITHER, advice="Keep it where the device is, or use a device plugin and a node label.")
def devices(subject: Subject) -> Iterator[Seen]:
    """A device of the machine, in a command, a unit, a container or a setting."""
    if concerned(subject):
        yield from devices_of_units(subject)
        for start in subject.draft.starts:
            held = start.container.host if start.container is not None else ()
            yield from (seen(start.task, f"its container is given {one}") for one in held if one.startswith("/dev/"))
        for task, text in own_texts(subject):
            if found := DEVICE.search(text):
                yield seen(task, f"its settings name the device {found[0]}")


def devices_of_units(subject: Subject) -> Iterator[Seen]:
    for unit in subject.draft.units.values():
        if found := DEVICE.search(unit.command):
            yield Seen(f"its command uses {found[0]}", unit.place)
    for text in subject.draft.texts:
        for allowed in text.all("Service.DeviceAllow"):
            yield seen(text.task, f"its unit may use the device {allowed.split()[0]}")


@rule(Points.NEITHER, advice="Give it a Service; only what must see the node's own network keeps hostNetwork.")
def host_networking(subject: Subject) -> Iterator[Seen]:
    """A container in the network of its host, privileged, or with capabilities over it."""
    for start in subject.draft.starts:
        held = start.container.host if start.container is not None and start.running else ()
        told = [one for one in held if one in NETWORKED or one.startswith("NET_") or one == "SYS_ADMIN"]
        for given in told:
            words = {"network": "is in the network of its host", "privileged": "runs privileged"}
            yield seen(start.task, f"its container {words.get(given, f'has the capability {given}')}")


@rule(Points.NEITHER, advice="Ask the vendor whether the licence holds for containers before it moves.")
def licence(subject: Subject) -> Iterator[Seen]:
    """A licence file, key or server: it may be bound to a host, an address or a dongle."""
    if not concerned(subject):
        return
    for task in subject.tasks:
        if LICENCE_FILE.search(path_of(task)) and not actions.is_removal(task):
            yield seen(task, f"puts the licence {path_of(task)}")
    for task, text in own_texts(subject):
        if found := LICENCE.search(text):
            yield seen(task, f"its settings speak of a licence: {found[0].strip()[:60]}")


@rule(Points.NEITHER, advice="Use a name instead: addresses change when it, or the other side, moves.")
def hard_coded_address(subject: Subject) -> Iterator[Seen]:
    """An address written out in its settings or command: its own, or another's."""
    if not concerned(subject):
        return
    own = {address for machine in subject.machines for address in machine.addresses}
    told = set[str]()
    for unit in subject.draft.units.values():
        for found in addresses(unit.command):
            if found not in told:
                told.add(found)
                yield Seen(f"its command has the address {found}{mine(found, own)}", unit.place)
    for task, text in own_texts(subject):
        for found in addresses(text):
            if found not in told:
                told.add(found)
                yield seen(task, f"its settings have the address {found}{mine(found, own)}")


@rule(Points.NEITHER, advice="Let a Service have the name, and give the pod a hostname only if it asks for its own.")
def fixed_host_name(subject: Subject) -> Iterator[Seen]:
    """Its machine's own name stands in its settings or command."""
    names = {name.lower() for machine in subject.machines for name in (machine.name, *machine.aliases) if len(name) > 3}
    pattern = re.compile(r"(?<![\w.\-])(?:" + "|".join(map(re.escape, sorted(names))) + r")(?![\w\-])", re.IGNORECASE)
    if not names or not concerned(subject):
        return
    for unit in subject.draft.units.values():
        if found := pattern.search(unit.command):
            yield Seen(f"its command has its machine's name {found[0]}", unit.place)
    for task, text in own_texts(subject):
        if found := pattern.search(text):
            yield seen(task, f"its settings have its machine's name {found[0]}")
            return


def own_texts(subject: Subject) -> Iterator[tuple[RecordedTask, str]]:
    """Settings without comments, and without unit files, whose commands are looked at apart."""
    for task, text in subject.texts():
        if task.file is None or "/systemd/" not in task.file.dest:
            yield task, uncommented(text)


def addresses(text: str) -> Iterator[str]:
    """IPv4 addresses that may be a machine's."""
    for found in ADDRESS.findall(text):
        if not NO_MACHINE.search(found) and all(int(part) < 256 for part in found.split(".")):
            yield found


def mine(address: str, own: set[str]) -> str:
    return ", its machine's own" if address in own else ""
