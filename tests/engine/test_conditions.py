# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions taken apart: what is known of one part may decide, and no filter hides a name."""

from __future__ import annotations

import pytest
from ansible._internal._templating._engine import TemplateEngine
from ansible.template import trust_as_template

from migrate.engine.conditions import decide, names_in

KNOWN = {"yes_": True, "no_": False, "word": "abc", "listed": ["a"]}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("x.y | bool", {"x"}),
        ("x is truthy and y is version('1', '>=')", {"x", "y"}),
        ("(x | some.missing.filter) in y", {"x", "y"}),
        ("'{{ x | combine(y) | to_nice_json }}'", {"x", "y"}),
        ("ansible_facts['z'] | d(w) | int", {"ansible_facts", "ansible_facts.z", "w"}),
        ("not (", set()),
    ],
)
def test_no_filter_hides_a_name(expression: str, names: set[str]) -> None:
    assert names_in(expression) == names


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("yes_", "runs"),
        ("no_", "skipped"),
        ("lost", "maybe"),
        ("not lost", "maybe"),
        ("yes_ and lost.rc == 0", "maybe"),
        ("no_ and lost.rc == 0", "skipped"),
        ("lost.rc == 0 and no_", "skipped"),
        ("(lost | bool) and (no_)", "skipped"),
        ("(yes_ and (no_ and lost))", "skipped"),
        ("yes_ or lost", "runs"),
        ("lost or yes_", "runs"),
        ("no_ or lost", "maybe"),
        ("not (yes_ or lost)", "skipped"),
        ("not no_ and not (lost and no_)", "runs"),
        ("lost.rc | d(0) == 5", "maybe"),
        ("lost is defined", "maybe"),
        ("'and' in word or 'b' in word", "runs"),
        ("(word == 'abc') == (lost | bool)", "maybe"),
        ("lost if yes_ else no_", "maybe"),
        ("word in ['x', 'or'] and lost", "skipped"),
        ("nowhere == 1", "maybe"),
        ("nowhere is defined and nowhere.x == 1", "skipped"),
        ("nowhere | d(false)", "skipped"),
        ("listed | length > 0 and (word[0] == 'a' or lost)", "runs"),
        (True, "runs"),
        (False, "skipped"),
    ],
)
def test_what_is_known_of_one_part_may_decide(condition: object, answer: str) -> None:
    trusted = trust_as_template(condition) if isinstance(condition, str) else condition
    found = decide([trusted], TemplateEngine(variables=KNOWN), lambda names: sorted(names & {"lost"}))
    assert {None: "skipped", "": "runs"}.get(found, "maybe") == answer
