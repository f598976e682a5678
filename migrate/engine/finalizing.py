# SPDX-License-Identifier: GPL-3.0-or-later
"""Final values of a task's fields: by ansible-core where it can, one by one where it refuses them together."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ansible._internal._templating._engine import TemplateEngine
from ansible.errors import AnsibleError, AnsibleValueOmittedError
from ansible.playbook.task import Task
from ansible.plugins.loader import action_loader, module_loader
from ansible.utils.sentinel import Sentinel

from migrate.engine.gaps import first_cause

FIELDS = (
    "name",
    "become",
    "become_user",
    "no_log",
    "run_once",
    "delegate_facts",
    "notify",
    "environment",
    "ignore_errors",
)
CAREFUL = {"no_log": True}
"""What a field is taken for when it can't be templated."""


def finalize(task: Task, engine: TemplateEngine) -> str:
    """Template the fields that recording reads; one that can't be stays as it is. Returns why, for `args`."""
    for name in FIELDS:
        if templated(getattr(task, name)):
            finalize_field(task, name, engine)
    if isinstance(task.notify, str):
        task.notify = [task.notify]
    raw = dict(task.args)
    try:
        task.action = engine.template(task.action)
        if known(str(task.action), tuple(task.collections or ())):
            task.args = task.post_validate_attribute("args", templar=engine)
            return ""
        problem = ""
    except AnsibleError as error:
        problem = first_cause(error)
    return finalize_each(task, raw, engine, problem)


def finalize_field(task: Task, name: str, engine: TemplateEngine) -> None:
    try:
        value = task.post_validate_attribute(name, templar=engine)
    except AnsibleError:
        if name in CAREFUL:
            setattr(task, name, CAREFUL[name])
        return
    if value is not Sentinel:
        setattr(task, name, value)


def finalize_each(task: Task, raw: dict[str, Any], engine: TemplateEngine, problem: str) -> str:
    """Each argument on its own: the module belongs to a missing collection, or one argument is bad."""
    final: dict[str, Any] = {}
    unresolved = []
    for key, value in raw.items():
        try:
            final[key] = engine.template(value)
        except AnsibleValueOmittedError:
            continue
        except AnsibleError as error:
            final[key] = value
            unresolved.append(f"{key}: {first_cause(error)}")
    whole = final.pop("_variable_params", None)
    task.args = {**defaults(task, engine), **(whole if isinstance(whole, dict) else {}), **final}
    return "; ".join(unresolved) or problem


def defaults(task: Task, engine: TemplateEngine) -> dict[str, Any]:
    """`module_defaults` for a module that ansible-core does not know, by its name."""
    found: dict[str, Any] = {}
    for layer in task.module_defaults or []:
        if isinstance(layer, dict) and isinstance(layer.get(task.action), dict):
            found |= layer[task.action]
    try:
        return dict(engine.template(found)) if found else {}
    except AnsibleError:
        return {}


def templated(value: Any) -> bool:
    """True when a template may hide in a field; numbers, flags and plain text are final already."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, dict):
        return any(templated(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(templated(item) for item in value)


@lru_cache(maxsize=4096)
def known(action: str, collections: tuple[str, ...]) -> bool:
    """True when ansible-core finds an action or module of this name."""
    search = list(collections)
    if action_loader.get_with_context(action, collection_list=search, class_only=True).plugin_load_context.resolved:
        return True
    return bool(module_loader.find_plugin_with_context(action, collection_list=search).resolved)
