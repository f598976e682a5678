# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

from hypothesis import given, settings

from migrate.model.assessment import Assessment
from migrate.report.page import MOST_BYTES, _fitting, render
from tests.report.estate import ESTATE
from tests.report.hostile import ESTATES, EVIL, estate
from tests.report.large import large

EMPTY = render(Assessment())


class Skeleton(HTMLParser):
    """Tags and attributes of a page, and what its scripts and styles hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.raw: list[str] = []
        self.values: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attributes)))
        self.values += [value or "" for name, value in attributes if name in ("src", "href", "action", "style")]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is not None:
            self.raw.append(data)


def held(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    value: dict[str, Any] = json.loads(found[1])
    return value


def test_holds_what_reports_say() -> None:
    data = held(render(ESTATE))
    shop = next(one for one in data["workloads"] if one["name"] == "shop" and one["env"] == 0)
    assert (shop["placement"], shop["wave"], shop["decided"]) == ("deployment", 2, True)
    titles = [title for title, _, _ in shop["more"]]
    assert any(title.startswith("Points to stateless") for title in titles)
    assert "Decided by a person" in titles
    label = {number: node["label"] for number, node in enumerate(data["nodes"])}
    assert ("shop", "redis", "6379") in {(label[source], label[target], told) for source, target, told in data["links"]}
    assert sum(row["count"] for row in data["machines"]) == len(ESTATE.machines)


def test_hostile_text_adds_no_markup() -> None:
    assert Skeleton(render(estate(EVIL))).tags == Skeleton(EMPTY).tags


@settings(deadline=None, max_examples=25)
@given(ESTATES)
def test_no_text_adds_markup(found: Assessment) -> None:
    page = render(found)
    assert Skeleton(page).tags == Skeleton(EMPTY).tags
    held(page)


def test_nothing_comes_from_elsewhere() -> None:
    page = render(ESTATE)
    assert all(value.startswith("#") for value in Skeleton(page).values)
    code = page.split('<script type="application/json"')[0] + page.split("</script>", 1)[1]
    reaching = r"url\((?!#)|@import|\bfetch\(|XMLHttpRequest|innerHTML|insertAdjacent|document\.write|eval\("
    assert not re.search(reaching, code)
    assert set(re.findall(r"https?://[^\s\"']+", code)) == {"http://www.w3.org/2000/svg"}  # a name, not an address


def test_only_our_own_script_and_style_may_run() -> None:
    """The policy names both by their hash, so that a browser refuses what somebody slips in."""
    style, data, script = Skeleton(EMPTY).raw
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', EMPTY)
    assert policy
    for text in (style, script):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert data.startswith("{")


def test_secrets_keep_their_names_only() -> None:
    assert "__MIGRATE" not in render(ESTATE)


def test_the_same_estate_gives_the_same_bytes() -> None:
    assert render(ESTATE) == render(ESTATE)


def test_ten_thousand_machines_fit() -> None:
    page = render(large(10_000))
    assert len(page.encode()) <= MOST_BYTES
    data = held(page)
    assert sum(row["count"] for row in data["machines"]) == 10_000
    assert len(data["workloads"]) == 800
    assert data["workloads"][0]["more"]


def test_what_does_not_fit_is_counted() -> None:
    whole = json.loads(_fitting(large(500), 10**9))
    tight = json.loads(_fitting(large(500), len(json.dumps(whole)) * 2 // 3))
    assert all(left == 0 for one in whole["workloads"] for _, _, left in one["more"])
    assert any(left > 0 for one in tight["workloads"] for _, _, left in one["more"])
    assert [one["name"] for one in tight["workloads"]] == [one["name"] for one in whole["workloads"]]
