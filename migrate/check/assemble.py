# SPDX-License-Identifier: Apache-2.0
"""What `kubectl kustomize` would make of each folder, as far as generated and usual kustomizations go."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from migrate.check import patching
from migrate.check.reach import Table, items, reach, table, tables, text
from migrate.check.reading import KUSTOMIZATIONS, Loaded
from migrate.check.scene import Object, Scene
from migrate.check.transforming import transformed

FOLLOWED = {
    "apiVersion", "kind", "metadata", "resources", "bases", "components", "namespace", "patches",
    "patchesStrategicMerge", "patchesJson6902", "images", "replicas", "labels", "commonLabels", "commonAnnotations",
    "configMapGenerator", "secretGenerator", "generatorOptions", "buildMetadata", "sortOptions",
}  # fmt: skip
# Names get the same addition wherever they stand, so they still fit each other without it.
HARMLESS = {"namePrefix", "nameSuffix"}
NOT_FOLLOWED = {
    "crds", "configurations", "generators", "transformers", "validators", "vars", "replacements", "helmCharts",
    "helmGlobals", "openapi",
}  # fmt: skip


class Misfit(msgspec.Struct, frozen=True):
    """What is wrong with a kustomization itself; `serious` where kustomize would refuse it."""

    where: Object
    at: str
    message: str
    serious: bool = True


class Assembly(msgspec.Struct, frozen=True):
    scenes: tuple[Scene, ...]
    misfits: tuple[Misfit, ...]


class _Builder:
    """Builds each folder once, however many lead to it."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.files = {
            posixpath.dirname(path): documents[0]
            for path, documents in loaded.documents.items()
            if PurePosixPath(path).name in KUSTOMIZATIONS and documents
        }
        self.misfits: list[Misfit] = []
        self.built: dict[str, list[Object]] = {}
        self.used: set[str] = set()
        self.entered: set[str] = set()
        self.below: dict[str, set[str]] = {}

    def build(self, folder: str) -> list[Object]:
        """The objects of a kustomization; a folder that leads back to itself is empty there."""
        if folder not in self.built:
            self.built[folder], self.below[folder] = [], {folder}
            self.built[folder] = self._build(self.files[folder], folder)
        return self.built[folder]

    def _build(self, kustomization: Object, folder: str) -> list[Object]:
        data = kustomization.data
        self.used.add(kustomization.path)
        self._keys(kustomization)
        found = [one for entry in self._entries(data) for one in self._resource(kustomization, folder, *entry)]
        found = self._generated(found, kustomization, folder)
        for at, source, patch, target in self._patches(kustomization, folder):
            found = self._patched(found, kustomization, at, source, patch, target)
        return [transformed(one, data) for one in found]

    def _keys(self, kustomization: Object) -> None:
        for key in kustomization.data:
            if key in NOT_FOLLOWED:
                message = f"{key} is not followed here, so what it makes is not checked"
                self.misfits.append(Misfit(kustomization, key, message, serious=False))
            elif key not in FOLLOWED | HARMLESS:
                self.misfits.append(Misfit(kustomization, str(key), f"kustomize knows no field {key}"))

    @staticmethod
    def _entries(data: Table) -> Iterator[tuple[str, str]]:
        for field in ("resources", "bases", "components"):
            for index, entry in enumerate(items(data.get(field))):
                yield f"{field}[{index}]", str(entry)

    def _resource(self, kustomization: Object, folder: str, at: str, entry: str) -> list[Object]:
        path = inside(folder, entry)
        if path in self.files:
            self.entered.add(path)
            found = self.build(path)
            self.below[folder] |= self.below[path]
            return found
        if path in self.loaded.documents:
            self.used.add(path)
            return list(self.loaded.documents[path])
        if "://" in entry or entry.startswith("git@") or "?ref=" in entry:
            self.misfits.append(Misfit(kustomization, at, f"{entry} is elsewhere, and not checked", serious=False))
        elif path not in self.loaded.texts:
            self.misfits.append(Misfit(kustomization, at, f"there is no {path}"))
        return []

    def _generated(self, found: list[Object], kustomization: Object, folder: str) -> list[Object]:
        """With the ConfigMaps and Secrets that are made of files; `behavior` adds to what a base has made."""
        for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for index, entry in enumerate(tables(kustomization.data.get(field))):
                data = self._contents(kustomization, folder, f"{field}[{index}]", entry)
                made = {"apiVersion": "v1", "kind": kind, "metadata": _metadata(entry, kustomization), "data": data}
                same = [one for one in found if (one.kind, one.name) == (kind, text(entry.get("name")))]
                if same and entry.get("behavior") in ("merge", "replace"):
                    found = [one for one in found if one not in same]
                    old = table(same[0].data.get("data")) if entry["behavior"] == "merge" else {}
                    made = {**same[0].data, "data": {**old, **data}}
                found = [*found, Object(kustomization.path, made, example=kind == "Secret")]
        return found

    def _contents(self, kustomization: Object, folder: str, at: str, entry: Table) -> Table:
        found: Table = {}
        for literal in items(entry.get("literals")):
            key, _, value = str(literal).partition("=")
            found[key] = value
        for name in items(entry.get("files")):
            key, equals, path = str(name).partition("=")
            found[key if equals else posixpath.basename(key)] = self._file(kustomization, folder, at, path or key)
        for name in [*items(entry.get("envs")), *filter(None, [entry.get("env")])]:
            lines = self._file(kustomization, folder, at, str(name)).splitlines()
            found |= dict(line.partition("=")[::2] for line in lines if "=" in line and not line.startswith("#"))
        return found

    def _file(self, kustomization: Object, folder: str, at: str, name: str) -> str:
        path = inside(folder, name)
        if path not in self.loaded.texts:
            self.misfits.append(Misfit(kustomization, at, f"there is no {path}"))
        self.used.add(path)
        return self.loaded.texts.get(path, "")

    def _patches(self, kustomization: Object, folder: str) -> Iterator[tuple[str, str, Any, Table]]:
        """(where, file, patch, target); a file of several documents is several patches."""
        for field in ("patches", "patchesJson6902", "patchesStrategicMerge"):
            for index, found in enumerate(items(kustomization.data.get(field))):
                entry = found if isinstance(found, dict) else {_path_or_patch(str(found)): str(found)}
                at, name, source = f"{field}[{index}]", text(entry.get("path")), text(entry.get("patch"))
                if name:
                    source = self._file(kustomization, folder, at, name)
                for patch in patching.read(source):
                    yield at, name or "the patch", patch, table(entry.get("target"))

    def _patched(
        self, found: list[Object], kustomization: Object, at: str, source: str, patch: Any, target: Table
    ) -> list[Object]:
        chosen = {id(one) for one in found if patching.fits(one, patch, target)}
        if not chosen:
            self.misfits.append(Misfit(kustomization, at, f"{source} changes nothing that is here"))
        changed = [(one, patching.apply(one.data, patch) if id(one) in chosen else one.data) for one in found]
        return [
            one if data is one.data else Object(one.path, data, one.index, one.example)
            for one, data in changed
            if data is not None
        ]


