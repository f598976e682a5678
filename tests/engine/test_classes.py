# SPDX-License-Identifier: Apache-2.0
"""Hosts that Ansible treats alike are recorded once, and fall apart where the plays tell them apart."""

# ruff: noqa: E501  # a table reads better in long rows

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.engine.conftest import Played, play

HOSTS = "[web]\nw[1:4] ansible_host=192.0.2.1\n[web:vars]\nprimary='{{ groups.web[0] }}'\nrole_of={'w1': 'a', 'w2': 'b', 'w3': 'b', 'w4': 'b'}\n"

CASES = {
    "when": ("- command: x\n  when: inventory_hostname == 'w2'\n", {("w2",), ("w1", "w3", "w4")}),
    "through_a_variable": ("- command: x\n  when: inventory_hostname == primary\n", {("w1",), ("w2", "w3", "w4")}),
    "through_a_fact": ("- set_fact: {lead: '{{ inventory_hostname == primary }}'}\n- command: x\n  when: lead\n", {("w1",), ("w2", "w3", "w4")}),
    "include_name": ("- include_tasks: '{{ role_of[inventory_hostname] }}.yml'\n", {("w1",), ("w2", "w3", "w4")}),
    "include_in_a_loop": ("- include_tasks: '{{ item }}.yml'\n  loop: ['{{ role_of[inventory_hostname] }}']\n", {("w1",), ("w2", "w3", "w4")}),
    "length_of_a_loop": ("- command: x {{ item }}\n  loop: \"{{ ['a'] if inventory_hostname == 'w3' else [] }}\"\n", {("w3",), ("w1", "w2", "w4")}),
    "peers_are_no_difference": (
        "- command: x {{ item }}\n  loop: '{{ groups.web | difference([inventory_hostname]) }}'\n- command: y\n  delegate_to: '{{ primary }}'\n",
        {("w1", "w2", "w3", "w4")},
    ),
}  # fmt: skip


def parts(result: Played) -> set[tuple[str, ...]]:
    return {made.members for made in result.classes}


@pytest.mark.parametrize("name", CASES)
def test_a_class_splits_where_its_members_differ(name: str, tmp_path: Path) -> None:
    tasks, wanted = CASES[name]
    site = "- hosts: web\n  tasks:\n" + "".join(f"    {row}\n" for row in tasks.splitlines())
    result = play(tmp_path, {"hosts": HOSTS, "site.yml": site, "a.yml": "- command: a\n", "b.yml": "- command: b\n"})
    assert parts(result) == wanted
    assert {task.machine for task in result.tasks} <= {"w1", "w2", "w3", "w4"}


def processor_seconds(folder: Path, members: int) -> float:
    """What the engine takes to play three conditions about single members on a class of many."""
    folder.mkdir()
    site = "- hosts: all\n  tasks:\n" + "".join(
        f"    - command: t{n}\n      when: inventory_hostname == 'h{n:04}'\n" for n in range(3)
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = play(folder, {"hosts": f"h[0000:{members - 1:04}]\n", "site.yml": site})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert len(result.classes) == 4
    assert sorted(task.args["_raw_params"] for task in result.tasks) == ["t0", "t1", "t2"]
    return after.ru_utime - before.ru_utime


def test_five_thousand_members_cost_little(tmp_path: Path) -> None:
    """Ten times the members cost ten times at the most, not a hundred times."""
    few, many = processor_seconds(tmp_path / "few", 500), processor_seconds(tmp_path / "many", 5000)
    assert many < 10 * few
