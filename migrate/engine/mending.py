# SPDX-License-Identifier: GPL-3.0-or-later
"""The one adapter to ansible-core's insides: where it would stop at a missing role, module or bad task, it goes on and notes a gap.

Also the doors through which a project would bring its own code in; they stay shut.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from typing import Any

from ansible import constants as C
from ansible._internal._templating._jinja_common import UndefinedMarker
from ansible.errors import AnsibleError
from ansible.executor import task_queue_manager
from ansible.parsing.mod_args import ModuleArgsParser
from ansible.parsing.yaml.dumper import AnsibleDumper  # noqa: F401  # loaded before the lock, since it is imported late
from ansible.playbook.handler import Handler
from ansible.playbook.role import Role
from ansible.playbook.role.definition import RoleDefinition
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.plugins.loader import PluginLoader, filter_loader, lookup_loader, test_loader
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_TESTS

from migrate.engine.gaps import Gaps
from migrate.engine.quickening import quicken
from migrate.engine.taint import TOKEN, Taint
from migrate.model.task import TokenKind

PURE_LOOKUPS = frozenset(
    "dict file fileglob first_found flattened indexed_items inventory_hostnames items list nested sequence subelements template together "
    "vars varnames unvault".split()
)
BLINDING_FILTERS = frozenset("password_hash hash checksum md5 sha1 b64encode vault random shuffle".split())
MISSING_COLLECTION = re.compile(r"Error loading plugin '(\w+\.\w+)\.[\w.]+'")
NOISE = ("deprecat", "Could not match supplied host pattern", "Invalid characters were found in group names", "Encountered ", "sampling the task's resolved_action", "provided hosts list is empty", "No inventory was parsed", "Collection", "reserved name", "Found variable using")


def mend(gaps: Gaps, taint: Taint) -> None:
    """Patch ansible-core for this process; called once, before anything of the project is read."""
    quicken()
    patch_display(gaps)
    patch_roles(gaps)
    patch_tasks(gaps)
    patch_lookups(gaps, taint)
    patch_filters(gaps)
    patch_tests(gaps)
    PluginLoader.add_directory = lambda self, directory, with_subdir=False: refuse_plugins(gaps, directory)
    C.config._parse_config_file = lambda *_: None


def refuse_plugins(gaps: Gaps, directory: str) -> None:
    if directory and os.path.isdir(directory) and any(name.endswith(".py") for name in os.listdir(directory)):
        gaps.add("forbidden", directory, "the project's own plugins and modules are not loaded", place=gaps.place(directory))


def patch_display(gaps: Gaps) -> None:
    """ansible-core's warnings become gaps; it prints nothing."""

    def warn(self: Display, msg: Any, *_: Any, **__: Any) -> None:
        text = " ".join(str(msg).split())
        if missing := MISSING_COLLECTION.search(text):
            gaps.add("missing-collection", missing[1], f"collection {missing[1]} is not installed")
        elif not any(noise in text for noise in NOISE):
            check = "broken-inventory" if "inventory" in text and ("parse" in text.lower()) else "engine-warning"
            gaps.add(check, "ansible-core", text[:300])

    def of_error(self: Display, msg: Any, exception: Any = None, *_: Any, **__: Any) -> None:
        if isinstance(exception, BaseException) and "parse inventory" in str(msg):
            gaps.of_error("broken-inventory", "inventory", exception)
        else:
            warn(self, f"{msg or ''} {exception or ''}")

    Display.warning = warn
    Display.error = lambda self, msg, *_, **__: warn(self, msg)
    Display.error_as_warning = of_error
    Display.deprecated = Display._deprecated = Display.display = lambda *_, **__: None


def patch_roles(gaps: Gaps) -> None:
    """A role that isn't there is an empty role and a gap."""
    found, load, blocks = RoleDefinition._load_role_path, Role.load, IncludeRole.get_block_list
    empty = tempfile.mkdtemp(prefix="no-role-")

    def path_of(self: RoleDefinition, role_name: Any) -> Any:
        try:
            return found(self, role_name)
        except AnsibleError as error:
            gaps.add("missing-role", str(role_name), f"role {role_name} is not in the project", place=gaps.place_of(error))
            stand_in = os.path.join(empty, str(role_name).replace("/", "_"))
            os.makedirs(stand_in, exist_ok=True)
            return str(role_name), stand_in

    def load_role(role_include: Any, play: Any, **kwargs: Any) -> Any:
        try:
            return load(role_include, play, **kwargs)
        except AnsibleError as error:
            gaps.of_error("broken-task", str(role_include.role), error)
            stand_in = os.path.join(empty, "broken")
            os.makedirs(stand_in, exist_ok=True)
            role_include._role_path = stand_in
            return load(role_include, play, **{**kwargs, "from_files": None})

    def block_list(self: IncludeRole, *args: Any, **kwargs: Any) -> Any:
        try:
            return blocks(self, *args, **kwargs)
        except AnsibleError as error:
            gaps.of_error("broken-task", f"include_role {self._role_name}", error)
            return [], []

    RoleDefinition._load_role_path = path_of
    Role.load = staticmethod(load_role)
    IncludeRole.get_block_list = block_list


