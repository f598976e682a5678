# SPDX-License-Identifier: Apache-2.0
"""Rules about databases from outside: objects made on a server elsewhere, and copies that servers keep of each other.

Sources: postgresql.org (streaming replication), dev.mysql.com (replica options), redis.io (replicaof), mongodb.com
(replSetName), galeracluster.com (wsrep options).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess import actions
from migrate.assess.rules import Seen, rule, seen
from migrate.assess.rules.settings import uncommented
from migrate.assess.subject import Subject
from migrate.model.workload import Kind, Points

HERE = ("", "localhost", "127.0.0.1", "::1")
MODULES = re.compile(
    r"(?:^|[._])(?:mysql|mariadb|mongodb|postgresql|redis|proxysql)_?(?:replication|replicaset|subscription|publication|shard)\b|_replicaset$"
)
COMMANDS = re.compile(
    r"\b(?:pg_basebackup|repmgr\s+standby|CHANGE\s+(?:MASTER|REPLICATION\s+SOURCE)\s+TO|START\s+(?:SLAVE|REPLICA)|"
    r"rs\.initiate|pg_rewind|"
    r"redis-cli\b[^\n]*\b(?:replicaof|slaveof)|rabbitmqctl\s+(?:-\S+\s+)*join_cluster|pcs\s+resource\s+promotable|drbdadm\s+primary)\b",
    re.IGNORECASE,
)
SETTINGS = re.compile(
    r"^\s*(?:(?:replicaof|slaveof)\s+\S+|primary_conninfo\s*=\s*\S+|wsrep_cluster_address\s*=\s*\S+|"
    r"replSetName\s*:\s*\S+|replSet\s*=\s*\S+|group_replication_group_name\s*=\s*\S+|"
    r"synchronous_standby_names\s*=\s*\S+|"
    r"olcSyncrepl|syncrepl\s+rid|initial-cluster\s*:\s*\S+|discovery\.seed_hosts\s*:\s*\S+)",
    re.IGNORECASE | re.MULTILINE,
)


@rule(Points.NEITHER, advice="Its data is on that server: keep the way to it open when this moves.")
def objects_on_another_server(subject: Subject) -> Iterator[Seen]:
    """Modules make databases, users or buckets on a server elsewhere: this is a client of it."""
    told = set[str]()
    for task in subject.tasks:
        remote = str(task.args.get("login_host") or task.args.get("host") or "")
        products = [one for one in subject.index.module(task.action) if one.kind is not Kind.PLUMBING]
        if products and remote not in HERE and remote not in told:
            told.add(remote)
            yield seen(task, f"{task.module} works on {remote}, a server of {products[0].title} elsewhere")


@rule(Points.STATEFUL, advice="Move the whole set together, or none of it; a copy is no backup.")
def replication(subject: Subject) -> Iterator[Seen]:
    """It is one of several servers that keep copies of the same data."""
    product = subject.product
    if product is not None and product.kind in (Kind.PLUMBING, Kind.STATELESS, Kind.LIBRARY):
        return
    for task in subject.tasks:
        if MODULES.search(task.module) and not actions.is_removal(task):
            yield seen(task, f"{task.module} makes it a copy of, or a source for, another server")
        elif found := COMMANDS.search(actions.shell_text(task)):
            yield seen(task, f"joins it to other servers: {' '.join(found[0].split())[:60]}")
    for task, text in subject.texts() if product is not None and product.kind is Kind.STATEFUL else ():
        if found := SETTINGS.search(uncommented(text)):
            yield seen(task, f"its configuration has `{' '.join(found[0].split())[:60]}`: others keep copies")
