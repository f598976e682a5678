# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one task in process: control actions for real, every other one by noting what it would have done."""

from __future__ import annotations

from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.executor.task_executor import TaskExecutor
from ansible.template import Templar

from migrate.engine.conditions import closure, decide, names_within
from migrate.engine.finalizing import finalize
from migrate.engine.gaps import first_cause
from migrate.engine.inventory import plain
from migrate.engine.legacy import CONDITIONAL, LOST
from migrate.engine.notebook import Notebook, Placeholders
from migrate.engine.plugins import PASSING
from migrate.engine.quickening import StableEngine, lazied
from migrate.engine.recording import Raw, record, where
from migrate.engine.taint import PREFIX, TOKEN
from migrate.engine.witness import WITNESS
from migrate.model.task import TokenKind

CONTROL = frozenset("set_fact include_vars add_host group_by".split())
SILENT = frozenset(
    "debug assert fail meta validate_argument_spec setup gather_facts pause wait_for_connection set_stats "
    "ping async_status".split()
)
FACT_MODULES = {
    "package_facts": ("packages",), "service_facts": ("services",), "mount_facts": ("mount_points",),
    "getent": ("getent_{database}",), "ec2_metadata_facts": ("ansible_ec2_metadata",),
    "listen_ports_facts": ("tcp_listen", "udp_listen"),
}  # fmt: skip
"""Modules whose answer is facts, which come under their own name as well."""
LOCAL_FACTS = frozenset(("ansible_local", "ansible_facts.ansible_local", "ansible_facts.local"))
MOST_ITEMS = 2000
MOST_ROUNDS = 2
"""How often an include brings in itself, where only a real run knows when to stop."""
LEFT_OUT = "its defaults are changed"


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

    _task: Any
    _job_vars: dict[str, Any]

    def __init__(self, notebook: Notebook, *args: Any) -> None:
        super().__init__(*args)
        self.notebook, self.host = notebook, self._host.name
        self.placeholders = Placeholders(notebook, self.host)
        self.placeholders.place = lambda: where(notebook.gaps, self._task)
        self.recorded_only = True
        self.loop_doubt = ""
        self.lost: set[str] = set()
        """Loop variables that only a real run knows: of this task, and of the includes around it."""
        self.raw_args: dict[str, Any] = {}
        self.asked = False
        self._lazied: dict[str, Any] | None = None
        self.own: dict[str, Any] = {}
        self._connection: Any = None

    def _engine(self, variables: dict[str, Any], behavior: Any = None) -> StableEngine:
        """An engine over the variables of the task and what the loop (`own`) and a delegation add."""
        engine = StableEngine(self._loader, variables, behavior)
        if self._lazied is None:
            self._lazied = lazied(self._job_vars)
        added = {**self.own, **{key: variables[key] for key in ("ansible_delegated_vars",) if key in variables}}
        engine.lazied = {**self._lazied, **lazied(added)} if added else self._lazied
        return engine

    def _get_loop_items(self) -> list[Any] | None:
        """The items, or None with `loop_doubt` when only a real run knows them: then the task is recorded once."""
        self._job_vars["ansible_search_path"] = self._search_path()
        self._task_templar = self._engine(self._job_vars)
        self.lost = set(str(self._job_vars.get(LOST, "")).split())
        self.placeholders.unknown |= self.lost
        if self._task.loop is None:
            return None
        if unknown := self._unknown(names_within(self._task.loop), self._job_vars):
            return self._unknown_loop(f"result of {', '.join(unknown)}")
        with PASSING.on() as passed:
            try:
                items = self._items()
            except AnsibleError as error:
                return self._unknown_loop(first_cause(error))
        if passed:
            self.loop_doubt = f"loop over all that {', '.join(sorted(set(passed)))} may select"
        if doubtful := self.notebook.doubtful_in(self.host, names_within(self._task.loop), self._job_vars):
            self.loop_doubt = f"loop over {', '.join(doubtful)}"
        if len(items) > MOST_ITEMS:
            self._gap("limit", f"loop of {len(items)} items, the first {MOST_ITEMS} recorded")
        if not items and self.notebook.anyway:
            return self._unknown_loop("a list that is empty by default")
        return items[:MOST_ITEMS]

    def _search_path(self) -> list[str]:
        path: list[str] = self._task.get_search_path()
        base = self._loader.get_basedir()
        return path if base in path else [*path, base]

    def _items(self) -> list[Any]:
        """Strictly first; then with tokens for what is not defined, as long as the items themselves are known."""
        try:
            return super()._get_loop_items() or []
        except AnsibleError:
            self._task_templar = self._engine(self._job_vars, self.placeholders)
            items = super()._get_loop_items() or []
            if not isinstance(items, list) or (
                not isinstance(self._task.loop, list) and any(is_token(item) for item in items)
            ):
                raise
            return items

    def _unknown_loop(self, why: str) -> list[Any] | None:
        self.loop_doubt = f"loop over {why}"
        name = str(self._task.loop_control.loop_var or "item")
        self.placeholders.unknown.add(name)
        self.lost.add(name)
        if self._job_vars.pop(name, None) is not None:  # the item of a loop around this one is not this one's
            self._lazied = None
        # Core takes an include that has a loop but no results for one that brought in nothing.
        token = self.notebook.taint.token(name, TokenKind.UNKNOWN)
        return [token] if self._task.action in C._ACTION_ALL_INCLUDES else None

    def _run_loop(self, items: list[Any]) -> list[dict[str, Any]]:
        """As ansible-core's, without pauses, labels and callbacks."""
        control, whole, doubt, lost = self._task.loop_control, self._task, self.loop_doubt, self.lost
        results = []
        try:
            for index, item in enumerate(items):
                own = loop_variables(control, items, index)
                self.loop_doubt, self.lost = doubt, lost
                if is_token(item) and not str(item).startswith(PREFIX[TokenKind.SECRET]):
                    del own[control.loop_var]
                    self.loop_doubt, self.lost = doubt or f"loop over {item}", lost | {control.loop_var}
                    self.placeholders.unknown.add(control.loop_var)
                    self._job_vars.pop(control.loop_var, None)
                    self._lazied = None
                self.own = own
                self._task = whole.copy(exclude_parent=True, exclude_tasks=True)
                self._task._parent = whole._parent
                result = self._execute(self._task_templar, {**self._job_vars, **own})
                results.append({**result, **own, "_ansible_item_result": True})
        finally:
            if results:
                whole.run_once, whole.action = self._task.run_once, self._task.action
            self._task, self.own = whole, {}
        return results

    def _execute(self, templar: Any, variables: dict[str, Any]) -> dict[str, Any]:
        """A failure is a gap with its cause, and no failure."""
        result: dict[str, Any] = super()._execute(templar, variables)
        if result.get("failed") or result.get("exception"):
            self._gap("broken-task", " ".join(str(result.get("msg", "failed")).split())[:300])
            return {"changed": False, "failed": False, "skipped": self._task.action in C._ACTION_ALL_INCLUDES}
        return result

    def _execute_internal(self, templar: Any, variables: dict[str, Any]) -> dict[str, Any]:
        self.placeholders.problems.clear()
        if self._task.delegate_to is not None:
            self._delegate(variables)
        may_run = self._may_run(variables)
        if may_run is None:
            return {"changed": False, "skipped": True}
        engine = self._engine(variables, self.placeholders)
        self.raw_args = dict(self._task.args)
        with WITNESS.listening() as asked:
            problem = finalize(self._task, engine) or "; ".join(self.placeholders.problems[:3])
        self.asked = bool(asked)
        module = str(self._task.action).rsplit(".", 1)[-1]
        if self._task.action in C._ACTION_ALL_INCLUDES:
            return self._include(may_run)
        if module in CONTROL:
            return self._control(engine, variables, module, may_run)
        if module not in SILENT and self.notebook.mine and (self.notebook.once or not self._task.run_once):
            record(self.notebook, self.host, self._task, engine, variables, may_run, problem, self._raw())
        self._learn(module)
        return self._result(module, variables)

    def _raw(self) -> Raw:
        return Raw(self.raw_args, self.asked)

    def _delegate(self, variables: dict[str, Any]) -> None:
        try:
            self._calculate_delegate_to(self._engine(variables, self.placeholders), variables)
        except AnsibleError as error:
            self._gap("broken-task", f"delegate_to: {first_cause(error)}")
            self._task.delegate_to = None

    def _may_run(self, variables: dict[str, Any]) -> str | None:
        answer: str | None = ""
        if self._task.when:
            answer = decide(
                self._task.when, self._engine(variables), lambda names: self._doubts(names, variables),
                lambda names: grown_later(names, variables),
            )  # fmt: skip
        if answer is None and not self.notebook.anyway:
            return None
        answer = LEFT_OUT if answer is None else answer
        inherited = str(variables.get(CONDITIONAL) or "")
        return "; ".join(dict.fromkeys(reason for reason in (inherited, self.loop_doubt, answer) if reason))

    def _unknown(self, names: frozenset[str], variables: dict[str, Any]) -> list[str]:
        """Names that only a real run knows: answers of tasks, and the items of loops over such."""
        lost = self.lost - variables.keys()
        return sorted(closure(names, variables) & lost) or self.notebook.unknown_in(self.host, names, variables)

    def _doubts(self, names: frozenset[str], variables: dict[str, Any]) -> list[str]:
        return self._unknown(names, variables) or self.notebook.doubtful_in(self.host, names, variables)

    def _learn(self, module: str) -> None:
        """Facts that a real run would have found."""
        for fact in FACT_MODULES.get(module, ()):
            name = fact.format_map({"database": "", **self._task.args})
            self.notebook.unknown[self.host] |= {f"ansible_facts.{name}": module, name: module}

    def _result(self, module: str, variables: dict[str, Any]) -> dict[str, Any]:
        """A plausible success: changed, unless the task says that it never is."""
        changed = module not in SILENT
        if self._task.changed_when:
            own = {self._task.register} if self._task.register else set()
            engine = self._engine(variables)
            known = decide(
                self._task.changed_when, engine, lambda names: sorted(names & own) or self._doubts(names, variables)
            )
            changed = known is not None
        result: dict[str, Any] = {"changed": changed, "failed": False}
        if self._task.notify:
            result["_ansible_notify"] = self._task.notify
        return result

    def _include(self, may_run: str) -> dict[str, Any]:
        """What the strategy expands. A doubt goes along in a variable that all includes pass on."""
        args = dict(self._task.args)
        if may_run and repeats(self._task):
            self._gap("unknown-include", "it includes itself for as long as a real run wants; recorded twice")
            return {"changed": False, "skipped": True}
        doubt = {CONDITIONAL: may_run} if may_run else {}
        if self.loop_doubt and (lost := self.lost - self.own.keys()):  # core passes an index on; here it is the names
            doubt |= {"ansible_index_var": LOST, LOST: " ".join(sorted(lost))}
        if self._task.action in C._ACTION_INCLUDE_ROLE:
            if is_token(args.get("name") or args.get("role") or ""):
                return self._lost("role")
            self.notebook.loaded[self._task._uuid] = self._task
            return {"include_args": args, **doubt}
        file = args.pop("_raw_params", None) or args.pop("file", None)
        if not file or TOKEN.search(str(file)):
            return self._lost("task file")
        self.notebook.loaded[self._task._uuid] = self._task
        return {"include": str(file), "include_args": args, **doubt}

    def _lost(self, what: str) -> dict[str, Any]:
        self._gap("unknown-include", f"which {what} is included, only a real run knows")
        return {"changed": False, "skipped": True}

    def _control(self, engine: Any, variables: dict[str, Any], module: str, may_run: str) -> dict[str, Any]:
        """set_fact, include_vars, add_host, group_by: run by ansible-core itself, since they only touch its own
        memory.
        """
        if module == "set_fact" and not self._known_facts(variables):
            return {"changed": False, "failed": False}
        if module == "include_vars" and any(TOKEN.search(str(value)) for value in self._task.args.values()):
            self._lost("file of variables")
            return {"changed": False, "failed": False}
        if module in ("add_host", "group_by") and any(TOKEN.search(str(value)) for value in self._task.args.values()):
            self._gap("unknown-host", f"which hosts {module} makes, only a real run knows")
            return {"changed": False, "failed": False}
        self.recorded_only = False
        self._connection = Inert(self._play_context)
        handler = self._shared_loader_obj.action_loader.get(
            f"ansible.builtin.{module}", task=self._task, connection=self._connection, play_context=self._play_context,
            loader=self._loader, templar=Templar._from_template_engine(engine),
            shared_loader_obj=self._shared_loader_obj,
        )  # fmt: skip
        try:
            result: dict[str, Any] = handler.run(task_vars=variables)
        finally:
            self._connection = None
        if result.get("failed"):
            check = "missing-file" if module == "include_vars" else "broken-task"
            self._gap(check, f"{module}: {result.get('msg') or result.get('message')}")
            return {"changed": False, "failed": False}
        return self._controlled(result, module, may_run)

    def _known_facts(self, variables: dict[str, Any]) -> bool:
        """Keep facts whose values are known; others become unknown, or doubtful where they had a value before."""
        book, args = self.notebook, dict(self._task.args)
        for name in [name for name in args if name != "cacheable"]:
            source = plain(self.raw_args.get(name, self.raw_args.get("_raw_params")))
            mentions = names_within(source)
            if unknown := self._unknown(mentions, variables):
                target = book.doubtful if name in variables and name not in book.unknown[self.host] else book.unknown
                target[self.host][str(name)] = "set from " + ", ".join(unknown)
                del args[name]
            else:
                book.remember(self.host, str(name), self.raw_args.get(name), mentions, variables)
        self._task.args = args
        return bool(set(args) - {"cacheable"})

    def _controlled(self, result: dict[str, Any], module: str, may_run: str) -> dict[str, Any]:
        book = self.notebook
        facts = result.get("ansible_facts") or {}
        if module == "include_vars":
            book.taint.hide(facts)
        for name in facts:
            book.unknown[self.host].pop(str(name), None)
            book.doubtful[self.host].pop(str(name), None)
            if may_run:
                book.doubtful[self.host][str(name)] = may_run
        if self._task.register:
            book.unknown[self.host].pop(self._task.register, None)
        if self._task.notify:
            result["_ansible_notify"] = self._task.notify
        return result

    def _gap(self, check: str, message: str) -> None:
        place = where(self.notebook.gaps, self._task)
        subject = self.notebook.taint.scrub(str(self._task.get_name()), "")
        self.notebook.gaps.add(check, subject, self.notebook.taint.scrub(message, str(place)), place=place)


