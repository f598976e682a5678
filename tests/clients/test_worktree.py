# SPDX-License-Identifier: Apache-2.0
"""The commit of a folder, whatever form its repository has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from migrate.clients.worktree import revision

WHO = ("-c", "user.name=a", "-c", "user.email=a@example.com")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "inside").mkdir(parents=True)
    git(folder, "init", "--quiet")
    git(folder, *WHO, "commit", "--quiet", "--allow-empty", "--message", "x")
    return folder


def test_a_branch_a_packed_branch_and_a_commit(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert revision(repository) == revision(repository / "inside") == commit
    git(repository, "pack-refs", "--all")
    assert revision(repository) == commit
    git(repository, "checkout", "--quiet", "--detach")
    assert revision(repository) == commit


def test_a_second_work_tree(repository: Path) -> None:
    other = repository.parent / "other"
    git(repository, "worktree", "add", "--quiet", str(other))
    assert revision(other) == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("head", ["", "ref: refs/../../secret", "ref: refs/heads/none", "nonsense"])
def test_what_is_no_commit(head: str, repository: Path) -> None:
    (repository / ".git" / "HEAD").write_text(head)
    assert revision(repository) == ""


def test_no_repository_at_all() -> None:
    assert revision(Path("/proc")) == ""
