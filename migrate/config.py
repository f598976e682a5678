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
from migrate.model.config import Config, Environment, Policy, Target

NAME = "migrate.yaml"
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
    try:
        return msgspec.convert(data, Config, strict=False)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        keys = where.rstrip("`").strip(".")
        raise FileError(
            f"{path}:{line_of(node, keys)}: {keys or 'file'}: {message}", hint="`migrate schema config` describes it."
        ) from error


def unknown_keys(node: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    """Keys that no setting has, with the nearest one that exists."""
    yield from strangers(node, Config, "")
    for key, value in node.value:
        if not isinstance(value, yaml.MappingNode):
            continue
        if key.value in PARTS:
            yield from strangers(value, PARTS[key.value], f"{key.value}.")
        elif key.value == "environments":
            for name, environment in value.value:
                if isinstance(environment, yaml.MappingNode):
                    yield from strangers(environment, Environment, f"environments.{name.value}.")


def strangers(node: yaml.MappingNode, struct: type[msgspec.Struct], prefix: str) -> Iterator[tuple[int, str]]:
    for key, _ in node.value:
        if key.value not in struct.__struct_fields__:
            near = difflib.get_close_matches(str(key.value), struct.__struct_fields__, n=1)
            meant = (
                f"; did you mean {prefix}{near[0]}?" if near else f"; it may hold {', '.join(struct.__struct_fields__)}"
            )
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
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "migrate.yaml", **described}


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())
