# SPDX-License-Identifier: Apache-2.0
"""libvirt's statistics, understood."""

from __future__ import annotations

import pytest

from migrate.discover.usage import GUEST, HOST, usage

GIB = 1 << 20  # in KiB


@pytest.mark.parametrize(
    ("statistics", "memory", "source"),
    [
        ({"balloon.available": 4 * GIB, "balloon.usable": 3 * GIB, "balloon.unused": GIB}, 1 << 30, GUEST),
        ({"balloon.available": 4 * GIB, "balloon.unused": GIB}, 3 << 30, GUEST),
        (
            {"balloon.available": 4 * GIB, "balloon.unused": GIB, "balloon.last-update": 0, "balloon.rss": GIB},
            1 << 30,
            HOST,
        ),
        ({"balloon.rss": 2 * GIB}, 2 << 30, HOST),
    ],
)
def test_memory(statistics: dict[str, int], memory: int, source: str) -> None:
    found = usage(statistics)
    assert found is not None
    assert (found.memory, found.source, found.cpus) == (memory, source, -1.0)


def test_processors_over_a_while() -> None:
    found = usage({"cpu.before": 10**9, "cpu.time": 4 * 10**9, "elapsed": 2 * 10**9})
    assert found is not None
    assert (found.cpus, found.memory, found.source) == (1.5, -1, "libvirt; processors over 2 s")


def test_nothing_is_invented() -> None:
    assert usage({}) is None
    assert usage({"cpu.time": 5}) is None
