# SPDX-License-Identifier: Apache-2.0
"""Patches as kustomize applies them: strategic merge by the merge keys of Kubernetes, and JSON patches."""

from __future__ import annotations

import re
from typing import Any

import yaml

from migrate.check.fields import knowledge
from migrate.check.reach import Table, items, reach, table, text
from migrate.check.scene import Object


def read(source: str) -> list[Any]:
    """The patches in a text: documents to merge, or one list of operations."""
    try:
        return [one for one in yaml.load_all(source, Loader=yaml.CSafeLoader) if one]
    except yaml.YAMLError:
        return []


def fits(one: Object, patch: Any, target: Table) -> bool:
    """Whether a patch is meant for an object: by its target, else by kind and name."""
    wanted = target or {"kind": reach(patch, "kind"), "name": reach(patch, "metadata.name")}
    pairs = {"kind": one.kind, "name": one.name, "namespace": one.namespace}
    chosen = all(re.fullmatch(str(wanted[key]), value) for key, value in pairs.items() if wanted.get(key))
    selector = text(target.get("labelSelector"))
    return chosen and all(str(one.labels.get(key)) == value for key, value in _pairs(selector))


def _pairs(selector: str) -> list[tuple[str, str]]:
    return [(key, value) for key, equals, value in (part.partition("=") for part in selector.split(",")) if equals]


def apply(data: Table, patch: Any) -> Table | None:
    """The object with a patch; None where the patch deletes it."""
    if isinstance(patch, list):
        for step in patch:
            data = _operated(data, table(step))
        return data
    if patch.get("$patch") == "delete":
        return None
    kind = knowledge().kinds.get(f"{data.get('apiVersion')} {data.get('kind')}")
    return merge(data, patch, kind.kind if kind else "")


def merge(data: Table, patch: Table, kind: str = "") -> Table:
    """A strategic merge: mappings one in the other, lists by their key where they have one, else replaced."""
    fields = knowledge().types.get(kind, {})
    result = dict(data)
    for name, value in patch.items():
        field = fields.get(name)
        old = result.get(name)
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(old, dict):
            plain = field.kind if field and not field.wraps else ""
            result[name] = _without_marks(value) if value.get("$patch") == "replace" else merge(old, value, plain)
        elif isinstance(value, list) and isinstance(old, list) and field and field.merge_key:
            result[name] = _merge_lists(old, value, field.merge_key, field.kind)
        else:
            result[name] = value
    return _without_marks(result)


def _merge_lists(old: list[Any], new: list[Any], key: str, kind: str) -> list[Any]:
    if {"$patch": "replace"} in new:
        return [entry for entry in new if entry != {"$patch": "replace"}]
    result = list(old)
    for entry in new:
        where = next((index for index, one in enumerate(result) if _key(one, key) == _key(entry, key)), None)
        if where is None:
            result.append(entry)
        elif table(entry).get("$patch") == "delete":
            del result[where]
        else:
            result[where] = merge(result[where], entry, kind) if isinstance(entry, dict) else entry
    return result


def _key(entry: Any, key: str) -> Any:
    return entry.get(key) if isinstance(entry, dict) else entry


def _without_marks(value: Table) -> Table:
    return {key: inner for key, inner in value.items() if key != "$patch"} if "$patch" in value else value


def replace(data: Table, path: str, value: Any) -> Table:
    """A copy with another value at `a.b.c`."""
    first, _, rest = path.partition(".")
    return {**data, first: replace(table(data.get(first)), rest, value) if rest else value}


def _operated(data: Table, step: Table) -> Table:
    """One operation of a JSON patch: add, replace or remove; what leads nowhere changes nothing."""
    way = [part.replace("~1", "/").replace("~0", "~") for part in text(step.get("path")).split("/")[1:]]
    if not way or step.get("op") not in ("add", "replace", "remove"):
        return data
    changed = _set(data, way, step)
    return changed if isinstance(changed, dict) else data


def _set(value: Any, way: list[str], step: Table) -> Any:
    name, rest = way[0], way[1:]
    if isinstance(value, dict):
        return _set_in_table(value, name, rest, step)
    if isinstance(value, list) and (name == "-" or name.isdecimal()):
        return _set_in_list(items(value), name, rest, step)
    return value


def _set_in_table(value: Table, name: str, rest: list[str], step: Table) -> Table:
    if rest:
        return {**value, name: _set(value.get(name), rest, step)}
    kept = {key: inner for key, inner in value.items() if key != name}
    return kept if step["op"] == "remove" else {**value, name: step.get("value")}


def _set_in_list(value: list[Any], name: str, rest: list[str], step: Table) -> list[Any]:
    index = len(value) if name == "-" else int(name)
    if rest:
        return [_set(one, rest, step) if number == index else one for number, one in enumerate(value)]
    if step["op"] == "add":
        return [*value[:index], step.get("value"), *value[index:]]
    kept = [] if step["op"] == "remove" else [step.get("value")]
    return [*value[:index], *kept, *value[index + 1 :]]
