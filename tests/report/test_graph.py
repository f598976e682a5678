# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

from hypothesis import given, settings

from migrate.model.assessment import Assessment
from migrate.report.graph import dot, graph, mermaid
from tests.report.estate import ESTATE
from tests.report.hostile import ESTATES, EVIL, estate
from tests.report.kept import check

QUOTED = re.compile(r'"(?:[^"\\\n]|\\["\\n])*"')
BARE = re.compile(r"(?:digraph estate \{|\}|  +\}|[ \w\[\]=,;>\-]+(?:\{)?)*")


def test_whole_estate() -> None:
    check("graph.dot", dot(ESTATE))
    check("graph.mmd", mermaid(ESTATE, "production") + "\n")


def test_every_link_ends_in_a_node() -> None:
    found = graph(ESTATE)
    keys = {node.key for node in found.nodes}
    assert found.links
    assert all(link.source in keys and link.target in keys for link in found.links)


def test_hostile_text_stays_in_its_quotes() -> None:
    text = dot(estate(EVIL))
    assert all(BARE.fullmatch(QUOTED.sub("", line)) for line in text.splitlines())
    assert '\\"' not in QUOTED.sub("", text)


@settings(deadline=None, max_examples=25)
@given(ESTATES)
def test_any_text_stays_in_its_quotes(found: Assessment) -> None:
    assert all(BARE.fullmatch(QUOTED.sub("", line)) for line in dot(found).splitlines())
