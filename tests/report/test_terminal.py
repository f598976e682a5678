# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from msgspec.structs import replace
from rich.cells import cell_len

from migrate.model.assessment import Assessment
from migrate.model.workload import Placement
from migrate.report.clean import clean
from migrate.report.terminal import render
from tests.report.estate import ESTATE, machines, workload
from tests.report.hostile import ESTATES, EVIL, TEXTS, estate
from tests.report.kept import check

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def test_whole_estate() -> None:
    check("table.txt", render(ESTATE))


def test_on_eighty_columns() -> None:
    check("table-80.txt", render(ESTATE, width=80))


@pytest.mark.parametrize(("asked", "given"), [(None, 100), (20, 80), (80, 80), (100, 100), (500, 120)])
def test_width(asked: int | None, given: int) -> None:
    assert max(cell_len(line) for line in render(ESTATE, width=asked).splitlines()) == given


def test_colours_change_nothing_but_colours() -> None:
    plain = [line.rstrip() for line in STYLE.sub("", render(ESTATE, color=True)).splitlines()]
    assert plain == render(ESTATE).splitlines()
    assert "\x1b" not in render(ESTATE)


def test_order_of_what_is_given_does_not_matter() -> None:
    backwards = replace(
        ESTATE,
        workloads=ESTATE.workloads[::-1],
        machines=ESTATE.machines[::-1],
        findings=ESTATE.findings[::-1],
    )
    assert render(backwards) == render(ESTATE)


def test_common_domain_is_said_once() -> None:
    hosts = [f"web{number}.prod.example.org" for number in range(1, 5)]
    text = render(
        Assessment(
            environments=("production",),
            machines=machines("production", *hosts),
            workloads=(workload("shop", Placement.DEPLOYMENT, *hosts),),
        )
    )
    assert text.count("prod.example.org") == 1
    assert "*.prod.example.org" in text
    assert " web[1-4] " in text


def test_no_hosts() -> None:
    assert render(Assessment(environments=("production",))).startswith("0 HOSTS")


def test_hostile_text_stays_text() -> None:
    text = render(estate(EVIL))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "[red]x[/red]" in re.sub(r"\s+", "", text)
    assert not re.search(r"^\s*::|##\[", text, re.MULTILINE)
    styled = STYLE.sub("", render(estate(EVIL), color=True))
    assert "\x1b" not in styled


@settings(deadline=None, max_examples=25)
@given(ESTATES)
def test_no_line_is_wider_than_a_hundred_columns(assessment: Assessment) -> None:
    text = render(assessment)
    assert all(cell_len(line) <= 100 for line in text.splitlines())
    assert not re.search(r"[^\n -~\xa1-\U0010ffff]", text)


@settings(deadline=None, max_examples=25)
@given(TEXTS)
def test_names_are_whole(name: str) -> None:
    """A wrapped name loses no character."""
    assessment = Assessment(workloads=(workload(f"x{name}", Placement.DEPLOYMENT),))
    column = "".join(line[2:26] for line in render(assessment).splitlines())
    assert cell_len(name) != len(name) or without_blanks(clean(f"x{name}")) in without_blanks(column)


def without_blanks(text: str) -> str:
    return re.sub(r"\s", "", text)
