# SPDX-License-Identifier: Apache-2.0
"""Products of one's own: from migrate.yaml, from files that it names, and from installed packages' entry points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import msgspec

from migrate import catalog
from migrate.errors import FileError
from migrate.model.product import Product

GROUP = "hybrid_migrate.catalog"


def products(own: Sequence[Product | str] = (), base: Path = Path()) -> Mapping[str, Product]:
    """The catalog with one's own products first, so that they win; one with a shipped product's key replaces it."""
    mine: dict[str, Product] = {}
    for entry in own:
        mine |= read_file(base / entry) if isinstance(entry, str) else {entry.key: entry}
    for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)):
        mine = provided(point) | mine
    return (
        {**mine, **{key: product for key, product in catalog.load().items() if key not in mine}}
        if mine
        else catalog.load()
    )


def read_file(path: Path) -> dict[str, Product]:
    """A YAML file of products by key, as the shipped ones are. Raises FileError."""
    try:
        return catalog.read(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {error}", hint="`catalog:` in migrate.yaml names files relative to it.") from error


def provided(point: EntryPoint) -> dict[str, Product]:
    """Products of an entry point: a list of mappings with a `key`, or a function that returns one. Raises FileError."""
    value: Any = point.load()
    entries: Iterable[Mapping[str, Any]] = value() if callable(value) else value
    try:
        found = [msgspec.convert(dict(entry), Product) for entry in entries]
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        hint = "It must give mappings with a key; `migrate schema catalog` lists the fields."
        raise FileError(f"catalog entry point {point.name} ({point.value}): {error}", hint=hint) from error
    return {product.key: product for product in found}
