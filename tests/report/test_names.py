# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.model.workload import Port
from migrate.report.names import common_domain, compact, port_list


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["db1"], "db1"),
        (["web1", "web2", "web3", "web4"], "web[1-4]"),
        (["web4", "web1", "web2", "web1", "web7"], "web[1-2,4,7]"),
        (["web9", "web10", "web11"], "web[9-11]"),
        (["web08", "web09", "web10"], "web[08-10]"),
        (["web9", "web09"], "web[9,09]"),
        (["web", "web1", "web2"], "web, web[1-2]"),
        (["web2", "db1", "web1"], "db1, web[1-2]"),
        (["web1.a.org", "web2.a.org", "web1.b.org"], "web[1-2].a.org, web1.b.org"),
        (["web1.dc2.example.org", "web2.dc2.example.org"], "web[1-2].dc2.example.org"),
        (["10.0.0.9", "10.0.0.10", "10.0.1.1"], "10.0.0.[9-10], 10.0.1.1"),
        (["web1-blue", "web2-blue", "web1-green"], "web[1-2]-blue, web1-green"),
        (["rack1-web1", "rack1-web2", "rack2-web1"], "rack1-web[1-2], rack2-web1"),
    ],
)
def test_compact(names: list[str], text: str) -> None:
    assert compact(names) == text


def test_domain_is_left_off_and_long_lists_are_counted() -> None:
    assert compact(["web1.x.org", "web2.x.org", "x.org"], domain="x.org") == "web[1-2], x.org"
    assert compact(["alpha", "beta", "gamma", "delta1", "delta2"], limit=12) == "alpha, beta, +3 more"
    assert compact([f"web{number}" for number in range(1, 200, 2)], limit=40) == "web[1…199]"


def test_common_domain() -> None:
    assert common_domain(["web1.a.example.org", "db1.b.example.org"]) == "example.org"
    assert common_domain(["web1.example.org", "db1"]) == ""
    assert common_domain(["web1.example.org"]) == ""
    assert common_domain(["10.0.0.1", "10.1.0.1"]) == ""


def test_ports() -> None:
    ports = [Port(53, "udp"), Port(53), Port(53, source="catalog"), *(Port(number) for number in range(9000, 9008))]
    assert port_list(ports) == "53/udp, 53, 9000, 9001, 9002, 9003 +4"


def test_hostile_lengths_do_not_hurt() -> None:
    assert compact(["web" + "9" * 9000, "1.a" * 50_000 + ".1"])


LABEL = st.text("ab01239-", min_size=1, max_size=6)
NAMES = st.sets(st.lists(LABEL, min_size=1, max_size=3).map(".".join), max_size=12)


def expand(text: str) -> set[str]:
    """What `compact` folded, unfolded by the rules that a reader would use."""
    found: set[str] = set()
    for part in re.findall(r"(?:[^,\[]|\[[^\]]*\])+", text):
        match = re.fullmatch(r"([^\[]*)(?:\[(.*)\])?([^\[]*)", part.strip())
        assert match
        found |= {match[1] + number + match[3] for number in numbers(match[2])}
    return found


def numbers(runs: str | None) -> set[str]:
    if runs is None:
        return {""}
    ends = [run.partition("-")[::2] for run in runs.split(",")]
    every = [range(int(low), int(high or low) + 1) for low, high in ends]
    return set(itertools.chain(*([f"{n:0{len(low)}}" for n in run] for (low, _), run in zip(ends, every, strict=True))))


@given(NAMES)
def test_compact_loses_no_name(names: set[str]) -> None:
    assert expand(compact(names)) == names


@given(NAMES)
def test_compact_does_not_depend_on_order(names: set[str]) -> None:
    assert compact(sorted(names)) == compact(sorted(names, reverse=True))
