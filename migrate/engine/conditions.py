# SPDX-License-Identifier: GPL-3.0-or-later
"""`when` with three answers: true, false, and «only a real run knows»."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ansible._internal._templating._engine import TemplateEngine
from ansible.errors import AnsibleError
from ansible.module_utils._internal._datatag import AnsibleTagHelper
from jinja2 import Environment, TemplateError, meta, nodes

from migrate.engine.gaps import first_cause

PARSER = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
OPENING, CLOSING = "([{", ")]}"
LARGE = 40
NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=8192)
def names_in(expression: str) -> frozenset[str]:
    """Variables that an expression or template mentions, facts as `ansible_facts.NAME` too; empty when it can't be
    parsed.
    """
    source = expression if "{{" in expression or "{%" in expression else "{{ " + expression + " }}"
    try:
        tree = PARSER.parse(source)
        names = meta.find_undeclared_variables(tree)
    except (TemplateError, RecursionError):
        return NONE
    return frozenset(names | facts_in(tree)) if "ansible_facts" in names else frozenset(names)


def facts_in(tree: nodes.Template) -> set[str]:
    found = set()
    node: Any
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if isinstance(node.node, nodes.Name) and node.node.name == "ansible_facts":
            key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
            found.add(f"ansible_facts.{key}")
    return found


def names_within(value: Any) -> frozenset[str]:
    """Variables mentioned anywhere in templates of a nested value."""
    if isinstance(value, str):
        return names_in(value) if "{{" in value or "{%" in value else NONE
    if isinstance(value, dict):
        return NONE.union(*(names_within(item) for item in value.values()))
    if isinstance(value, (list, tuple)):
        return NONE.union(*(names_within(item) for item in value))
    return NONE


def closure(names: frozenset[str], variables: dict[str, Any]) -> frozenset[str]:
    """Names, and those that their values mention in turn; large containers are not looked into."""
    seen: set[str] = set()
    due = list(names)
    while due:
        name = due.pop()
        if name in seen:
            continue
        seen.add(name)
        value = variables.get(name)
        if isinstance(value, str) or (
            isinstance(value, (list, dict)) and len(value) <= LARGE and name not in ("vars", "hostvars")
        ):
            due += names_within(value) - seen
    return frozenset(seen)


@lru_cache(maxsize=8192)
def conjuncts(expression: str) -> tuple[str, ...]:
    """`a and (b or c)` as its two halves, so that one half known to be false decides; the whole where it isn't a plain
    `and`.
    """
    try:
        tokens = list(PARSER.lex("{{" + expression + "}}"))[1:-1]
    except TemplateError:
        return (expression,)
    depth, parts = 0, [""]
    for _, kind, text in tokens:
        depth += (text in OPENING) - (text in CLOSING) if kind == "operator" else 0
        if depth == 0 and kind == "name" and text in ("or", "if", "else"):
            return (expression,)
        if depth == 0 and kind == "name" and text == "and":
            parts.append("")
        else:
            parts[-1] += text
    return tuple(part.strip() for part in parts)


def decide(conditions: list[Any], engine: TemplateEngine, doubts: Callable[[frozenset[str]], list[str]]) -> str | None:
    """None: the task is skipped. "": it runs. Other text: it may run, for this reason.

    `doubts` tells which of some variables only a real run knows.
    """
    reasons = []
    for condition in conditions:
        for part in split(condition):
            try:
                if mentions := doubts(names_in(str(part))):
                    reasons.append(f"{part} (result of {', '.join(mentions)})")
                elif not engine.evaluate_conditional(part):
                    return None
            except AnsibleError as error:
                reasons.append(f"{part} ({first_cause(error)})")
    return "; ".join(reasons)


def split(condition: Any) -> list[Any]:
    """Conjuncts that keep the trust tag of the text that they were cut from."""
    if not isinstance(condition, str) or " and " not in condition or "{{" in condition:
        return [condition]
    return [AnsibleTagHelper.tag_copy(condition, part) for part in conjuncts(str(condition))]
