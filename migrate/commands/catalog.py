# SPDX-License-Identifier: Apache-2.0
"""`migrate catalog`: what is known of software, and whether one's own entries are whole."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from migrate import config as configuration
from migrate.catalog import Index, own, trial
from migrate.errors import DECISION_NEEDED, FINE, UsageError
from migrate.model.product import Product
from migrate.report import catalog as report


def products(config: Path | None) -> Mapping[str, Product]:
    """The shipped catalog, with what migrate.yaml and installed packages add."""
    path = config or Path(configuration.NAME)
    if config is None and not path.is_file():
        return own.products()
    return own.products(configuration.load(path).catalog, path.parent)


def listed(config: Path | None, word: str, *, as_json: bool) -> str:
    """Products in whose key, title, category, packages or units the word occurs; all without one."""
    wanted = word.casefold()
    found = [one for one in products(config).values() if wanted in said(one)]
    return report.encoded(found) if as_json else report.listing(found)


def said(one: Product) -> str:
    words = (one.key, one.title, one.category, one.kind, one.placement, *one.packages, *one.units, *one.roles)
    return "\n".join(words).casefold()


def shown(config: Path | None, key: str, *, as_json: bool) -> str:
    held = products(config)
    if key not in held:
        near = difflib.get_close_matches(key, held, n=3)
        hint = f"Did you mean {', '.join(near)}?" if near else "`migrate catalog list` has all keys."
        raise UsageError(f"there is no product {key}", hint=hint)
    return report.encoded([held[key]]) if as_json else report.entry(held[key])


def tested(config: Path | None, names: Sequence[str]) -> int:
    """Check all entries, or say what names belong to; returns the exit code."""
    held = products(config)
    if names:
        index = Index(held)
        found = {name: trial.matches(index, name) for name in names}
        sys.stdout.write("".join(report.matching(name, told) for name, told in found.items()))
        return FINE if all(found.values()) else DECISION_NEEDED
    problems = trial.findings(held.values())
    for one in problems:
        print(f"{one.subject}: {one.message}")
    print(f"{len(held):,} products, {len(problems)} problem{'' if len(problems) == 1 else 's'}")
    if problems:
        print(f"  → {problems[0].remedy}")
    return DECISION_NEEDED if problems else FINE
