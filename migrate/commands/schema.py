# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas of the files that people write or read."""

from __future__ import annotations

import json

import msgspec

from migrate import config as configuration
from migrate.model.product import Product
from migrate.model.trial import Verification
from migrate.report import json as report_json

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(document: str) -> str:
    if document == "catalog":
        described = {"$schema": DRAFT, "title": "catalog entry", **msgspec.json.schema(Product)}
    elif document == "verification":
        described = {"$schema": DRAFT, "title": "what `migrate verify` says", **msgspec.json.schema(Verification)}
    else:
        described = configuration.schema() if document == "config" else report_json.schema()
    return json.dumps(described, indent=2)
