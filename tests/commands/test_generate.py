# SPDX-License-Identifier: Apache-2.0
"""What `migrate generate` refuses, and how it shows conflicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.commands.generate import environments_in, hunks, must_be_whole
from migrate.commands.sources import Given
from migrate.errors import UsageError
from migrate.keeping import write_all
from migrate.model.artifact import Artifact

BOTH = [Artifact(f"environments/{name}/kustomization.yaml", "x\n") for name in ("production", "staging")]


def test_one_environment_alone_would_spoil_the_bases(tmp_path: Path) -> None:
    write_all(BOTH, tmp_path)
    with pytest.raises(UsageError, match="has files of production"):
        must_be_whole(Given(environments=("staging",)), BOTH[1:], tmp_path)
    must_be_whole(Given(environments=("production", "staging")), BOTH, tmp_path)
    must_be_whole(Given(), BOTH[1:], tmp_path)  # it has gone from migrate.yaml
    must_be_whole(Given(environments=("staging",)), BOTH[1:], tmp_path / "new")


def test_environments_of_paths() -> None:
    paths = ["environments/a/kustomization.yaml", "environments/provenance.json", "web/overlays/b/x.yaml"]
    assert environments_in(paths) == {"a"}


def test_only_what_is_between_the_marks_is_shown() -> None:
    text = "a\n<<<<<<< yours\nb\n=======\nc\n>>>>>>> generated now\nd\n"
    assert list(hunks(text)) == ["<<<<<<< yours", "b", "=======", "c", ">>>>>>> generated now"]
    assert list(hunks("a\nb\n")) == ["a", "b"]
