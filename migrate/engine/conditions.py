# SPDX-License-Identifier: GPL-3.0-or-later
"""`when` with three answers: true, false, and «only a real run knows»."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

from ansible._internal._templating._engine import TemplateEngine
from ansible.errors import AnsibleError
from ansible.module_utils._internal._datatag import AnsibleTagHelper
from jinja2 import Environment, TemplateError, meta, nodes

from migrate.engine.gaps import first_cause
from migrate.engine.witness import WITNESS


class AnyName(dict[str, Any]):
    """Filters or tests of every name: what they are called says nothing of which variables stand before them."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name) or str


PARSER = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
PARSER.filters, PARSER.tests = AnyName(PARSER.filters), AnyName(PARSER.tests)
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


@dataclass(frozen=True)
class Clause:
    """An expression as `and`, `or` and `not` of parts; a leaf (no word) has the text of an expression."""

    word: str
    parts: tuple[Clause, ...] = ()
    text: str = ""


@lru_cache(maxsize=8192)
def clause(expression: str) -> Clause:
    """`a and (b or not c)` as a tree, so that what is known of one part may decide; a leaf where it can't be read."""
    try:
        tokens = [(kind, text) for _, kind, text in PARSER.lex("{{" + expression + "}}")][1:-1]
        return grown(tokens)
    except (TemplateError, RecursionError):
        return Clause("", text=expression)


def grown(tokens: list[tuple[str, str]]) -> Clause:
    tokens = trimmed(tokens)
    if not splits(tokens, ("if", "else")):
        for word in ("or", "and"):
            if places := splits(tokens, (word,)):
                bounds = zip([0, *(place + 1 for place in places)], [*places, len(tokens)], strict=True)
                return Clause(word, tuple(grown(tokens[first:last]) for first, last in bounds))
        if tokens and tokens[0] == ("name", "not"):
            return Clause("not", (grown(tokens[1:]),))
    return Clause("", text="".join(text for _, text in tokens).strip())


def trimmed(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without space and parentheses around the whole."""
    while tokens and tokens[0][0] == "whitespace":
        tokens = tokens[1:]
    while tokens and tokens[-1][0] == "whitespace":
        tokens = tokens[:-1]
    if len(tokens) > 2 and tokens[0][1] == "(" and tokens[-1][1] == ")" and min(depths(tokens)[:-1]) > 0:
        return trimmed(tokens[1:-1])
    return tokens


def depths(tokens: list[tuple[str, str]]) -> list[int]:
    """How many brackets are open after each token."""
    steps = ((text in OPENING) - (text in CLOSING) if kind == "operator" else 0 for kind, text in tokens)
    return list(accumulate(steps))


def splits(tokens: list[tuple[str, str]], words: tuple[str, ...]) -> list[int]:
    """Where these words stand outside all brackets."""
    every = zip(tokens, depths(tokens), strict=True)
    return [at for at, ((kind, text), depth) in enumerate(every) if depth == 0 and kind == "name" and text in words]


Doubts = Callable[[frozenset[str]], list[str]]


class Judge:
    """Answers conditions with true, false or None for «only a real run knows», and keeps why."""

    def __init__(self, engine: TemplateEngine, doubts: Doubts) -> None:
        self.engine, self.doubts = engine, doubts
        self.reasons: list[str] = []

    def of(self, made: Clause, whole: Any) -> bool | None:
        """`whole` is the condition whose trust its parts share."""
        if not made.word:
            return self._leaf(AnsibleTagHelper.tag_copy(whole, made.text))
        if made.word == "not":
            answer = self.of(made.parts[0], whole)
            return None if answer is None else not answer
        decisive = made.word == "or"
        answers = set()
        for part in made.parts:  # in order, and no further than ansible-core would go
            answers.add(answer := self.of(part, whole))
            if answer is decisive:
                return decisive
        return None if None in answers else not decisive

    def _leaf(self, text: Any) -> bool | None:
        try:
            if mentions := self.doubts(names_in(str(text))):
                self.reasons.append(f"{text} (result of {', '.join(mentions)})")
                return None
            with WITNESS.listening() as asked:
                answer = bool(self.engine.evaluate_conditional(text))
            if decisive := [token for token, matters in asked.items() if matters]:
                self.reasons.append(f"{text} (value of {', '.join(decisive)})")
            return None if decisive else answer
        except AnsibleError as error:
            self.reasons.append(f"{text} ({first_cause(error)})")
            return None


def decide(
    conditions: list[Any], engine: TemplateEngine, doubts: Doubts, grown_later: Doubts = lambda _: []
) -> str | None:
    """None: the task is skipped. "": it runs. Other text: it may run, for this reason.

    `doubts` tells which of some variables only a real run knows, `grown_later` which are empty on a fresh machine and
    filled by what is played: a condition that is false for their sake is false at first only.
    """
    reasons: list[str] = []
    for condition in conditions:
        made = clause_of(condition)
        for part in made.parts if made.word == "and" else (made,):
            judge = Judge(engine, doubts)
            answer = judge.of(part, condition)
            if answer is False:
                later = grown_later(names_of(part))
                if not later:
                    return None
                judge.reasons = [f"{condition} (not before {', '.join(later)} is there)"]
            reasons += judge.reasons if answer is not True else []
    return "; ".join(dict.fromkeys(reasons))


def names_of(made: Clause) -> frozenset[str]:
    """Variables that a clause mentions."""
    return NONE.union(*(names_of(part) for part in made.parts)) if made.word else names_in(str(made.text))


def clause_of(condition: Any) -> Clause:
    if not isinstance(condition, str) or "{{" in condition or "{%" in condition:
        return Clause("", text=condition)
    return clause(str(condition))


def split(condition: Any) -> list[Any]:
    """Conjuncts that keep the trust tag of the text that they were cut from."""
    made = clause_of(condition)
    if made.word != "and" or any(part.word for part in made.parts):
        return [condition]
    return [AnsibleTagHelper.tag_copy(condition, part.text) for part in made.parts]
