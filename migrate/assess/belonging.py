# SPDX-License-Identifier: Apache-2.0
"""Which recorded tasks belong to which workload: by product, by what its files and commands name, by its own name."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from migrate.assess import actions
from migrate.assess.unitfile import UnitText
from migrate.catalog import Index
from migrate.model.product import Product
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Unit

ABSOLUTE = re.compile(r"(?<![\w.\-/])/[\w.+@\-]+(?:/[\w.+@\-]+)+")
FILE_MODULES = ("file", "lineinfile", "blockinfile", "replace", "ini_file")
SHARED = ("/etc/hosts", "/etc/resolv.conf", "/etc/passwd", "/etc/profile", "/etc/environment")
HOPS = 3
OF_ALL = ("/var/lib", "/var/www", "/var/log", "/var/cache", "/usr/share", "/usr/local", "/usr/lib", "/usr/bin")
LOCAL_FACTS = "/etc/ansible/facts.d"
"""What a role leaves there tells it, and others, what it did the last time."""
CODE_MODULES = ("git", "subversion", "unarchive", "synchronize", "hg", "composer", "copy")
WEB_ROOTS = ("/var/www/", "/srv/www/")
CODE_ROOTS = ("/var/www", "/srv", "/opt", "/home", "/usr/share/nginx", "/data", "/usr/local/www")


def path_of(task: RecordedTask) -> str:
    """The path that a task writes, makes or edits."""
    if task.file is not None:
        return task.file.dest
    return str(task.args.get("path") or task.args.get("dest") or "")


def products_of(task: RecordedTask, index: Index) -> set[str]:
    """Keys of products that a task is plainly about, by package, unit, module, configuration or data folder."""
    names = actions.packages(task) + actions.removed_packages(task)
    found = {product.key for name in names for product in index.packages.find(name)}
    found |= {product.key for start in actions.starts(task) for product in index.units.find(start.name)}
    found |= {product.key for product in index.module(task.action)}
    if (task.file is not None or task.module in FILE_MODULES) and not path_of(task).startswith(LOCAL_FACTS):
        found |= configured_at(path_of(task), index)
    return found


@lru_cache(maxsize=50_000)
def configured_at(path: str, index: Index) -> frozenset[str]:
    """Products whose configuration or data the path is; a folder that many share says nothing."""
    return frozenset(key for prefix, key in prefixes(index) if path == prefix or path.startswith(prefix + "/"))


@lru_cache(maxsize=4)
def prefixes(index: Index) -> tuple[tuple[str, str], ...]:
    """(folder, product's key) of all configuration folders, and of data folders that are deep enough to tell."""
    data = [
        (folder, product)
        for product in index.products.values()
        for folder in product.data_dirs
        if folder.count("/") > 2
    ]
    return tuple((folder.rstrip("/"), product.key) for folder, product in [*index.config, *data])


def writers(tasks: Iterable[RecordedTask]) -> Mapping[str, list[RecordedTask]]:
    """Tasks by the file that they write."""
    found: dict[str, list[RecordedTask]] = defaultdict(list)
    for task in tasks:
        if task.file is not None and not task.delegate_to:
            found[task.file.dest].append(task)
    return found


def reached(
    units: Iterable[Unit], texts: Iterable[UnitText], by_path: Mapping[str, list[RecordedTask]]
) -> list[RecordedTask]:
    """Tasks of any role that write files which commands and units name, and what scripts among these name in turn."""
    found = [
        task for unit in units for path, made in by_path.items() if is_inside(path, unit.directory) for task in made
    ]
    asked = [text for unit in units for text in (unit.command, *unit.environment_files)]
    asked += [
        value
        for text in texts
        for key, values in text.settings.items()
        if key.startswith("Service.")
        for value in values
    ]
    for _ in range(HOPS):
        paths = {path for text in asked for path in ABSOLUTE.findall(text)}
        new = [task for path in sorted(paths - set(SHARED)) for task in by_path.get(path, ()) if task not in found]
        found += new
        asked = [task.file.text for task in new if task.file and task.file.text and is_script(task.file.text)]
    return found


def runtimes(units: Iterable[Unit], tasks: Iterable[RecordedTask], index: Index) -> list[RecordedTask]:
    """Tasks of any role that install the runtime of a command: `node /srv/app.js` can't run without its package."""
    programs = {posixpath.basename(unit.command.split()[0].lstrip("-@+!:|")) for unit in units if unit.command.split()}
    wanted = {
        product.key for program in programs for product in index.processes.find(program) if product.kind is Kind.LIBRARY
    }
    if not wanted:
        return []
    names = ((task, actions.packages(task)) for task in tasks if not task.delegate_to)
    return [task for task, found in names if any(p.key in wanted for name in found for p in index.packages.find(name))]


def is_inside(path: str, directory: str) -> bool:
    """Below the directory that a unit works in, where that is one of its own."""
    own = directory.rstrip("/")
    return own.count("/") > 1 and own not in OF_ALL and path.startswith(own + "/")


def is_script(text: str) -> bool:
    return text.startswith("#!") or "\n#!" in text[:200]


def names_of(task: RecordedTask, names: Iterable[str]) -> set[str]:
    """Which of several workloads' names a task's path or name has in it, the longest first."""
    ordered = sorted(names, key=len, reverse=True)
    pattern = re.compile("(?<![A-Za-z0-9])(?:" + "|".join(map(re.escape, ordered)) + ")(?![A-Za-z0-9])")
    return set(pattern.findall(f"{path_of(task)} {task.args.get('name', '')}")) if ordered else set()


def deploys_code(task: RecordedTask) -> bool:
    """A task that puts an application's code where a runtime or web server of the machine finds it."""
    if task.module not in CODE_MODULES or actions.is_removal(task):
        return False
    return code_folder(task).startswith(WEB_ROOTS if task.module == "copy" else CODE_ROOTS)


def code_folder(task: RecordedTask) -> str:
    return str(task.args.get("dest") or task.args.get("working_dir") or (task.file.dest if task.file else ""))


def agent_of(role: str, hosts: str, index: Index) -> Product | None:
    """A build agent that a role or group is named after: its controller comes in and starts it, so no unit tells."""
    asked = {same(role), same(hosts), same(hosts).removesuffix("s")}
    for product in index.products.values():
        if product.kind is Kind.BUILD_AGENT and asked & {same(name) for name in product.roles}:
            return product
    return None


def application_of(role: str, code: Iterable[RecordedTask], index: Index) -> Product | None:
    """An application that the role is named after, when what it fetches has that name too: a name alone is no proof."""
    word = same(role)
    fetched = {part for task in code for part in re.split(r"[^a-z0-9]+", actions.source_of(task).lower())}
    for product in index.products.values():
        named = product.category in ("application", "ci", "mail", "dns", "monitoring", "identity")
        if named and product.kind is not Kind.PLUMBING and word in {product.key, *map(same, product.roles)}:
            return product if word.replace("_", "") in fetched else None
    return None


def same(name: str) -> str:
    """`acme.jenkins-agent` and `jenkins_agent` are the same name."""
    return name.rsplit(".", 1)[-1].replace("-", "_").lower()
