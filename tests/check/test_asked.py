# SPDX-License-Identifier: Apache-2.0
"""What kube-linter, kube-score and Polaris ask, a check of ours asks, or docs/policy.md settles."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.check.checks import CHECKS

HERE = Path(__file__).resolve().parent
POLICY = (HERE.parents[1] / "docs" / "policy.md").read_text(encoding="utf-8")
ASKED = [line for line in (HERE / "asked.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("asked", ASKED)
def test_it_is_asked_or_settled(asked: str) -> None:
    covered = {one for row in CHECKS for one in row.asked_by}
    assert asked in covered or f"`{asked.partition(':')[2]}`" in POLICY


def test_what_we_say_to_cover_exists() -> None:
    """Of the defaults; what is off by default elsewhere may be covered, too."""
    tools = {one.partition(":")[0] for row in CHECKS for one in row.asked_by}
    assert tools == {"kube-linter", "kube-score", "kubeconform", "polaris"}
