# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

from hypothesis import given, settings

from migrate.model.assessment import Assessment
from migrate.report.markdown import render
from tests.report.estate import ESTATE
from tests.report.hostile import ESTATES, EVIL, estate
from tests.report.kept import check

# What we write ourselves; everything else has to be inert.
OURS = re.compile(r"</?(?:details|summary|code)>|<br>|`[^`\n]*`|^> |^\| | \| | \|$|^\|( --- \|)+$", re.MULTILINE)


MERMAID = re.compile(r"```mermaid\n(.*?)\n```", re.DOTALL)
MERMAID_LINE = re.compile(
    r"flowchart LR|  n\d+(?:\[|\(\[)\"[\w .,/?·\-#;]*\"(?:\]|\]\)):::\w+|  n\d+ -->(?:\|\"[\w .,/?·\-#;]*\"\|)? n\d+|"
    r"  classDef \w+ [\w:#,\-]+"
)


def inert(text: str) -> None:
    for picture in MERMAID.findall(text):
        assert all(MERMAID_LINE.fullmatch(line) for line in picture.splitlines())
    text = MERMAID.sub("", text)
    rest = OURS.sub(" ", text.replace(" |  | ", " | "))
    assert not re.search(r"[<>`]|@(?!&#8203;)|\]\(|://|(?<![&#\n])#(?=\w)", rest)
    assert not re.search(r"^\s*::|##\[", text, re.MULTILINE)
    assert text.count("<details>") == text.count("</details>")


def test_whole_estate() -> None:
    check("report.md", render(ESTATE))
    inert(render(ESTATE))


def test_hostile_text_stays_text() -> None:
    inert(render(estate(EVIL)))
    assert "script&#62;" in render(estate(EVIL))


def test_rows_of_a_table_are_of_one_length() -> None:
    for text in (render(ESTATE), render(estate(EVIL))):
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert {row.count("|") for row in rows} == {9}


def test_no_token_is_shown() -> None:
    assert "__MIGRATE" not in render(ESTATE)


@settings(deadline=None, max_examples=25)
@given(ESTATES)
def test_any_text_is_inert(assessment: Assessment) -> None:
    inert(render(assessment))
