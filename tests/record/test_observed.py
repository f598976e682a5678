# SPDX-License-Identifier: Apache-2.0
"""What Ansible's fact cache says that machines do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.model.machine import Connection, Machine, Usage
from migrate.record.observed import observed

WEB = Machine("web1", seen_by=("inventory",))


def cached(folder: Path, **facts: Any) -> Machine:
    (folder / "web1").write_text(json.dumps({f"ansible_{name}": value for name, value in facts.items()}))
    [found] = observed([WEB], folder)
    return found


def test_usage_and_size(tmp_path: Path) -> None:
    memory = {"nocache": {"used": 600, "free": 3000}}
    found = cached(tmp_path, memory_mb=memory, loadavg={"15m": 0.4}, processor_vcpus=2, memtotal_mb=4096)
    source = f"fact cache {tmp_path.name}/web1; processors are its load over 15 min"
    assert found.usage == Usage(source, 600 << 20, 0.4)
    assert (found.vcpus, found.memory) == (2, 4096 << 20)


def test_connections_are_counted_together(tmp_path: Path) -> None:
    one = {"process": "gunicorn", "peer": "10.0.0.9", "port": 5432}
    told = [one, {**one, "count": 3}, {"peer": "10.0.0.8", "port": 53, "protocol": "udp"}]
    found = cached(tmp_path, local={"migrate_observe": {"connections": told}})
    assert found.connections == (
        Connection("10.0.0.8", 53, "udp"),
        Connection("10.0.0.9", 5432, process="gunicorn", count=4),
    )


@pytest.mark.parametrize(
    "local",
    [
        None,
        [],
        {"migrate_observe": "x"},
        {"migrate_observe": {"connections": {"a": 1}}},
        {"migrate_observe": {"connections": [1, "x", None, {}, {"peer": "", "port": 1}, {"peer": "a", "port": 70000}]}},
        {"migrate_observe": {"connections": [{"peer": "a", "port": "5432"}]}},
    ],
)
def test_what_has_no_shape_is_left_out(tmp_path: Path, local: Any) -> None:
    assert cached(tmp_path, local=local, loadavg="x", memory_mb=[1]).connections == ()


def test_what_is_not_in_the_cache_stays_as_it_is(tmp_path: Path) -> None:
    assert observed([WEB, Machine("vm1", seen_by=("qemu:///system",))], tmp_path)[0] == WEB
