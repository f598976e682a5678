# SPDX-License-Identifier: Apache-2.0
"""--trust-project: the project's own filters answer, everything else of its code stays out."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.clients.engine import Engine
from migrate.model.messages import Done
from migrate.model.task import RecordedTask

FILTERS = """
import os
def shout(text): return text.upper() + "!"
def leave(text): return os.system("touch @CANARY@")
class FilterModule:
    def filters(self): return {"shout": shout, "leave": leave}
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - {copy: {content: "{{ 'hello' | shout }}", dest: /etc/greeting}}
    - {copy: {content: "{{ 'hello' | leave }}", dest: /etc/left}}
"""


def played(folder: Path, *, trusted: bool) -> tuple[list[RecordedTask], Done]:
    (folder / "filter_plugins").mkdir()
    (folder / "filter_plugins" / "own.py").write_text(FILTERS.replace("@CANARY@", str(folder / "canary")))
    (folder / "hosts").write_text("web1\n")
    (folder / "site.yml").write_text(PLAY)
    playbooks = [str(folder / "site.yml")]
    with Engine(folder, [str(folder / "hosts")], playbooks, trusted=trusted) as engine:
        engine.inventory()
        return engine.play(playbooks, {0: {}}, lambda _: None)


def text(tasks: list[RecordedTask], dest: str) -> str:
    return next(task.file.text or "" for task in tasks if task.file and task.file.dest == dest)


def test_a_trusted_project_is_filtered_by_its_own(tmp_path: Path) -> None:
    tasks, done = played(tmp_path, trusted=True)
    assert text(tasks, "/etc/greeting") == "HELLO!"
    assert "trusted" in {finding.check for finding in done.findings}
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("dest", ["/etc/greeting", "/etc/left"])
def test_any_other_is_not(tmp_path: Path, dest: str) -> None:
    tasks, done = played(tmp_path, trusted=False)
    assert "mgunk_filter" in text(tasks, dest)
    assert "forbidden" in {finding.check for finding in done.findings}
    assert not (tmp_path / "canary").exists()
