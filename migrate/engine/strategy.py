# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy: ansible-core's linear one, but tasks are recorded in process instead of being sent to workers."""

from __future__ import annotations

from typing import Any

from ansible._internal._task import TaskContext
from ansible.errors import AnsibleError
from ansible.executor.task_result import _RawTaskResult
from ansible.playbook.handler import Handler
from ansible.plugins import loader as plugin_loader
from ansible.plugins.strategy.linear import StrategyModule as Linear

from migrate.engine.conditions import decide
from migrate.engine.executor import RecordingExecutor
from migrate.engine.finalizing import templated
from migrate.engine.legacy import CONDITIONAL
from migrate.engine.limits import BUDGET, EASY, LOADING, WATCH
from migrate.engine.loading import BAD, DEEPEST_INCLUDE, depth_of
from migrate.engine.notebook import Notebook
from migrate.engine.quickening import StableEngine
from migrate.engine.recording import where
from migrate.engine.sharing import noted_only

IGNORED_META = ("refresh_inventory", "reset_connection", "clear_facts")


class Mute:
    """Where an executor would send events for callbacks; there are none."""

    def send_callback(self, *_: Any, **__: Any) -> None: ...


class Recording(Linear):  # type: ignore[misc]  # ansible ships no types
    """One play on one representative per class."""

    def __init__(self, tqm: Any, notebook: Notebook, members: dict[str, dict[str, Any]]) -> None:
        super().__init__(tqm)
        self.notebook, self.members = notebook, members

    def run(self, iterator: Any, play_context: Any) -> Any:
        """Whatever was loaded comes up, or is told: nothing is lost without a word."""
        add, book = iterator.add_tasks, self.notebook
        book.load(iterator._blocks)

        def add_tasks(host: Any, blocks: list[Any]) -> None:
            book.load(blocks)
            add(host, blocks)

        iterator.add_tasks = add_tasks
        try:
            return super().run(iterator, play_context)
        finally:
            self._tell_lost()

    def _tell_lost(self) -> None:
        book = self.notebook
        for task in book.close():
            place = where(book.gaps, task)
            if not isinstance(task, Handler) and not book.gaps.tells_of(place):
                book.gaps.add("lost-task", str(task.get_name()), "it never came up, nor what it includes", place=place)

    def _copy_included_file(self, included_file: Any) -> Any:
        self.notebook.loaded.pop(included_file._task._uuid, None)
        return super()._copy_included_file(included_file)

    def _get_next_task_lockstep(self, hosts: list[Any], iterator: Any) -> list[tuple[Any, Any]]:
        """The next task that this player needs to look at, with its hosts."""
        while chosen := super()._get_next_task_lockstep(hosts, iterator):
            self.notebook.next_step()
            for _, task in chosen:
                self.notebook.loaded.pop(task._uuid, None)
            if kept := [(host, task) for host, task in chosen if self._concerns(host, task)]:
                self._prepare(kept, iterator)
                return kept
        return []

    def _concerns(self, host: Any, task: Any) -> bool:
        """False for what another player notes; but all members of a class are asked by every player."""
        made = self.notebook.classes.get(host.name)
        return self.notebook.mine or not noted_only(task) or made is None or len(made.members) > 1

    def _prepare(self, chosen: list[tuple[Any, Any]], iterator: Any) -> None:
        """Fields that the strategy itself templates must not end the play when they can't be."""
        for host, task in chosen:
            if templated(task.action) or templated(task.run_once):
                self._harden(host, task, iterator)

    def _harden(self, host: Any, task: Any, iterator: Any) -> None:
        variables = self._variable_manager.get_vars(play=iterator._play, host=host, task=task)
        for field, instead in (("action", "unknown"), ("run_once", False)):
            try:
                StableEngine(self._loader, variables).template(getattr(task, field))
            except AnsibleError as error:
                self.notebook.gaps.of_error(
                    "broken-task", str(task.get_name()), error, place=where(self.notebook.gaps, task)
                )
                setattr(task, field, instead)

    def _queue_task(self, host: Any, task: Any, task_vars: dict[str, Any], play_context: Any) -> None:
        self._queued_task_cache[(host.name, task._uuid)] = {
            "host": host, "task": task, "task_vars": task_vars, "play_context": play_context,
        }  # fmt: skip
        WATCH.step(str(task.get_name()), where(self.notebook.gaps, task))
        task_vars["ansible_play_batch"] = task_vars.get("ansible_play_hosts", [])
        self.notebook.vote(task, host.name, task_vars, self.members)
        own = task.copy(exclude_parent=True, exclude_tasks=True)
        own._parent = task._parent
        executor = RecordingExecutor(
            self.notebook, host, own, task_vars, play_context, self._loader,
            plugin_loader.get_plugin_loader_namespace(), Mute(), self._variable_manager,
        )  # fmt: skip
        with TaskContext(own):
            result = executor.run()
        self._settle(host, own, result, executor.recorded_only)
        self._results.append(_RawTaskResult(host=host, task=own, return_data=result, task_fields={}))
        self._pending_results += 1

    def _settle(self, host: Any, task: Any, result: dict[str, Any], recorded_only: bool) -> None:
        """No failure ends the play; an invented result is not registered, so that whatever asks for it finds nothing
        known.
        """
        if result.get("failed") or result.get("exception"):
            message = self.notebook.taint.scrub(" ".join(str(result.get("msg", "failed")).split())[:300], "")
            self.notebook.gaps.add("broken-task", str(task.get_name()), message, place=where(self.notebook.gaps, task))
            result["failed"] = False
            result.pop("exception", None)
        self._join_members(host, result)
        if task.register and recorded_only:
            hosts = self._hosts_cache if task.run_once else [host.name]
            for name in hosts:
                if result.get("skipped"):
                    self.notebook.unknown[name].pop(task.register, None)
                else:
                    self.notebook.unknown[name][task.register] = str(task.get_name())
            if not result.get("skipped"):
                task.register = None

    def _join_members(self, host: Any, result: dict[str, Any]) -> None:
        """What group_by says of a representative holds for its class."""
        made = self.notebook.classes.get(host.name)
        for item in result.get("results") or [result]:
            if made is not None and isinstance(item, dict) and "add_group" in item:
                for name in made.members[1:]:
                    self._inventory.add_dynamic_group(self._inventory.hosts[name], dict(item))

    def _execute_meta(self, task: Any, *args: Any, **kwargs: Any) -> Any:
        """`meta` as it stands, but a doubtful end_play or end_host ends nothing, and what is known stays known."""
        action = str(task._get_meta())
        if action in IGNORED_META or (action.startswith("end_") and self._doubtful(task, args)):
            return []
        self.notebook.ended |= action.startswith("end_")
        try:
            return super()._execute_meta(task, *args, **kwargs)
        except AnsibleError as error:
            self.notebook.gaps.of_error("broken-task", "meta", error, place=where(self.notebook.gaps, task))
            return []

    def _doubtful(self, task: Any, args: tuple[Any, ...]) -> bool:
        iterator, host = args[1], args[2]
        variables = self._variable_manager.get_vars(play=iterator._play, host=host, task=task)
        self.notebook.vote(task, host.name, variables, self.members)
        if variables.get(CONDITIONAL):
            return True
        engine = StableEngine(self._loader, variables)
        return bool(decide(task.when, engine, lambda names: self.notebook.doubts(host.name, names, variables)))

    def _load_included_file(self, included_file: Any, iterator: Any, *args: Any, **kwargs: Any) -> Any:
        place = where(self.notebook.gaps, included_file._task)
        self.notebook.loaded.pop(included_file._task._uuid, None)
        WATCH.step(str(included_file._filename), place, LOADING)
        depth = depth_of(included_file._task)
        if not BUDGET.spend(self.notebook.gaps, str(included_file._filename), place, max(0, depth - EASY) ** 2):
            return []
        if depth > DEEPEST_INCLUDE:
            self.notebook.gaps.add(
                "limit", included_file._filename, f"includes nested more than {DEEPEST_INCLUDE} deep"
            )
            return []
        try:
            return super()._load_included_file(included_file, iterator, *args, **kwargs)
        except BAD as error:
            self.notebook.gaps.of_error("missing-file", str(included_file._filename), error, place=place)
            return []