def loop_variables(control: Any, items: list[Any], index: int) -> dict[str, Any]:
    """What a loop defines for one item."""
    own: dict[str, Any] = {"ansible_loop_var": control.loop_var, control.loop_var: items[index]}
    if control.index_var:
        own |= {"ansible_index_var": control.index_var, control.index_var: index}
    if control.extended:
        count = len(items)
        around = {"previtem": items[index - 1]} if index else {}
        around |= {"nextitem": items[index + 1]} if index + 1 < count else {}
        own["ansible_loop"] = {
            "index": index + 1, "index0": index, "first": index == 0, "last": index + 1 == count, "length": count,
            "revindex": count - index, "revindex0": count - index - 1, "allitems": items, **around,
        }  # fmt: skip
    return own


def grown_later(names: frozenset[str], variables: dict[str, Any]) -> list[str]:
    """Facts that roles themselves leave on a machine (facts.d), where nobody has asked it."""
    facts = variables.get("ansible_facts") or {}
    asked = variables.get("ansible_local") or facts.get("ansible_local") or facts.get("local")
    return [] if asked else sorted(closure(names, variables) & LOCAL_FACTS)


def repeats(task: Any) -> bool:
    """True for an include that stands twice around itself already."""
    own, parent, count = task.get_path(), task._parent, 0
    while parent is not None and count < MOST_ROUNDS:
        count += type(parent).__name__ != "Block" and parent.get_path() == own
        parent = parent._parent
    return count >= MOST_ROUNDS


def is_token(value: Any) -> bool:
    return isinstance(value, str) and bool(TOKEN.fullmatch(value))
