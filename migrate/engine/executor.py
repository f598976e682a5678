# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one task in process: control actions for real, every other one by noting what it would have done."""

from __future__ import annotations

from typing import Any

from ansible import constants as C
from ansible._internal._templating._engine import TemplateEngine
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.executor.task_executor import TaskExecutor
from ansible.playbook.handler import Handler
from ansible.playbook.task import Task
from ansible.template import Templar
from ansible.utils.sentinel import Sentinel

from migrate.engine.conditions import decide, names_within
from migrate.engine.gaps import MISSING_FILTER, first_cause, origin_of
from migrate.engine.inventory import plain
from migrate.engine.notebook import Notebook, Placeholders
from migrate.engine.quickening import StableEngine
from migrate.engine.rendering import rendered
from migrate.model.place import Place
from migrate.model.task import RecordedTask, TokenKind

CONTROL = frozenset("set_fact include_vars add_host group_by".split())
SILENT = frozenset("debug assert fail meta validate_argument_spec setup gather_facts pause wait_for_connection set_stats ping async_status".split())
MOST_ITEMS = 2000
CONDITIONAL = "migrate_conditional"


class NoShell:
    """What a control action finds where a remote shell would be."""

    tmpdir = None


class Inert:
    """A connection to nowhere, for control actions that look at one."""

    connected = _remote_is_local = allow_executable = supports_persistence = True
    has_native_async = has_pipelining = always_pipeline_modules = False
    become = None
    transport = _load_name = ansible_name = "none"
    _shell = NoShell()

    def __init__(self, play_context: Any) -> None:
        self._play_context = play_context


