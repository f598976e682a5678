# SPDX-License-Identifier: Apache-2.0
"""ConfigMaps: rendered configuration, and the variables of environment files."""

from __future__ import annotations

from migrate.generate.draft import Draft, Process
from migrate.generate.manifest import ConfigMap


def config_maps(draft: Draft) -> list[ConfigMap]:
    """Rendered configuration, and the variables of environment files."""
    found = [_variables(process, draft) for process in draft.processes if process.environment.config]
    if draft.contents.config:
        data = {file.key: file.text for file in draft.contents.config}
        sources = {file.key: _source(draft, file.path, str(file.task.place)) for file in draft.contents.config}
        found.insert(0, ConfigMap(f"{draft.name}-config", data, sources))
    return found


def _variables(process: Process, draft: Draft) -> ConfigMap:
    told = f"environment file of {process.unit.name}"
    rewritten = {note.partition(": ")[0]: note.partition(": ")[2] for note in process.environment.notes}
    sources = {name: f"{told}; {rewritten[name]}" if name in rewritten else told for name in process.environment.config}
    return ConfigMap(process.env_name, dict(process.environment.config), sources, is_environment=True)


def _source(draft: Draft, path: str, place: str) -> str:
    rewritten = [note.removeprefix(f"{path}: ") for note in draft.notes if note.startswith(f"{path}: ")]
    return "; ".join([f"{place} writes {path}", *rewritten])
