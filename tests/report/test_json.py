# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from migrate.errors import FileError
from migrate.model.assessment import Assessment
from migrate.report.json import decode, encode, schema
from tests.report.estate import ESTATE
from tests.report.hostile import ESTATES


def test_there_and_back() -> None:
    again = decode(encode(ESTATE))
    assert encode(again) == encode(ESTATE)
    assert sorted(again.workloads, key=lambda each: each.id) == sorted(ESTATE.workloads, key=lambda each: each.id)


def test_order_of_what_is_given_does_not_matter() -> None:
    backwards = replace(
        ESTATE,
        workloads=ESTATE.workloads[::-1],
        machines=ESTATE.machines[::-1],
        tokens=ESTATE.tokens[::-1],
        findings=ESTATE.findings[::-1],
    )
    assert encode(backwards) == encode(ESTATE)


def test_form() -> None:
    data = encode(ESTATE)
    assert data.startswith(b'{\n  "schema": 1,\n  "environments": [')
    assert data.endswith(b"}\n")


def test_top_level_is_whole_even_when_empty() -> None:
    assert json.loads(encode(Assessment())) == {
        "schema": 1,
        "environments": [],
        "figures": {},
        "workloads": [],
        "machines": [],
        "groups": [],
        "tokens": [],
        "findings": [],
        "partial": False,
    }


def test_schema_describes_what_is_written() -> None:
    found: dict[str, Any] = schema()
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["$id"] == "urn:hybrid-migrate:schema:assessment:1"
    assert found["title"]
    validator = jsonschema.Draft202012Validator(found)
    validator.check_schema(found)
    validator.validate(json.loads(encode(ESTATE)))
    assert not validator.is_valid({"workloads": [{"name": 3}]})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"machines": [{"name": 3}]}', "old.json is not an assessment: machines[0].name: Expected `str`, got `int`."),
        (b'{"machines": [{}]}', "old.json is not an assessment: machines[0]: Object missing required field `name`."),
        (b"[]", "old.json is not an assessment: Expected `object`, got `array`."),
        (b'{"schema": 99}', "old.json has schema 99; this migrate reads 1."),
        (b"", "old.json is not valid JSON: Input data was truncated."),
        (b'{\n"partial": x}', "old.json is not valid JSON: line 2: JSON is malformed: invalid character (byte 13)."),
        (b'{"machines": [{"name": "\xff"}]}', "old.json is not valid JSON: it holds bytes that are not UTF-8."),
        (b'{"tasks":' + b"[" * 100_000, "old.json is not valid JSON: it is nested too deeply."),
    ],
)
def test_bad_files(data: bytes, message: str) -> None:
    with pytest.raises(FileError) as caught:
        decode(data, "old.json")
    assert str(caught.value) == message
    assert caught.value.hint


@settings(deadline=None, max_examples=25)
@given(ESTATES)
def test_any_text_survives(assessment: Assessment) -> None:
    assert decode(encode(assessment)).findings == assessment.findings
    assert encode(decode(encode(assessment))) == encode(assessment)
