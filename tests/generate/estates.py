# SPDX-License-Identifier: Apache-2.0
"""Workloads built by hand: a small estate with everything that the generators know."""

from __future__ import annotations

from typing import Any

from migrate.model.assessment import Assessment
from migrate.model.machine import Machine, Power
from migrate.model.place import Place
from migrate.model.product import Product, Run
from migrate.model.task import RecordedTask, RenderedFile, Token, TokenKind
from migrate.model.workload import Edge, Kind, Nature, Placement, Port, Unit, Workload

GIB = 1024**3
PASSWORD = "migrate-secret-6f1a2b"
SECRET_KEY = "migrate-secret-77aa01"
UNKNOWN = "migrate-unknown-31337"
TOKENS = (
    Token(PASSWORD, "vault_shop_database_password", TokenKind.SECRET, Place("group_vars/all/vault.yml")),
    Token(SECRET_KEY, "vault_shop_secret_key", TokenKind.SECRET),
    Token(UNKNOWN, "shop_revision.stdout", TokenKind.UNKNOWN),
)

MACHINES = (
    Machine(
        "web1",
        "production",
        ("inventory", "test:///a"),
        addresses=("10.20.10.21",),
        os="debian12",
        vcpus=4,
        memory=4 * GIB,
    ),
    Machine(
        "web2",
        "production",
        ("inventory", "test:///a"),
        addresses=("10.20.10.22",),
        os="debian12",
        vcpus=4,
        memory=4 * GIB,
    ),
    Machine("worker1", "production", ("inventory",), addresses=("10.20.10.31",), os="ubuntu24.04"),
    Machine("db1", "production", ("inventory",), addresses=("10.20.20.11", "2001:db8:20::11"), power=Power.RUNNING),
    Machine("db2", "production", ("inventory",), addresses=("10.20.20.12", "2001:db8:20::12"), power=Power.STOPPED),
    Machine("redis1", "production", ("inventory",), addresses=("10.20.20.21",)),
    Machine("six1", "production", ("inventory",), addresses=("2001:db8::99", "fe80::1")),
    Machine("lost1", "production", ("inventory",)),
)


def task(action: str, line: int, args: dict[str, Any] | None = None, **more: Any) -> RecordedTask:
    """A task of web1; `role` and `machine` may be given."""
    role = more.pop("role", "shop")
    machine = more.pop("machine", "web1")
    place = Place(f"roles/{role}/tasks/main.yml", line)
    return RecordedTask(machine, f"ansible.builtin.{action}", args or {}, place=place, roles=(role,), **more)


def file(action: str, line: int, dest: str, text: str | None, **more: Any) -> RecordedTask:
    """A copy or template task with what it writes."""
    mode = more.pop("mode", "0644")
    rendered = RenderedFile(dest, text, source=more.pop("source", "roles/shop/templates/x.j2"), mode=mode)
    return task(action, line, {"dest": dest, "mode": mode}, file=rendered, **more)


def workload(name: str, placement: Placement, **more: Any) -> Workload:
    """A workload of production."""
    given = {"environment": "production", "kind": Kind.STATELESS, "nature": Nature.STATELESS, "reason": "It says so."}
    return Workload(name=name, placement=placement, **{**given, **more})


NGINX = workload(
    "nginx",
    Placement.DEPLOYMENT,
    software="nginx",
    role="nginx",
    machines=("web2", "web1"),
    units=(Unit("nginx.service", manager="package"),),
    ports=(Port(80, name="http", source="roles/nginx/templates/site.conf.j2:3"), Port(443, name="https")),
    tasks=(
        task("apt", 2, {"name": ["nginx", "ssl-cert"], "state": "present"}, role="nginx"),
        file("template", 5, "/etc/nginx/nginx.conf", "events {}\nhttp {\n\tsendfile on; \n}\n", role="nginx"),
        file(
            "template",
            9,
            "/etc/nginx/sites-available/shop.conf",
            "upstream shop { server 127.0.0.1:8000; }\nserver { listen 80; allow 10.20.20.11; }\n",
            role="nginx",
        ),
        task(
            "file",
            14,
            {
                "src": "/etc/nginx/sites-available/shop.conf",
                "dest": "/etc/nginx/sites-enabled/shop.conf",
                "state": "link",
            },
            role="nginx",
        ),
        task("file", 19, {"path": "/etc/nginx/sites-enabled/default", "state": "absent"}, role="nginx"),
        file("copy", 24, "/var/www/errors/502.html", "<h1>Back in a moment</h1>\n", role="nginx"),
        file("copy", 25, "/etc/logrotate.d/nginx", "daily\n", role="nginx"),
        task("service", 30, {"name": "nginx", "state": "started"}, role="nginx"),
        task("command", 40, {"_raw_params": "nginx -t"}, role="nginx", handler=True),
    ),
)

