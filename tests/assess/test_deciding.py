# SPDX-License-Identifier: Apache-2.0
"""What a person decides, and what follows from it."""

from __future__ import annotations

import datetime

import pytest

from migrate.assess.deciding import decided, expired, fits, in_force, matching, unknown
from migrate.assess.verdict import Verdict
from migrate.model.config import Override
from migrate.model.workload import Kind, Nature, Placement, Workload

STORE = Verdict(Nature.STATEFUL, Kind.STATEFUL, Placement.VM, "…")
OPEN = Verdict(Nature.UNKNOWN, Kind.UNKNOWN, Placement.DECIDE, "…")
JOB = Verdict(Nature.UNKNOWN, Kind.BATCH, Placement.DECIDE, "…")
DAY = datetime.date(2026, 5, 1)


@pytest.mark.parametrize(
    ("ours", "said", "nature", "kind", "placement"),
    [
        (OPEN, {"nature": "stateless"}, "stateless", "stateless", "deployment"),
        (OPEN, {"kind": "stateful"}, "stateful", "stateful", "vm"),
        (OPEN, {"kind": "build-agent"}, "stateless", "build-agent", "build-agent"),
        (OPEN, {"kind": "plumbing"}, "unknown", "plumbing", "drop"),
        (JOB, {"nature": "stateless"}, "stateless", "batch", "cronjob"),
        (JOB, {"nature": "stateful"}, "stateful", "batch", "vm"),
        (STORE, {"placement": "deployment"}, "stateful", "stateful", "deployment"),
        (STORE, {"nature": "stateless"}, "stateless", "stateless", "deployment"),
        (STORE, {"nature": "stateful"}, "stateful", "stateful", "vm"),
    ],
)
def test_what_follows(ours: Verdict, said: dict[str, str], nature: str, kind: str, placement: str) -> None:
    chosen = {"nature": Nature, "kind": Kind, "placement": Placement}
    override = Override("because", workload="x", **{key: chosen[key](value) for key, value in said.items()})  # type: ignore[arg-type]
    assert decided(override, ours) == Verdict(Nature(nature), Kind(kind), Placement(placement), "because")


@pytest.mark.parametrize(
    ("override", "fit"),
    [
        (Override("r", workload="shop*"), True),
        (Override("r", workload="production/shop-web"), True),
        (Override("r", workload="staging/*"), False),
        (Override("r", role="web"), True),
        (Override("r", role="web", workload="other"), False),
        (Override("r", workload="shop-web", environment="staging"), False),
    ],
)
def test_patterns(override: Override, fit: bool) -> None:
    assert fits(override, "production", "shop-web", "acme.web") is fit


def test_the_last_that_fits_wins() -> None:
    both = [Override("all", workload="*"), Override("one", workload="shop")]
    assert [getattr(matching(both, "", name, ""), "reason", "") for name in ("shop", "blog")] == ["one", "all"]


@pytest.mark.parametrize(("until", "over"), [("2026-04-30", True), ("2026-05-01", False)])
def test_an_override_stands_to_the_end_of_its_last_day(until: str, over: bool) -> None:
    held = [Override("r", workload="x", expires=datetime.date.fromisoformat(until))]
    assert (in_force(held, DAY) == [], bool(expired(held, DAY))) == (over, over)
    assert in_force(held, None) == held


def test_the_nearest_name_is_told() -> None:
    shop = Workload("shop-web", "production", Kind.UNKNOWN, Nature.UNKNOWN, Placement.DECIDE, "…")
    [found] = unknown([Override("r", workload="shop-wbe")], [shop], ["production"])
    assert "did you mean shop-web?" in found.message
    assert unknown([Override("r", workload="x", environment="staging")], [shop], ["production"]) == []
