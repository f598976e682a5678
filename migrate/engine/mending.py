# SPDX-License-Identifier: GPL-3.0-or-later
"""The one adapter to ansible-core's insides: where it would stop at a missing role, module or bad task, it goes on
and notes a gap.

Also the doors through which a project would bring its own code in; they stay shut.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from ansible import constants as C
from ansible.executor import task_queue_manager
from ansible.parsing.yaml.dumper import AnsibleDumper  # noqa: F401  # loaded before the lock, since it is imported late
from ansible.plugins.loader import PluginLoader, filter_loader, lookup_loader, module_loader, test_loader
from ansible.utils.display import Display

from migrate.engine.gaps import Gaps
from migrate.engine.limits import patch_depth, patch_ranges
from migrate.engine.loading import patch_loading
from migrate.engine.plugins import patch_filters, patch_lookups, patch_tests
from migrate.engine.quickening import quicken
from migrate.engine.taint import Taint
from migrate.model.finding import Severity

MISSING_COLLECTION = re.compile(r"Error loading plugin '(\w+\.\w+)\.[\w.]+'")
TRUSTED = {"filter_plugins": filter_loader, "test_plugins": test_loader, "lookup_plugins": lookup_loader}
NOISE = (
    "deprecat",
    "Could not match supplied host pattern",
    "Invalid characters were found in group names",
    "Encountered ",
    "sampling the task's resolved_action",
    "provided hosts list is empty",
    "No inventory was parsed",
    "Collection",
    "No module named 'ansible_collections.",  # a list of collections; a module that is missing is told where it stands
    "reserved name",
    "Found variable using",
    "skipping vars_files item due to an undefined variable",  # they are looked up host by host
    "in expected paths (use -vvvvv",  # a loop over files that are not there
    "Invalid no_log value",  # then the task counts as no_log
)


def mend(gaps: Gaps, taint: Taint, *, trusted: bool = False) -> None:
    """Patch ansible-core for this process; called once, before anything of the project is read.

    A trusted project's own filters, tests and lookups are loaded; they run in the same confinement as all else. Its
    modules, actions, callbacks and other plugins never are: nothing is left for them to do.
    """
    quicken()
    patch_display(gaps)
    patch_loading(gaps)
    patch_ranges(gaps)
    patch_depth()
    patch_lookups(gaps, taint, trusted=[gaps.project] if trusted else [])
    patch_filters(gaps)
    patch_tests(gaps)
    patch_folders(gaps, trusted)
    C.config._parse_config_file = lambda *_: None


def patch_folders(gaps: Gaps, trusted: bool) -> None:
    """Folders of plugins that a play or a role brings along."""
    add = PluginLoader.add_directory

    def add_or_refuse(self: PluginLoader, directory: str, with_subdir: bool = False) -> None:
        if trusted and self in TRUSTED.values():
            if os.path.isdir(directory):
                gaps.add(
                    "trusted", directory, "the project's own plugins of this folder were loaded", severity=Severity.NOTE
                )
                add(self, directory, with_subdir)
        else:
            refuse_plugins(gaps, directory)

    PluginLoader.add_directory = add_or_refuse


def add_plugins(directory: str) -> None:
    """Offer a folder of plugins to the loader that its name says."""
    TRUSTED.get(os.path.basename(directory), module_loader).add_directory(directory)


def refuse_plugins(gaps: Gaps, directory: str) -> None:
    if directory and os.path.isdir(directory) and any(name.endswith(".py") for name in os.listdir(directory)):
        gaps.add(
            "forbidden", directory, "the project's own plugins and modules are not loaded", place=gaps.place(directory)
        )


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


def record_with(make: Callable[[Any], Any]) -> None:
    """Whatever strategy a play asks for, it gets the one that `make` builds from the task queue manager."""

    class Only:
        @staticmethod
        def get(name: str, tqm: Any) -> Any:
            return make(tqm)

    task_queue_manager.strategy_loader = Only
