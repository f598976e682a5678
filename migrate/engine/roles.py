# SPDX-License-Identifier: GPL-3.0-or-later
"""Where roles are: inside the project, by the names that a project or a folder of checkouts gives them."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from ansible.errors import AnsibleError
from ansible.playbook.role.definition import RoleDefinition

from migrate.engine.gaps import Gaps


class OutsideError(AnsibleError):  # type: ignore[misc]  # ansible ships no types
    """A role that is there, but not in the project."""


class Checkouts:
    """Whether roles lie side by side as their repositories are called, and not as ansible-galaxy installs them."""

    beside = False


def patch_role_paths(gaps: Gaps, empty: str) -> None:
    """A role that isn't there is a gap, and an empty role below the folder `empty`."""
    found = RoleDefinition._load_role_path

    def inside(self: RoleDefinition, role_name: Any) -> Any:
        name, path = found(self, role_name)
        if not gaps.holds(path):
            raise OutsideError(f"role {name} lies outside the project, not read", obj=self._ds)
        return name, path

    def path_of(self: RoleDefinition, role_name: Any) -> Any:
        try:
            return inside(self, role_name)
        except AnsibleError as error:
            for other in other_names(str(role_name)):
                with contextlib.suppress(AnsibleError):
                    return inside(self, other)
            outside = isinstance(error, OutsideError)
            message = error.message if outside else f"role {role_name} is not in the project"
            gaps.add("forbidden" if outside else "missing-role", str(role_name), message, place=gaps.place_of(error))
        stand_in = os.path.join(empty, str(role_name).replace("/", "_")[:100])
        os.makedirs(stand_in, exist_ok=True)
        return str(role_name), stand_in

    RoleDefinition._load_role_path = path_of


def other_names(name: str) -> list[str]:
    """`namespace.collection.role` is `role` where the project is, or holds, the collection, whose roles are data like
    any other; `author.role` may be a checkout called `ansible-role-role`.
    """
    parts = name.split(".")
    if len(parts) == 3 and all(part.isidentifier() for part in parts):
        return [parts[2]]
    if len(parts) == 2 and Checkouts.beside:
        return [parts[1], f"ansible-role-{parts[1]}", f"ansible-{parts[1]}", name.replace(".", "-")]
    return []
