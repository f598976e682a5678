# SPDX-License-Identifier: Apache-2.0
"""Entries of one's own: found, checked, and first."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from msgspec.structs import replace

from migrate import catalog
from migrate.catalog import Index, own, trial
from migrate.errors import FileError
from migrate.model.product import CatalogPort, Product
from migrate.model.workload import Kind, Placement

LEDGER = Product(
    title="Acme Ledger",
    category="own",
    nature="stateful",
    kind=Kind.STATEFUL,
    placement=Placement.VM,
    reason="It has a journal.",
    key="acme-ledger",
    packages=("acme-ledger",),
    ports=(CatalogPort(7400, name="ledger"),),
    data_dirs=("/var/lib/acme-ledger",),
    sources={"ports": "https://acme.example.com/manual", "data_dirs": "the manual, chapter 3"},
)


def test_all_shipped_entries_are_whole() -> None:
    """Each with a source for its ports and for its data directories, globs that compile, ports that are legal."""
    assert trial.findings(catalog.load().values()) == []


def test_a_whole_entry() -> None:
    assert list(trial.problems(LEDGER)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sources": {}}, "its ports have no source"),
        ({"sources": {"ports": "x"}}, "its data_dirs have no source"),
        ({"packages": ("acme[",)}, "no glob"),
        ({"packages": ("*",)}, "matches everything"),
        ({"packages": (" acme",)}, "blanks"),
        ({"packages": ()}, "nothing finds it"),
        ({"ports": (CatalogPort(70000),)}, "not between 1 and 65535"),
        ({"ports": (CatalogPort(80, "sctp"),)}, "must be tcp or udp"),
        ({"ports": (CatalogPort(80, name="A_B"),)}, "no name of a port"),
        ({"ports": (CatalogPort(80), CatalogPort(80))}, "twice"),
        ({"data_dirs": ("var/lib",)}, "absolute path"),
        ({"key": "Acme Ledger"}, "its key"),
        ({"nature": "sometimes"}, "its nature"),
        ({"placement": Placement.DEPLOYMENT}, "it keeps state, but"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, object], said: str) -> None:
    assert any(said in problem for problem in trial.problems(replace(LEDGER, **change)))


def test_a_name_that_two_have_is_said() -> None:
    twin = replace(LEDGER, key="acme-copy")
    [found] = trial.shared([LEDGER, twin])
    assert (found.subject, "acme-copy" in found.message) == ("acme-ledger", True)


@pytest.mark.parametrize(
    ("name", "field", "key"),
    [
        ("postgresql-15", "packages", "postgresql"),
        ("nginx", "units", "nginx"),
        ("docker.io/library/redis:7", "images", "redis"),
        ("nothing-is-called-that", "", ""),
    ],
)
def test_which_product_a_name_belongs_to(name: str, field: str, key: str) -> None:
    found = trial.matches(catalog.index(), name)
    assert (key in [one.key for one in found.get(field, ())]) is bool(key)
    assert bool(found) is bool(key)


def test_ones_own_come_first_and_replace_what_has_their_key() -> None:
    mine = replace(LEDGER, key="nginx", packages=("nginx",))
    held = own.products([mine])
    assert next(iter(held)) == "nginx"
    assert held["nginx"].title == "Acme Ledger"
    assert [one.title for one in Index(held).packages.find("nginx")] == ["Acme Ledger"]
    assert own.products() is catalog.load()


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    entry = "{title: Acme, category: own, nature: depends, kind: unknown, placement: decide, reason: r}"
    (tmp_path / "own.yaml").write_text(f"acme: {entry}\n")
    assert own.products(["own.yaml"], tmp_path)["acme"].title == "Acme"
    with pytest.raises(FileError, match=r"missing\.yaml"):
        own.products(["missing.yaml"], tmp_path)


def given() -> list[dict[str, object]]:
    common = {"category": "own", "nature": "depends", "kind": "unknown", "placement": "decide", "reason": "r"}
    return [{"key": "acme", "title": "Acme", **common}]


BAD = [{"key": "acme"}]


def test_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("acme", f"{__name__}:given", own.GROUP)]
    monkeypatch.setattr(own, "entry_points", lambda group: points)
    monkeypatch.setattr(EntryPoint, "load", lambda self: given)
    assert own.products()["acme"].title == "Acme"
    monkeypatch.setattr(EntryPoint, "load", lambda self: BAD)
    with pytest.raises(FileError, match="catalog entry point acme"):
        own.products()
