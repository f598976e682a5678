# SPDX-License-Identifier: Apache-2.0
"""Stable YAML."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.files import dump_all, dump_yaml

lines = st.sampled_from(
    ["a", "", " ", "  b ", "\t", "- x", "# no", "é", "'", "key: value", "---", "%", "\r", "\u2028", "\x07", ": "]
)
texts = (
    st.lists(lines, max_size=6).map("\n".join)
    | st.text(max_size=8)
    | st.sampled_from(["y", "on", "1e3", "08", "0o7", "~", "1.0"])
)
values = st.recursive(
    texts | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_yaml_reads_back(value: Any) -> None:
    text = dump_yaml({"value": value, "list": [value, [value]]}, header="two\nlines")
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        assert yaml.load(text, Loader=loader) == {"value": value, "list": [value, [value]]}


@pytest.mark.parametrize(
    "text", ["yes", "on", "y", "N", "1e3", "1E+3", "08", "0o17", "0x1f", "null", "~", "1_000", ".5", "2024-01-01"]
)
def test_text_that_other_readers_take_for_something_else_is_quoted(text: str) -> None:
    assert dump_yaml({"a": text}) == f"a: '{text}'\n"


@pytest.mark.parametrize("text", ["10.20.30.40", "nginx", "1.31.2", "15 2 * * *", "v1"])
def test_plain_text_is_not(text: str) -> None:
    assert dump_yaml({"a": text}) == f"a: {text}\n"


def test_configuration_is_readable() -> None:
    text = dump_yaml({"data": {"nginx.conf": "http {\n\tsendfile on; \n}\n"}})
    assert text == "data:\n  nginx.conf: |\n    http {\n    \tsendfile on; \n    }\n"


def test_documents() -> None:
    assert dump_all([{"a": 1}, {"b": 2}], header="h") == "# h\na: 1\n---\nb: 2\n"
