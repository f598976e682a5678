# SPDX-License-Identifier: Apache-2.0
"""The volumes of a pod as folders on this machine, with the owners and modes that a kubelet gives them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migrate.verify.translate import Mount, Sources

Object = dict[str, Any]
KEY = re.compile(r"[-._a-zA-Z0-9]+")
READABLE = 0o644
EMPTY = 0o777
SHARED_BY_GROUP = 0o2777
INSTEAD = ("hostPath", "persistentVolumeClaim", "csi", "nfs", "ephemeral")


def make(pod: Object, sources: Sources, scratch: Path) -> list[str]:
    """A folder for each volume below `scratch`; returns what can't be as it would be in a cluster."""
    group = (pod.get("securityContext") or {}).get("fsGroup")
    problems = []
    for volume in pod.get("volumes") or ():
        folder = scratch / str(volume["name"])
        folder.mkdir()
        kind = next((key for key in volume if key != "name"), "emptyDir")
        if kind in {"configMap", "secret", "projected"}:
            problems += _files(volume, folder, sources, group)
        else:
            _empty(folder, group)
        if kind in INSTEAD:
            problems.append(f"volume {volume['name']} is a {kind}; an empty folder takes its place")
    return problems


def flags(mounts: tuple[Mount, ...], scratch: Path, group: int | None) -> list[str]:
    """`--volume` for each mount; a subPath of an empty volume is made, as a kubelet does."""
    found = []
    for mount in mounts:
        source = scratch / mount.volume / mount.inside if mount.inside else scratch / mount.volume
        if not source.exists():
            source.mkdir(parents=True)
            _empty(source, group)
        found.append(f"--volume={source}:{mount.path}" + (":ro" if mount.read_only else ""))
    return found


def _empty(folder: Path, group: int | None) -> None:
    folder.chmod(EMPTY)
    if group is not None and os.geteuid() == 0:
        os.chown(folder, 0, group)
        folder.chmod(SHARED_BY_GROUP)


def _files(volume: Object, folder: Path, sources: Sources, group: int | None) -> list[str]:
    """Keys of ConfigMaps and Secrets as files."""
    parts = volume["projected"].get("sources") or () if "projected" in volume else [volume]
    problems = []
    for part in parts:
        spec = part.get("configMap") or part.get("secret")
        if spec is None:
            continue
        known = sources.config if part.get("configMap") else sources.secrets
        name = spec.get("name") or spec.get("secretName") or ""
        if name not in known and not spec.get("optional"):
            problems.append(f"volume {volume['name']} needs {name}, which is in no file here")
            continue
        mode = spec.get("defaultMode") or (volume.get("projected") or {}).get("defaultMode") or READABLE
        problems += _keys(known.get(name, {}), spec, folder, mode, group)
    return problems


def _keys(data: Mapping[str, str], spec: Object, folder: Path, mode: int, group: int | None) -> list[str]:
    items = spec.get("items") or [{"key": key, "path": key} for key in data]
    problems = []
    for item in items:
        path = str(item.get("path", ""))
        if not all(KEY.fullmatch(part) and part != ".." for part in path.split("/")) or item["key"] not in data:
            problems.append(f"{spec.get('name') or spec.get('secretName')}: no file {path} can be made")
            continue
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(data[item["key"]], encoding="utf-8")
        _own(target, item.get("mode") or mode, group)
    return problems


def _own(path: Path, mode: int, group: int | None) -> None:
    """As root as a kubelet does; anyone else can only let everybody read, in a folder that nobody enters."""
    if os.geteuid() != 0:
        path.chmod(mode | READABLE)
        return
    if group is not None:
        os.chown(path, 0, group)
        mode |= (mode & 0o400) >> 3
    path.chmod(mode)
