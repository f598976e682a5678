# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading plays, roles and tasks so that a bad one costs only itself: it becomes a gap, its neighbours stay."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.mod_args import ModuleArgsParser
from ansible.playbook import block as block_module
from ansible.playbook import helpers
from ansible.playbook import play as play_module
from ansible.playbook import role as role_module
from ansible.playbook.included_file import IncludedFile
from ansible.playbook.role import Role, metadata
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.taggable import Taggable
from ansible.plugins import strategy as strategy_module
from ansible.plugins.vars.host_group_vars import VarsModule

from migrate.engine.gaps import Gaps
from migrate.engine.legacy import modern_task
from migrate.engine.limits import BUDGET, EASY
from migrate.engine.roles import patch_role_paths

DEEPEST_LOAD = 60
DEEPEST_INCLUDE = 40
MOST_ROUNDS = 2
STATIC = frozenset(("import_tasks", "import_role"))
BAD = (AnsibleError, AssertionError, RecursionError, TypeError, ValueError, AttributeError, KeyError)
"""What ansible-core raises on data of a wrong shape: it expects well-formed projects, and meets the rest unprepared."""


def patch_loading(gaps: Gaps) -> None:
    patch_actions(gaps)
    patch_lists(gaps)
    patch_roles(gaps)
    patch_role_files(gaps)
    patch_variables(gaps)
    patch_tags(gaps)
    patch_includes(gaps)


def patch_actions(gaps: Gaps) -> None:
    """A task whose module is unknown is kept by name."""
    parse = ModuleArgsParser.parse

    def parse_any(self: ModuleArgsParser, skip_action_validation: bool = False) -> Any:
        try:
            return parse(self, skip_action_validation)
        except AnsibleError as error:
            if skip_action_validation or "couldn't resolve module/action" not in str(error):
                raise
        action, args, delegate_to = parse(self, skip_action_validation=True)
        place = gaps.place_in(self._task_ds)
        if str(action).count(".") >= 2:
            collection = ".".join(str(action).split(".")[:2])
            gaps.add("missing-collection", collection, f"collection {collection} is not installed", place=place)
        else:
            gaps.add("unknown-module", str(action), f"there is no module {action}", place=place)
        return action, args, delegate_to

    ModuleArgsParser.parse = parse_any


