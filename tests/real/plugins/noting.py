# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback plugin for ansible-playbook that notes each task just before its action runs, with its final arguments.

Loaded before the first worker is forked, it puts a TaskExecutor of its own in the place of Ansible's. That one changes
nothing of what Ansible finds out; it only goes on where a task fails because this machine isn't the one it was meant
for, becomes nobody else, and waits for nothing. Modules run in a child of the worker instead of a new interpreter,
which is ten times as quick. Lines of JSON go to the file that $NOTES names.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from ansible._internal._datatag._tags import Origin
from ansible.executor.process import worker
from ansible.executor.task_executor import TaskExecutor
from ansible.module_utils.testing import patch_module_args
from ansible.playbook.handler import Handler
from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import module_loader

NOT_HERE = frozenset("setup gather_facts pause wait_for_connection ping async_status".split())
"""Facts are handed in; nothing is waited for."""
FILES: list[dict[str, Any]] = []
"""What the action that runs now would put where."""

DOCUMENTATION = """
name: noting
type: notification
short_description: notes final arguments
description: Notes each task just before its action runs.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "noting"


class NotingExecutor(TaskExecutor):
    def _execute(self, templar: Any, variables: dict[str, Any]) -> dict[str, Any]:
        self.ran = False
        result: dict[str, Any] = super()._execute(templar, variables)
        if result.get("failed") or result.get("exception"):
            if not self.ran:
                self._note("failed", why=str(result.get("msg")))
            return {"changed": True, "failed": False, "skipped": "include" in str(self._task.action)}
        if result.get("skipped") and not self.ran:
            self._note("skipped", why=str(result.get("false_condition", "")))
        return result

    def _set_become_plugin(self, *_: Any) -> None:
        """Nobody else is here to become."""

    def _get_action_handler_with_module_context(self, templar: Any) -> Any:
        handler, context = super()._get_action_handler_with_module_context(templar)
        self._task.retries, self._task.until, self._task.async_val = 0, [], 0
        run = handler.run

        def noted(tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
            self.ran = True
            args = json.loads(as_json(dict(self._task.args)))
            FILES.clear()
            # Looked up each time: roles with plugins of their own make Ansible load its plugins anew.
            note_files(self._shared_loader_obj.action_loader.get("ansible.legacy.copy", class_only=True))
            result: dict[str, Any] = {"failed": True}
            try:
                here = str(self._task.action).rsplit(".", 1)[-1] not in NOT_HERE
                result = run(task_vars=task_vars) if here else {"changed": False}
            except Exception as error:  # noqa: BLE001  # whatever an action raises is noted as its failure
                result = {"failed": True, "msg": str(error)}
            finally:
                self._note("ran", args=args, files=list(FILES), why=str(result.get("msg")) * bool(result.get("failed")))
            return {"changed": True, "failed": False} if result.get("failed") else result

        handler.run = noted
        return handler, context

    def _note(self, kind: str, **more: Any) -> None:
        task, origin = self._task, Origin.get_tag(self._task.get_ds())
        environment = task.environment if isinstance(task.environment, list) else [task.environment]
        line = {
            "kind": kind,
            "host": self._host.name,
            "machine": str(task.delegate_to or self._host.name),
            "action": str(task.resolved_action or task.action),
            "name": str(task.name or ""),
            "path": str(origin.path) if origin else "",
            "line": origin.line_num if origin else 0,
            "handler": isinstance(task, Handler),
            "notify": [str(name) for name in task.notify or ()] if isinstance(task.notify, list) else [],
            "delegate_to": str(task.delegate_to or ""),
            "become_user": str(task.become_user or "") if task.become else "",
            "environment": {str(k): str(v) for item in environment if isinstance(item, dict) for k, v in item.items()},
            "run_once": bool(task.run_once),
            **more,
        }
        with os.fdopen(os.open(os.environ["NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT), "wb") as file:
            file.write(as_json(line).encode() + b"\n")


def as_json(value: Any) -> str:
    return json.dumps(value, default=str)


def note_files(plugin: Any) -> None:
    """`template` hands what it rendered to `copy`, and `copy` each of its files to this method."""
    put = plugin._copy_file
    if getattr(put, "notes", False):
        return

    def noted(self: Any, source: str, relative: str, content: Any, temporary: Any, dest: str, *args: Any) -> Any:
        text = Path(source).read_bytes().decode(errors="replace")
        FILES.append({"dest": f"{dest}{relative}" if dest.endswith("/") else dest, "text": text})
        return put(self, source, relative, content, temporary, dest, *args)

    noted.notes = True
    plugin._copy_file = noted


def run_module(self: Any, module_name: Any = None, module_args: Any = None, task_vars: Any = None, **more: Any) -> Any:
    """In place of `ActionBase._execute_module`: the module itself, in check mode, in a child."""
    name = str(module_name or self._task.action)
    args = dict(self._task.args if module_args is None else module_args)
    self._update_module_args(name, args, task_vars or {}, ignore_unknown_opts=more.get("ignore_unknown_opts", False))
    found = module_loader.find_plugin_with_context(name, collection_list=self._task.collections)
    namespace, collection, short = str(found.resolved_fqcn).split(".", 2)
    core = f"{namespace}.{collection}" in ("ansible.builtin", "ansible.legacy")
    module = (
        f"ansible.modules.{short}" if core else f"ansible_collections.{namespace}.{collection}.plugins.modules.{short}"
    )
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        be_module(module, args, writing)
    os.close(writing)
    with os.fdopen(reading) as answer:
        lines = [line for line in answer if line.startswith("{")]
    os.waitpid(child, 0)
    result: dict[str, Any] = json.loads(lines[-1]) if lines else {"failed": True, "msg": f"{name} said nothing"}
    return result


def be_module(module: str, args: dict[str, Any], output: int) -> NoReturn:
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(60)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 2)
        sys.stdout = os.fdopen(output, "w")
        with patch_module_args(args):
            importlib.import_module(module).main()
    finally:
        sys.stdout.flush()
        os._exit(0)


worker.TaskExecutor = NotingExecutor
ActionBase._execute_module = run_module
