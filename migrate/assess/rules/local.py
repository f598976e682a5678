# SPDX-License-Identifier: Apache-2.0
"""Rules about local places to write: code of one's own that names one may keep data there, whatever else it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from migrate.assess import actions
from migrate.assess.belonging import code_folder, deploys_code
from migrate.assess.cleaning import removes
from migrate.assess.rules import Seen, rule, seen
from migrate.assess.rules.hosted import brings_code
from migrate.assess.rules.settings import confined, is_code, uncommented
from migrate.assess.starting import INTERPRETERS
from migrate.assess.subject import Subject, within
from migrate.assess.unitfile import words
from migrate.model.workload import Kind, Points, Unit

PATH = re.compile(r"(?<![\w./:*%$}~\-])/[\w.@+\-]+(?:/[\w.@+\-]+)*")
HARMLESS = re.compile(
    r"^/(?:(?:etc|usr|bin|sbin|lib|lib32|lib64|libexec|tmp|run|dev|proc|sys|boot|snap)(?:/|$)|var/(?:run|log|cache|tmp|lock)(?:/|$)"
    r"|opt/[^/]+/(?:s?bin|lib|conf|config|etc|logs?|tmp|cache|releases?)(?:/|$)|var/?$|var/lib/?$|srv/?$|opt/?$|home(?:/[^/]+)?/?$|root/?$"
    r"|[ugoa]*[+=-][rwxXst]+$|\d{3,4}$"
    r"|(?:.*/)?(?:releases?$|(?:node_modules|site-packages|venv|\.\w+)(?:/|$))"
    r"|var/lib/(?:apt|dpkg|systemd|ca-certificates|dhcp|misc|polkit|dbus|cloud|AccountsService)(?:/|$))"
)
ROOTS = re.compile(
    r"^/(?:srv|opt|home|root|var|data\w*|mnt|media|export|exports|storage|store|volumes?|backups?|nfs|shared?|u\d\d|app)(?:/|$)"
)
STORE = re.compile(
    r"(?:^|/)(?:data|databases?|db|uploads?|media|attachments?|storage|stores?|files?|filestore|blobs?|artifacts?|backups?|dumps?|spool|archive[sd]?|"
    r"shared|state|persist\w*|volumes?|queue|inbox|outbox|done|userdata|documents)(?:/|$)",
    re.IGNORECASE,
)
READ = re.compile(
    r"\.(?:ya?ml|toml|ini|conf|cfg|env|json|properties|xml|pem|crt|cer|key|pid|sock|log|jar|war|py|pyc|js|mjs|cjs|ts|rb|ru|php|pl|sh|lua|wsgi|html?|css|so|exe|dll|service|lock)$",
    re.IGNORECASE,
)
CODE = re.compile(r"\.(?:jar|war|py|js|mjs|cjs|ts|rb|ru|php|pl|sh|lua|wsgi|dll)$")
SEARCHED = re.compile(r"^(?:\w*PATH|\w+_HOME|VIRTUAL_ENV|\w*_?(?:URL|URI|ROUTE|PREFIX|ENDPOINT|CONTEXT))$")
ROUTE = re.compile(
    r"url|uri|route|prefix|endpoint|health|metrics|context|ready|live|probe|location|telemetry", re.IGNORECASE
)
PLACE = re.compile(r"dir|path|file|root|folder|store|storage|data|archive|spool|base|home", re.IGNORECASE)
MADE = re.compile(r"\bmkdir\s+((?:-\S+\s+)*)([^;&|\n]+)|\binstall\s+(?:-\S+\s+)*-d\s+([^;&|\n]+)")
INNER = ("bin", "sbin", "venv", ".venv", "env", "script", "scripts", "current", "libexec", "dist", "build", "target")


@rule(Points.STATEFUL, advice="Look at what it writes there: say in plan.yaml that it is scratch, or give it a volume.")
def local_path(subject: Subject) -> Iterator[Seen]:
    """Code of one's own names, makes or works in a folder of this machine that is neither code nor scratch."""
    if not runs_own_code(subject) or confined(subject) or subject.draft.cleans:
        return
    code, told = code_folders(subject), set[str]()
    for path, one in (*by_units(subject), *by_settings(subject), *by_tasks(subject)):
        if path not in told and keeps(path.rstrip("/"), code, subject):
            told.add(path)
            yield one


Found = Iterator[tuple[str, Seen]]


