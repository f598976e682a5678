# SPDX-License-Identifier: Apache-2.0
"""Strategic merge patches: what has to be said to make one object of another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from migrate.generate.manifest import CONTROLLERS, Object

# Field → the key by which Kubernetes merges its list; only in kinds whose lists merge at all.
MERGED_BY = {
    "containers": "name",
    "env": "name",
    "initContainers": "name",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
# Its lists merge by number and protocol together, of which kustomize sees only one: they are replaced.
REPLACED = "ports"
LARGEST_SHARE = 0.5  # of the object: beyond that a patch is harder to read than the object


class Unsayable(Exception):
    """A difference that no patch expresses, such as a mapping that becomes empty."""


def patch(before: Object, after: Object) -> Object | None:
    """The patch with apiVersion, kind and name to find its object by; None where the whole object says it better."""
    try:
        found = _mapping(before, after, str(after["kind"]))
    except Unsayable:
        return None
    if len(json.dumps(found)) > LARGEST_SHARE * len(json.dumps(after)):
        return None
    metadata = {"name": after["metadata"]["name"], **found.pop("metadata", {})}
    return {"apiVersion": after["apiVersion"], "kind": after["kind"], "metadata": metadata, **found}


def _value(field: str, before: Any, after: Any, kind: str) -> Any:
    if isinstance(before, dict) and isinstance(after, dict):
        return _mapping(before, after, kind)
    if isinstance(before, list) and isinstance(after, list):
        return _list(field, before, after, kind)
    return after


def _mapping(before: Object, after: Object, kind: str) -> Object:
    if before and not after:
        raise Unsayable
    changed = {
        field: _value(field, before[field], value, kind) if field in before else value
        for field, value in after.items()
        if before.get(field) != value
    }
    return changed | {field: None for field in before if field not in after}


def _list(field: str, before: Sequence[Any], after: Sequence[Any], kind: str) -> list[Any]:
    """Lists that merge say only what differs; all others are written whole."""
    if not after:
        raise Unsayable
    key = MERGED_BY.get(field) if kind in CONTROLLERS else None
    if field == REPLACED and kind in (*CONTROLLERS, "Service"):
        return [{"$patch": "replace"}, *after]
    if not key:
        return list(after)
    old = {item[key]: item for item in before}
    new = {item[key]: item for item in after}
    if len(old) < len(before) or len(new) < len(after):
        return [{"$patch": "replace"}, *after]
    changed = [
        {key: name, **_mapping(old[name], item, kind)} if name in old else item
        for name, item in new.items()
        if old.get(name) != item
    ]
    return changed + [{key: name, "$patch": "delete"} for name in old if name not in new]
