# SPDX-License-Identifier: Apache-2.0
"""Rules about what runs or is kept inside something else: applications in web servers, databases in unknown images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from migrate.assess import actions
from migrate.assess.actions import Start
from migrate.assess.belonging import WEB_ROOTS, code_folder, deploys_code, same
from migrate.assess.rules import Seen, rule, seen
from migrate.assess.rules.settings import uncommented
from migrate.assess.subject import Subject, within
from migrate.catalog import Index
from migrate.model.product import Product
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Points

ENGINES = re.compile(
    r"^(?:libapache2-mod-(?:php|wsgi|passenger|perl|python|ruby|mono)|mod_(?:php|wsgi|passenger|perl|python)|python[\d.]*-mod_wsgi|"
    r"libnginx-mod-http-passenger|(?:nginx-)?passenger$|php[\d.]*$)"
)
MODULE = re.compile(r"^(?:php[\d.]*|wsgi|passenger|perl|python)(?:_module)?$")
HANDLER = re.compile(
    r"\bWSGIScriptAlias\b|\bPassenger(?:Enabled|AppRoot|Root)\b|\bpassenger_(?:enabled\s+on|root)\b|\bx-httpd-php\b|"
    r"\bLoadModule\s+(?:php|wsgi|passenger|perl)\w*|\ba2enmod\s+(?:php|wsgi|passenger|perl)[\d.]*",
    re.IGNORECASE,
)
STORING = re.compile(
    r"^\s*(?:dav_methods\s+[^;]*\bPUT\b|Dav\s+(?:On|svn|filesystem)\b|proxy_store\s+(?!off\b)\S+|upload_store\s+\S+|client_body_in_file_only\s+on\b)",
    re.IGNORECASE | re.MULTILINE,
)
APPLICATIONS = ("application",)
SERVERS = ("web", "runtime", "proxy")
PERSISTENT = (Kind.STATEFUL, Kind.MIXED)
SERVER_ENV = re.compile(
    r"^(?:PGDATA|POSTGRES_(?:PASSWORD(?:_FILE)?|INITDB_ARGS|HOST_AUTH_METHOD)|(?:MYSQL|MARIADB)_(?:RANDOM_|ALLOW_EMPTY_)?ROOT_PASSWORD(?:_FILE)?|"
    r"(?:MYSQL|MARIADB|PG)_?DATA_?DIR|MONGO_INITDB_\w+|\w+_DATA_?DIR|DATA_?DIR)$"
)
CLIENT_ENV = re.compile(r"^(?:\w+_)?(?:HOST(?:NAME)?|SERVER|URL|URI|ADDR(?:ESS)?)$")
SERVER_PORTS = {
    5432: "PostgreSQL", 3306: "MySQL", 27017: "MongoDB", 9200: "Elasticsearch", 5984: "CouchDB", 8086: "InfluxDB",
    9042: "Cassandra", 2379: "etcd", 5672: "RabbitMQ", 1433: "SQL Server", 1521: "Oracle", 7687: "Neo4j",
}  # fmt: skip
APPENDING = re.compile(r"appendonly[\s=]+yes|--save\s+\d")


def engine_of(subject: Subject) -> tuple[RecordedTask, str] | None:
    """What shows that a web server runs code itself, rather than hands requests on."""
    product = subject.product
    if product is None or product.category != "web":
        return None
    for task in subject.neighbours:
        named = [name for name in actions.packages(task) if ENGINES.match(name)]
        if task.module == "apache2_module" and str(task.args.get("state", "present")) == "present":
            named += [name for name in actions.strings(task.args.get("name")) if MODULE.match(name)]
        text = task.file.text if task.file is not None and task.file.text else actions.shell_text(task)
        if text and (found := HANDLER.search(uncommented(text))):
            named.append(" ".join(found[0].split()))
        named = [name for name in named if fits(product.key, name)]
        if named and not (named[0].startswith("php") and has_runtime(subject)):
            return task, named[0]
    return None


def fits(server: str, module: str) -> bool:
    """False for a module of another web server that the same role may install instead."""
    of_apache = module.startswith(("libapache2-", "mod_")) or module.endswith("mod_wsgi")
    return server == "apache-httpd" if of_apache else server != "apache-httpd" or not module.startswith("libnginx-")


def has_runtime(subject: Subject) -> bool:
    """True when something else on the machine, such as PHP-FPM, runs what the web server hands on."""
    return any(
        product.category == "runtime" and product.starts
        for task in subject.neighbours
        for name in (*actions.packages(task), *(start.name for start in actions.starts(task)))
        for product in (*subject.index.packages.find(name), *subject.index.units.find(name))
    )


def brings_code(subject: Subject) -> bool:
    """True when it runs code that tasks bring or a module of its own executes, so that its own name is no answer."""
    product = subject.product
    if product is None or product.kind in (Kind.PLUMBING, Kind.LIBRARY):
        return False
    if product.category == "web":
        php = any(
            task.file and task.file.dest.startswith(WEB_ROOTS) and ".php" in task.file.dest for task in subject.tasks
        )
        return engine_of(subject) is not None or (php and not has_runtime(subject))
    return product.category == "runtime" and bool(product.ports) and any(map(deploys_code, subject.tasks))


@rule(Points.NEITHER, advice="Say in plan.yaml where its code keeps uploads, sessions and other files.")
def runs_code_itself(subject: Subject) -> Iterator[Seen]:
    """A web server with a module that executes code."""
    if found := engine_of(subject):
        yield seen(found[0], f"it runs code itself ({found[1]})")


@rule(Points.STATEFUL, advice="Move its uploads to object storage or a shared volume before the application moves.")
def hosted_application(subject: Subject) -> Iterator[Seen]:
    """A known application that keeps files is fetched to where this server or runtime runs it."""
    product = subject.product
    if product is None or product.category not in ("web", "runtime"):
        return
    itself = engine_of(subject) is not None
    if product.category == "web" and not itself and has_runtime(subject):
        return
    told = set[str]()
    for task in subject.neighbours if itself else subject.tasks:
        for known in (one for one in fetched(task, subject.index) if one.key not in told):
            told.add(known.key)
            keeps = known.nature == "stateful" or (known.nature == "depends" and known.kind in PERSISTENT)
            yield seen(task, f"it runs {known.title}: {known.reason.rstrip('.')}", None if keeps else Points.NEITHER)
        for known in (one for one in packaged(task, subject.index) if one.key not in told):
            told.add(known.key)
            keeps = known.nature != "stateless"
            yield seen(task, f"it runs {known.title}: {known.reason.rstrip('.')}", None if keeps else Points.STATELESS)
        for path in actions.directories(task):
            for known in subject.index.products.values():
                if known.category in APPLICATIONS and any(within(path, folder) for folder in known.data_dirs):
                    yield seen(task, f"makes {path}, where data of {known.title} is")


def fetched(task: RecordedTask, index: Index) -> list[Product]:
    """Known applications by a word of the address that a task fetches from, or of the folder that it fetches to."""
    downloads = task.module == "get_url" or (task.module in actions.SHELL_MODULES and "://" in actions.shell_text(task))
    if not (downloads or deploys_code(task)) or actions.is_removal(task):
        return []
    urls = " ".join(word for word in actions.shell_text(task).split() if "://" in word)
    said = f"{actions.source_of(task)} {'' if downloads else code_folder(task)} {urls}".lower()
    parts = {re.sub(r"[\d.]+$", "", part) for part in re.split(r"[^a-z0-9.]+|\.(?=[a-z])", said)}
    return list(
        {names[part].key: names[part] for names in [applications(index)] for part in parts & names.keys()}.values()
    )


def packaged(task: RecordedTask, index: Index) -> list[Product]:
    """Applications that a package brings and that no unit of their own runs: a web server does."""
    found = {product.key: product for name in actions.packages(task) for product in index.packages.find(name)}
    kept = [one for one in found.values() if one.kind in (*PERSISTENT, Kind.STATELESS) and one.category not in SERVERS]
    return [one for one in kept if one.config and not one.starts and not one.units[1:]]


@lru_cache(maxsize=4)
def applications(index: Index) -> Mapping[str, Product]:
    found: dict[str, Product] = {}
    for product in index.products.values():
        if product.category in APPLICATIONS and product.kind is not Kind.PLUMBING:
            names = {
                product.key,
                *map(same, product.roles),
                *(re.sub(r"[\d.]+$", "", name) for name in product.packages),
            }
            found |= {name: product for name in sorted(names) if len(name) > 4 and name.isalnum()}
    return found


@rule(Points.STATEFUL, advice="Move what is stored to object storage, or give it a volume.")
def stores_by_web(subject: Subject) -> Iterator[Seen]:
    """A web server that takes files in: WebDAV, stored proxy answers, uploads."""
    if subject.product is not None and subject.product.category in ("web", "proxy"):
        for task, text in subject.texts():
            for found in STORING.finditer(uncommented(text)):
                yield seen(task, f"its configuration has `{' '.join(found[0].split())}`: it stores what comes in")


@rule(Points.STATEFUL, advice="Find out what the image keeps, and where; nothing seen mounts a volume for it.")
def database_in_image(subject: Subject) -> Iterator[Seen]:
    """An image that the catalog doesn't know, with the settings or the port of a database server."""
    if subject.product is not None:
        return
    for start in subject.draft.starts:
        if start.manager == "container" and start.running:
            environment, published = container_of(start)
            asks = any(CLIENT_ENV.match(key) for key in environment)
            for key in (key for key in environment if SERVER_ENV.match(key)):
                client = asks and key.startswith("POSTGRES_")
                yield seen(
                    start.task,
                    f"its container has {key}, a setting of servers that keep data",
                    Points.NEITHER if client else None,
                )
            for port in published:
                if port in SERVER_PORTS or (port == 6379 and APPENDING.search(start.command)):
                    yield seen(
                        start.task, f"its container serves port {port}, that of {SERVER_PORTS.get(port, 'Redis')}"
                    )


def container_of(start: Start) -> tuple[list[str], list[int]]:
    """Names in its environment, and ports inside the container that are published."""
    if start.container is None:
        return [], []
    inside = (str(port).rsplit(":", 1)[-1].partition("/")[0] for port in start.container.ports)
    return list(start.container.environment), [int(port) for port in inside if port.isdecimal()]