def by_units(subject: Subject) -> Found:
    for unit in subject.draft.units.values():
        yield unit.directory, Seen(f"it works in {unit.directory}", unit.place)
        for path in () if removes(unit.command) else arguments(unit):
            yield path, Seen(f"its command names {path}", unit.place)
        for key, value in unit.environment.items():
            for path in () if SEARCHED.match(key) else PATH.findall(value):
                yield path, Seen(f"its environment has {key}={path}", unit.place)


def by_settings(subject: Subject) -> Found:
    server = subject.product.config if subject.product is not None and subject.product.category == "web" else ()
    for task, text in subject.texts():
        told_of_unit = task.file is not None and ("/systemd/" in task.file.dest or task.file.dest.startswith(server))
        for path in () if told_of_unit or (task.file and is_code(task.file.dest)) else named(text):
            yield path, seen(task, f"its settings name {path}")


def by_tasks(subject: Subject) -> Found:
    for task in subject.tasks:
        for path in (*actions.directories(task), *shell_made(actions.shell_text(task))):
            yield path, seen(task, f"makes {path}")
        if task.module == "file" and str(task.args.get("state", "")) in ("link", "hard"):
            yield str(task.args.get("src", "")), seen(task, f"links to {task.args.get('src', '')}")


def runs_own_code(subject: Subject) -> bool:
    """No product, a runtime, or a web server that runs code."""
    product = subject.product
    if product is None:
        return True
    if product.kind in (Kind.PLUMBING, Kind.LIBRARY, Kind.STATEFUL):
        return False
    return product.category == "runtime" or brings_code(subject)


def arguments(unit: Unit) -> Iterator[str]:
    """Paths in a command that are not what is executed."""
    skip = True
    for word in words(unit.command):
        name, sign, value = word.partition("=")
        if skip and (sign or word.startswith("-") or word.rsplit("/", 1)[-1].rstrip("0123456789.") in INTERPRETERS):
            continue
        if skip:
            skip = False
            continue
        if not (sign and (SEARCHED.match(name) or ROUTE.search(name))):
            yield from PATH.findall(value if sign else word)


def named(text: str) -> Iterator[str]:
    """Paths in settings; an unusual one only where its key says that it is a place."""
    for line in uncommented(text).splitlines():
        key = re.split(r"[=:\s]", line.strip(), maxsplit=1)[0]
        if line.startswith("#!") or SEARCHED.match(key):
            continue
        for path in PATH.findall(line):
            if ROOTS.match(path) or (PLACE.search(key) and not ROUTE.search(key)):
                yield path


def shell_made(text: str) -> Iterator[str]:
    for found in MADE.finditer(text):
        yield from PATH.findall(found[2] or found[3])


def keeps(path: str, code: list[str], subject: Subject) -> bool:
    """True for a path where data may lie: not of the system, not scratch, not code unless it is named like a store."""
    if not path.startswith("/") or HARMLESS.match(path) or READ.search(path):
        return False
    product = subject.product
    if product is not None and product.run is not None and any(within(path, one) for one in product.run.writable):
        return False
    deployed = re.match(r".*?/(?:current|releases/[^/]+)(?=/|$)", path)
    holding = [folder for folder in (*code, *([deployed[0]] if deployed else [])) if within(path, folder)]
    if holding:
        return bool(STORE.search(path[len(max(holding, key=len)) :]))
    return not any(within(folder, path) for folder in code)


def code_folders(subject: Subject) -> list[str]:
    """Where its code is: what is fetched, what is executed, and where an interpreter starts."""
    found = {code_folder(task).rstrip("/") for task in subject.tasks if deploys_code(task)}
    for unit in subject.draft.units.values():
        said = words(unit.command)
        first = next((word for word in said if "=" not in word and not word.startswith("-")), "")
        found |= {folder_of(word) for word in said if word.startswith("/") and (word == first or CODE.search(word))}
        interpreted = subject.product is not None or first.rsplit("/", 1)[-1].rstrip("0123456789.") in INTERPRETERS
        if interpreted or not first.startswith("/"):
            found.add(unit.directory.rstrip("/"))
            found |= {said[i + 1].rstrip("/") for i, word in enumerate(said[:-1]) if word == "cd"}
    roots = ("/var/www", "/srv/www", "/usr/share/nginx") if subject.product is not None else ()
    return [path for path in (*found, *roots) if path.count("/") > 1 and not path.startswith("/var/lib/")]


def folder_of(program: str) -> str:
    """The folder of an application by one of its programs: /opt/x of /opt/x/venv/bin/x."""
    path = PurePosixPath(program).parent
    while path.name in INNER or path.parent.name == "releases":
        path = path.parent
    return str(path)
