# SPDX-License-Identifier: Apache-2.0
"""What the environments of one workload have in common, and what is different in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy

import msgspec

from migrate.generate.manifest import CONTROLLERS, ConfigMap, Made, Manifest, Object
from migrate.generate.patches import patch

# Their lists are addresses and hosts of one environment, and a patch would replace them whole.
NEVER_PATCHED = ("NetworkPolicy", "Ingress", "HTTPRoute")


class Change(msgspec.Struct, frozen=True):
    """A patch for one file of the base, and the manifest that it leads to."""

    file: str
    patch: Object
    manifest: Manifest


class Difference(msgspec.Struct, frozen=True):
    """One environment, seen from the base: counts and tags by name, patches, objects and configuration of its own."""

    replicas: Mapping[str, int] = {}
    tags: Mapping[str, str] = {}
    changes: tuple[Change, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    configs: tuple[ConfigMap, ...] = ()


class Shared(msgspec.Struct, frozen=True):
    """The base, and a difference for each environment. Without `has_base` nothing is shared."""

    manifests: tuple[Manifest, ...]
    configs: tuple[ConfigMap, ...]
    differences: tuple[Difference, ...]
    has_base: bool = True


def share(group: Sequence[Made]) -> Shared:
    """The first of the group is what the base looks like; values that belong to one environment are in none."""
    files = sorted({manifest.file for made in group for manifest in made.manifests})
    tables = [{manifest.file: manifest for manifest in made.manifests} for made in group]
    tags = [_tags(tables[0], table) for table in tables]
    changes = {file: _changes(file, tables, tags) for file in files}
    common = [file for file in files if changes[file] is not None]
    if _are_strangers(group, [tables[0][file] for file in common]):
        apart = tuple(Difference(manifests=made.manifests, configs=made.configs) for made in group)
        return Shared((), (), apart, has_base=False)
    configs = _shared_configs(group)
    differences = []
    for number, (made, table) in enumerate(zip(group, tables, strict=True)):
        mine = [(changes[file] or [])[number] for file in common]
        differences.append(
            Difference(
                replicas=_replicas(tables[0], table, common),
                tags=tags[number],
                changes=tuple(change for change in mine if change),
                manifests=tuple(table[file] for file in files if file in table and file not in common),
                configs=_own_configs(made, configs),
            )
        )
    return Shared(tuple(tables[0][file] for file in common), configs, tuple(differences))


def _are_strangers(group: Sequence[Made], common: Iterable[Manifest]) -> bool:
    """Whether what runs the pods is so different that nothing is gained by a base."""
    runs_pods = any(manifest.kind in CONTROLLERS for made in group for manifest in made.manifests)
    return len(group) > 1 and runs_pods and not any(manifest.kind in CONTROLLERS for manifest in common)


def containers(found: Object) -> list[Object]:
    """The containers of an object that has pods."""
    spec = found.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    pod = spec.get("template", {}).get("spec", {})
    return [*pod.get("initContainers", ()), *pod.get("containers", ())] if isinstance(pod, dict) else []


def split_image(image: str) -> tuple[str, str]:
    """(name, tag): `registry:5000/web:1` → `registry:5000/web`, `1`; no tag for a digest or none."""
    name, colon, tag = image.rpartition(":")
    return (name, tag) if colon and "/" not in tag and "@" not in name else (image, "")


def _changes(
    file: str, tables: Sequence[Mapping[str, Manifest]], tags: Sequence[Mapping[str, str]]
) -> list[Change | None] | None:
    """For each environment the change that it needs; None where each has to have the whole object."""
    if any(file not in table or table[file].apart for table in tables):
        return None
    found: list[Change | None] = []
    for table, tagged in zip(tables, tags, strict=True):
        wanted = table[file]
        before = _as_set(tables[0][file].object, wanted.object, tagged)
        if before == wanted.object:
            found.append(None)
            continue
        said = None if wanted.kind in NEVER_PATCHED else patch(before, wanted.object)
        if said is None:
            return None
        found.append(Change(file, said, wanted))
    return found


def _as_set(before: Object, after: Object, tags: Mapping[str, str]) -> Object:
    """The object of the base with what kustomize's `replicas` and `images` set in it."""
    replicas = after.get("spec", {}).get("replicas")
    if not tags and replicas == before.get("spec", {}).get("replicas"):
        return before
    found = deepcopy(before)
    if replicas is not None and "replicas" in found.get("spec", {}):
        found["spec"]["replicas"] = replicas
    for container in containers(found):
        name, _ = split_image(container["image"])
        if name in tags:
            container["image"] = f"{name}:{tags[name]}"
    return found


def _tags(before: Mapping[str, Manifest], after: Mapping[str, Manifest]) -> dict[str, str]:
    """Image → tag, where it is another one than in the base, and the same wherever the image is used."""
    old, new = _tags_used(before.values()), _tags_used(after.values())
    return {
        name: next(iter(tags))
        for name, tags in sorted(new.items())
        if len(tags) == 1 and "" not in tags and name in old and "" not in old[name] and tags != old[name]
    }


def _tags_used(manifests: Iterable[Manifest]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for manifest in manifests:
        for container in containers(manifest.object):
            name, tag = split_image(container["image"])
            found[name].add(tag)
    return dict(found)


def _replicas(before: Mapping[str, Manifest], after: Mapping[str, Manifest], common: Iterable[str]) -> dict[str, int]:
    found = {}
    for file in common:
        old, new = (table[file].object.get("spec", {}).get("replicas") for table in (before, after))
        if None not in (old, new) and old != new:
            found[after[file].name] = int(new)
    return found


def _shared_configs(group: Sequence[Made]) -> tuple[ConfigMap, ...]:
    """ConfigMaps that every environment has, with the keys that are alike in all."""
    tables = [{config.name: config for config in made.configs} for made in group]
    found = []
    for name, config in tables[0].items():
        others = [table.get(name) for table in tables]
        data = {
            key: text
            for key, text in config.data.items()
            if all(other is not None and other.data.get(key) == text for other in others)
        }
        if data:
            sources = {key: source for key, source in config.sources.items() if key in data}
            found.append(ConfigMap(name, data, sources, config.is_environment))
    return tuple(found)


def _own_configs(made: Made, shared: Iterable[ConfigMap]) -> tuple[ConfigMap, ...]:
    common = {config.name: config.data for config in shared}
    found = []
    for config in made.configs:
        data = {key: text for key, text in config.data.items() if key not in common.get(config.name, {})}
        if data:
            sources = {key: source for key, source in config.sources.items() if key in data}
            found.append(ConfigMap(config.name, data, sources, config.is_environment))
    return tuple(found)
