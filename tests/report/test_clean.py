# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.report.clean import clean, code, prose, tick


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("two\n lines\tand  blanks", "two lines and blanks"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("bell\x07 csi\x9b2J", "bell\\x07 csi\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("lone \ud800", "lone \\ud800"),
        ("ünïcode 数据库", "ünïcode 数据库"),
        ("::error::boom", ": :error: :boom"),
        ("fe80::1", "fe80::1"),
        ("##[group]x ##vso[task]", "# #[group]x # #vso[task]"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ask @octocat", "ask @&#8203;octocat"),
        ("fixes #12 and GH-3 and !4", "fixes #&#8203;12 and GH&#8203;-3 and !&#8203;4"),
        ("https://evil.example", "https:&#8203;//evil.example"),
        ("www.evil.example", "www&#8203;.evil.example"),
        ("<img src=x>", "&#60;img src=x&#62;"),
        ("a|b", "a&#124;b"),
        ("`x` *y* ~z~ \\", "&#96;x&#96; &#42;y&#42; &#126;z&#126; &#92;"),
        ("_it_ and snake_case", "&#95;it&#95; and snake_case"),
        ("[click](javascript:x)", "[click]&#40;javascript:x)"),
        ("![pixel](x)", "&#33;[pixel]&#40;x)"),
        ("&lt;script&#62;", "&#38;lt;script&#38;#&#8203;62;"),
        ("one\n\n# two", "one # two"),
    ],
)
def test_prose(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_code_and_tick() -> None:
    assert tick("web[1-4], db1") == "`web[1-4], db1`"
    assert tick("a`b|c") == "<code>a&#96;b&#124;c</code>"
    assert tick("") == code("") == ""


@given(st.text())
def test_cleaned_text_is_printable_and_one_line(text: str) -> None:
    assert clean(text).isprintable()
    assert clean(clean(text)) == clean(text)


@given(st.text("@<>|#`[]()!_*&:/\\\n wg-GH12ab"))
def test_nothing_gets_out_of_a_markdown_cell(text: str) -> None:
    for shown in (prose(text), tick(text)):
        outside = re.sub(r"^`[^`]*`$|</?code>", "", shown)
        assert not re.search(r"[<>|`\n]|@(?!&#8203;)|\]\(|://|(?<!&)#(?=\w)", outside)
