# SPDX-License-Identifier: Apache-2.0
"""Software knowledge as data: one entry per product, in one YAML file per category."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import lru_cache
from importlib import resources

import msgspec
import yaml

from migrate.errors import FileError
from migrate.model.product import Product
from migrate.model.workload import Kind

WILD = re.compile(r"[*?\[]")
VENDORS = re.compile(r"^(?:prometheus|openstack|(?:centos|ubuntu|debian|rocky)-(?:binary|source))-")
"""What builders of images put before the name of what is in them."""
TOKEN = re.compile(r"mg(?:sec|need|unk)_\w*?_[0-9a-f]{6}_x", re.IGNORECASE)


@lru_cache(maxsize=1)
def load() -> Mapping[str, Product]:
    """The shipped catalog, by key. Raises FileError for an entry that isn't one."""
    products: dict[str, Product] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".yaml"):
            products.update(read(file.read_text(encoding="utf-8"), file.name))
    return products


def read(text: str, name: str) -> dict[str, Product]:
    """The products of one file; `name` is for errors."""
    entries = yaml.load(text, Loader=yaml.CSafeLoader) or {}
    products = {}
    for key, entry in entries.items():
        try:
            products[key] = msgspec.convert({**entry, "key": key}, Product)
        except (msgspec.ValidationError, TypeError) as error:
            raise FileError(
                f"{name}: catalog entry {key}: {error}", hint="See `migrate schema catalog` for the fields."
            ) from error
    return products


class Names:
    """Which products a name belongs to: exact names by look-up, globs by one regular expression each."""

    def __init__(self, pairs: Iterable[tuple[str, Product]]) -> None:
        self._exact: dict[str, list[Product]] = {}
        self._globs: list[tuple[re.Pattern[str], Product]] = []
        for name, product in pairs:
            if WILD.search(name):
                self._globs.append((re.compile(translate(name)), product))
            else:
                self._exact.setdefault(name, []).append(product)
        self._known: dict[str, tuple[Product, ...]] = {}

    def find(self, name: str) -> tuple[Product, ...]:
        """Products of an exact name, or else of the globs that match it."""
        if name not in self._known:
            found = self._exact.get(name) or [product for pattern, product in self._globs if pattern.match(name)]
            self._known[name] = tuple({product.key: product for product in found}.values())
        return self._known[name]


class Index:
    """The catalog, ready to be asked."""

    def __init__(self, products: Mapping[str, Product]) -> None:
        every = list(products.values())
        self.products = products
        self.packages = Names((name, p) for p in every for name in p.packages)
        self.clients = Names((name, p) for p in every for name in p.clients)
        self.units = Names((name, p) for p in every for name in p.units)
        self.processes = Names((name, p) for p in every for name in p.processes)
        self.images = Names((name, p) for p in every for name in p.images)
        tails = ((name.rpartition("/")[2], p) for p in every for name in p.images if not WILD.search(name))
        self._tails = Names((tail, p) for tail, p in tails if "-" in tail or tail == p.key)
        self.modules = Names((name, p) for p in every for name in p.modules)
        self._words = Names((name.rpartition(".")[2], p) for p in every for name in p.modules if name[-2:] != ".*")
        self.config = sorted(((path, p) for p in every for path in p.config), key=lambda pair: -len(pair[0]))

    def module(self, action: str) -> tuple[Product, ...]:
        """Products that a module is about; its bare name will do, where the collection isn't installed."""
        return self.modules.find(action) or (() if "." in action else self._words.find(action))

    def image(self, reference: str) -> tuple[Product, ...]:
        """Products of a container image; registry host, tag, digest and what only a real run knows don't count."""
        reference = TOKEN.sub("/", reference).strip("/:")
        name = reference.split("@", maxsplit=1)[0]
        head, _, tail = name.rpartition("/")
        name = f"{head}/{tail.split(':')[0]}" if head else tail.split(":")[0]
        parts = name.split("/")
        if len(parts) > 1 and ("." in parts[0] or ":" in parts[0] or parts[0] == "localhost"):
            parts = parts[1:]
        base = parts[-1]
        candidates = ["/".join(parts), base]
        known = next((found for candidate in candidates if (found := self.images.find(candidate))), ())
        return known or self._tails.find(base) or self._by_program(base) or self._by_program(base.replace("_", "-"))

    def _by_program(self, base: str) -> tuple[Product, ...]:
        """An image that is called as a unit or a program is: somebody's own build of it."""
        for name in dict.fromkeys((base, VENDORS.sub("", base))):
            found = self._tails.find(name) or self.units.find(name) or self.processes.find(name)
            if found and found[0].kind is not Kind.LIBRARY:
                return found
        return ()


@lru_cache(maxsize=1)
def index() -> Index:
    return Index(load())
