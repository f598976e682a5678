# SPDX-License-Identifier: Apache-2.0
"""Small projects, played through the engine's own door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from migrate.clients.engine import Engine
from migrate.model.finding import Finding
from migrate.model.machine import Host, MachineClass
from migrate.model.task import RecordedTask, Token

FACTS: dict[str, Any] = {"ansible_os_family": "Debian", "ansible_distribution": "Debian", "ansible_pkg_mgr": "apt"}


class Played(NamedTuple):
    """All that one conversation said; `text` is every byte of it, for secrets to be looked for."""

    tasks: list[RecordedTask]
    findings: tuple[Finding, ...]
    tokens: tuple[Token, ...]
    classes: tuple[MachineClass, ...]
    hosts: tuple[Host, ...]

    def lines(self, playbook: str = "") -> list[str]:
        """`machine words` of each task, with `?` where it may not run and `!` where an argument is unresolved."""
        return [line(task) for task in self.tasks if task.play.startswith(playbook)]

    def checks(self) -> set[str]:
        return {finding.check for finding in self.findings}


def line(task: RecordedTask) -> str:
    words = (
        task.args.get("_raw_params")
        or task.args.get("msg")
        or task.args.get("name")
        or (task.file.text if task.file else "")
    )
    return f"{task.machine} {words}{'?' * bool(task.conditional)}{'!' * bool(task.unresolved)}"


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")


def play(
    root: Path,
    files: Mapping[str, str],
    playbooks: Sequence[str] = ("site.yml",),
    extra_vars: Sequence[str] = (),
    facts: Mapping[str, Any] = FACTS,
) -> Played:
    """Write the files, then play; `hosts` is the inventory."""
    write(root, files)
    paths = [str(root / name) for name in playbooks]
    with Engine(root, [str(root / "hosts")], paths, extra_vars) as engine:
        inventory, opened = engine.inventory()
        every = {made.number: dict(facts) for made in inventory.classes}
        tasks, done = engine.play(paths, every, lambda _: None)
    return Played(tasks, opened.findings + done.findings, done.tokens, done.classes, inventory.hosts)


@pytest.fixture
def played(tmp_path: Path) -> Callable[..., Played]:
    return lambda files, *args, **kwargs: play(tmp_path, files, *args, **kwargs)
