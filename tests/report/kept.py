# SPDX-License-Identifier: Apache-2.0
"""Whole texts kept as files; `UPDATE_GOLDEN=1 pytest tests/report` writes them anew, and git shows what changed."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
