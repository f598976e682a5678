# SPDX-License-Identifier: Apache-2.0
"""Unit files, supervisor programs, crontabs, compose files and quadlets that a role writes: what they say.

Sources: systemd.service(5), systemd.exec(5), supervisord.org/configuration.html, crontab(5), the Compose Specification.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import PurePosixPath

import msgspec
import yaml

from migrate.assess import containers
from migrate.assess.containers import Container
from migrate.model.task import RecordedTask

UNIT_PATH = re.compile(
    r"^(?:/etc|/lib|/usr/lib|/run|/usr/local/lib)/systemd/system/(?P<unit>[^/]+)\.(?P<type>service|timer|socket|path|mount)$"
)
DROP_IN = re.compile(
    r"^(?:/etc|/lib|/usr/lib|/run)/systemd/system/(?P<unit>[^/]+)\.(?P<type>service|timer)\.d/[^/]+\.conf$"
)
SUPERVISOR_PATH = re.compile(r"/supervisor(?:d)?(?:/conf\.d/|\.d/|/programs/)[^/]+$|/supervisord?\.conf$")
CRON_PATH = re.compile(
    r"^/etc/cron\.(?P<when>d|hourly|daily|weekly|monthly)/(?P<name>[^/]+)$|^/etc/crontab$|^/var/spool/cron/"
)
COMPOSE_PATH = re.compile(r"(?:^|/)(?:(?:docker-|podman-)?compose|docker-stack)[\w.\-]*\.ya?ml$")
COMPOSE_TEXT = re.compile(r"^services:\s*$(?s:.*)^\s+(?:image|build):", re.MULTILINE)
QUADLET_PATH = re.compile(r"/containers/systemd/(?:.*/)?(?P<unit>[^/]+)\.container(?:\.d/[^/]+\.conf)?$")
CRON_LINE = re.compile(r"^\s*(?P<when>@\w+\s+|(?:[\d*/,\-A-Za-z]+\s+){5})(?P<user>[a-z_][\w\-]*)\s+(?P<command>\S.*)$")
CONTAINED = frozenset("volumes net network_mode environment command restart ports healthcheck".split())
ASSIGNMENT = re.compile(r"(\w+)=(\"[^\"]*\"|'[^']*'|[^,]*)")
PREFIXES = "-@+!:|"


class UnitText(msgspec.Struct, frozen=True):
    """What a unit file says. `settings` maps `Section.Key` to all values given for it, in order."""

    name: str
    type: str
    settings: dict[str, tuple[str, ...]]
    task: RecordedTask

    def first(self, key: str) -> str:
        return next(iter(self.settings.get(key, ())), "")

    def all(self, key: str) -> tuple[str, ...]:
        return self.settings.get(key, ())

    @property
    def command(self) -> str:
        return self.first("Service.ExecStart").lstrip(PREFIXES)

    @property
    def environment(self) -> dict[str, str]:
        """`Environment=` assignments, quotes removed."""
        pairs = {}
        for value in self.all("Service.Environment"):
            for word in words(value):
                key, sign, text = word.partition("=")
                if sign:
                    pairs[key] = text
        return pairs


class Program(msgspec.Struct, frozen=True):
    """A supervisor program, a compose service or a quadlet."""

    name: str
    command: str = ""
    user: str = ""
    directory: str = ""
    container: Container | None = None
    environment: dict[str, str] = {}


def words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def settings(text: str) -> dict[str, tuple[str, ...]]:
    """Settings of a unit text; continuation lines joined, and `Key=` without value clears the list, as in systemd."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in map(str.strip, re.sub(r"\\\n\s*", " ", text).splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and line[0] not in "#;" and "=" in line:
            key, _, value = line.partition("=")
            name = f"{section}.{key.strip()}"
            found[name] = [*found.get(name, []), value.strip()] if value.strip() else []
    return {key: tuple(values) for key, values in found.items()}


def units_written(tasks: tuple[RecordedTask, ...]) -> dict[str, UnitText]:
    """Unit files by `name.type`, drop-ins merged into the unit that they extend; a copy to a folder counts too."""
    found: dict[str, UnitText] = {}
    for task in tasks:
        if task.file is None or not task.file.text:
            continue
        match = UNIT_PATH.match(task.file.dest) or DROP_IN.match(task.file.dest)
        if match:
            key = f"{match['unit']}.{match['type']}"
            held = found.get(key)
            merged = {**(held.settings if held else {}), **settings(task.file.text)}
            found[key] = UnitText(match["unit"], match["type"], merged, held.task if held else task)
    return found


