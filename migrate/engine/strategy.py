# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy: ansible-core's linear one, but tasks are recorded in process instead of being sent to workers."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.executor.task_result import _RawTaskResult
from ansible.plugins import loader as plugin_loader
from ansible.plugins.strategy.linear import StrategyModule as Linear

from migrate.engine.conditions import decide
from migrate.engine.executor import RecordingExecutor
from migrate.engine.notebook import Notebook
from migrate.engine.quickening import StableEngine

DEEPEST_INCLUDE = 40


class Mute:
    """Where an executor would send events for callbacks; there are none."""

    def send_callback(self, *_: Any, **__: Any) -> None: ...


class Recording(Linear):  # type: ignore[misc]  # ansible ships no types
    """One play on one representative per class."""

    def __init__(self, tqm: Any, notebook: Notebook, members: dict[str, dict[str, Any]]) -> None:
        super().__init__(tqm)
        self.notebook, self.members = notebook, members

    def _queue_task(self, host: Any, task: Any, task_vars: dict[str, Any], play_context: Any) -> None:
        self._queued_task_cache[(host.name, task._uuid)] = {
            "host": host, "task": task, "task_vars": task_vars, "play_context": play_context,
        }  # fmt: skip
        if task.when:
            self.notebook.vote(task, host.name, task_vars, self.members)
        own = task.copy(exclude_parent=True, exclude_tasks=True)
        own._parent = task._parent
        executor = RecordingExecutor(
            self.notebook, host, own, task_vars, play_context, self._loader, plugin_loader.get_plugin_loader_namespace(),
            Mute(), self._variable_manager,
        )  # fmt: skip
        result = executor.run()
        self._settle(host, own, result, executor.recorded_only)
        self._results.append(_RawTaskResult(host=host, task=own, return_data=result, task_fields=own.dump_attrs()))
        self._pending_results += 1

    def _settle(self, host: Any, task: Any, result: dict[str, Any], recorded_only: bool) -> None:
        """No failure ends the play; an invented result is not registered, so that whatever asks for it finds nothing known."""
        if result.get("failed") or result.get("exception"):
            self.notebook.gaps.add(
                "broken-task", str(task.get_name()), self.notebook.taint.scrub(str(result.get("msg", "failed"))[:300], ""), place=self._where(task)
            )
            result["failed"] = False
            result.pop("exception", None)
        if task.register and recorded_only:
            skipped = bool(result.get("skipped"))
            if not skipped:
                self.notebook.unknown[host.name][task.register] = str(task.get_name())
                task.register = None

    def _where(self, task: Any) -> Any:
        path, _, line = (task.get_path() or "").rpartition(":")
        return self.notebook.gaps.place(path, int(line)) if line.isdigit() else None

    def _execute_meta(self, task: Any, *args: Any, **kwargs: Any) -> Any:
        """`meta` as it stands, but a doubtful end_play or end_host ends nothing."""
        ending = str(task._get_meta()).startswith("end_")
        if ending and task.when and self._doubtful(task, args):
            return []
        try:
            return super()._execute_meta(task, *args, **kwargs)
        except AnsibleError as error:
            self.notebook.gaps.of_error("broken-task", "meta", error)
            return []

    def _doubtful(self, task: Any, args: tuple[Any, ...]) -> bool:
        iterator, host = args[1], args[2]
        variables = self._variable_manager.get_vars(play=iterator._play, host=host, task=task)
        return bool(decide(task.when, StableEngine(self._loader, variables), frozenset(self.notebook.unknown[host.name])))

    def _load_included_file(self, included_file: Any, iterator: Any, *args: Any, **kwargs: Any) -> Any:
        depth, parent = 0, included_file._task
        while parent is not None and depth <= DEEPEST_INCLUDE:
            depth, parent = depth + (type(parent).__name__ != "Block"), parent._parent
        if depth > DEEPEST_INCLUDE:
            self.notebook.gaps.add("limit", included_file._filename, f"includes nested more than {DEEPEST_INCLUDE} deep")
            return []
        try:
            return super()._load_included_file(included_file, iterator, *args, **kwargs)
        except AnsibleError as error:
            self.notebook.gaps.of_error("missing-file", str(included_file._filename), error)
            return []
