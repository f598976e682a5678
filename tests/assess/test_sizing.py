# SPDX-License-Identifier: Apache-2.0
"""How much a replica takes, and whether that is a guess."""

from __future__ import annotations

from migrate.assess.sizing import MEBIBYTE, with_sizes
from migrate.model.machine import Machine, Usage
from migrate.model.workload import Kind, Nature, Placement, Workload


def web(name: str, *machines: str) -> Workload:
    return Workload(name, "", Kind.STATELESS, Nature.STATELESS, Placement.DEPLOYMENT, "…", machines=machines)


def vm(name: str, memory: int = 4096, usage: Usage | None = None) -> Machine:
    return Machine(name, vcpus=2, memory=memory * MEBIBYTE, usage=usage)


def test_without_a_measure_the_smallest_vm_is_split_and_said_to_be_a_guess() -> None:
    first, _ = with_sizes([web("a", "m1", "m2"), web("b", "m1")], [vm("m1"), vm("m2", 8192)])
    assert first.size is not None
    assert (first.size.vcpus, first.size.memory, first.size.guess) == (1.0, 2048 * MEBIBYTE, True)
    assert "divided by the 2 workloads there" in first.size.source


def test_a_measure_of_a_machine_with_one_workload_is_no_guess() -> None:
    used = Usage("balloon statistics", memory=600 * MEBIBYTE, cpus=0.25)
    [one] = with_sizes([web("a", "m1", "m2")], [vm("m1", usage=used), vm("m2")])
    assert one.size is not None
    assert (one.size.vcpus, one.size.memory, one.size.guess) == (0.3, 640 * MEBIBYTE, False)
    assert "600 MiB of 4,096 MiB" in one.size.source


def test_a_measure_that_several_share_is_a_guess() -> None:
    used = Usage("balloon statistics", memory=600 * MEBIBYTE, cpus=0.25)
    first, _ = with_sizes([web("a", "m1"), web("b", "m1")], [vm("m1", usage=used)])
    assert first.size is not None
    assert (first.size.memory, first.size.guess) == (320 * MEBIBYTE, True)


def test_nothing_is_invented_where_no_source_knows() -> None:
    assert with_sizes([web("a", "m1")], [Machine("m1")])[0].size is None
