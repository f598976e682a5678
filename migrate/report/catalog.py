# SPDX-License-Identifier: Apache-2.0
"""The software catalog for a terminal or as JSON: a list, one entry whole, and what a name belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.model.product import Product
from migrate.report.clean import clean
from migrate.report.names import natural

WIDEST = 34


def listing(products: Iterable[Product]) -> str:
    """A line for each product: key, title, what becomes of it, its ports."""
    rows = [
        (one.key, one.title, one.category, one.kind.value, one.placement.value, _ports(one))
        for one in sorted(products, key=lambda one: (one.category, natural(one.key)))
    ]
    heads = ("key", "title", "category", "kind", "placement", "ports")
    table = [heads, *(tuple(clean(cell)[:WIDEST] for cell in row) for row in rows)]
    widths = [max(len(row[number]) for row in table) for number in range(len(heads))]
    lines = ("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
    return "\n".join(lines) + f"\n{len(rows):,} product{'' if len(rows) == 1 else 's'}\n"


def encoded(products: Iterable[Product]) -> str:
    held = sorted(products, key=lambda one: one.key)
    return msgspec.json.format(msgspec.json.encode(held, order="deterministic"), indent=2).decode() + "\n"


def entry(product: Product) -> str:
    """All of one entry, field by field, with the source beside what it is the source of."""
    lines = [f"{clean(product.key)} · {clean(product.title)}", f"  {clean(product.reason)}", ""]
    return "\n".join([*lines, *(f"  {name:12}  {text}" for name, text in _fields(product))]) + "\n"


def _fields(product: Product) -> Iterator[tuple[str, str]]:
    yield "category", clean(product.category)
    yield "nature", clean(product.nature)
    yield "kind", product.kind.value
    yield "placement", product.placement.value
    if product.replaced_by:
        yield "replaced by", clean(product.replaced_by)
    for name in ("packages", "clients", "units", "processes", "images", "modules", "roles"):
        if held := getattr(product, name):
            yield name, ", ".join(map(clean, held))
    for name, text in (("ports", _ports(product)), ("data_dirs", ", ".join(map(clean, product.data_dirs)))):
        if text:
            yield name, f"{text}  (source: {clean(product.sources.get(name, 'none'))})"
    if product.config:
        yield "config", ", ".join(map(clean, product.config))
    if product.run is not None:
        yield "runs", clean(" ".join(product.run.command)) or "as its image does"


def matching(name: str, found: Mapping[str, Sequence[Product]]) -> str:
    """Which products a name belongs to, and as what."""
    if not found:
        return f"{clean(name)}: no product has this name\n"
    rows = [(field, one) for field, products in found.items() for one in products]
    return "".join(f"{clean(name)}: {clean(one.key)} ({clean(one.title)}), by its {field}\n" for field, one in rows)


def _ports(product: Product) -> str:
    told = (f"{port.port}{'' if port.protocol == 'tcp' else '/' + port.protocol}" for port in product.ports)
    return ", ".join(map(clean, told))
