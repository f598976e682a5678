# SPDX-License-Identifier: Apache-2.0
"""Hostile projects, one trick per folder of projects/: nothing of them runs, is read from outside, or takes for ever.

`case.yaml` says what the trick is, the finding that must name it, and what to make that can't be committed: links,
pipes, programs, bombs. In all texts @PROJECT@ is the project, @OUTSIDE@ a folder beside it whose every file holds a
word that must never be told, @CANARY@ a file that must never come to be. A project that is `trusted` has its filters,
tests and lookups loaded, and is confined like any other.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from migrate.clients.engine import Engine
from migrate.model.finding import Finding
from migrate.model.task import RecordedTask

PROJECTS = Path(__file__).parent / "projects"
CASES = sorted(path.name for path in PROJECTS.iterdir())
WORD = "outside-s3cret-content"
LISTED = "listed-outside"
OUTSIDE = {
    "word.txt": WORD,
    "word.ini": f"[s]\nword = {WORD}\n",
    "word.csv": f"a,{WORD}\n",
    "vars.yml": f"leaked: {WORD}\n",
    "tasks.yml": f"- command: say {WORD}\n",
    "site.yml": f"- hosts: all\n  tasks:\n    - command: say {WORD}\n",
    "hosts": f"{WORD} ansible_host=192.0.2.1\n",
    "ansible.cfg": "[defaults]\nroles_path = /\n",
    "role/tasks/main.yml": f"- command: say {WORD}\n",
}
SECONDS = 40
TASK_SECONDS = 1
PLUGIN = """
from pathlib import Path

with Path({canary!r}).open("a") as canary:
    canary.write(__name__)


class Anything:
    def __init__(self, *args, **kwargs):
        pass


class FilterModule(Anything):
    def filters(self):
        return {{"evil": str, "quote": str}}


class TestModule(Anything):
    def tests(self):
        return {{"evil": bool}}


LookupModule = ActionModule = CallbackModule = VarsModule = StrategyModule = Connection = CacheModule = Anything
InventoryModule = BecomeModule = Extension = Anything
"""


def made_link(path: Path, row: dict[str, Any]) -> None:
    path.symlink_to(row["to"])


def made_plugin(path: Path, row: dict[str, Any]) -> None:
    path.write_text(PLUGIN.format(canary=row["canary"]))


def made_program(path: Path, row: dict[str, Any]) -> None:
    path.write_bytes(bytes.fromhex(row["bytes"]) if "bytes" in row else row["text"].encode())
    path.chmod(0o755)


def made_fifo(path: Path, row: dict[str, Any]) -> None:
    os.mkfifo(path)


def made_huge(path: Path, row: dict[str, Any]) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


def made_bytes(path: Path, row: dict[str, Any]) -> None:
    path.write_bytes(bytes.fromhex(row["hex"]))


def made_repeat(path: Path, row: dict[str, Any]) -> None:
    path.write_text(row["text"] * row["times"])


def made_aliases(path: Path, row: dict[str, Any]) -> None:
    rows = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    path.write_text("\n".join(rows) + "\n")


MAKERS: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    name.removeprefix("made_"): make for name, make in list(globals().items()) if name.startswith("made_")
}


class Trick:
    """One hostile project, copied and completed."""

    def __init__(self, name: str, base: Path) -> None:
        self.project, self.canary, outside = base / "project", base / "canary", base / "outside"
        shutil.copytree(PROJECTS / name, self.project)
        for file, text in OUTSIDE.items():
            (outside / file).parent.mkdir(parents=True, exist_ok=True)
            (outside / file).write_text(text)
        self.names = {"@CANARY@": str(self.canary), "@OUTSIDE@": str(outside), "@PROJECT@": str(self.project)}
        for path in self.project.rglob("*"):
            if path.is_file():
                path.write_text(self.filled(path.read_text()))
        self.case: dict[str, Any] = yaml.safe_load((self.project / "case.yaml").read_text())
        (self.project / "case.yaml").unlink()
        for row in self.case.get("make", ()):
            kind = next(kind for kind in MAKERS if kind in row)
            path = self.project / row[kind]
            path.parent.mkdir(parents=True, exist_ok=True)
            MAKERS[kind](path, {**row, "canary": str(self.canary)})

    def filled(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(name, value)
        return text

    def play(self) -> tuple[list[RecordedTask], tuple[Finding, ...], str]:
        """What was recorded and found, and every word that the child said."""
        inventories = ["safe,", *(str(self.project / name) for name in [self.case.get("inventory")] if name)]
        playbook = str(self.project / "site.yml")
        trusted = bool(self.case.get("trusted"))
        with Engine(self.project, inventories, [playbook], task_seconds=TASK_SECONDS, trusted=trusted) as engine:
            inventory, opened = engine.inventory()
            facts = {made.number: {"ansible_os_family": "Debian"} for made in inventory.classes}
            tasks, done = engine.play([playbook], facts, lambda _: None)
        said = b"\n".join(msgspec.json.encode(part) for part in (inventory, opened, done, tasks))
        return tasks, opened.findings + done.findings, said.decode()


@pytest.mark.parametrize("name", CASES)
def test_a_trick_costs_only_itself(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trick = Trick(name, tmp_path)
    monkeypatch.setenv("HOSTILE_WORD", WORD)
    for key, value in trick.case.get("env", {}).items():
        monkeypatch.setenv(key, value)
    if trick.case.get("inside"):
        monkeypatch.chdir(trick.project)
    before = {path for path in tmp_path.rglob("*") if not path.is_symlink()}
    began = time.monotonic()
    tasks, findings, said = trick.play()
    took = time.monotonic() - began
    assert not trick.canary.exists(), trick.canary.read_text() if trick.canary.is_file() else "a folder"
    assert {path for path in tmp_path.rglob("*") if not path.is_symlink()} == before
    assert WORD not in said
    assert LISTED not in json.dumps([task.args for task in tasks])
    assert any(task.args.get("_raw_params") == "marker" for task in tasks), found(findings)
    assert named(findings, trick.case), found(findings)
    assert took < trick.case.get("seconds", SECONDS)


def named(findings: tuple[Finding, ...], case: dict[str, Any]) -> bool:
    """True when a finding tells of the trick, or none needs to, since it has no effect at all."""
    says = case.get("says", "")
    return not case["check"] or any(
        finding.check == case["check"] and says in f"{finding.subject} {finding.message}" for finding in findings
    )


def found(findings: tuple[Finding, ...]) -> str:
    return "\n".join(f"{finding.check} {finding.subject}: {finding.message}" for finding in findings) or "no finding"


def test_there_are_enough() -> None:
    assert len(CASES) >= 60
