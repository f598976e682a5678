# SPDX-License-Identifier: Apache-2.0
"""A small estate by hand, with one of everything that a report has to show."""

from __future__ import annotations

from migrate.model.assessment import Assessment, Figures
from migrate.model.machine import Machine, Power
from migrate.model.place import Place
from migrate.model.task import RecordedTask, RenderedFile, Token, TokenKind
from migrate.model.workload import (
    Decision,
    Edge,
    Evidence,
    Kind,
    Nature,
    Placement,
    Points,
    Port,
    Reach,
    Size,
    Unit,
    Workload,
)
from tests.report.trouble import FINDINGS

LIBVIRT = "qemu+ssh://kvm1/system"
BOTH = ("inventory", LIBVIRT)


def machines(environment: str, *names: str, seen_by: tuple[str, ...] = BOTH) -> tuple[Machine, ...]:
    return tuple(Machine(name=name, environment=environment, seen_by=seen_by, power=Power.RUNNING) for name in names)


def workload(name: str, placement: Placement, *hosts: str, **more: object) -> Workload:
    fields: dict[str, object] = {
        "environment": "production",
        "kind": Kind.STATELESS,
        "nature": Nature.STATELESS,
        "reason": "Keeps no data of its own.",
        "machines": hosts,
    } | more
    return Workload(name=name, placement=placement, **fields)  # type: ignore[arg-type]


WEB = ("web1", "web2", "web3", "web4")
SHOP = workload(
    "shop",
    Placement.DEPLOYMENT,
    *WEB,
    title="Gunicorn",
    software="gunicorn",
    role="shop_web",
    hosts="web",
    reason="Code from git and its settings, no data directory; sessions are in redis and uploads go to object storage.",
    ports=(Port(8000, name="http", source="roles/shop_web/templates/shop.service.j2:9"), Port(9102, source="catalog")),
    units=(
        Unit(
            name="shop.service",
            command="/srv/shop/venv/bin/gunicorn shop.wsgi --bind 0.0.0.0:8000 --password __MIGRATE_secret_1__",
            user="shop",
            directory="/srv/shop",
            environment={"DATABASE_URL": "postgres://shop:__MIGRATE_secret_1__@db1/shop"},
            environment_files=("/etc/shop/env",),
            place=Place("roles/shop_web/tasks/main.yml", 41),
        ),
    ),
    packages=("python3-venv", "git"),
    users=("shop",),
    edges=(
        Edge("shop", "postgresql", 5432, "roles/shop_web/templates/env.j2:3"),
        Edge("shop", "redis", 6379, "roles/shop_web/templates/env.j2:4", connections=24),
        Edge(
            "shop", "objects.example.com", 443, "roles/shop_web/templates/env.j2:5", "tcp", Reach.EXTERNAL, "https URL"
        ),
        Edge("shop", "unknown", 5672, "roles/shop_web/templates/env.j2:6", "tcp", Reach.UNKNOWN, "QUEUE_URL, a secret"),
    ),
    override=Decision(
        "Uploads go to object storage since May.",
        Kind.MIXED,
        Nature.STATEFUL,
        Placement.DECIDE,
        "Creates /srv/shop/uploads.",
        "shop team",
        "2027-01-31",
        Place("migrate.yaml", 12),
    ),
    wave=2,
    wave_reason="after redis, which it needs; reaches postgresql on its VM",
    size=Size(0.5, 600 << 20, 2, 4 << 30, "web1 uses 600 MiB of 4,096 MiB and 0.50 of 2 vCPUs (statistics)", False),
    evidence=(
        Evidence(
            "product-nature", "Gunicorn keeps no state", Points.STATELESS, Place("roles/shop_web/tasks/main.yml", 12)
        ),
        Evidence("no-data-disk", "none of its 4 machines has a data disk", Points.STATELESS, Place(LIBVIRT)),
        Evidence(
            "writes-below", "creates /srv/shop/uploads", Points.STATEFUL, Place("roles/shop_web/tasks/main.yml", 33)
        ),
        Evidence(
            "unit-seen",
            "shop.service is started and enabled",
            Points.NEITHER,
            Place("roles/shop_web/tasks/main.yml", 41),
        ),
    ),
    tasks=(
        RecordedTask(
            machine="web1",
            action="ansible.builtin.template",
            name="Environment of the shop",
            place=Place("roles/shop_web/tasks/main.yml", 25),
            file=RenderedFile("/etc/shop/env", "PASSWORD=__MIGRATE_secret_1__\nDSN=__MIGRATE_needed_2__\n"),
        ),
        RecordedTask(
            machine="web1",
            action="ansible.builtin.command",
            name="Migrate the database",
            place=Place("roles/shop_web/tasks/main.yml", 52),
            conditional="only a real run knows `release.changed`",
        ),
        RecordedTask(
            machine="web1",
            action="ansible.builtin.copy",
            name="Theme",
            place=Place("roles/shop_web/tasks/main.yml", 58),
            unresolved="the filter `acme_theme` is not there",
        ),
    ),
)

