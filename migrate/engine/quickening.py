# SPDX-License-Identifier: GPL-3.0-or-later
"""Templating without doing the same work again: compiled templates and wrapped variables are kept.

ansible-core compiles each template anew and wraps every variable of a host for each nested template; with thousands
of variables
that is nearly all of the time. Both are kept here: code by source text, wrapped variables for as long as one task is
finalised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible._internal._templating import _jinja_bits
from ansible._internal._templating._engine import TemplateEngine
from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext
from ansible._internal._templating._lazy_containers import _AnsibleLazyTemplateDict, _LazyValue, _LazyValueSource
from ansible._internal._templating._utils import LazyOptions, TemplateContext
from ansible.module_utils._internal._datatag import _try_get_internal_tags_mapping
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.lookup import template as template_lookup
from ansible.vars import manager, plugins
from jinja2 import nodes
from jinja2.environment import TemplateExpression
from jinja2.parser import Parser

from migrate.engine.variables import Personal
from migrate.engine.witness import watch_templates, watched, with_watch

MOST_TEMPLATES = 20_000
MOST_FACTS = 500
FEW_VARIABLES = 30
SYNTAX = (
    "block_start_string variable_start_string comment_start_string block_end_string variable_end_string "
    "comment_end_string "
    "trim_blocks lstrip_blocks newline_sequence keep_trailing_newline line_statement_prefix line_comment_prefix"
).split()


class StableEngine(TemplateEngine):  # type: ignore[misc]  # ansible ships no types
    """An engine whose variables don't change while it lives, so that wrapping them once is enough."""

    def __init__(self, loader: DataLoader, variables: dict[str, Any], marker_behavior: Any = None) -> None:
        super().__init__(loader=loader, variables=variables, marker_behavior=marker_behavior)
        self.wrapped: Any = None
        self.lazied: dict[str, Any] | None = None


def lazied(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables as a lazy dictionary holds them: made once for all engines of a task, since copying a dict is quick."""
    return {key: _LazyValue(value) for key, value in variables.items()}


def instance(engine: StableEngine, mapping: Mapping[str, Any]) -> Any:
    source = _LazyValueSource(source=engine.lazied, templar=engine, lazy_options=LazyOptions.DEFAULT)
    return _AnsibleLazyTemplateDict._instance_factory(source, _try_get_internal_tags_mapping(mapping))


def quicken() -> None:
    watch_templates()
    keep_code()
    keep_wrapped()
    keep_files()
    keep_facts()
    template_lookup.deepcopy = dict  # it changes nothing below the first level of what it copies


def keep_files() -> None:
    """What group_vars and host_vars say of a host does not change while a project is read."""
    read: dict[tuple[Any, ...], dict[str, Any]] = {}
    get = plugins.get_vars_from_path

    def get_once(loader: Any, path: Any, entities: Any, stage: Any) -> Any:
        key = (path, stage, *((type(entity), entity.name) for entity in entities))
        if key not in read:
            read[key] = get(loader, path, entities, stage)
        return read[key]

    plugins.get_vars_from_path = manager.get_vars_from_path = get_once


def keep_facts() -> None:
    """Facts are cleaned and named once per class of machines, not at each task and for each host asked about."""
    manager.clean_facts = once_for_each(manager.clean_facts, lambda common, own: {**common, **own})
    manager.namespace_facts = once_for_each(
        manager.namespace_facts,
        lambda common, own: {"ansible_facts": {**common["ansible_facts"], **own["ansible_facts"]}},
    )


def once_for_each(work: Callable[[Any], Any], join: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """Remember answers by the identity of the argument, which is kept so that no other object can take its place.

    What differs between machines of a class is worked on apart, and joined with what they have in common.
    """
    known: dict[int, tuple[Any, Any]] = {}

    def remembered(argument: Any) -> Any:
        if isinstance(argument, Personal):
            return join(remembered(argument.common), work(argument.own))
        if id(argument) not in known:
            if len(known) > MOST_FACTS:
                known.clear()
            known[id(argument)] = (argument, work(argument))
        return known[id(argument)][1]

    return remembered


def keep_code() -> None:
    compile_now = AnsibleEnvironment.compile
    codes: dict[Any, Any] = {}

    def key_of(self: AnsibleEnvironment, source: str) -> tuple[Any, ...]:
        context = _TemplateCompileContext.current(optional=True)
        return (str(source), bool(context and context.escape_backslashes), *(getattr(self, name) for name in SYNTAX))

    def compile_once(
        self: AnsibleEnvironment,
        source: Any,
        name: Any = None,
        filename: Any = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> Any:
        if not isinstance(source, str) or raw or name is not None:
            return compile_now(self, source, name, filename, raw, defer_init)
        key = key_of(self, source)
        if key not in codes:
            if len(codes) > MOST_TEMPLATES:
                codes.clear()
            codes[key] = compile_now(self, source, name, filename, raw, defer_init)
        return codes[key]

    def compile_expression(self: AnsibleEnvironment, source: str, undefined_to_none: bool = True) -> TemplateExpression:
        key = ("expression", *key_of(self, source))
        if key not in codes:
            expression = watched(Parser(self, source, state="variable").parse_expression(), mild=True)
            body = nodes.Template([nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)], lineno=1)
            body = with_watch(self, body)
            codes[key] = compile_now(self, body)
        template = self.template_class.from_code(self, codes[key], self.make_globals(None), None)
        return TemplateExpression(template, undefined_to_none)

    AnsibleEnvironment.compile = compile_once
    AnsibleEnvironment.compile_expression = compile_expression


def keep_wrapped() -> None:
    wrap = _jinja_bits._flatten_and_lazify_vars

    def wrap_once(mapping: Mapping[str, Any]) -> Iterator[Any]:
        engine = TemplateContext.current().templar
        if not isinstance(engine, StableEngine) or mapping is not engine._variables or len(mapping) < FEW_VARIABLES:
            yield from wrap(mapping)
            return
        if engine.wrapped is None or engine.wrapped._templar is not engine:
            engine.wrapped = next(iter(wrap(mapping))) if engine.lazied is None else instance(engine, mapping)
        yield engine.wrapped

    _jinja_bits._flatten_and_lazify_vars = wrap_once
