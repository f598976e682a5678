# SPDX-License-Identifier: GPL-3.0-or-later
"""Sees where a template asks what a token is: there the answer hangs on a value that nobody here knows.

A token goes through templates as any text does. Where one is compared, tested, cut, counted or made a number, what
comes out no longer has it, and may be otherwise in a real run: a condition is then doubtful, and an argument or a file
is marked as derived from it. Comparisons, `if` and slices are seen by a step put around their operands when a template
is compiled; filters and tests where ansible-core calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from ansible._internal._templating._jinja_bits import AnsibleEnvironment
from ansible._internal._templating._jinja_plugins import JinjaPluginIntercept, _DirectCall
from jinja2 import Environment, nodes
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer

from migrate.engine.taint import PREFIX, TOKEN
from migrate.model.task import TokenKind

SECRET = PREFIX[TokenKind.SECRET]
HARMLESS_TESTS = frozenset(
    "defined undefined none string mapping iterable sequence number boolean integer float sameas callable any all "
    "changed change failed failure skipped skip succeeded success successful started finished".split()
)
SURROUNDINGS = (Environment, Context, nodes.EvalContext)
"""What Jinja hands to a filter before its value."""
MILD_TESTS = frozenset(("truthy", "falsy"))
MILD_FILTERS = frozenset(("length", "count", "bool"))


class Witness:
    """The tokens that were asked about since the last look."""

    def __init__(self) -> None:
        self.seen: dict[str, bool] = {}

    @contextmanager
    def listening(self) -> Iterator[dict[str, bool]]:
        """What is asked about within, and whether an answer may hang on more than its being there."""
        around, self.seen = self.seen, {}
        try:
            yield self.seen
        finally:
            self.seen = around

    def see(self, value: Any, *, mild: bool = False) -> Any:
        """`mild`: whether there is anything at all, which of a secret is known."""
        if isinstance(value, str):
            for found in TOKEN.finditer(value):
                token = found[0].lower()
                self.seen[token] = self.seen.get(token, False) or not (mild and token.startswith(SECRET))
        elif type(value) in (list, tuple) and len(value) < 100:
            for item in value:
                if isinstance(item, str):
                    self.see(item, mild=mild)
        return value


WITNESS = Witness()


def look(value: Any) -> Any:
    return WITNESS.see(value)


def glance(value: Any) -> Any:
    """Whether it is there; of a secret that is known."""
    return value if isinstance(value, str) and value.lower().startswith(SECRET) else WITNESS.see(value, mild=True)


def cut(value: Any, *bounds: Any) -> Any:
    """A slice; a token is handed on whole, so that it can be told what was cut."""
    if isinstance(value, str) and TOKEN.search(value):
        return WITNESS.see(value)
    return value[slice(*bounds)]


class Watching(NodeTransformer):
    """Puts the witness beside what decides."""

    def visit_Compare(self, node: nodes.Compare, *_: Any) -> nodes.Node:
        self.generic_visit(node)
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        mild = any(isinstance(side, nodes.Const) and side.value in ("", None) for side in sides)
        node.expr = watched(node.expr, mild=mild)
        for operand in node.ops:
            operand.expr = watched(operand.expr, mild=mild)
        return node

    def visit_If(self, node: nodes.If, *_: Any) -> nodes.Node:
        self.generic_visit(node)
        node.test = watched(cast(nodes.Expr, node.test), mild=True)
        return node

    def visit_CondExpr(self, node: nodes.CondExpr, *_: Any) -> nodes.Node:
        self.generic_visit(node)
        node.test = watched(node.test, mild=True)
        return node

    def visit_Getitem(self, node: nodes.Getitem, *_: Any) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice) or node.ctx != "load":
            return node
        bounds = [bound or nodes.Const(None) for bound in (node.arg.start, node.arg.stop, node.arg.step)]
        return called("mg_cut", [node.node, *bounds], node.lineno)


def watched(node: nodes.Expr, *, mild: bool) -> nodes.Expr:
    if isinstance(node, (nodes.Const, nodes.Compare, nodes.Not, nodes.And, nodes.Or)):
        return node
    return called("mg_glance" if mild else "mg_look", [node], node.lineno)


def called(name: str, args: list[nodes.Expr], line: int) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(name, lineno=line), args, [], None, None, lineno=line)


def watch_templates() -> None:
    parse = AnsibleEnvironment._parse
    for function in (look, glance, cut):
        setattr(AnsibleEnvironment, f"mg_{function.__name__}", staticmethod(_DirectCall.mark(function)))

    def parse_watched(self: AnsibleEnvironment, source: str, *args: Any, **kwargs: Any) -> nodes.Template:
        return with_watch(self, parse(self, source, *args, **kwargs))

    AnsibleEnvironment._parse = parse_watched
    JinjaPluginIntercept._invoke_plugin = staticmethod(partial(invoked, JinjaPluginIntercept._invoke_plugin))


def with_watch(environment: AnsibleEnvironment, tree: Any) -> Any:
    made = Watching().visit(tree)
    made.set_environment(environment)
    return made


def invoked(invoke: Callable[..., Any], instance: Any, *args: Any, **kwargs: Any) -> Any:
    """A filter or test, as called; one that made a text without the token of a text hands the token on."""
    result = invoke(instance, *args, **kwargs)
    name = str(instance.ansible_name).rsplit(".", 1)[-1]
    if instance.plugin_type == "test":
        if name not in HARMLESS_TESTS:
            for value in args:
                WITNESS.see(value, mild=name in MILD_TESTS)
        return result
    first = next((value for value in args if not isinstance(value, SURROUNDINGS)), None)
    if not isinstance(first, str) or not TOKEN.search(first) or keeps(result):
        return result
    WITNESS.see(first, mild=name in MILD_FILTERS)
    return first if isinstance(result, str) and result else result


def keeps(result: Any, depth: int = 0) -> bool:
    """True where what a filter made still has a token in it, or is nothing yet."""
    if isinstance(result, str):
        return bool(TOKEN.search(result))
    if depth < 3 and isinstance(result, dict):
        return any(keeps(item, depth + 1) for item in result.values())
    if depth < 3 and isinstance(result, (list, tuple)):
        return any(keeps(item, depth + 1) for item in result)
    return not isinstance(result, (bool, int, float, type(None), dict, list, tuple))
