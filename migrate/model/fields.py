# SPDX-License-Identifier: Apache-2.0
"""Names for the fields of a manifest: `spec.template.spec.containers[web].ports[http].containerPort`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# What an item of a list is called by, the first that it has; else its number.
NAMED_BY = ("mountPath", "name", "containerPort", "port", "host", "path", "topologyKey", "secretKey", "type", "key")


def leaves(value: Any, at: str = "") -> Iterator[str]:
    """Names of all fields that hold a value and no further fields."""
    inside = list(_inside(value, at))
    if not inside:
        yield at
    for name, item in inside:
        yield from leaves(item, name)


def fields(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """All fields, also those that hold others, with their values."""
    for name, item in _inside(value, at):
        yield name, item
        yield from fields(item, name)


def covering(field: str, known: Mapping[str, str]) -> str:
    """The field itself or the nearest one around it that is known; "" if there is none."""
    while field and field not in known:
        cut = field.rfind("[") if field.endswith("]") else field.rfind(".")
        field = field[: max(cut, 0)]
    return field


def _inside(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield _below(at, str(key)), item
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield f"{at}[{item_name(item, index)}]", item


def _below(at: str, key: str) -> str:
    """Keys with dots or slashes stand in brackets, as items of lists do."""
    plain = key.replace("-", "").replace("_", "").isalnum()
    return (f"{at}.{key}" if at else key) if plain else f"{at}[{key}]"


def item_name(item: Mapping[str, Any], index: int) -> str:
    return next((str(item[key]) for key in NAMED_BY if isinstance(item.get(key), str | int)), str(index))
