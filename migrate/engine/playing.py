# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays playbooks one play at a time on one representative per class, so that a bad play costs only itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleError
from ansible.executor.task_queue_manager import AnsibleEndPlay, TaskQueueManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.playbook.play import Play as AnsiblePlay
from ansible.vars.manager import VariableManager

from migrate.engine.gaps import Gaps
from migrate.engine.inventory import Estate
from migrate.engine.mending import record_with
from migrate.engine.notebook import Notebook
from migrate.engine.reader import Reader
from migrate.engine.strategy import Recording
from migrate.model.finding import Severity
from migrate.model.machine import MachineClass

CLIARGS = {"forks": 1, "become": None, "check": False, "diff": False, "tags": ("all",), "skip_tags": (), "verbosity": 0, "extra_vars": (), "subset": None}
IMPORTS = ("import_playbook", "ansible.builtin.import_playbook", "include")
MOST_ROUNDS = 6


class Facts:
    """A fact cache that answers for every host with the facts of its class."""

    def __init__(self, of_class: dict[int, dict[str, Any]], classes: tuple[MachineClass, ...]) -> None:
        self.facts = {name: of_class.get(made.number, {}) for made in classes for name in made.members}

    def get(self, host: str) -> dict[str, Any]:
        if host in self.facts:
            return dict(self.facts[host])
        if host == "localhost" and self.facts:
            return dict(next(iter(self.facts.values())))
        raise KeyError(host)

    def set(self, host: str, facts: dict[str, Any]) -> None:
        self.facts[host] = facts

    def delete(self, host: str) -> None:
        self.facts.pop(host, None)