SHOP_ENV = f"""\
# Ansible managed
SHOP_CURRENCY="EUR"
PORT=8000
DATABASE_URL="postgresql://shop:{PASSWORD}@10.20.20.11:5432/shop"
REDIS_HOST=10.20.20.21
REDIS_PORT=6379
SECRET_KEY='{SECRET_KEY.upper()}'
REVISION={UNKNOWN}
"""
SHOP = workload(
    "shop",
    Placement.DEPLOYMENT,
    software="gunicorn",
    role="shop",
    machines=("web1", "web2"),
    ports=(Port(8000, name="http"),),
    units=(
        Unit(
            "shop-web.service",
            command="-/usr/bin/gunicorn --bind 127.0.0.1:${PORT} --daemon --pid $MISSING shop.wsgi:app",
            user="shop",
            directory="/srv/shop/current",
            environment={"XDG_CACHE_HOME": "/var/cache/shop", "PORT": "1"},
            environment_files=("/etc/shop/shop.env", "-/etc/shop/optional.env", "/etc/shop/missing.env"),
            place=Place("roles/shop/templates/shop-web.service.j2"),
        ),
    ),
    tasks=(
        task("group", 1, {"name": "shop", "gid": 2000}),
        task("user", 2, {"name": "shop", "uid": 2000, "group": "shop", "home": "/srv/shop"}),
        task("apt", 3, {"name": "python3, gunicorn", "install_recommends": False}),
        task("pip", 4, {"name": ["flask==3.0.0", "gunicorn[gevent]"], "virtualenv": "/srv/shop/venv"}),
        task("pip", 5, {"requirements": "/srv/shop/releases/1/requirements.txt"}),
        task("file", 6, {"path": "/srv/shop/releases", "state": "directory", "owner": "root", "mode": "0755"}),
        task("file", 7, {"path": "/var/cache/shop", "state": "directory", "owner": "shop", "mode": 0o750}),
        task("file", 8, {"path": "/srv/shop/media", "state": "directory", "owner": "shop", "mode": "0750"}),
        file("copy", 9, "/srv/shop/releases/1/wsgi.py", "app = 1\n", mode="0640"),
        file("copy", 10, "/usr/local/bin/shop check", "#!/bin/sh\n", mode="0755"),
        file("template", 11, "/etc/shop/shop.env", SHOP_ENV, mode="0640"),
        file("template", 12, "/srv/shop/settings.ini", f"[db]\npassword = {PASSWORD}\nhost = 10.20.20.11\n"),
        file(
            "template",
            13,
            "/etc/systemd/system/shop-web.service",
            "[Service]\nRuntimeDirectory=shop\nStateDirectory=shop\n",
        ),
        task("git", 14, {"repo": f"https://x:{PASSWORD}@git.example.com/shop.git", "dest": "/srv/shop/src"}),
        task("command", 15, {"_raw_params": "python3 -m shop.schema\nUSER root"}),
        task("apt", 16, {"name": "redis-tools"}, conditional="shop_release.changed"),
        task("apt", 17, {"name": "{{ extra }}"}, unresolved="'extra' is undefined"),
        task(
            "copy",
            18,
            {"src": "logo.png", "dest": "/srv/shop/logo.png"},
            file=RenderedFile("/srv/shop/logo.png", None, source="/home/me/logo.png"),
        ),
        task("apt", 3, {"name": "python3, gunicorn"}, machine="web2"),
        task("apt", 19, {"name": "imagemagick"}, machine="web2"),
    ),
)

