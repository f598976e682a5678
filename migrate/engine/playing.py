# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays playbooks one play at a time on one representative per class, so that a bad play costs only itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from glob import escape as glob_escape
from glob import glob
from typing import Any

from ansible import constants as C
from ansible import context
from ansible._internal._templating._engine import TemplateEngine
from ansible.errors import AnsibleError
from ansible.executor.task_queue_manager import AnsibleEndPlay, TaskQueueManager
from ansible.module_utils.common.collections import ImmutableDict

from migrate.engine.finalizing import templated
from migrate.engine.gaps import Gaps
from migrate.engine.inventory import Estate
from migrate.engine.limits import BUDGET, LOADING, WATCH
from migrate.engine.loading import BAD
from migrate.engine.mending import add_plugins, record_with
from migrate.engine.notebook import Notebook
from migrate.engine.peers import Peers, known_words
from migrate.engine.plays import Entry, Playbooks
from migrate.engine.reader import Reader
from migrate.engine.settings import read_settings
from migrate.engine.sharing import Share
from migrate.engine.strategy import Recording
from migrate.engine.variables import Facts, Variables
from migrate.model.finding import Severity
from migrate.model.machine import MachineClass

CLIARGS = {
    "forks": 1, "become": None, "check": False, "diff": False, "tags": ("all",), "skip_tags": (), "verbosity": 0,
    "extra_vars": (), "subset": None,
}  # fmt: skip
MOST_ROUNDS = 6
PLUGIN_FOLDERS = (
    "library module_utils action_plugins cache_plugins callback_plugins connection_plugins filter_plugins "
    "inventory_plugins"
    " lookup_plugins shell_plugins strategy_plugins test_plugins vars_plugins"
    " become_plugins cliconf_plugins httpapi_plugins netconf_plugins terminal_plugins doc_fragments"
).split()