class RecordingExecutor(TaskExecutor):  # type: ignore[misc]  # ansible ships no types
    """A TaskExecutor that connects nowhere. `recorded_only` tells the strategy that the result is invented."""

    def __init__(self, notebook: Notebook, *args: Any) -> None:
        super().__init__(*args)
        self.notebook = notebook
        self.placeholders = Placeholders(notebook, self._host.name)
        self.recorded_only = True
        self._task_templar = StableEngine(self._loader, self._job_vars, self.placeholders)

    def _get_loop_items(self) -> list[Any] | None:
        unknown = names_within(self._task.loop) & frozenset(self.notebook.unknown[self._host.name])
        try:
            items: list[Any] | None = None if unknown else super()._get_loop_items()
        except AnsibleError as error:
            self._loop_eval_error, items = error, None
        if unknown:
            self._loop_eval_error = AnsibleUndefinedVariable(f"result of {', '.join(sorted(unknown))}")
        if items and len(items) > MOST_ITEMS:
            self._gap("limit", f"loop of {len(items)} items, the first {MOST_ITEMS} recorded")
            items = items[:MOST_ITEMS]
        return items

    def _execute_internal(self, templar: TemplateEngine, variables: dict[str, Any]) -> dict[str, Any]:
        self.placeholders.problems.clear()
        self._delegate(templar, variables)
        may_run = self._may_run(variables)
        if may_run is None:
            return {"changed": False, "skipped": True}
        self._unknown_item(variables)
        engine = StableEngine(self._loader, variables, self.placeholders)
        raw = self._task.args
        problem = self._finalize(engine)
        module = str(self._task.action).rsplit(".", 1)[-1]
        if self._task.action in C._ACTION_ALL_INCLUDES:
            return self._include(may_run)
        if module in CONTROL:
            return self._control(engine, variables, module, raw)
        if module not in SILENT:
            self._record(engine, variables, module, may_run, problem)
        result: dict[str, Any] = {"changed": True, "failed": False}
        if self._task.notify:
            result["_ansible_notify"] = self._task.notify
        return result

    def _delegate(self, engine: TemplateEngine, variables: dict[str, Any]) -> None:
        try:
            self._calculate_delegate_to(engine, variables)
        except AnsibleError as error:
            self._gap("broken-task", f"delegate_to: {first_cause(error)}")
            self._task.delegate_to = None

    def _may_run(self, variables: dict[str, Any]) -> str | None:
        unknown = frozenset(self.notebook.unknown[self._host.name])
        answer = decide(self._task.when, StableEngine(self._loader, variables), unknown) if self._task.when else ""
        if answer is None:
            return None
        inherited = str(variables.get(CONDITIONAL, ""))
        loop = f"loop over {first_cause(self._loop_eval_error)}" if self._loop_eval_error is not None else ""
        return "; ".join(dict.fromkeys(reason for reason in (inherited, loop, answer) if reason))

    def _unknown_item(self, variables: dict[str, Any]) -> None:
        if self._loop_eval_error is not None:
            variables[self._task.loop_control.loop_var or "item"] = self.notebook.taint.token("item", TokenKind.UNKNOWN)
            self._loop_eval_error = None

    def _finalize(self, engine: TemplateEngine) -> str:
        """Template every field of the task; a field that can't be stays as it is. Returns why, for `args`."""
        why = ""
        for name in self._task.fattributes:
            try:
                value = self._task.post_validate_attribute(name, templar=engine)
            except AnsibleError as error:
                if name == "args":
                    why = self._finalize_args(engine, first_cause(error))
                continue
            if value is not Sentinel:
                setattr(self._task, name, value)
        return why or "; ".join(self.placeholders.problems[:3])

    def _finalize_args(self, engine: TemplateEngine, error: str) -> str:
        """Each argument on its own, when ansible-core refuses them together (module of a missing collection, a bad filter)."""
        final, unresolved = {}, []
        for key, value in dict(self._task.args).items():
            try:
                final[key] = engine.template(value)
            except AnsibleError as problem:
                final[key] = value
                unresolved.append(f"{key}: {first_cause(problem)}")
        whole = final.pop("_variable_params", None)
        self._task.args = {**(whole if isinstance(whole, dict) else {}), **final}
        return "; ".join(unresolved) if "Cannot resolve" in error else "; ".join(unresolved) or error

    def _include(self, may_run: str) -> dict[str, Any]:
        """What the strategy expands. A doubt goes along in the place of a loop index, the one variable that all includes pass on."""
        args = dict(self._task.args)
        doubt = {"ansible_index_var": CONDITIONAL, CONDITIONAL: may_run} if may_run else {}
        if self._task.action in C._ACTION_INCLUDE_ROLE:
            return {"include_args": args, **doubt}
        file = args.pop("_raw_params", None) or args.pop("file", None)
        return {"include": str(file), "include_args": args, **doubt} if file else {"failed": False, "skipped": True}

    def _control(self, engine: TemplateEngine, variables: dict[str, Any], module: str, raw: Any) -> dict[str, Any]:
        """set_fact, include_vars, add_host, group_by: run by ansible-core itself, since they only touch its own memory."""
        unknown = self.notebook.unknown[self._host.name]
        derived = names_within(plain(raw)) & frozenset(unknown)
        if module == "set_fact" and derived:
            for name in self._task.args:
                if names_within(plain(dict(raw).get(name))) & frozenset(unknown):
                    unknown[str(name)] = "set from " + ", ".join(sorted(derived))
            self._task.args = {name: value for name, value in self._task.args.items() if str(name) not in unknown}
            if not set(self._task.args) - {"cacheable"}:
                return {"changed": False, "failed": False}
        self.recorded_only = False
        self._connection = Inert(self._play_context)
        handler = self._shared_loader_obj.action_loader.get(
            f"ansible.builtin.{module}", task=self._task, connection=self._connection, play_context=self._play_context,
            loader=self._loader, templar=Templar._from_template_engine(engine), shared_loader_obj=self._shared_loader_obj,
        )  # fmt: skip
        result: dict[str, Any] = handler.run(task_vars=variables)
        self._connection = None
        if module == "set_fact":
            for name in result.get("ansible_facts", {}):
                unknown.pop(name, None)
        if self._task.register:
            unknown.pop(self._task.register, None)
        return self._controlled(result, module)

    def _controlled(self, result: dict[str, Any], module: str) -> dict[str, Any]:
        if result.get("failed"):
            self._gap("missing-file" if module == "include_vars" else "broken-task", f"{module}: {result.get('msg') or result.get('message')}")
            return {"changed": False, "failed": False}
        if module == "include_vars":
            self.notebook.taint.hide(result.get("ansible_facts"))
        if self._task.notify:
            result["_ansible_notify"] = self._task.notify
        return result

    def _record(self, engine: TemplateEngine, variables: dict[str, Any], module: str, may_run: str, problem: str) -> None:
        task, book = self._task, self.notebook
        where = self._where()
        file = None
        try:
            file = rendered(module, task, plain(dict(task.args)), engine, variables)
        except (AnsibleError, OSError) as error:
            problem = problem or f"file: {first_cause(error)}"
        if file is not None:
            source = book.gaps.relative(file.source)
            text = file.text if file.text is None else book.taint.scrub(file.text, source or where.path)
            file = type(file)(dest=file.dest, text=text, source=source, mode=file.mode, owner=file.owner, group=file.group)
        if problem and (missing := MISSING_FILTER.search(problem)):
            self._gap("unknown-filter", missing[0])
        book.note(
            RecordedTask(
                machine=self._host.name,
                action=str(task.resolved_action or task.action),
                args=book.taint.scrub_args(self._args(file is not None), str(where), all_strings=bool(task.no_log)),
                name=str(task.name or ""),
                place=where,
                roles=roles_of(task),
                play=book.play[0],
                hosts=book.play[1],
                handler=isinstance(task, Handler),
                notify=tuple(str(name) for name in task.notify or ()),
                conditional=book.taint.scrub(book.gaps.relative(may_run), str(where)),
                unresolved=book.taint.scrub(book.gaps.relative(problem), str(where)),
                delegate_to=str(task.delegate_to or ""),
                become_user=str(task.become_user or "") if task.become else "",
                environment=self._environment(),
                file=file,
                kind=book.class_of(self._host.name),
            )
        )

    def _args(self, has_file: bool) -> dict[str, Any]:
        args = plain(dict(self._task.args))
        if has_file:
            args.pop("content", None)
        return {key: value for key, value in args.items() if value is not None}

    def _environment(self) -> dict[str, str]:
        holder = self._task.environment
        items = [holder] if isinstance(holder, dict) else holder or []
        flat = {str(k): str(v) for item in items if isinstance(item, dict) for k, v in item.items()}
        scrubbed: dict[str, str] = self.notebook.taint.scrub_args(flat, str(self._where()))
        return scrubbed

    def _where(self) -> Place:
        origin = origin_of(self._task.get_ds())
        if origin is not None and getattr(origin, "path", None):
            return self.notebook.gaps.place(origin.path, origin.line_num or 0)  # type: ignore[attr-defined]
        path, _, line = (self._task.get_path() or "").rpartition(":")
        return self.notebook.gaps.place(path, int(line)) if path and line.isdigit() else Place(path="")

    def _gap(self, check: str, message: str) -> None:
        where = self._where()
        self.notebook.gaps.add(check, str(self._task.get_name()), self.notebook.taint.scrub(message, str(where)), place=where)


def roles_of(task: Task) -> tuple[str, ...]:
    """Names of the roles around a task, outermost first; dependencies stand inside the role that asked for them."""
    role = task._role
    if role is None:
        return ()
    chain = [role.get_name()]
    while role._parents:
        role = role._parents[0]
        chain.append(role.get_name())
    return tuple(reversed(chain))