def patch_tasks(gaps: Gaps) -> None:
    """A task whose module is unknown is kept by name; a task that can't be read is a gap, and its neighbours stay."""
    parse = ModuleArgsParser.parse

    def parse_any(self: ModuleArgsParser, skip_action_validation: bool = False) -> Any:
        try:
            return parse(self, skip_action_validation)
        except AnsibleError as error:
            if "couldn't resolve module/action" not in str(error):
                raise
            try:
                return parse(self, skip_action_validation=True)
            except AnsibleError:
                raise error from None

    ModuleArgsParser.parse = parse_any
    Task.load = staticmethod(lenient(Task.load, gaps))
    Handler.load = staticmethod(lenient(Handler.load, gaps))


def lenient(load: Callable[..., Any], gaps: Gaps) -> Callable[..., Any]:
    def load_task(data: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return load(data, *args, **kwargs)
        except AnsibleError as error:
            name = str(data.get("name", "task")) if isinstance(data, dict) else "task"
            gaps.of_error("broken-task", name, error)
            return load({"meta": "noop"}, *args, **kwargs)

    return load_task


def patch_lookups(gaps: Gaps, taint: Taint) -> None:
    """Only lookups that are known to be pure run; of any other the answer is a token."""
    get = lookup_loader.get

    def get_pure(name: str, *args: Any, **kwargs: Any) -> Any:
        short = name.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
        if short in PURE_LOOKUPS:
            return get(name, *args, **kwargs)
        gaps.add("forbidden", name, f"lookup {name} was not run")
        return Withheld(name, taint)

    lookup_loader.get = get_pure


class Withheld(LookupBase):  # type: ignore[misc]  # ansible ships no types
    """Answers a token for each term of a lookup that must not run."""

    accept_args_markers = accept_lazy_markers = False

    def __init__(self, name: str, taint: Taint) -> None:
        super().__init__()
        self.lookup, self.taint = name, taint

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[Any]:
        kind = TokenKind.SECRET if self.lookup.rsplit(".", 1)[-1] in SECRET_LOOKUPS else TokenKind.NEEDED
        named = [f"lookup {self.lookup} {term}" for term in terms] or [f"lookup {self.lookup}"]
        return [self.taint.token(name, kind) for name in named]


SECRET_LOOKUPS = frozenset("password hashi_vault vault_read vault_kv2_get passwordstore onepassword bitwarden aws_secret azure_keyvault_secret".split())


def patch_filters(gaps: Gaps) -> None:
    """Filters that would make a token unrecognisable hand it on unchanged; those that draw lots answer the same each time.

    The answer of a filter that isn't there is unknown, so that one line of a template costs only itself.
    """
    get = filter_loader.get

    def get_seeing(name: str, *args: Any, **kwargs: Any) -> Any:
        plugin = find(get, name, *args, **kwargs)
        if plugin is None and name not in DEFAULT_FILTERS:
            gaps.add("unknown-filter", name, f"filter {name} is not installed")
            return filter_loader._wrap_func(name, name, lambda *_, **__: UndefinedMarker(name=f"filter {name}"))
        if plugin is not None and name.rsplit(".", 1)[-1] in BLINDING_FILTERS and not getattr(plugin, "_seeing", False):
            plugin._function = see_through(plugin.j2_function, name.rsplit(".", 1)[-1])
            plugin._seeing = True
        return plugin

    filter_loader.get = get_seeing


def patch_tests(gaps: Gaps) -> None:
    """The answer of a test that isn't there is unknown."""
    get = test_loader.get

    def get_any(name: str, *args: Any, **kwargs: Any) -> Any:
        plugin = find(get, name, *args, **kwargs)
        if plugin is None and name not in DEFAULT_TESTS:
            gaps.add("unknown-filter", name, f"test {name} is not installed")
            return test_loader._wrap_func(name, name, lambda *_, **__: UndefinedMarker(name=f"test {name}"))
        return plugin

    test_loader.get = get_any


def find(get: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
    """A plugin or None, also where ansible-core would raise for a collection that isn't there."""
    try:
        return get(name, *args, **kwargs)
    except (KeyError, AnsibleError):
        return None


def see_through(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def seeing(value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and TOKEN.search(value):
            return value
        if name in ("random", "shuffle") and "seed" not in kwargs:
            kwargs["seed"] = "migrate"
        return function(value, *args, **kwargs)

    return seeing


def record_with(make: Callable[[Any], Any]) -> None:
    """Whatever strategy a play asks for, it gets the one that `make` builds from the task queue manager."""

    class Only:
        @staticmethod
        def get(name: str, tqm: Any) -> Any:
            return make(tqm)

    task_queue_manager.strategy_loader = Only
