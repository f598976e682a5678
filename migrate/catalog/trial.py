# SPDX-License-Identifier: Apache-2.0
"""Whether catalog entries are whole, and which of them a name belongs to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import translate
from urllib.parse import urlsplit

from migrate.catalog import Index
from migrate.model.finding import Finding
from migrate.model.product import Product
from migrate.model.workload import Kind, Placement

NAMES = ("packages", "clients", "units", "processes", "images", "modules", "roles")
LOOKED_UP = ("packages", "clients", "units", "processes", "images", "modules")
PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PODS = (Placement.DEPLOYMENT, Placement.CRONJOB)
REMEDY = "`migrate catalog show nginx` is a whole entry; `migrate schema catalog` describes the fields."


def findings(products: Iterable[Product]) -> list[Finding]:
    """Everything that is wrong with entries, each with the product's key as its subject."""
    held = list(products)
    found = [
        Finding("catalog-entry", one.key, problem, REMEDY) for one in held for problem in problems(one)
    ]  # fmt: skip
    return [*found, *shared(held)]


def problems(product: Product) -> Iterator[str]:
    """What one entry lacks or says wrongly, as sentences."""
    yield from unnamed(product)
    yield from ports(product)
    yield from sources(product)
    yield from folders(product)
    if product.nature == "stateful" and (product.placement in PODS or product.kind is Kind.STATELESS):
        yield f"it keeps state, but is placed as {product.placement} (kind {product.kind})"


def unnamed(product: Product) -> Iterator[str]:
    if not KEY.fullmatch(product.key):
        yield f"its key {product.key!r} must be lower-case letters, digits and single hyphens"
    if product.nature not in ("stateless", "stateful", "depends"):
        yield f"its nature {product.nature!r} must be stateless, stateful or depends"
    if not product.title.strip() or not product.reason.strip():
        yield "it needs a title and a reason"
    names = [(field, name) for field in NAMES for name in getattr(product, field)]
    if not any(field != "clients" for field, _ in names):
        yield "nothing finds it: it needs packages, units, processes, images, modules or roles"
    yield from (f"{field}: {name!r} is no glob: {why}" for field, name in names if (why := broken(name)))


def broken(glob: str) -> str:
    """Why a glob can't be one; "" if it can."""
    if not glob.strip() or glob != glob.strip():
        return "it is empty or has blanks around it"
    if glob.strip("*?") == "":
        return "it matches everything"
    if glob.count("[") != glob.count("]"):
        return "its brackets do not match"
    try:
        re.compile(translate(glob))
    except re.error as error:
        return str(error)
    return ""


def ports(product: Product) -> Iterator[str]:
    for port in product.ports:
        if not 0 < port.port < 65536:
            yield f"port {port.port} is not between 1 and 65535"
        if port.protocol not in ("tcp", "udp"):
            yield f"port {port.port}: protocol {port.protocol!r} must be tcp or udp"
        if port.name and not PORT_NAME.fullmatch(port.name):
            yield f"port {port.port}: {port.name!r} is no name of a port (15 lower-case letters, digits, hyphens)"
    if len({(port.port, port.protocol) for port in product.ports}) < len(product.ports):
        yield "it lists a port twice"


def sources(product: Product) -> Iterator[str]:
    """Ports and data directories are claims, and need to say who says so."""
    for field in ("ports", "data_dirs"):
        if getattr(product, field) and not product.sources.get(field, "").strip():
            yield f"its {field} have no source: sources.{field} should name the manual that says so"
    for field, text in product.sources.items():
        parts = urlsplit(text)
        if parts.scheme in ("http", "https") and not parts.netloc:
            yield f"sources.{field}: {text!r} is no address"


def folders(product: Product) -> Iterator[str]:
    listed = (*product.data_dirs, *product.config, *(product.run.writable if product.run else ()))
    yield from (f"{path!r} must be an absolute path" for path in listed if not path.startswith("/"))


def shared(products: Iterable[Product]) -> Iterator[Finding]:
    """A name that two products have makes both a guess."""
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for product in products:
        for field in ("packages", "units", "processes", "images"):
            for name in dict.fromkeys(getattr(product, field)):
                owners[field, name].append(product.key)
    for (field, name), keys in sorted(owners.items()):
        if len(keys) > 1:
            message = f"{field}: {name!r} also belongs to {', '.join(keys[1:])}; the first that is listed wins"
            yield Finding("catalog-name-shared", keys[0], message, "Make the name of one of them more exact.")


def matches(index: Index, name: str) -> Mapping[str, tuple[Product, ...]]:
    """Which products have this name, by what it would be the name of."""
    found = {field: getattr(index, field).find(name) for field in LOOKED_UP if field != "images"}
    found["images"] = index.image(name)
    word = name.rsplit(".", 1)[-1].replace("-", "_").lower()
    found["roles"] = tuple(
        one for one in index.products.values() if word in {role.replace("-", "_").lower() for role in one.roles}
    )
    return {field: products for field, products in found.items() if products}
