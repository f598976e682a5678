# SPDX-License-Identifier: Apache-2.0
"""Rules about how a workload sits on its machine: what a pod would need beside an image."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess.ports import ports
from migrate.assess.rules import Seen, rule, seen
from migrate.assess.subject import Subject
from migrate.model.workload import Kind, Points

SOCKET = re.compile(r"unix:(?://)?(/[\w./\-]+\.sock\w*)|(?<![\w/])(/(?:var/)?run/[\w./\-]+\.sock\w*)")
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


@rule(Points.NEITHER, advice="A container may bind it with the sysctl net.ipv4.ip_unprivileged_port_start, or use a higher port behind the Service.")
def privileged_port(subject: Subject) -> Iterator[Seen]:
    """A port below 1024."""
    if subject.product is not None and subject.product.kind is Kind.PLUMBING:
        return
    for port in ports(subject):
        if port.number < 1024:
            yield Seen(f"listens on port {port.number}, below 1024 ({port.source})")


@rule(Points.NEITHER, advice="Replicas and a Service take over from cluster software when the workload moves.")
def cluster_software(subject: Subject) -> Iterator[Seen]:
    """Fail-over software beside it."""
    for task in subject.neighbours:
        for product in subject.index.units.find(str(task.args.get("name", "")).removesuffix(".service")):
            if product.key in CLUSTERED and (subject.product is None or product.key != subject.product.key):
                yield seen(task, f"{product.title} runs beside it")