def unit_text(units: Mapping[str, UnitText], name: str) -> UnitText | None:
    """The service unit of a name; an instance `x@1` has the text of its template `x@`."""
    template, at, _ = name.partition("@")
    return units.get(f"{name}.service") or (units.get(f"{template}@.service") if at else None)


def programs(task: RecordedTask) -> list[Program]:
    """Supervisor programs and containers in a file that the task writes, or in a compose definition of its own."""
    if task.module.startswith(("docker_compose", "docker_stack")):
        given = (one for key in ("definition", "compose") for one in containers.listed(task.args.get(key)))
        folder = str(task.args.get("project_src") or "")
        return contained(held for one in given for held in containers.of_compose(one, folder))
    if task.file is None or not task.file.text:
        return []
    if is_compose(task):
        return contained(compose_services(task.file.text, posixpath.dirname(task.file.dest)))
    if match := QUADLET_PATH.search(task.file.dest):
        return contained([containers.of_quadlet(match["unit"], settings(task.file.text))])
    if described := described_container(task):
        return contained([described])
    if SUPERVISOR_PATH.search(task.file.dest) or "[program:" in task.file.text:
        return list(supervisor_programs(task.file.text))
    return []


def supervisor_programs(text: str) -> Iterator[Program]:
    parser = ConfigParser(interpolation=None, strict=False, inline_comment_prefixes=(";",), allow_no_value=True)
    try:
        parser.read_string(text)
    except ConfigError:
        return
    for section in parser.sections():
        kind, _, name = section.partition(":")
        if kind in ("program", "fcgi-program") and name:
            get = dict(parser.items(section)).get
            command, user, directory = (str(get(key) or "") for key in ("command", "user", "directory"))
            pairs = ASSIGNMENT.findall(str(get("environment") or ""))
            environment = {key: value.strip("\"' ") for key, value in pairs}
            yield Program(name.strip(), command, user, directory, environment=environment)


def compose_services(text: str, folder: str) -> Iterator[Container]:
    try:
        document = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return
    yield from containers.of_compose(document, folder)


def contained(found: Iterable[Container]) -> list[Program]:
    return [Program(one.name, one.command, container=one) for one in found]


def is_compose(task: RecordedTask) -> bool:
    """True for a task that writes a compose file, under its usual name or another."""
    if task.file is None or not task.file.text:
        return False
    dest = task.file.dest
    return bool(COMPOSE_PATH.search(dest)) or (
        dest.endswith((".yml", ".yaml")) and bool(COMPOSE_TEXT.search(task.file.text))
    )


def described_container(task: RecordedTask) -> Container | None:
    """A container that a JSON file of its own describes, as deployment tools hand them to an engine."""
    if task.file is None or not task.file.text or not task.file.dest.endswith(".json") or "image" not in task.file.text:
        return None
    try:
        told = json.loads(task.file.text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("image"), str) or not CONTAINED & told.keys():
        return None
    name = PurePosixPath(task.file.dest).stem
    service = {**told, "network_mode": told.get("network_mode") or told.get("net")}
    return next(containers.of_compose({"services": {name: service}}, posixpath.dirname(task.file.dest)), None)


def describes_containers(task: RecordedTask) -> bool:
    """True for compose files and quadlets: what is in them is each container's own, and no settings file of any."""
    return (
        is_compose(task)
        or described_container(task) is not None
        or bool(task.file is not None and QUADLET_PATH.search(task.file.dest))
    )


def cron_jobs(task: RecordedTask) -> list[tuple[str, str, str, str]]:
    """(name, schedule, user, command) of crontab lines in a file of the task; a file in cron.daily is one job."""
    if task.file is None or task.file.text is None or not (match := CRON_PATH.match(task.file.dest)):
        return []
    when, name = match["when"], match["name"] or PurePosixPath(task.file.dest).name
    if when and when != "d":
        return [(name, f"@{when}", "root", task.file.dest)]
    lines = [
        found
        for line in task.file.text.splitlines()
        if not line.lstrip().startswith("#") and (found := CRON_LINE.match(line))
    ]
    named = [(name if len(lines) == 1 else f"{name}-{number}", found) for number, found in enumerate(lines, 1)]
    return [(text, found["when"].strip(), found["user"], found["command"].strip()) for text, found in named]