class Player:
    """Everything that playing needs and that outlives one playbook."""

    def __init__(
        self, project: str, estate: Estate, reader: Reader, gaps: Gaps, say: Callable[[Notebook, str, int], None],
        extra_vars: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.project, self.estate, self.reader, self.gaps, self.say = project, estate, reader, gaps, say
        context.CLIARGS = ImmutableDict({**CLIARGS, "extra_vars": extra_vars})
        self.settings = read_settings(project)
        C.DEFAULT_HASH_BEHAVIOUR = "merge" if self.settings.merge else "replace"
        C.DEFAULT_JINJA2_EXTENSIONS = list(self.settings.extensions)
        self.collections = sorted(
            glob(os.path.join(glob_escape(project), "collections", "ansible_collections", "*", "*", "roles"))
        )
        self.plays, self.steps = 0, 0
        self.share = Share()

    def play(
        self, playbooks: tuple[str, ...], classes: tuple[MachineClass, ...], facts: dict[int, dict[str, Any]],
        known: dict[str, tuple[str, ...]],
    ) -> tuple[MachineClass, ...]:  # fmt: skip
        """Record everything; returns the classes as split by what the plays themselves told apart."""
        every, due = list(classes), classes
        for found in facts.values():
            self.estate.taint.hide(found)
        self._refuse_plugins(playbooks)
        variables = self._variables()
        words = known_words(self.estate.own, known)
        peers = Peers(words) if len(words) > 1 else None
        for number in range(MOST_ROUNDS):
            numbers = {name: made.number for made in every for name in made.members}
            notebook = Notebook(self.gaps, self.estate.taint, self.reader, due, numbers, peers)
            notebook.given = frozenset(variables._extra_vars)
            notebook.share, notebook.step = self.share, self.steps
            variables._fact_cache = Facts(facts, tuple(every), words)
            self._round(playbooks, notebook, variables, first=number == 0)
            self.steps = notebook.step
            every += [made for made in notebook.classes.values() if made.number not in {old.number for old in every}]
            due = notebook.refined(max((made.number for made in every), default=-1) + 1)
            if not due:
                break
            facts = {**facts, **{part.number: facts.get(parent_of(part, every).number, {}) for part in due}}
            every = [without(made, due) for made in every] + list(due)
        return tuple(every)

    def _variables(self) -> Variables:
        """One manager for all rounds, so that facts set on the first representatives are there for later ones."""
        try:
            variables = Variables(loader=self.reader, inventory=self.estate.manager, version_info=None)
        except BAD as error:
            self.gaps.of_error("broken-yaml", "extra variables", error, severity=Severity.ERROR)
            context.CLIARGS = ImmutableDict(CLIARGS)
            variables = Variables(loader=self.reader, inventory=self.estate.manager, version_info=None)
        variables.gaps = self.gaps
        self.estate.taint.hide(variables._extra_vars)
        return variables

    def _refuse_plugins(self, playbooks: tuple[str, ...]) -> None:
        """Say which folders of plugins beside the playbooks, and collections, are not loaded."""
        folders = dict.fromkeys([self.project, *(os.path.dirname(os.path.abspath(playbook)) for playbook in playbooks)])
        for folder in folders:
            for name in PLUGIN_FOLDERS:
                add_plugins(os.path.join(folder, name))
        for path in sorted(
            glob(os.path.join(glob_escape(self.project), "collections", "ansible_collections", "*", "*", "plugins"))
        ):
            self.gaps.add(
                "forbidden", path, "the project's own plugins and modules are not loaded", place=self.gaps.place(path)
            )

    def _round(self, playbooks: tuple[str, ...], notebook: Notebook, variables: Variables, *, first: bool) -> None:
        notebook.first = first
        reading = Playbooks(self.reader, self.gaps, self.estate.taint, variables._extra_vars)
        for playbook in playbooks:
            for entry in reading.entries(playbook):
                self.plays += first
                self._one(reading, entry, notebook, variables, first=first)

    def _one(self, reading: Playbooks, entry: Entry, notebook: Notebook, variables: Variables, *, first: bool) -> None:
        self.reader.set_basedir(os.path.dirname(os.path.abspath(entry.path)))
        C.DEFAULT_ROLES_PATH = self._role_folders(entry.path)
        self.one(reading, entry, notebook, variables, first=first)

    def one(self, reading: Playbooks, entry: Entry, notebook: Notebook, variables: Variables, *, first: bool) -> None:
        """One play; folders are set already."""
        manager = self.estate.manager
        manager.remove_restriction()
        manager.clear_caches()
        BUDGET.refill()
        WATCH.step(f"{os.path.basename(entry.path)}: {entry.name}", self.gaps.place_in(entry.data), LOADING)
        try:
            if self._nobody(entry):
                return
            play = reading.load(entry, variables)
            chosen = self._chosen(play, variables, notebook, entry)
            if chosen:
                where = f"{self.gaps.relative(os.path.abspath(entry.path))}#{entry.number}"
                self._run(play, chosen, notebook, variables, (where, hosts_text(play.hosts)))
        except BAD as error:
            place = self.gaps.place_in(entry.data) or self.gaps.place(entry.path)
            self.gaps.of_error("broken-play", f"{os.path.basename(entry.path)}: {entry.name}", error, place=place)
        finally:
            WATCH.rest()
            manager.remove_restriction()

    def _chosen(self, play: Any, variables: Variables, notebook: Notebook, entry: Entry) -> list[Any]:
        """Representatives among the hosts of a play; a play on some members only splits their class."""
        engine = TemplateEngine(loader=self.reader, variables=variables.get_vars(play=play))
        pattern = engine.template(play.hosts)
        matched = self.estate.manager.get_hosts(pattern)
        if not matched:
            self._empty(entry, pattern)
            return []
        self._welcome(matched, notebook)
        names = {host.name for host in matched}
        for made in notebook.classes.values():
            if not names.isdisjoint(made.members):
                notebook.ballots.note(made, {name: name in names for name in made.members})
        chosen = [host for host in matched if host.name in notebook.classes or (host.implicit and notebook.first)]
        first = next((made.representative for made in notebook.classes.values() if matched[0].name in made.members), "")
        notebook.once = bool(first) or matched[0].implicit
        return sorted(chosen, key=lambda host: host.name != first)

    def _nobody(self, entry: Entry) -> bool:
        """True for a literal pattern that matches no host: such a play, and what its roles lack, needs no reading."""
        hosts = entry.data.get("hosts")
        if not hosts or templated(hosts) or self.estate.manager.get_hosts(hosts):
            return False
        self._empty(entry, hosts)
        return True

    def _empty(self, entry: Entry, pattern: Any) -> None:
        subject = f"{os.path.basename(entry.path)}#{entry.number}"
        message = f"play «{entry.name}» on {hosts_text(pattern)} matches no host"
        self.gaps.add("empty-play", subject, message, severity=Severity.NOTE, place=self.gaps.place_in(entry.data))

    def _welcome(self, matched: Iterable[Any], notebook: Notebook) -> None:
        """A host that `add_host` made is a class of its own."""
        for host in matched:
            if host.name not in notebook.numbers and not host.implicit:
                number = max(notebook.numbers.values(), default=-1) + 1
                notebook.numbers[host.name] = number
                notebook.classes[host.name] = MachineClass(
                    number=number, representative=host.name, members=(host.name,)
                )

    def _run(
        self, play: Any, hosts: list[Any], notebook: Notebook, variables: Variables, where: tuple[str, str]
    ) -> None:
        notebook.play = where
        self.estate.manager.restrict_to_hosts(hosts)
        known = self.estate.manager.hosts
        members = {
            name: known[name].vars
            for host in hosts if host.name in notebook.classes
            for name in notebook.classes[host.name].members if name in known
        }  # fmt: skip
        record_with(lambda tqm: Recording(tqm, notebook, members))
        manager = TaskQueueManager(
            self.estate.manager,
            variables,
            self.reader,
            {},
            stdout_callback_name="minimal",
            run_additional_callbacks=False,
            forks=1,
        )
        manager.load_callbacks = lambda: None
        try:
            manager.run(play)
        except AnsibleEndPlay:
            pass  # `meta: end_play` whose condition is known: Ansible would end here too
        finally:
            manager._final_q.close()
            self.say(notebook, where[0], len(hosts))

    def _role_folders(self, playbook: str) -> list[str]:
        """`roles/` beside the playbook and above it, up to the project, then what the project's ansible.cfg names
        inside it.
        """
        folders, folder = [], os.path.dirname(os.path.abspath(playbook))
        while folder.startswith(self.project):
            folders.append(os.path.join(folder, "roles"))
            folder = os.path.dirname(folder)
        return [*folders, *self.settings.roles, *self.collections]


def hosts_text(hosts: Any) -> str:
    return ",".join(str(host) for host in hosts) if isinstance(hosts, list) else str(hosts)


def parent_of(part: MachineClass, classes: list[MachineClass]) -> MachineClass:
    return next(made for made in classes if part.representative in made.members)


def without(made: MachineClass, parts: tuple[MachineClass, ...]) -> MachineClass:
    gone = {name for part in parts for name in part.members}
    if gone.isdisjoint(made.members):
        return made
    members = tuple(name for name in made.members if name not in gone)
    return MachineClass(
        number=made.number, representative=made.representative, members=members, differing=made.differing
    )


__all__ = ["AnsibleError", "Player"]
