# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given, settings

from migrate.errors import UsageError
from migrate.model.assessment import Assessment
from migrate.model.workload import Placement
from migrate.report.explain import explain
from tests.report.estate import ESTATE, SHOP, workload
from tests.report.hostile import ESTATES, EVIL, estate
from tests.report.kept import check


def test_everything_of_one_workload() -> None:
    check("explain-shop.txt", explain(ESTATE, "production/shop"))


def test_every_piece_of_evidence_has_its_place() -> None:
    text = explain(ESTATE, "production/shop")
    for evidence in SHOP.evidence:
        assert f"{evidence.place}  " in text
        assert evidence.saw in text


def test_a_name_in_several_environments_explains_all() -> None:
    text = explain(ESTATE, "shop")
    assert "production/shop · Gunicorn" in text
    assert "staging/shop · Gunicorn" in text


@pytest.mark.parametrize("name", ["postg", "POSTGRES", "staging/p", "postgresql", "staging/postgresql"])
def test_the_start_of_a_name_is_enough(name: str) -> None:
    assert "staging/postgresql" in explain(ESTATE, name)


def test_the_exact_name_wins_over_longer_ones() -> None:
    assert "shop-worker" not in explain(ESTATE, "production/shop").splitlines()[0]


def test_counter_evidence_stands_apart() -> None:
    text = explain(ESTATE, "production/shop")
    assert (
        text.index("Points to stateless") < text.index("Counter-evidence: points to stateful") < text.index("Context")
    )
    assert "Counter-evidence" not in explain(ESTATE, "postgresql")


def test_tokens_are_named_and_never_shown() -> None:
    text = explain(ESTATE, "production/shop")
    assert "__MIGRATE" not in text
    assert "--password <vault_shop_password>" in text
    assert "vault_other" not in text


def test_no_evidence_is_said() -> None:
    assert "No evidence was found" in explain(ESTATE, "redis")


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("shpo", "There is no workload 'shpo'.", "Did you mean shop"),
        ("production/rediss", "There is no workload 'production/rediss'.", "production/redis"),
        ("shop-", "'shop-' fits 2 workloads.", "Say which: shop-report, shop-worker."),
        (
            "zzz",
            "There is no workload 'zzz'.",
            "There are chrony, haproxy, iptables, jenkins, jenkins-agent and 11 more.",
        ),
        ("", "There is no workload ''.", "There are"),
        ("\x1b[2J", "There is no workload '\\x1b[2J'.", "There are"),
    ],
)
def test_unknown_name(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(ESTATE, name)
    assert str(caught.value) == message
    assert hint in caught.value.hint


def test_unknown_name_in_an_empty_estate() -> None:
    with pytest.raises(UsageError) as caught:
        explain(Assessment(), "web")
    assert "No workload was found" in caught.value.hint


def test_one_unnamed_environment() -> None:
    estate = Assessment(workloads=(workload("web", Placement.DEPLOYMENT, "a", environment=""),))
    assert explain(estate, "web").startswith("web\n")


def test_hostile_text_stays_text() -> None:
    text = explain(estate(EVIL), EVIL)
    assert "\x1b" not in text
    assert "\n::error" not in text


@settings(deadline=None, max_examples=25)
@given(ESTATES)
def test_any_text_can_be_explained(assessment: Assessment) -> None:
    text = explain(assessment, assessment.workloads[0].name)
    assert all(len(line) <= 100 and line.isprintable() for line in text.splitlines())
