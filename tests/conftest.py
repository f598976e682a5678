# SPDX-License-Identifier: Apache-2.0
"""Options of the test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what is expected of tests/golden/* anew")
