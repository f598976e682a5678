# SPDX-License-Identifier: Apache-2.0
"""Reads inventories, one path a line, and answers each with its hosts, groups and variables as a line of JSON.

With the word `ours` as the engine reads them, with `ansible` as ansible-core does by itself; `refused` says that it
could not read a file to its end. A child of its own for each, since the engine changes ansible-core for its process.
"""

from __future__ import annotations

import json
import sys
from typing import Any

MAGIC = (
    "ansible_playbook_python ansible_version ansible_config_file groups omit playbook_dir inventory_dir inventory_file "
    "ansible_diff_mode ansible_facts ansible_check_mode ansible_verbosity ansible_forks ansible_inventory_sources "
    "ansible_limit ansible_run_tags ansible_skip_tags"
).split()
REFUSED: list[str] = []


def ours() -> tuple[Any, Any, Any]:
    from migrate.engine.gaps import Gaps
    from migrate.engine.inventory import Estate
    from migrate.engine.mending import mend
    from migrate.engine.reader import Reader
    from migrate.engine.taint import Taint

    gaps, taint = Gaps("/nowhere"), Taint()
    mend(gaps, taint)

    def read(path: str) -> tuple[Any, Any]:
        reader = Reader(gaps, taint)
        return reader, Estate([path], reader, gaps, taint).manager

    from migrate.engine.variables import Variables

    return read, Variables, gaps


def ansible() -> tuple[Any, Any, Any]:
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.utils.display import Display
    from ansible.vars.manager import VariableManager

    def note(self: Display, msg: object, *_: Any, **__: Any) -> None:
        if "parse" in str(msg):
            REFUSED.append(str(msg))

    Display.display = Display.deprecated = lambda *_, **__: None
    Display.warning = Display.error = Display.error_as_warning = note

    def read(path: str) -> tuple[Any, Any]:
        loader = DataLoader()
        return loader, InventoryManager(loader=loader, sources=[path])

    return read, VariableManager, None


def answer(read: Any, variables: Any, path: str) -> dict[str, Any]:
    from ansible import context
    from ansible.module_utils.common.collections import ImmutableDict

    context.CLIARGS = ImmutableDict({})
    REFUSED.clear()
    loader, manager = read(path)
    known = variables(loader=loader, inventory=manager, version_info=None)
    told = {}
    for name, host in sorted(manager.hosts.items()):
        found = known.get_vars(host=host, include_hostvars=False)
        told[name] = {key: value for key, value in sorted(found.items()) if key not in MAGIC}
    groups = {name: sorted(host.name for host in group.get_hosts()) for name, group in sorted(manager.groups.items())}
    return {"hosts": told, "groups": groups, "refused": bool(REFUSED)}


def main() -> None:
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    read, variables, _ = {"ours": ours, "ansible": ansible}[sys.argv[1]]()
    for line in sys.stdin:
        print(json.dumps(answer(read, variables, line.rstrip("\n")), default=str), flush=True)


if __name__ == "__main__":
    main()
