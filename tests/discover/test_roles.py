# SPDX-License-Identifier: Apache-2.0
"""Roles are found wherever they lie, each once, and nothing outside the folder is followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.discover.roles import roles_below
from migrate.errors import UsageError


def make(root: Path, *files: str) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[]\n")


def found(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in roles_below(root)[0]]


def test_roles_of_projects_collections_and_checkouts(tmp_path: Path) -> None:
    make(
        tmp_path,
        "roles/web/tasks/main.yml",
        "roles/only_defaults/defaults/main.yaml",
        "roles/only_templates/templates/x.j2",
        "roles/entry_points/tasks/install.yml",
        "ansible_collections/a/b/roles/db/tasks/main.yml",
        "ansible_collections/a/b/plugins/modules/x.py",
        "ansible-role-cache/meta/main.yml",
        "roles/web/molecule/default/roles/fake/tasks/main.yml",
        "roles/web/roles/inner/tasks/main.yml",
        "group_vars/all/main.yml",
        "tasks/shared.yml",
    )
    assert found(tmp_path) == [
        "ansible-role-cache",
        "ansible_collections/a/b/roles/db",
        "roles/entry_points",
        "roles/only_defaults",
        "roles/only_templates",
        "roles/web",
        "roles/web/roles/inner",
    ]


def test_links_are_followed_inside_and_once(tmp_path: Path) -> None:
    root = tmp_path / "project"
    make(root, "roles/web/tasks/main.yml")
    make(tmp_path, "elsewhere/tasks/main.yml")
    (root / "roles" / "same").symlink_to("web")
    (root / "roles" / "round").symlink_to("..")
    (root / "roles" / "out").symlink_to(tmp_path / "elsewhere")
    roles, findings = roles_below(root)
    assert [path.name for path in roles] == ["web"]
    assert [(one.check, one.subject) for one in findings] == [("role-outside", "out")]


def test_a_folder_that_is_a_role_itself(tmp_path: Path) -> None:
    make(tmp_path, "tasks/main.yml")
    assert found(tmp_path) == ["."]


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_no_roles(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        roles_below(tmp_path / name)