PRODUCTION = (
    workload(
        "haproxy",
        Placement.DEPLOYMENT,
        "lb1",
        "lb2",
        title="HAProxy",
        reason="Balances what moves; an Ingress or Gateway takes over its routes.",
        ports=(Port(80), Port(443), Port(8404)),
    ),
    SHOP,
    workload(
        "shop-worker",
        Placement.DEPLOYMENT,
        "worker1",
        "worker2",
        "worker5",
        title="Celery",
        reason="Takes jobs from the queue in redis and keeps nothing.",
    ),
    workload(
        "shop-report",
        Placement.CRONJOB,
        "worker1",
        kind=Kind.BATCH,
        title="nightly report",
        reason="Runs at 02:30 every day and mails what it finds.",
    ),
    workload(
        "jenkins-agent",
        Placement.BUILD_AGENT,
        "ci-agent01",
        "ci-agent02",
        "ci-agent03",
        kind=Kind.BUILD_AGENT,
        title="Jenkins agent",
        reason="Workspaces are scratch; pods of the Jenkins Kubernetes plugin take their place.",
    ),
    workload(
        "postgresql",
        Placement.VM,
        "db1",
        "db2",
        kind=Kind.STATEFUL,
        nature=Nature.STATEFUL,
        title="PostgreSQL 15",
        reason="A database: /var/lib/postgresql is on its own 200 GiB disk (vdb) of db1 and db2.",
        ports=(Port(5432, name="postgresql", source="catalog"),),
        data_dirs=("/var/lib/postgresql",),
        evidence=(Evidence("data-disk", "db1 has vdb, 200 GiB", Points.STATEFUL, Place(LIBVIRT), "db1"),),
    ),
    workload(
        "redis",
        Placement.VM,
        "cache1",
        kind=Kind.STATEFUL,
        nature=Nature.STATEFUL,
        title="Redis",
        reason="appendonly yes: it writes its data to /var/lib/redis.",
        ports=(Port(6379),),
    ),
    workload(
        "jenkins",
        Placement.DECIDE,
        "ci1",
        kind=Kind.MIXED,
        nature=Nature.UNKNOWN,
        title="Jenkins",
        reason="Jobs are code, but /var/lib/jenkins holds builds and credentials: keep the VM, or give it a volume.",
        ports=(Port(8080), Port(50000)),
    ),
    *(
        workload(name, Placement.DROP, *WEB, "db1", "db2", kind=Kind.PLUMBING, title=title, replaced_by=by)
        for name, title, by in (
            ("chrony", "chrony", "the node's clock"),
            ("iptables", "iptables", "NetworkPolicy"),
            ("logrotate", "logrotate", "container logs"),
            ("node-exporter", "node_exporter", "a DaemonSet of the cluster's monitoring"),
            ("ntp", "ntp", "the node's clock"),
            ("rsyslog", "rsyslog", "container logs"),
            ("ssh", "OpenSSH", "kubectl exec"),
        )
    ),
    workload("kvm-host", Placement.OUT_OF_SCOPE, "db1", kind=Kind.PLUMBING, reason="Runs other VMs."),
)

STAGING = (
    workload(
        "shop",
        Placement.DEPLOYMENT,
        "stage1",
        environment="staging",
        title="Gunicorn",
        reason="Keeps no data of its own.",
        ports=(Port(8000),),
    ),
    workload(
        "postgresql",
        Placement.VM,
        "stage1",
        environment="staging",
        kind=Kind.STATEFUL,
        nature=Nature.STATEFUL,
        title="PostgreSQL 15",
        reason="A database with its data on stage1.",
        ports=(Port(5432),),
    ),
)

ESTATE = Assessment(
    environments=("production", "staging"),
    figures=Figures(machines=21, classes=9, plays=8, tasks=312, conditional=4, unresolved=1),
    workloads=(*STAGING, *PRODUCTION),
    machines=(
        *machines("production", "lb1", "lb2", *WEB, "worker1", "worker2", "worker5", "db1", "db2", "cache1"),
        *machines("production", "ci1", "ci-agent01", "ci-agent02", "ci-agent03"),
        *machines("production", "old-ftp", "win-print", seen_by=(LIBVIRT,)),
        *machines("production", "db3", seen_by=("inventory",)),
        Machine(name="web9", environment="production", seen_by=BOTH, power=Power.STOPPED),
        *machines("staging", "stage1"),
    ),
    tokens=(
        Token("__MIGRATE_secret_1__", "vault_shop_password", TokenKind.SECRET, Place("group_vars/app.yml", 4)),
        Token("__MIGRATE_needed_2__", "sentry_dsn", TokenKind.NEEDED, Place("roles/shop_web/templates/env.j2", 6)),
        Token("__MIGRATE_secret_9__", "vault_other", TokenKind.SECRET),
    ),
    findings=FINDINGS,
    partial=True,
)
