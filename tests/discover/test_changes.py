# SPDX-License-Identifier: Apache-2.0
"""What is told of two looks at a fleet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrate.discover.changes import compare
from migrate.model.machine import Change, Difference, Fleet, Machine, Power

WEB = Machine("web1", "prod", ("inventory", "qemu:///system"), uuid="u1", vcpus=2)


def told(old: list[Machine], new: list[Machine], *unanswered: str) -> list[Change]:
    return list(compare(Fleet(machines=tuple(old)), Fleet(machines=tuple(new)), unanswered=unanswered))


def test_nothing() -> None:
    assert told([WEB], [WEB]) == []


def test_appeared_and_vanished() -> None:
    assert told([WEB], [Machine("db1")]) == [Change("appeared", "", "db1"), Change("vanished", "prod", "web1")]


def test_a_field_that_changed() -> None:
    bigger = Machine("web1", "prod", WEB.seen_by, uuid="u1", vcpus=4, power=Power.STOPPED)
    differences = (Difference("power", "unknown", "stopped"), Difference("vcpus", "2", "4"))
    assert told([WEB], [bigger]) == [Change("changed", "prod", "web1", differences)]


def test_a_new_name_for_the_same_machine() -> None:
    renamed = Machine("web-1", "prod", WEB.seen_by, uuid="u1", vcpus=2)
    assert told([WEB], [renamed]) == [Change("renamed", "prod", "web-1", (Difference("name", "web1", "web-1"),))]


def test_what_a_silent_source_knew_has_not_vanished() -> None:
    alone = Machine("old", seen_by=("qemu:///system",))
    assert told([alone], [], "qemu:///system") == []
    assert told([alone], [], "qemu+ssh://other/system") == [Change("vanished", "", "old")]


def test_two_of_one_name_are_both_compared() -> None:
    twins = [Machine("db", uuid="a"), Machine("db", uuid="b")]
    assert told(twins, twins[:1]) == [Change("vanished", "", "db b")]


MACHINES = st.lists(
    st.builds(Machine, st.sampled_from(["a", "b", "c"]), uuid=st.sampled_from(["", "1", "2"]), vcpus=st.integers(0, 2)),
    max_size=4,
)


@given(MACHINES, MACHINES)
def test_a_look_has_not_changed_from_itself_and_order_tells_nothing(old: list[Machine], new: list[Machine]) -> None:
    assert told(old, old) == []
    assert told(old, new) == sorted(told(old, new))