def assemble(loaded: Loaded, minor: int) -> Assembly:
    """One scene for each kustomization that no other one leads to, and for each folder of loose files."""
    builder = _Builder(loaded)
    for folder in sorted(builder.files):
        builder.build(folder)
    roots = [folder for folder in sorted(builder.files) if folder not in builder.entered]
    examples = [one for documents in loaded.documents.values() for one in documents if one.example]
    scenes = [_scene(folder, builder.built[folder], builder.below[folder], examples, minor) for folder in roots]
    loose: defaultdict[str, list[Object]] = defaultdict(list)
    for path, documents in loaded.documents.items():
        if path not in builder.used and PurePosixPath(path).name not in KUSTOMIZATIONS:
            loose[posixpath.dirname(path)] += [one for one in documents if not one.example and one.kind]
    scenes += [_scene(folder, found, {folder}, examples, minor) for folder, found in sorted(loose.items()) if found]
    return Assembly(tuple(scenes), tuple(builder.misfits))


def _scene(folder: str, found: list[Object], below: set[str], examples: list[Object], minor: int) -> Scene:
    """Skeletons count where they stand, and in all that is built upon that."""
    real = tuple(one for one in found if not one.example)
    near = [one for one in examples if posixpath.dirname(one.path) in below]
    return Scene(folder, real, (*near, *(one for one in found if one.example)), minor)


def inside(folder: str, entry: str) -> str:
    return posixpath.normpath(posixpath.join(folder, entry)).removeprefix("./") if entry != "." else folder


def _path_or_patch(entry: str) -> str:
    return "patch" if "\n" in entry or ":" in entry else "path"


def _metadata(entry: Table, kustomization: Object) -> Table:
    """Of what a generator makes: `generatorOptions` are for all of a kustomization, `options` for one."""
    found: Table = {"name": text(entry.get("name"))}
    for key in ("labels", "annotations"):
        both = table(kustomization.get(f"generatorOptions.{key}")) | table(reach(entry, f"options.{key}"))
        found |= {key: both} if both else {}
    return found | ({"namespace": entry["namespace"]} if entry.get("namespace") else {})