def patch_lists(gaps: Gaps) -> None:
    """Blocks, tasks and roles are loaded one by one."""
    blocks, tasks, roles = helpers.load_list_of_blocks, helpers.load_list_of_tasks, helpers.load_list_of_roles
    depth = 0

    def one(load: Callable[..., Any], entry: Any, args: Any, kwargs: Any, what: str) -> list[Any]:
        nonlocal depth
        if depth > DEEPEST_LOAD:
            gaps.add("limit", what, f"imports nested more than {DEEPEST_LOAD} deep", place=gaps.place_in(entry))
            return []
        if nested(entry) and not BUDGET.spend(gaps, what, gaps.place_in(entry), max(0, depth - EASY) ** 2):
            return []
        depth += 1
        try:
            return load([entry], *args, **kwargs) or []
        except BAD as error:
            name = str(entry.get("name", what)) if isinstance(entry, dict) else what
            gaps.of_error("broken-task", name, error, place=gaps.place_in(entry))
            return []
        finally:
            depth -= 1

    def load_tasks(ds: Any, *args: Any, **kwargs: Any) -> list[Any]:
        entries = [modern_task(entry) if isinstance(entry, dict) else entry for entry in listed(gaps, ds, "tasks")]
        return [made for entry in entries if entry is not None for made in one(tasks, entry, args, kwargs, "task")]

    def load_blocks(ds: Any, *args: Any, **kwargs: Any) -> list[Any]:
        entries = [modern_task(entry) if isinstance(entry, dict) else entry for entry in listed(gaps, ds, "tasks")]
        good = [entry for entry in entries if isinstance(entry, dict) or misplaced(gaps, entry)]
        return blocks(good, *args, **kwargs) if good else []

    def load_roles(ds: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return [made for entry in listed(gaps, ds, "roles") for made in one(roles, entry, args, kwargs, "role")]

    helpers.load_list_of_tasks = block_module.load_list_of_tasks = load_tasks
    helpers.load_list_of_roles = play_module.load_list_of_roles = metadata.load_list_of_roles = load_roles
    for module in (helpers, play_module, role_module, strategy_module):
        module.load_list_of_blocks = load_blocks


def nested(entry: Any) -> bool:
    """True for what brings in other files while a play is being loaded."""
    return isinstance(entry, dict) and any(str(key).rsplit(".", 1)[-1] in STATIC for key in entry)


def listed(gaps: Gaps, data: Any, what: str) -> list[Any]:
    if isinstance(data, list):
        return data
    if data is not None:
        gaps.add("broken-task", what, f"{what} should be a list", place=gaps.place_in(data))
    return []


def misplaced(gaps: Gaps, entry: Any) -> bool:
    if entry is not None:
        gaps.add("broken-task", "task", "a task is a mapping", place=gaps.place_in(entry))
    return False


def patch_roles(gaps: Gaps) -> None:
    """A role that can't be read is an empty role and a gap."""
    load, blocks = Role.load, IncludeRole.get_block_list
    empty = tempfile.mkdtemp(prefix="no-role-")
    patch_role_paths(gaps, empty)

    around: list[str] = []

    def load_role(role_include: Any, play: Any, **kwargs: Any) -> Any:
        path = str(role_include._role_path)
        around.append(path)
        try:
            if around.count(path) > MOST_ROUNDS or not BUDGET.spend(
                gaps, str(role_include.role), None, 3 * len(around) ** 2
            ):
                raise AnsibleError("the role depends on itself", obj=role_include._ds)
            return load(role_include, play, **kwargs)
        except BAD as error:
            gaps.of_error("broken-task", str(role_include.role), error)
            stand_in = os.path.join(empty, "broken")
            os.makedirs(stand_in, exist_ok=True)
            role_include._role_path = stand_in
            return load(role_include, play, **{**kwargs, "from_files": None})
        finally:
            around.pop()

    def block_list(self: IncludeRole, *args: Any, **kwargs: Any) -> Any:
        if too_nested(gaps, self):
            return [], []
        try:
            return blocks(self, *args, **kwargs)
        except BAD as error:
            gaps.of_error("broken-task", f"include_role {self._role_name}", error, place=gaps.place_in(self.get_ds()))
            return [], []

    Role.load = staticmethod(load_role)
    IncludeRole.get_block_list = block_list


def too_nested(gaps: Gaps, include: IncludeRole) -> bool:
    """True, and said, for a role included too deep inside others, or by a play that brings in too much."""
    depth, where, what = depth_of(include), gaps.place_in(include.get_ds()), f"include_role {include._role_name}"
    if depth > DEEPEST_INCLUDE:
        gaps.add("limit", what, f"includes nested more than {DEEPEST_INCLUDE} deep", place=where)
        return True
    return not BUDGET.spend(gaps, what, where, 3 * max(0, depth - EASY) ** 2)


def depth_of(task: Any) -> int:
    """How many includes stand around a task; counting ends above the limit."""
    depth, parent = 0, task
    while parent is not None and depth <= DEEPEST_INCLUDE:
        depth, parent = depth + (type(parent).__name__ != "Block"), parent._parent
    return depth


def patch_role_files(gaps: Gaps) -> None:
    """A bad file of a role costs that file, not the role."""
    read, meta = Role._load_role_yaml, metadata.RoleMetadata.load
    shapes: dict[str, Any] = {"vars": Mapping, "defaults": Mapping, "tasks": list, "handlers": list}

    def role_yaml(self: Role, subdir: str, main: Any = None, allow_dir: bool = False) -> Any:
        try:
            data = read(self, subdir, main, allow_dir)
        except BAD as error:
            gaps.of_error("missing-file", f"{self._role_name}/{subdir}/{main or 'main.yml'}", error)
            return None
        if data is None or subdir not in shapes or isinstance(data, shapes[subdir]):
            return data
        kind = "list of tasks" if shapes[subdir] is list else "mapping of variables"
        where = gaps.place_in(data) or gaps.place(os.path.join(self._role_path, subdir))
        gaps.add(
            "broken-yaml",
            f"{self._role_name}/{subdir}",
            f"{subdir} of role {self._role_name} should hold a {kind}",
            place=where,
        )
        return None

    def load_meta(data: Any, owner: Role, *args: Any, **kwargs: Any) -> Any:
        try:
            return meta(data, owner, *args, **kwargs)
        except BAD as error:
            gaps.of_error("broken-yaml", f"{owner._role_name}/meta", error)
            return metadata.RoleMetadata(owner=owner)

    Role._load_role_yaml = role_yaml
    metadata.RoleMetadata.load = staticmethod(load_meta)


def patch_variables(gaps: Gaps) -> None:
    """A group_vars or host_vars file that holds no mapping is left out."""
    load = VarsModule.load_found_files

    def load_found(self: VarsModule, loader: Any, data: Any, found_files: Any) -> Any:
        for found in found_files:
            try:
                data = load(self, loader, data, [found])
            except BAD as error:
                gaps.of_error("broken-yaml", str(found), error, place=gaps.place(str(found)))
        return data

    VarsModule.load_found_files = load_found


def patch_tags(gaps: Gaps) -> None:
    """Tags that can't be templated select as no tags would."""
    evaluate = Taggable.evaluate_tags

    def evaluate_tags(self: Any, only_tags: Any, skip_tags: Any, all_vars: Any) -> bool:
        try:
            return bool(evaluate(self, only_tags, skip_tags, all_vars))
        except AnsibleError as error:
            gaps.of_error("broken-task", "tags", error, place=gaps.place_in(self.get_ds()))
            return "never" not in self.tags

    Taggable.evaluate_tags = evaluate_tags


def patch_includes(gaps: Gaps) -> None:
    """An include that can't be looked up is left out; the others of the same step stay."""
    process = IncludedFile.process_include_results

    def process_each(results: list[Any], **kwargs: Any) -> list[IncludedFile]:
        kept = [snapshot(result._return_data) for result in results]
        try:
            return process(results, **kwargs)
        except BAD:
            pass
        found = []
        for result, data in zip(results, kept, strict=True):
            result._return_data.clear()
            result._return_data.update(data)
            try:
                found += process([result], **kwargs)
            except BAD as error:
                gaps.of_error(
                    "broken-task", str(result.task.get_name()), error, place=gaps.place_in(result.task.get_ds())
                )
        return found

    IncludedFile.process_include_results = staticmethod(process_each)


def snapshot(result: dict[str, Any]) -> dict[str, Any]:
    """A copy from which an include can be processed once more."""
    copy = {**result, **({"include_args": dict(result["include_args"])} if "include_args" in result else {})}
    if isinstance(result.get("results"), list):
        copy["results"] = [snapshot(item) if isinstance(item, dict) else item for item in result["results"]]
    return copy
