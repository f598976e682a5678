# SPDX-License-Identifier: Apache-2.0
"""The assessment as a JSON file: same estate, same bytes; a published schema; errors that name the field."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec.structs import asdict

from migrate.errors import FileError
from migrate.model.assessment import SCHEMA_VERSION, Assessment
from migrate.report.standing import GroupSaid, MachineSaid, WorkloadSaid, groups_said, machines_said, workloads_said

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = f"urn:hybrid-migrate:schema:assessment:{SCHEMA_VERSION}"
AGAIN = "Make it again with `migrate assess --format json -o FILE`."


class Document(Assessment, frozen=True, omit_defaults=False):
    """The assessment with each top-level field written out, and what is said of each workload, machine and group.

    Readers can rely on all of these, the schema's version too.
    """

    workloads: tuple[WorkloadSaid, ...] = ()
    machines: tuple[MachineSaid, ...] = ()
    groups: tuple[GroupSaid, ...] = ()


class _Version(msgspec.Struct, frozen=True):
    schema: int = SCHEMA_VERSION


def encode(assessment: Assessment) -> bytes:
    """Indented by 2, sorted, ending in a newline. Below the top level, fields that have their default are left out."""
    written = msgspec.json.encode(_document(assessment), order="deterministic")
    return msgspec.json.format(written, indent=2) + b"\n"


def decode(data: bytes, name: str = "assessment") -> Assessment:
    """What `encode` wrote; `name` is the file's, for the FileError if it isn't that."""
    try:
        version = msgspec.json.decode(data, type=_Version).schema
        if version != SCHEMA_VERSION:
            raise FileError(f"{name} has schema {version}; this migrate reads {SCHEMA_VERSION}.", hint=AGAIN)
        return msgspec.json.decode(data, type=Assessment)
    except msgspec.ValidationError as error:
        raise FileError(f"{name} is not an assessment: {_field(error)}.", hint=AGAIN) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(f"{name} is not valid JSON: {_where(data, error)}.", hint=AGAIN) from error


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `encode` writes."""
    return {
        "$schema": DIALECT,
        "$id": IDENTITY,
        "title": "The assessment of an estate by migrate",
        **msgspec.json.schema(Document),
    }


def _document(assessment: Assessment) -> Document:
    sorted_fields = {
        "workloads": tuple(sorted(workloads_said(assessment), key=lambda each: (each.environment, each.name))),
        "machines": tuple(sorted(machines_said(assessment), key=lambda each: (each.environment, each.name, each.uuid))),
        "groups": tuple(groups_said(assessment)),
        "tokens": tuple(sorted(assessment.tokens, key=lambda each: (each.name, each.text))),
        "findings": tuple(sorted(assessment.findings, key=lambda each: each.sort_key())),
    }
    return Document(**asdict(assessment) | sorted_fields)


def _field(error: msgspec.ValidationError) -> str:
    """msgspec says `Expected … - at `$.machines[0].name``; the field first is what a person looks for."""
    what, _, path = str(error).partition(" - at `$")
    return f"{path.rstrip('`').lstrip('.')}: {what}" if path else what


def _where(data: bytes, error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it holds bytes that are not UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    byte = re.search(r"\(byte (\d+)\)", str(error))
    line = data.count(b"\n", 0, int(byte[1])) + 1 if byte else 0
    return f"line {line}: {error}" if line else str(error)
