# SPDX-License-Identifier: Apache-2.0
"""Environment variables of a unit: in the manifest, in a ConfigMap, or as references to a Secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from migrate.generate.contents import Contents, environment_files
from migrate.generate.estate import Estate
from migrate.generate.peers import rewrite
from migrate.generate.tokens import variable
from migrate.model.workload import Unit, Workload

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Environment(msgspec.Struct, frozen=True):
    """Variables by name: `literal` from the unit, `config` from its files, `secret` where a token is in the value."""

    literal: Mapping[str, str] = {}
    config: Mapping[str, str] = {}
    secret: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def known(self) -> dict[str, str]:
        """What can be filled in before the container runs."""
        return {**self.literal, **self.config}


def of_unit(unit: Unit, contents: Contents, workload: Workload, estate: Estate) -> Environment:
    """As systemd reads it: files after `Environment=`, later files last."""
    in_files: dict[str, str] = {}
    missing = []
    for path in environment_files(unit):
        file = contents.variables.get(path.lstrip("-"))
        in_files.update(parse(file.text) if file else {})
        missing += [path] if file is None and not path.startswith("-") else []
    values = {name: value for name, value in unit.environment.items() if NAME.fullmatch(name)}
    values |= in_files | {variable(token): token.text for token in estate.tokens.inside(unit.command)}
    notes: list[str] = []
    left: list[str] = []
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    for name, value in sorted(values.items()):
        rewritten = rewrite(value, workload, estate, port=_port_beside(name, values))
        (secret if estate.tokens.inside(value) else plain)[name] = rewritten.text
        notes += [f"{name}: {note}" for note in rewritten.notes]
        left += [f"{name}={one}" for one in rewritten.left]
    config = {name: value for name, value in plain.items() if name in in_files}
    literal = {name: value for name, value in plain.items() if name not in in_files}
    return Environment(literal, config, secret, tuple(notes), tuple(left), tuple(missing))


def parse(text: str) -> dict[str, str]:
    """KEY=VALUE lines as systemd takes them: comments, `export`, quotes, continued lines."""
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and NAME.fullmatch(name.strip()):
            found[name.strip()] = _unquoted(value.strip())
    return found


def references(environment: Environment, *, config_map: str, secret: str) -> dict[str, Any]:
    """The `env` and `envFrom` of a container."""
    found: dict[str, Any] = {}
    if environment.config:
        found["envFrom"] = [{"configMapRef": {"name": config_map}}]
    # Kubernetes reads $(NAME) as a reference; systemd does not.
    entries: list[dict[str, Any]] = [
        {"name": name, "value": value.replace("$(", "$$(")} for name, value in environment.literal.items()
    ]
    entries += [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}} for name in environment.secret
    ]
    if entries:
        found["env"] = sorted(entries, key=lambda entry: str(entry["name"]))
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r'\\(["\\$`])', r"\1", value[1:-1])
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value


def _port_beside(name: str, values: Mapping[str, str]) -> int:
    """The port that DB_PORT gives for DB_HOST; 0 where there is none."""
    if not re.search(r"(^|_)HOST(NAME)?$", name, re.IGNORECASE):
        return 0
    port = values.get(re.sub(r"HOST(NAME)?$", "PORT", name, flags=re.IGNORECASE), "")
    return int(port) if port.isdecimal() else 0
