# SPDX-License-Identifier: Apache-2.0
"""Addresses of machines become Service names only where that is certain."""

from __future__ import annotations

import msgspec
import pytest

from migrate.generate import estate
from migrate.generate.peers import Rewritten, rewrite
from migrate.model.config import Target
from migrate.model.workload import Edge, Placement, Port
from tests.generate import estates
from tests.generate.estates import assessment, workload

TWIN = workload("redis-twin", Placement.VM, machines=("redis1",), ports=(Port(7000),))
RIVAL = workload("rival", Placement.VM, machines=("redis1",), ports=(Port(7000),))
SOLO = workload("solo", Placement.VM, machines=("six1",), ports=(Port(54),))
SELF = msgspec.structs.replace(estates.SHOP, edges=(Edge("shop", "redis", 6379),))
KNOWN = estate.index(assessment(*estates.ALL, TWIN, RIVAL, SOLO), estates.CATALOG, Target())


def seen(text: str, port: int = 0) -> Rewritten:
    return rewrite(text, SELF, KNOWN, port=port)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("10.20.20.21:6379", "redis:6379"),
        ("redis://:x@10.20.20.21:6379/0", "redis://:x@redis:6379/0"),
        ("server 10.20.20.21:6379;", "server redis:6379;"),
        ("a=10.20.20.21:6379,10.20.20.21:6379", "a=redis:6379,redis:6379"),
        ("[2001:db8::99]:54", "solo:54"),
        ("http://[2001:DB8:0:0::99]:54/", "http://solo:54/"),
        ("REDIS1:6379", "redis:6379"),
        ("host = 10.20.20.21", "host = redis"),  # an edge says which of its workloads is used
        ("http://127.0.0.1:80/x", "http://nginx:80/x"),
        ("localhost:5000", "registry-mirror:5000"),
    ],
)
def test_certain(before: str, after: str) -> None:
    assert seen(before).text == after
    assert seen(before).left == ()
    assert seen(before).notes


@pytest.mark.parametrize(
    "text",
    [
        "10.20.20.211:6379",
        "110.20.20.21:6379",
        "1.10.20.20.21",
        "10.20.20.21.5",
        "999.20.20.21:6379",
        "10.0.0.0/8",
        "127.0.0.1",
        "localhost:1234",
        "127.0.0.1:8000",  # its own port
        "redis1",
        "redis1.example.com:6379",
        "12:30:45",
        "::",
    ],
)
def test_no_business_of_ours(text: str) -> None:
    assert seen(text) == Rewritten(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.20.20.11:5432", "postgresql has 2 machines that may differ in role"),
        ("10.20.20.21:9999", "no Service there"),
        ("10.20.20.21:7000", "any of redis-twin, rival"),
        ("allow 10.20.10.31;", "worker1"),
        ("listen 10.20.10.21:9000", "its own machine"),
        ("[2001:db8:20::11]:5432", "2 machines"),
    ],
)
def test_left_with_the_reason(text: str, why: str) -> None:
    assert seen(text).text == text
    (left,) = seen(text).left
    assert why in left


def test_the_port_may_be_beside() -> None:
    assert seen("10.20.20.21", port=7000).left
    assert seen("10.20.20.21", port=6379).text == "redis"
    assert seen("10.20.20.21:7000", port=6379).left


def test_two_machines_of_one_address_are_nobody() -> None:
    twice = (*estates.MACHINES, msgspec.structs.replace(estates.MACHINES[5], name="other"))
    known = estate.index(msgspec.structs.replace(assessment(), machines=twice), {}, Target())
    assert rewrite("10.20.20.21:6379", SELF, known) == Rewritten("10.20.20.21:6379")
