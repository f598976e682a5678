# SPDX-License-Identifier: Apache-2.0
"""`migrate lint`: findings with file and line, and the exit code of a gate."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from migrate.commands.lint import linted
from migrate.commands.sources import Given
from migrate.errors import DECISION_NEEDED, FINE, UsageError

GOOD = Path(__file__).parents[1] / "check" / "good"
OFFLINE = Given(assign=("policy.linters=false",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(GOOD, tmp_path / "deploy")
    return tmp_path / "deploy"


def test_a_good_folder_is_fine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert linted(OFFLINE, folder, "table") == FINE
    assert capsys.readouterr().out.startswith("checked with ")


def test_an_edit_is_told_with_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "web" / "base" / "service.yaml"
    path.write_text(path.read_text().replace("targetPort: http", "targetPort: htpp"))
    assert linted(OFFLINE, folder, "table") == DECISION_NEEDED
    told = " ".join(capsys.readouterr().out.split())
    assert "error: target-port" in told
    assert f"{path}:11" in told.replace(" ", "")


def test_json_has_everything(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "web" / "base" / "service.yaml").write_text("a: [")
    assert linted(OFFLINE, folder, "json") == DECISION_NEEDED
    checks = {one["check"] for one in json.loads(capsys.readouterr().out)}
    assert "unreadable" in checks


def test_a_version_that_lacks_a_field(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "web" / "base" / "deployment.yaml"
    path.write_text(path.read_text().replace("      containers:\n", "      hostnameOverride: web\n      containers:\n"))
    assert linted(Given(assign=("policy.linters=false", "target.kubernetes=1.34")), folder, "table") == FINE
    assert linted(OFFLINE, folder, "table") == DECISION_NEEDED
    assert "only from 1.34" in " ".join(capsys.readouterr().out.split())


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        linted(OFFLINE, tmp_path / "none", "table")
