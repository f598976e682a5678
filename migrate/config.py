# SPDX-License-Identifier: Apache-2.0
"""migrate.yaml: read with every problem named by file and line, written anew by `migrate init`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from migrate.errors import FileError
from migrate.model.config import Config, Environment, Override, Policy, Target
from migrate.model.product import Product

NAME = "migrate.yaml"
LISTS = ("overrides", "catalog")
HINTS = {
    "overrides": "Each needs `reason`, `workload` or `role`, and `kind`, `nature` or `placement`; `owner` and "
    "`expires` (2027-01-31) are optional.",
    "catalog": "Each is an entry with a `key`, as `migrate schema catalog` describes it, or a file of entries.",
}
PARTS: dict[str, type[msgspec.Struct]] = {"target": Target, "policy": Policy}


def load(path: Path) -> Config:
    """The configuration in a file. Raises FileError that lists all problems, each with its line."""
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise FileError(
            f"{path}: no such file", hint="Write one with `migrate init`, or give --project, -i and a playbook."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise FileError(
            f"{path}: {one_line(error)}", hint="It must be a YAML mapping; `migrate schema config` describes it."
        ) from error
    if not isinstance(node, yaml.MappingNode):
        raise FileError(f"{path}:1: not a mapping", hint="`migrate schema config` describes it.")
    problems = [f"{path}:{line}: {problem}" for line, problem in unknown_keys(node)]
    if problems:
        raise FileError("\n".join(problems), hint="`migrate schema config` lists all keys.")
    return convert(yaml.load(text, Loader=yaml.CSafeLoader), node, path)


def convert(data: Any, node: yaml.MappingNode, path: Path) -> Config:
    """Items of lists are converted one by one, so that a problem in one is told with its own line."""
    items = {key: listed(data.pop(key), key, node, path) for key in LISTS if key in data}
    try:
        return msgspec.structs.replace(msgspec.convert(data, Config, strict=False), **items)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        keys = where.rstrip("`").strip(".")
        raise FileError(
            f"{path}:{line_of(node, keys)}: {keys or 'file'}: {message}", hint="`migrate schema config` describes it."
        ) from error


def listed(value: Any, key: str, node: yaml.MappingNode, path: Path) -> tuple[Any, ...]:
    """The overrides, or the products of one's own. Raises FileError that lists every bad item."""
    line = line_of(node, key)
    if not isinstance(value, list):
        raise FileError(f"{path}:{line}: {key}: it must be a list", hint=f"`migrate schema config` describes {key}.")
    lines = [item.start_mark.line + 1 for item in child(node, key)]
    found = [item(one, key, number) for one, number in zip(value, lines, strict=True)]
    problems = [
        f"{path}:{number}: {key}: {one}" for one, number in zip(found, lines, strict=True) if isinstance(one, Problem)
    ]
    if problems:
        raise FileError("\n".join(problems), hint=HINTS[key])
    return tuple(found)


class Problem(str):
    """Why an item of a list isn't one."""


def item(value: Any, key: str, line: int) -> Override | Product | str | Problem:
    if key == "catalog" and isinstance(value, str):
        return value
    try:
        if key == "catalog":
            product = msgspec.convert({"category": "own", **value}, Product)
            return product if product.key else Problem("an entry needs a key: its short name")
        override = msgspec.convert(value, Override)
    except (msgspec.ValidationError, TypeError) as error:
        return Problem(str(error).replace(" - at `$.", ": `"))
    if missing := lacking(override):
        return Problem(missing)
    return msgspec.structs.replace(override, line=line)


def lacking(override: Override) -> str:
    """What an override must say and doesn't; "" for a whole one."""
    if not override.reason.strip():
        return "an override needs a reason"
    if not (override.workload or override.role):
        return "an override needs a workload or a role that it is for"
    if not (override.kind or override.nature or override.placement):
        return "an override needs a kind, a nature or a placement that it decides"
    return ""


def child(node: yaml.MappingNode, key: str) -> list[yaml.Node]:
    found = next((value for name, value in node.value if name.value == key), None)
    return list(found.value) if isinstance(found, yaml.SequenceNode) else []


def unknown_keys(node: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    """Keys that no setting has, with the nearest one that exists."""
    yield from strangers(node, Config, "")
    for key, value in node.value:
        if key.value == "overrides":
            for each in child(node, "overrides"):
                if isinstance(each, yaml.MappingNode):
                    yield from strangers(each, Override, "overrides.", hidden=("line",))
        if not isinstance(value, yaml.MappingNode):
            continue
        if key.value in PARTS:
            yield from strangers(value, PARTS[key.value], f"{key.value}.")
        elif key.value == "environments":
            for name, environment in value.value:
                if isinstance(environment, yaml.MappingNode):
                    yield from strangers(environment, Environment, f"environments.{name.value}.")


def strangers(
    node: yaml.MappingNode, struct: type[msgspec.Struct], prefix: str, *, hidden: tuple[str, ...] = ()
) -> Iterator[tuple[int, str]]:
    fields = [field for field in struct.__struct_fields__ if field not in hidden]
    for key, _ in node.value:
        if key.value not in fields:
            near = difflib.get_close_matches(str(key.value), fields, n=1)
            meant = f"; did you mean {prefix}{near[0]}?" if near else f"; it may hold {', '.join(fields)}"
            yield key.start_mark.line + 1, f"unknown key {prefix}{key.value}{meant}"


def line_of(node: yaml.Node, keys: str) -> int:
    """The line of a dotted key; the nearest one that exists above it."""
    line = node.start_mark.line + 1
    for part in keys.replace("[...]", "").split("."):
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if str(key.value) == part:
                node, line = value, key.start_mark.line + 1
    return line


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of migrate.yaml."""
    described = msgspec.json.schema(Config)
    described["$defs"]["Override"]["properties"].pop("line")  # it is where the override stands, not what it says
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "migrate.yaml", **described}


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())
