# SPDX-License-Identifier: Apache-2.0
"""`migrate init`: looks around a folder and writes a migrate.yaml with comments."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from configparser import ConfigParser, Error
from pathlib import Path

import msgspec
import yaml

from migrate.config import NAME
from migrate.errors import FileError
from migrate.files import replace_file

PRUNED = {
    "roles",
    "node_modules",
    "venv",
    "collections",
    "group_vars",
    "host_vars",
    "tasks",
    "templates",
    "files",
    "vars",
    "defaults",
    "molecule",
}
INVENTORY_NAMES = (
    "hosts",
    "hosts.ini",
    "hosts.yml",
    "hosts.yaml",
    "inventory",
    "inventory.ini",
    "inventory.yml",
    "inventory.yaml",
    "production",
    "staging",
)
IMPORTS = {"import_playbook", "ansible.builtin.import_playbook"}
PLAYBOOK_FIRST = ("site.yml", "site.yaml", "main.yml", "playbook.yml", "all.yml")
DEEPEST = 4
LARGEST = 1_000_000


class Found(msgspec.Struct):
    """What a folder holds, as paths relative to it."""

    project: str = "."
    inventories: dict[str, str] = {}
    playbooks: list[str] = []
    libvirt: list[str] = []
    others: list[str] = []


def write(folder: Path, *, force: bool = False) -> str:
    """Write migrate.yaml and tell what it says. Raises FileError when one is there, or nothing was found."""
    target = folder / NAME
    if target.exists() and not force:
        raise FileError(f"{target} exists", hint="Edit it, or replace it with --force.")
    found = look(folder)
    if not found.inventories and not found.playbooks:
        raise FileError(
            f"{folder}: no inventory and no playbook found", hint="Run it in the folder of your Ansible project."
        )
    replace_file(target, text(found).encode())
    more = f"{len(found.others)} more playbooks stand in it as comments. " if found.others else ""
    return (
        f"{target}: {len(found.inventories)} inventories, {len(found.playbooks)} playbooks, "
        f"{len(found.libvirt)} libvirt files.\n"
        f"{more}Look it over, then run `migrate assess`."
    )


def look(folder: Path) -> Found:
    """Inventories, playbooks and libvirt descriptions below a folder, the shallow ones first."""
    files = sorted(walk(folder), key=lambda path: (len(path.parts), path.as_posix()))
    playbooks = [path for path in files if is_playbook(folder / path)]
    first = next((path for name in PLAYBOOK_FIRST for path in playbooks if path.name == name), None)
    project = first.parent if first else playbooks[0].parent if playbooks else Path()
    inventories = inventories_of(folder, project, files)
    chosen = [first] if first else [path for path in playbooks if path.parent == project]
    libvirt = [path.as_posix() for path in files if path.suffix == ".xml" and is_libvirt(folder / path)]
    beside = [path for path in playbooks if path.parent == project and path not in chosen] if first else []
    imported = imports(folder, first) if first else set()
    names = [path.relative_to(project).as_posix() for path in chosen]
    others = [path.relative_to(project).as_posix() for path in beside if path not in imported]
    return Found(project.as_posix(), inventories, names, libvirt, others)


def imports(folder: Path, playbook: Path) -> set[Path]:
    """Playbooks that a playbook imports, and those that they import."""
    found: set[Path] = set()
    due = [playbook]
    while due:
        current = due.pop()
        for entry in entries(folder / current):
            for key in IMPORTS & set(entry):
                target = Path(os.path.normpath(current.parent / str(entry[key]).split(" ")[0]))
                if target not in found:
                    found.add(target)
                    due.append(target)
    return found


def walk(folder: Path) -> Iterator[Path]:
    for top, folders, files in os.walk(folder):
        here = Path(top).relative_to(folder)
        folders[:] = sorted(
            name for name in folders if name not in PRUNED and not name.startswith(".") and len(here.parts) < DEEPEST
        )
        yield from (here / name for name in sorted(files))


def inventories_of(folder: Path, project: Path, files: Iterable[Path]) -> dict[str, str]:
    """Environment → inventory: what ansible.cfg names, folders below inventories/, and files with usual names."""
    found: dict[str, str] = {}
    for path in files:
        if "inventories" in path.parts[:-1] or "inventory" in path.parts[:-1]:
            index = max(i for i, part in enumerate(path.parts[:-1]) if part in ("inventories", "inventory"))
            below = path.parts[index + 1]
            top = Path(*path.parts[: index + 1])
            if (folder / top / "group_vars").is_dir() or (folder / top / "host_vars").is_dir():
                found.setdefault("default", top.as_posix())  # its files are one inventory, since they share variables
            elif (
                len(path.parts) > index + 2
                or path.stem in INVENTORY_NAMES
                or path.suffix in (".ini", ".yml", ".yaml", "")
            ):
                found.setdefault(Path(below).stem, Path(*path.parts[: index + 2]).as_posix())
        elif path.name in INVENTORY_NAMES and path.parent in (project, Path()):
            found.setdefault(path.stem if path.stem not in ("hosts", "inventory") else "default", path.as_posix())
    configured = configured_inventory(folder / project)
    if not found and configured:
        found["default"] = (project / configured).as_posix()
    return dict(sorted(found.items()))


def configured_inventory(project: Path) -> str:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(project / "ansible.cfg", encoding="utf-8")
    except (Error, UnicodeDecodeError):
        return ""
    return parser.get("defaults", "inventory", fallback="").split(",")[0].strip()


def is_playbook(path: Path) -> bool:
    """A YAML list whose first mapping has hosts or imports a playbook."""
    first = next(iter(entries(path)), {})
    return bool((IMPORTS | {"hosts"}) & set(first))


def entries(path: Path) -> list[dict[str, object]]:
    """The mappings of a YAML list; none for whatever else a file may be."""
    if path.suffix not in (".yml", ".yaml"):
        return []
    try:
        data = yaml.load(path.read_text(encoding="utf-8")[:LARGEST], Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError):
        return []
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


def is_libvirt(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return b"<node" in head or b"<domain" in head


def text(found: Found) -> str:
    """The file, with comments for whoever edits it."""
    lines = [
        "# What migrate reads, and what it writes for. `migrate schema config` describes every key.",
        "version: 1",
        "",
        "# The Ansible project (it is only read, never run), and the playbooks that configure the machines.",
        f"project: {quoted(found.project)}",
        "playbooks:" if found.playbooks else "playbooks: []  # name them, for example [site.yml]",
        *(f"  - {quoted(name)}" for name in found.playbooks),
        *(["  # Not imported by it; add those that configure machines:"] if found.others else []),
        *(f"  # - {quoted(name)}" for name in found.others),
        "",
        "# One entry per environment. Inventories as ansible-playbook's -i takes them; libvirt connection URIs,",
        "# opened read-only: qemu+ssh://host/system, qemu:///system, or test:FILE for libvirt's own test driver.",
        "environments:" if found.inventories else "environments: {}",
    ]
    for name, inventory in found.inventories.items():
        lines += [
            f"  {quoted(name)}:",
            f"    inventories: [{quoted(inventory)}]",
            f"    libvirt: [{', '.join(libvirt_of(name, found))}]",
        ]
        lines += ['    # extra_vars: ["release=42", "@vars.yml"]  # as ansible-playbook\'s -e takes them']
    return "\n".join([*lines, "", *TARGET, ""])


TARGET = (
    "# What manifests are written for.",
    "target:",
    '  kubernetes: "1.31"',
    '  # namespace: "shop-{environment}"  # else the name of the environment',
    "  # registry: registry.example.com/shop",
    "  # base_image: debian:bookworm-slim",
    "  # routes: ingress        # or gateway (HTTPRoutes), or none; route_class names the class",
    "  # secrets: plain         # or external (of the ClusterSecretStore secret_store), or sealed",
    "  # package: kustomize     # or helm, for a chart of the same objects, too",
)


def libvirt_of(name: str, found: Found) -> list[str]:
    """Description files that are named like the environment; all of them where there is one environment."""
    mine = [path for path in found.libvirt if len(found.inventories) == 1 or Path(path).stem == name]
    return [quoted(f"test:{path}") for path in mine]


def quoted(value: str) -> str:
    plain = yaml.safe_dump(value, default_style=None, width=1000).strip()
    return plain.removesuffix("\n...").strip()
