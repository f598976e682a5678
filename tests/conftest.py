# SPDX-License-Identifier: Apache-2.0
"""Options of the test suite, and a cache of its own: no test may be answered from what another run kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what is expected of tests/golden/* anew")


@pytest.fixture(autouse=True, scope="session")
def own_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Real tests keep the user's, where their downloads are."""
    if request.config.option.markexpr == "real":
        yield
        return
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "XDG_CACHE_HOME", folder)
        yield