WORKER = workload(
    "shop_worker",
    Placement.DEPLOYMENT,
    software="celery",
    role="shop_worker",
    machines=("worker1",),
    units=tuple(
        Unit(
            f"shop-worker@{queue}.service",
            command="/usr/bin/celery --app shop.jobs worker --hostname w-%i@%H --queues ${QUEUES}",
            user="shop",
            directory="/srv/shop",
            environment_files=("/etc/shop/worker-%i.env",),
        )
        for queue in ("default", "mail")
    ),
    tasks=(
        task("apt", 1, {"name": "celery"}, role="shop_worker", machine="worker1"),
        task("user", 2, {"name": "shop"}, role="shop_worker", machine="worker1"),
        file("copy", 3, "/etc/shop/worker-default.env", "QUEUES=default\n", role="shop_worker", machine="worker1"),
        file("copy", 3, "/etc/shop/worker-mail.env", "QUEUES=mail\n", role="shop_worker", machine="worker1"),
    ),
)

REPORT = workload(
    "shop_report",
    Placement.CRONJOB,
    kind=Kind.BATCH,
    role="shop_report",
    machines=("web1", "worker1"),
    units=(
        Unit(
            "sales report",
            manager="cron",
            command="/usr/local/bin/shop-report >/dev/null 2>&1",
            user="shop",
            schedule="15 2 * * *",
        ),
    ),
    tasks=(
        task("apt", 1, {"name": ["cron", "python3-psycopg2=2.9.5-1+b1"]}, role="shop_report"),
        file("template", 2, "/usr/local/bin/shop-report", "#!/bin/sh\nexec true\n", role="shop_report", mode="0755"),
    ),
)

POSTGRESQL = workload(
    "postgresql",
    Placement.VM,
    kind=Kind.STATEFUL,
    nature=Nature.STATEFUL,
    software="postgresql",
    role="postgresql",
    machines=("db2", "db1"),
    ports=(Port(5432, name="postgresql", source="catalog"),),
)
REDIS = workload("redis", Placement.VM, software="redis", machines=("redis1",), ports=(Port(6379, name="redis"),))
SIX = workload(
    "six", Placement.VM, machines=("six1", "lost1"), ports=(Port(53, "udp"), Port(53, "tcp", "DNS over tcp!!"))
)
PORTLESS = workload("portless", Placement.VM, machines=("db1",))
NTP = workload("ntp", Placement.DROP, replaced_by="the node's clock", machines=("web1",))
PUZZLE = workload("puzzle", Placement.DECIDE, machines=("web1",))
CONTAINER = workload(
    "registry/mirror",
    Placement.DEPLOYMENT,
    machines=("web1",),
    units=(Unit("mirror", manager="container", image="docker.io/library/registry:2", command="serve /etc/x.yml"),),
    ports=(Port(5000),),
    edges=(Edge("registry/mirror", "redis", 6379),),
)

ALL = (NGINX, SHOP, WORKER, REPORT, POSTGRESQL, REDIS, SIX, PORTLESS, NTP, PUZZLE, CONTAINER)


def product(title: str, **more: Any) -> Product:
    """A catalog entry."""
    given = {
        "category": "x",
        "nature": "stateless",
        "kind": Kind.STATELESS,
        "placement": Placement.DEPLOYMENT,
        "reason": ".",
    }
    return Product(title=title, **{**given, **more})


CATALOG = {
    "nginx": product(
        "nginx",
        units=("nginx",),
        config=("/etc/nginx",),
        run=Run(
            ("nginx", "-g", "daemon off;"),
            "www-data",
            ("/run", "/var/cache/nginx", "/var/log/nginx"),
            {"path": "/", "port": 80},
        ),
    ),
    "gunicorn": product("Gunicorn", units=("gunicorn",), run=Run(("gunicorn", "--bind", "0.0.0.0:8000", "app.wsgi"))),
}


def assessment(*workloads: Workload) -> Assessment:
    """All machines and tokens, and these workloads."""
    return Assessment(environments=("production",), workloads=workloads or ALL, machines=MACHINES, tokens=TOKENS)
