# SPDX-License-Identifier: Apache-2.0
"""Trials as a table."""

from __future__ import annotations

from migrate.model.trial import Answer, Difference, Passed, Trial, Verification
from migrate.report.trials import render

YES, NO = Passed.YES, Passed.NO
DONE = Verification(
    "podman 4.3.1",
    (
        Trial("web", "production", built=YES, started=YES, ready=YES, answered=YES, size=3 << 20, seconds=2.5,
              answers=(Answer("tcp 80 GET /", "200"),), differences=(Difference("GET /", "status", "200", "301"),)),
        Trial("report", "production", "CronJob", built=YES, started=YES, exit_code=3, problems=("it ends \x1b[2J",),
              needs=("postgresql:5432",), log=("::error::boom",)),
    ),
)  # fmt: skip


def test_a_row_for_each_and_what_there_is_to_know() -> None:
    text = render(DONE)
    assert "production/web" in text and "3 MiB" in text and "exit 3" in text
    assert "postgresql:5432" in text and "pod 200 · VM 301" in text
    assert "2 workloads with podman 4.3.1: 2 built, 2 started, 1 ready, 1 answered; 0 of 2 without a fault." in text


def test_what_a_container_says_steers_nothing() -> None:
    text = render(DONE)
    assert "\x1b" not in text and "::error::" not in text


def test_fine_is_without_a_word() -> None:
    assert not Trial("a", built=NO).is_fine and Trial("a", built=YES).is_fine
