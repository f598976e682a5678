# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays one role with no playbook around it, on the one host of a synthetic inventory."""

from __future__ import annotations

import os
from collections.abc import Callable

from ansible import constants as C

from migrate.engine.gaps import Gaps
from migrate.engine.inventory import Estate
from migrate.engine.legacy import CONDITIONAL
from migrate.engine.notebook import Notebook
from migrate.engine.playing import Player
from migrate.engine.plays import Entry, Playbooks
from migrate.engine.reader import Reader
from migrate.engine.roles import Checkouts
from migrate.engine.variables import Facts
from migrate.model.finding import Severity
from migrate.model.messages import PlayRole

YAML = (".yml", ".yaml")
ASKED_FOR = "only where a play asks for it with tasks_from"


class Alone(Player):
    """A player whose plays are roles; siblings inside the project are where dependencies are looked for."""

    def role(self, request: PlayRole) -> None:
        folder = os.path.abspath(request.folder)
        _, classes = self.estate.hosts_and_classes()
        variables = self._variables()
        variables._fact_cache = Facts({made.number: request.facts for made in classes}, classes)
        numbers = {name: made.number for made in classes for name in made.members}
        notebook = Notebook(self.gaps, self.estate.taint, self.reader, classes, numbers)
        reading = Playbooks(self.reader, self.gaps, self.estate.taint, variables._extra_vars)
        self.reader.set_basedir(folder)
        C.DEFAULT_ROLES_PATH = [os.path.dirname(folder)]
        self.plays += 1
        self.one(reading, self._entry(folder), notebook, variables, first=True)
        self._tell_unread(folder)

    def _entry(self, folder: str) -> Entry:
        """`tasks/main.yml`, then what the role declares to be further entry points; without a main file each file."""
        name, path = os.path.basename(folder), os.path.join(folder, "tasks")
        has_main = any(os.path.isfile(os.path.join(path, f"main{end}")) for end in (*YAML, ""))
        files = self._declared(folder) if has_main else [os.path.splitext(file)[0] for file in task_files(folder)]
        tasks = [
            {"include_role": {"name": name, "tasks_from": file}, "vars": {CONDITIONAL: ASKED_FOR}} for file in files
        ]
        roles = [{"role": name}] if has_main or not files else []
        play = {"hosts": "all", "name": name, "become": True, "roles": roles, "tasks": tasks}
        return Entry(path=path, number=1, data=play)

    def _declared(self, folder: str) -> list[str]:
        """Entry points in `meta/argument_specs.yml` (or in `meta/main.yml`) whose tasks are there."""
        found: set[str] = set()
        for name in ("argument_specs", "main"):
            path = next((p for end in YAML if os.path.isfile(p := os.path.join(folder, "meta", name + end))), "")
            data = self.reader.load_from_file(path, unsafe=True) if path else None
            specs = data.get("argument_specs") if isinstance(data, dict) else None
            found |= {str(key) for key in specs} if isinstance(specs, dict) else set()
        there = {os.path.splitext(file)[0] for file in task_files(folder)}
        return sorted((found & there) - {"main"})

    def _tell_unread(self, folder: str) -> None:
        """Task files that nothing above led to."""
        read = self.reader.files()
        left = [file for file in task_files(folder) if os.path.join(folder, "tasks", file) not in read]
        if left:
            self.gaps.add(
                "unread-tasks", os.path.basename(folder),
                f"no play above led to {', '.join(f'tasks/{file}' for file in left)}",
                severity=Severity.NOTE, place=self.gaps.place(os.path.join(folder, "tasks")),
            )  # fmt: skip


def task_files(folder: str) -> list[str]:
    """Names of the files right below `tasks/`."""
    path = os.path.join(folder, "tasks")
    names = os.listdir(path) if os.path.isdir(path) else []
    return sorted(name for name in names if name.endswith(YAML) and os.path.isfile(os.path.join(path, name)))


def play_role(
    project: str, estate: Estate, reader: Reader, gaps: Gaps, say: Callable[[Notebook, str, int], None],
    request: PlayRole,
) -> int:  # fmt: skip
    """Record one role; returns how many plays that took."""
    Checkouts.beside = True
    player = Alone(project, estate, reader, gaps, say, ())
    player.role(request)
    return player.plays
