# SPDX-License-Identifier: Apache-2.0
"""Ports a workload listens on: told by its command and configuration, else by the catalog; never by a firewall."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess.belonging import products_of
from migrate.assess.rules.settings import uncommented
from migrate.assess.subject import Subject
from migrate.model.product import CatalogPort
from migrate.model.task import RecordedTask
from migrate.model.workload import Port

IN_COMMAND = re.compile(
    r"(?:--(?:bind|listen|http-socket|http|listen-address|addr|web\.listen-address|server\.port|http-port|port|listen-port)|-b|-p|-l)[=\s]+"
    r"(?:[\w.\-\[\]:*]*:)?(\d{2,5})\b|0\.0\.0\.0:(\d{2,5})\b|\[::\]:(\d{2,5})\b"
)
IN_CONFIG = (
    re.compile(r"^\s*listen\s+(?:\[[^\]]*\]:|[\w.*\-]+:)?(\d{2,5})\b", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^\s*bind\s+(?:\[[^\]]*\]:|[\w.*\-]*:)(\d{2,5})\b", re.MULTILINE),
    re.compile(
        r"^\s*(?:port|http[._]port|http_listen_port|server\.port|listen_port|tcp[._]port|listeners\.tcp\.default)"
        r"\s*[=: ]\s*\"?(\d{2,5})\b",
        re.MULTILINE | re.IGNORECASE,
    ),
    re.compile(r"^\s*-p\s+(\d{2,5})\b", re.MULTILINE),
    re.compile(r"^\s*(?:addr|listen[_-]?addr(?:ess)?)\s*[=:]\s*[\"']?[\w.*\-]*:(\d{2,5})\b", re.MULTILINE),
)
SETTING = re.compile(
    r"^\s*(?:export\s+)?(?:(?:\w+_)?(?:LISTEN_?|HTTP_?|SERVER_?)?PORT|server\.port)\s*[=:]\s*[\"']?(\d{2,5})\b",
    re.MULTILINE,
)
NESTED = re.compile(r"^server:[ \t]*\n(?:[ \t]+(?!port:).*\n)*[ \t]+port:[ \t]*[\"']?(\d{2,5})\b", re.MULTILINE)
STORES = re.compile(
    r"(?:\w+_)?(?:DB|DATABASE|PG|POSTGRES\w*|MYSQL|MARIADB|REDIS|MONGO(?:DB)?|AMQP|RABBIT(?:MQ)?|MEMCACHED?|SMTP|MAIL|LDAP|KAFKA|"
    r"ELASTIC(?:SEARCH)?|STATSD|SYSLOG|PROXY)",
    re.IGNORECASE,
)
SPRING = re.compile(r"/application[\w\-]*\.(?:properties|ya?ml)$")
ENVIRONMENT = re.compile(r"^(?:\w+_)?(?:LISTEN_?)?PORT$", re.IGNORECASE)
OWN_PORT = re.compile(r"^(?:LISTEN_|HTTP_|SERVER_)?PORT$", re.IGNORECASE)
PUBLISHED = re.compile(r"^(?:.*:)?(\d{1,5})(?:/(tcp|udp))?$")


def ports(subject: Subject) -> tuple[Port, ...]:
    """All listening ports, once each, by number."""
    known = {port.port: port for port in (subject.product.ports if subject.product else ())}
    said = list(from_units(subject)) + list(from_config(subject)) + list(from_containers(subject))
    if not said and not subject.draft.scheduled:
        said = (
            [
                Port(port.port, port.protocol, port.name, f"catalog entry {subject.product.key}")
                for port in catalogued(subject)
            ]
            if subject.product
            else []
        )
    found: dict[tuple[int, str], Port] = {}
    for port in said:
        name = known[port.number].name if port.number in known else port.name
        found.setdefault((port.number, port.protocol), Port(port.number, port.protocol, name, port.source))
    return tuple(sorted(found.values()))


def catalogued(subject: Subject) -> tuple[CatalogPort, ...]:
    """Default ports; none for something that listens on a unix socket instead."""
    on_socket = any("unix:" in unit.command or ".sock" in unit.command for unit in subject.draft.units.values())
    return () if on_socket or subject.product is None else subject.product.ports


def from_units(subject: Subject) -> Iterator[Port]:
    for unit in subject.draft.units.values():
        for found in IN_COMMAND.finditer(unit.command):
            yield Port(int(found[1] or found[2] or found[3]), source=str(unit.place or unit.name))
        for key, value in sorted(unit.environment.items()):
            if (OWN_PORT if unit.image else ENVIRONMENT).match(key) and value.isdigit():
                yield Port(int(value), source=f"{key} in {unit.place or unit.name}")


def from_config(subject: Subject) -> Iterator[Port]:
    """Listen directives in files that belong to the product's own configuration."""
    if subject.product is None or subject.draft.own_code:
        yield from from_settings(subject)
        return
    for task, text in subject.texts():
        if subject.product.key in products_of(task, subject.index) and not unit_like(task):
            plain = uncommented(text)
            for pattern in IN_CONFIG:
                for found in pattern.finditer(plain):
                    if 0 < int(found[1]) < 65536:
                        yield Port(
                            int(found[1]),
                            source=str(task.file.source if task.file and task.file.source else task.place),
                        )


def from_settings(subject: Subject) -> Iterator[Port]:
    """The port in a program's environment file or in Spring's settings; a port variable elsewhere may be anyone's."""
    named = {path for unit in subject.draft.units.values() for path in unit.environment_files}
    for task in subject.tasks:
        if task.file is not None and task.file.text and (task.file.dest in named or SPRING.search(task.file.dest)):
            for found in (*SETTING.finditer(task.file.text), *NESTED.finditer(task.file.text)):
                if not of_another(found[0], task.file.text):
                    yield Port(int(found[1]), source=str(task.file.source or task.place))


def of_another(setting: str, text: str) -> bool:
    """`SMTP_PORT` beside `SMTP_HOST`, or the port of a store: where it connects to, not where it listens."""
    prefix = re.match(r"\s*(?:export\s+)?(\w+?)_PORT\b", setting)
    if prefix is None:
        return False
    beside = re.search(
        rf"^\s*(?:export\s+)?{prefix[1]}_(?:HOST|SERVER|ADDR(?:ESS)?)\s*[=:]\s*[\"']?([^\s\"']+)", text, re.M
    )
    own = beside is not None and beside[1] in ("0.0.0.0", "::", "[::]", "*")
    return not own and (beside is not None or bool(STORES.fullmatch(prefix[1])))


def unit_like(task: RecordedTask) -> bool:
    return bool(task.file and "/systemd/" in task.file.dest)


def from_containers(subject: Subject) -> Iterator[Port]:
    for start in subject.draft.starts:
        for text in start.container.ports if start.container is not None and start.running else ():
            if found := PUBLISHED.match(text):
                yield Port(int(found[1]), found[2] or "tcp", source=str(start.task.place))
