# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

from migrate import catalog
from migrate.report.catalog import encoded, entry, listing, matching

PRODUCTS = catalog.load()


def test_a_list_has_a_line_for_each() -> None:
    lines = listing(PRODUCTS.values()).splitlines()
    assert len(lines) == len(PRODUCTS) + 2
    assert lines[0].split() == ["key", "title", "category", "kind", "placement", "ports"]
    assert any(line.startswith("postgresql ") and "5432" in line for line in lines)


def test_an_entry_has_its_sources() -> None:
    text = entry(PRODUCTS["postgresql"])
    assert f"5432  (source: {PRODUCTS['postgresql'].sources['ports']})" in text
    assert "/var/lib/postgresql" in text


def test_json() -> None:
    assert [one["key"] for one in json.loads(encoded([PRODUCTS["redis"], PRODUCTS["nginx"]]))] == ["nginx", "redis"]


def test_a_name() -> None:
    assert matching("nginx", {"units": [PRODUCTS["nginx"]]}) == "nginx: nginx (nginx), by its units\n"
    assert "no product" in matching("x", {})
