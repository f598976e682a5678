# SPDX-License-Identifier: Apache-2.0
"""ConfigMaps and Secrets that kustomize makes from files and literals, made here without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from migrate.errors import FileError

Object = dict[str, Any]
KINDS = {"configMapGenerator": ("ConfigMap", "data"), "secretGenerator": ("Secret", "stringData")}


def generated(kustomization: Object, folder: Path) -> Iterator[Object]:
    """Objects of the generators, under the names that pods of the same base use for them (without the hash)."""
    for key, (kind, field) in KINDS.items():
        for one in kustomization.get(key) or ():
            yield {"kind": kind, "metadata": {"name": one.get("name", "")}, field: dict(_entries(one, folder))}


def _entries(generator: Object, folder: Path) -> Iterator[tuple[str, str]]:
    for entry in generator.get("files") or ():
        key, sign, path = str(entry).partition("=")
        yield key if sign else Path(key).name, _read(folder, path if sign else key)
    for path in (*(generator.get("envs") or ()), *filter(None, [generator.get("env")])):
        yield from _pairs(_read(folder, str(path)).splitlines())
    yield from _pairs(map(str, generator.get("literals") or ()))


def _pairs(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, sign, value = line.partition("=")
        if sign and not name.startswith("#"):
            yield name.strip(), _unquoted(value)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _read(folder: Path, name: str) -> str:
    path = folder / name
    if not path.resolve().is_relative_to(folder.parent.resolve()):
        raise FileError(f"{folder}/kustomization.yaml: {name} is outside of the workload's folder")
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}", hint="Generate again, or mend the kustomization.") from error
