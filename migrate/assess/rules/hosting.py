# SPDX-License-Identifier: Apache-2.0
"""Rules about how a workload sits on its machine: what a pod would need beside an image."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess import actions
from migrate.assess.ports import ports
from migrate.assess.rules import Seen, rule, seen
from migrate.assess.subject import Subject
from migrate.model.workload import Kind, Points

SOCKET = re.compile(r"unix:(?://)?(/[\w./\-]+\.sock\w*)|(?<![\w/])(/(?:var/)?run/[\w./\-]+\.sock\w*)")
WINDOWS = re.compile(r"^(?:ansible|community|microsoft)\.(?:windows|ad|iis)\.|^chocolatey\.|^win_|\.win_")
UNIX = re.compile(
    r"^ibm\.power_(?:aix|ibmi|vios)\.|(?:^|\.)(aix|solaris|macos|osx|hpux)_|(?:^|\.)(?:homebrew|launchd|pkgng|openbsd_pkg)$"
)
OTHER_SYSTEM = re.compile(
    r"^(?:win|freebsd|openbsd|netbsd|dragonfly|aix|solaris|opensolaris|macosx|hpux)", re.IGNORECASE
)
CLUSTERED = ("keepalived", "pacemaker", "corosync", "patroni", "galera", "drbd", "heartbeat")


@rule(Points.NEITHER, advice="Put both ends into one pod with a shared emptyDir, or talk over TCP.")
def unix_socket(subject: Subject) -> Iterator[Seen]:
    """A socket file ties two processes of one machine."""
    if subject.product is not None and subject.product.kind in (Kind.PLUMBING, Kind.STATEFUL):
        return
    for unit in subject.draft.units.values():
        if found := SOCKET.search(unit.command):
            yield Seen(f"listens on the unix socket {found[1] or found[2]}", unit.place)
    for task, text in subject.texts():
        if (found := SOCKET.search(text)) and task.file and "/systemd/" not in task.file.dest:
            yield seen(task, f"talks through the unix socket {found[1] or found[2]}")


@rule(
    Points.NEITHER,
    advice="Set the sysctl net.ipv4.ip_unprivileged_port_start, or use a higher port behind the Service.",
)
def privileged_port(subject: Subject) -> Iterator[Seen]:
    """A port below 1024."""
    if subject.product is not None and subject.product.kind is Kind.PLUMBING:
        return
    for port in ports(subject) if subject.draft.running else ():
        if port.number < 1024:
            yield Seen(f"listens on port {port.number}, below 1024 ({port.source})")


@rule(Points.NEITHER, advice="Replicas and a Service take over from cluster software when the workload moves.")
def cluster_software(subject: Subject) -> Iterator[Seen]:
    """Fail-over software beside it, told once."""
    told = {subject.product.key} if subject.product is not None else set()
    for task in subject.neighbours:
        for start in actions.starts(task):
            for product in subject.index.units.find(start.name):
                if product.key in CLUSTERED and start.running and product.key not in told:
                    told.add(product.key)
                    yield seen(task, f"{product.title} runs beside it")


@rule(Points.NEITHER, advice="Leave it where it is: only what runs on Linux is moved.")
def another_system(subject: Subject) -> Iterator[Seen]:
    """Windows, BSD, AIX: told by the modules of its tasks or by the hypervisor."""
    for task in (one for one in subject.tasks if not one.conditional):
        if WINDOWS.match(task.action):
            yield seen(task, f"{task.module} is a module for Windows")
            return
        if UNIX.search(task.action):
            yield seen(task, f"{task.module} is a module for a system other than Linux")
            return
    for machine in subject.machines:
        if OTHER_SYSTEM.match(machine.os):
            yield Seen(f"{machine.name} runs {machine.os}", None, machine.name)
