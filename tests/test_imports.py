# SPDX-License-Identifier: Apache-2.0
"""Imports point down (LAYERS), each third-party library has its doors (DOORS), and every module opens as it should."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "migrate"
FILES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))

# From top to bottom, as docs/architecture.md draws them. What stands in one row never imports its neighbours, unless
# NEIGHBOURS says so.
LAYERS = (
    ("cli",),
    ("commands",),
    ("pipeline", "roles"),
    ("discover", "record", "assess", "plan", "generate", "check", "verify", "review", "operate", "report", "keeping"),
    ("clients", "engine", "catalog", "registry", "files", "config", "init"),
    ("model",),
    ("errors",),
)
LEVEL = {room: number for number, row in enumerate(LAYERS) for room in row}
NEIGHBOURS = {"init": ("config", "files")}  # it writes what config reads

# Rooms that may import nothing of ours but these.
ONLY = {"engine": {"engine", "model"}, "model": {"model"}, "errors": set[str]()}

# Third-party library → rooms that may import it. `anywhere` libraries are the vocabulary of all.
DOORS = {
    "ansible": {"engine"},
    "cryptography": {"clients"},
    "jinja2": {"engine"},
    "keystoneauth1": {"clients"},
    "libvirt": {"clients"},
    "networkx": {"assess"},  # the order in which workloads move
    "openstack": {"clients"},
    "requests": {"clients"},
    "rich": {"report", "commands"},
    "typer": {"cli"},
    "yaml": {"assess", "catalog", "check", "config", "discover", "engine", "files", "init"},
}
ANYWHERE = {"msgspec"}


def room(path: Path) -> str:
    """`migrate/assess/rules/storage.py` → assess, `migrate/cli/assess.py` → cli, `migrate/__init__.py` → migrate."""
    parts = path.with_suffix("").parts[1:]
    return "migrate" if parts == ("__init__",) else parts[0]


def dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in FILES}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of every import, those inside functions too; `from a import b` is a.b if that is one."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in MODULES else str(node.module)


def wrong(path: Path, module: str) -> str:
    """Why a module may not be imported by a file; "" if it may."""
    here, (top, *rest) = room(path), module.split(".")
    if top != "migrate":
        allowed = top in sys.stdlib_module_names or top in ANYWHERE or here in DOORS.get(top, ())
        return "" if allowed else f"{top} has no door in {here}"
    there = rest[0] if rest else "migrate"
    if there in (here, "migrate"):
        return ""
    if here in ONLY and there not in ONLY[here]:
        return f"{here} imports only {', '.join(sorted(ONLY[here])) or 'nothing of ours'}"
    if LEVEL[there] > LEVEL[here] or there in NEIGHBOURS.get(here, ()):
        return ""
    return f"{there} is {'beside' if LEVEL[there] == LEVEL[here] else 'above'} {here}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_down(path: Path) -> None:
    found = [f"{path}:{line}: {module}: {why}" for line, module in imports(path) if (why := wrong(path, module))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("migrate/model/task.py", "migrate.errors"),
        ("migrate/assess/assess.py", "migrate.discover.fleet"),
        ("migrate/clients/libvirt.py", "migrate.files"),
        ("migrate/engine/taint.py", "migrate.errors"),
        ("migrate/report/json.py", "ansible.constants"),
        ("migrate/files.py", "migrate.pipeline"),
        ("migrate/generate/pod.py", "requests"),
    ],
)
def test_what_is_refused(path: str, module: str) -> None:
    assert wrong(Path(path), module)


def test_every_room_has_a_layer() -> None:
    assert {room(path) for path in FILES} - {"migrate"} <= set(LEVEL)


def test_no_cycles() -> None:
    """Imports inside functions count: a cycle that is put off is still a cycle."""
    graph = {
        name: {module for _, module in imports(path) if module in MODULES} - {name} for name, path in MODULES.items()
    }
    while leaves := [name for name, needs in graph.items() if not needs & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph, f"in or above a cycle: {', '.join(sorted(graph))}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_opens_with_licence_and_docstring(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    licence = "GPL-3.0-or-later" if room(path) == "engine" else "Apache-2.0"
    assert text.startswith(f"# SPDX-License-Identifier: {licence}\n")
    assert ast.get_docstring(ast.parse(text)), "no module docstring"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_names_say_something(path: Path) -> None:
    assert path.stem not in ("utils", "util", "common", "helpers", "helper", "base", "core", "misc")