class Player:
    """Everything that playing needs and that outlives one playbook."""

    def __init__(self, project: str, estate: Estate, reader: Reader, gaps: Gaps, say: Callable[[Notebook, str, int], None], extra_vars: tuple[str, ...]) -> None:
        self.project, self.estate, self.reader, self.gaps, self.say = project, estate, reader, gaps, say
        context.CLIARGS = ImmutableDict({**CLIARGS, "extra_vars": extra_vars})
        self.plays = 0

    def play(self, playbooks: tuple[str, ...], classes: tuple[MachineClass, ...], facts: dict[int, dict[str, Any]]) -> tuple[MachineClass, ...]:
        """Record everything; returns the classes as split by what the plays themselves told apart."""
        every, due = list(classes), classes
        for _ in range(MOST_ROUNDS):
            notebook = Notebook(self.gaps, self.estate.taint, self.reader, due)
            self._round(playbooks, notebook, Facts(facts, tuple(every)))
            due = notebook.refined(max((made.number for made in every), default=-1) + 1)
            if not due:
                break
            facts = {**facts, **{part.number: facts.get(parent_of(part, every).number, {}) for part in due}}
            every = [without(made, due) for made in every] + list(due)
        return tuple(every)

    def _round(self, playbooks: tuple[str, ...], notebook: Notebook, facts: Facts) -> None:
        variables = VariableManager(loader=self.reader, inventory=self.estate.manager, version_info=None)
        variables._fact_cache = facts
        self.estate.taint.hide(variables._extra_vars)
        for playbook in playbooks:
            for path, number, entry in self._plays_of(playbook, 0):
                self._one(path, number, entry, notebook, variables)

    def _plays_of(self, playbook: str, depth: int) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """(file, number in file, play) with imported playbooks in their place."""
        self.reader.set_basedir(os.path.dirname(os.path.abspath(playbook)))
        for number, entry in enumerate(self._entries(playbook), 1):
            imported = next((entry[key] for key in IMPORTS if key in entry), None)
            if imported is None:
                yield playbook, number, entry
            elif depth < 20:
                target = os.path.join(os.path.dirname(playbook), str(imported).split(" ")[0])
                yield from self._plays_of(os.path.normpath(target), depth + 1)
            self.reader.set_basedir(os.path.dirname(os.path.abspath(playbook)))

    def _entries(self, playbook: str) -> list[dict[str, Any]]:
        try:
            data = self.reader.load_from_file(playbook, trusted_as_template=True)
        except AnsibleError as error:
            self.gaps.add("missing-file", playbook, f"playbook not found: {error.message}", severity=Severity.ERROR)
            return []
        if data is not None and not isinstance(data, list):
            self.gaps.add("broken-play", playbook, "a playbook is a list of plays", place=self.gaps.place(playbook), severity=Severity.ERROR)
            return []
        return [entry for entry in data or [] if isinstance(entry, dict)]

    def _one(self, path: str, number: int, entry: dict[str, Any], notebook: Notebook, variables: VariableManager) -> None:
        name = str(entry.get("name") or f"play {number}")
        self.reader.set_basedir(os.path.dirname(os.path.abspath(path)))
        C.DEFAULT_ROLES_PATH = self._role_folders(path)
        manager = self.estate.manager
        manager.remove_restriction()
        manager.clear_caches()
        try:
            play = AnsiblePlay.load(entry, variable_manager=variables, loader=self.reader, vars={})
            chosen = self._chosen(play, variables, notebook, path, number, name)
            if chosen:
                self.plays += 1
                self._run(play, chosen, notebook, variables, (f"{self.gaps.relative(os.path.abspath(path))}#{number}", hosts_text(play.hosts)))
        except (AnsibleError, RecursionError) as error:
            self.gaps.of_error("broken-play", f"{os.path.basename(path)}: {name}", error)
        finally:
            manager.remove_restriction()

    def _chosen(self, play: Any, variables: VariableManager, notebook: Notebook, path: str, number: int, name: str) -> list[Any]:
        """Representatives among the hosts of a play. An empty play is said only once, on the first round."""
        from ansible._internal._templating._engine import TemplateEngine

        engine = TemplateEngine(loader=self.reader, variables=variables.get_vars(play=play))
        pattern = engine.template(play.hosts)
        matched = self.estate.manager.get_hosts(pattern)
        if not matched:
            self.gaps.add("empty-play", f"{os.path.basename(path)}#{number}", f"play «{name}» on {hosts_text(pattern)} matches no host", severity=Severity.NOTE)
        return [host for host in matched if host.name in notebook.classes or (host.implicit and notebook.classes)]

    def _run(self, play: Any, hosts: list[Any], notebook: Notebook, variables: VariableManager, where: tuple[str, str]) -> None:
        notebook.play = where
        self.estate.manager.restrict_to_hosts(hosts)
        members = {
            name: self.estate.own[name]
            for host in hosts if host.name in notebook.classes
            for name in notebook.classes[host.name].members
        }  # fmt: skip
        record_with(lambda tqm: Recording(tqm, notebook, members))
        manager = TaskQueueManager(self.estate.manager, variables, self.reader, {}, stdout_callback_name="minimal", run_additional_callbacks=False, forks=1)
        manager.load_callbacks = lambda: None
        try:
            manager.run(play)
        except AnsibleEndPlay:
            pass  # `meta: end_play` whose condition is known: Ansible would end here too
        finally:
            manager._final_q.close()
        self.say(notebook, where[0], len(hosts))

    def _role_folders(self, playbook: str) -> list[str]:
        """`roles/` beside the playbook and above it, up to the project, then what the project's ansible.cfg names inside it."""
        folders, folder = [], os.path.dirname(os.path.abspath(playbook))
        while folder.startswith(self.project):
            folders.append(os.path.join(folder, "roles"))
            folder = os.path.dirname(folder)
        return folders + configured_roles(self.project)


def configured_roles(project: str) -> list[str]:
    """`roles_path` of the project's ansible.cfg: plain data, so it is honoured; folders outside the project are not."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(os.path.join(project, "ansible.cfg"), encoding="utf-8")
    except (configparser.Error, UnicodeError):
        return []
    named = parser.get("defaults", "roles_path", fallback="")
    paths = [os.path.normpath(os.path.join(project, part.strip())) for part in named.split(":") if part.strip() and part.strip()[0] != "~"]
    return [path for path in paths if path.startswith(project)]


def hosts_text(hosts: Any) -> str:
    return ",".join(str(host) for host in hosts) if isinstance(hosts, list) else str(hosts)


def parent_of(part: MachineClass, classes: list[MachineClass]) -> MachineClass:
    return next(made for made in classes if part.representative in made.members)


def without(made: MachineClass, parts: tuple[MachineClass, ...]) -> MachineClass:
    gone = {name for part in parts for name in part.members}
    members = tuple(name for name in made.members if name not in gone)
    return MachineClass(number=made.number, representative=made.representative, members=members, differing=made.differing)
