# SPDX-License-Identifier: Apache-2.0
"""Edits of the files that are expected of a golden case: another registry and a new tag meet what people changed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from migrate.clients import git
from migrate.keeping import Written, write_all
from migrate.keeping.deciding import Merged
from migrate.model.artifact import Artifact

EXPECTED = Path(__file__).parents[1] / "golden" / "environments" / "expected" / "deploy"
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not on PATH")
DEPLOYMENT = "app/base/deployment.yaml"
NEW = "registry.example.org/moved/"


def merge(mine: str, before: str, now: str) -> Merged | None:
    found = git.merge_file(mine, before, now)
    return Merged(*found) if found else None


def expected() -> list[Artifact]:
    return [
        Artifact(path.relative_to(EXPECTED).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(EXPECTED.rglob("*"))
        if path.is_file()
    ]


def moved() -> list[Artifact]:
    """What would be generated for another registry, without the workload `report`."""
    return [
        Artifact(one.path, one.text.replace("registry.example.com/shop/", NEW))
        for one in expected()
        if not one.path.startswith("report/")
    ]


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    write_all(expected(), tmp_path)
    return tmp_path


def edit(path: Path, before: str, after: str) -> str:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def again(deploy: Path) -> Written:
    return write_all(moved(), deploy, merge=merge)


@needs_git
def test_an_edit_elsewhere_in_the_file_is_merged(deploy: Path) -> None:
    edit(deploy / DEPLOYMENT, "  replicas: 2\n", "  replicas: 5 # for the sale\n")
    done = again(deploy)
    text = (deploy / DEPLOYMENT).read_text(encoding="utf-8")
    assert "  replicas: 5 # for the sale\n" in text
    assert NEW in text
    assert DEPLOYMENT in done.merged
    assert done.conflicts == ()


@needs_git
def test_an_edit_of_the_same_line_is_a_conflict(deploy: Path) -> None:
    image = re.search("image: .*", (deploy / DEPLOYMENT).read_text(encoding="utf-8"))
    assert image is not None
    mine = edit(deploy / DEPLOYMENT, image[0], "image: registry.example.com/patched/app:1")
    done = again(deploy)
    assert [one.path for one in done.conflicts] == [DEPLOYMENT]
    assert (deploy / DEPLOYMENT).read_text(encoding="utf-8") == mine


@needs_git
def test_an_edited_file_of_a_workload_that_is_gone_stays(deploy: Path) -> None:
    mine = edit(deploy / "report/base/cronjob.yaml", "30 3 * * *", "30 4 * * *")
    done = again(deploy)
    left = [path.relative_to(deploy).as_posix() for path in (deploy / "report").rglob("*") if path.is_file()]
    assert left == ["report/base/cronjob.yaml"]
    assert (deploy / left[0]).read_text(encoding="utf-8") == mine
    assert ("no-longer-generated", left[0]) in {(one.check, one.subject) for one in done.findings}
