# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays one role with no playbook around it, on the one host of a synthetic inventory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from ansible import constants as C

from migrate.engine.gaps import Gaps
from migrate.engine.inventory import Estate
from migrate.engine.legacy import CONDITIONAL
from migrate.engine.loading import BAD
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
CHOSEN = "a variable chooses this file"
NOTIFIED = "something notifies it"
TAKES_DOWN = re.compile(
    r"(?:^|[_\-])(?:pre)?(?:checks?|validat\w*|verif\w*|tests?|stop|destroy|uninstall|remov\w*|delet\w*|absent|clean\w*|purge|pull|"
    r"upgrade\w*|updat\w*|rollback|restor\w*|backup\w*|migrat\w*|facts?|debug)(?:$|[_\-.])"
)
SETS_UP = ("deploy", "install", "setup", "start", "run", "configure", "config")


class Alone(Player):
    """A player whose plays are roles; siblings inside the project are where dependencies are looked for."""

    def role(self, request: PlayRole) -> None:
        folder = os.path.abspath(request.folder)
        _, classes = self.estate.hosts_and_classes()
        variables = self._variables()
        variables._fact_cache = Facts({made.number: request.facts for made in classes}, classes)
        numbers = {name: made.number for made in classes for name in made.members}
        notebook = Notebook(self.gaps, self.estate.taint, self.reader, classes, numbers)
        notebook.anyway = request.anyway
        reading = Playbooks(self.reader, self.gaps, self.estate.taint, variables._extra_vars)
        self.reader.set_basedir(folder)
        C.DEFAULT_ROLES_PATH = [os.path.dirname(folder)]
        self.plays += 1
        self.one(reading, self._entry(folder), notebook, variables, first=True)
        while more := self._chosen_by_variable(folder):
            self.one(reading, entry_of(folder, [asking(folder, more, CHOSEN)]), notebook, variables, first=True)
        if names := self._handlers(folder):
            self.one(reading, notifying(folder, names), notebook, variables, first=True)
        self._tell_unread(folder)

    def _entry(self, folder: str) -> Entry:
        """`tasks/main.yml`, then what the role declares to be further entry points; without a main file each file."""
        name, path = os.path.basename(folder), os.path.join(folder, "tasks")
        self.asked: set[str] = set()
        has_main = any(os.path.isfile(os.path.join(path, f"main{end}")) for end in (*YAML, ""))
        files = self._declared(folder) if has_main else [os.path.splitext(file)[0] for file in task_files(folder)]
        roles = [{"role": name}] if has_main or not files else []
        return entry_of(folder, [asking(folder, file, ASKED_FOR) for file in files], roles=roles)

    def _chosen_by_variable(self, folder: str) -> str:
        """Where an include names its file by a variable that nothing sets (an action, a mode): the next file that sets
        something up and that nothing led to yet.
        """
        if not self.gaps.have("unknown-include", self.gaps.place(os.path.join(folder, "tasks")).path):
            return ""
        left = [os.path.splitext(file)[0] for file in self._unread(folder)]
        fit = [name for name in left if not TAKES_DOWN.search(name) and name not in self.asked]
        chosen = min(fit, key=lambda name: (SETS_UP.index(name) if name in SETS_UP else len(SETS_UP), name), default="")
        self.asked.add(chosen)
        return chosen

    def _handlers(self, folder: str) -> list[str]:
        """What handlers of the role are called or listen to."""
        found: list[str] = []
        path = os.path.join(folder, "handlers")
        for file in sorted(os.listdir(path)) if os.path.isdir(path) else []:
            data = self._read(os.path.join(path, file)) if file.endswith(YAML) else None
            for task in data if isinstance(data, list) else []:
                named = [task.get("listen"), task.get("name")] if isinstance(task, dict) else []
                found += [str(name) for name in named if isinstance(name, str) and "{{" not in name]
        return list(dict.fromkeys(found))

    def _read(self, path: str) -> Any:
        try:
            return self.reader.load_from_file(path, unsafe=True)
        except BAD:
            return None  # told when the role itself was read

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

    def _unread(self, folder: str) -> list[str]:
        read = self.reader.files()
        return [file for file in task_files(folder) if os.path.join(folder, "tasks", file) not in read]

    def _tell_unread(self, folder: str) -> None:
        """Task files that nothing above led to."""
        if left := self._unread(folder):
            self.gaps.add(
                "unread-tasks", os.path.basename(folder),
                f"no play above led to {', '.join(f'tasks/{file}' for file in left)}",
                severity=Severity.NOTE, place=self.gaps.place(os.path.join(folder, "tasks")),
            )  # fmt: skip


def entry_of(folder: str, tasks: list[dict[str, Any]], **parts: Any) -> Entry:
    """A play on the machine with these tasks."""
    play = {"hosts": "all", "name": os.path.basename(folder), "become": True, "tasks": tasks, **parts}
    return Entry(path=os.path.join(folder, "tasks"), number=1, data=play)


def asking(folder: str, file: str, doubt: str) -> dict[str, Any]:
    """A task that includes one file of the role, under a doubt."""
    return {"include_role": {"name": os.path.basename(folder), "tasks_from": file}, "vars": {CONDITIONAL: doubt}}


def notifying(folder: str, names: list[str]) -> Entry:
    """A play with the role's handlers and none of its tasks, which notifies them all."""
    told = {"name": "notify", "debug": {"msg": ""}, "changed_when": True, "notify": names}
    roles = [{"role": os.path.basename(folder), "tags": ["never"]}]
    return entry_of(folder, [told], roles=roles, vars={CONDITIONAL: NOTIFIED})


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
