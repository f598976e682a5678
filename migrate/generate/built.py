# SPDX-License-Identifier: Apache-2.0
"""The objects of an environment as kustomize builds them, without kustomize: what charts and checks start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from migrate.generate import hashing, roots
from migrate.generate.estate import Estate
from migrate.generate.manifest import CONTROLLERS, Made, Object, own_labels


def objects(every: Iterable[Made], estate: Estate) -> list[Object]:
    """All objects of one environment: its own, then those of each workload."""
    made = sorted(every, key=lambda one: one.name)
    found = [manifest.object for manifest in roots.manifests(made, estate)]
    return found + [each for one in made for each in of_workload(one, estate)]


def of_workload(made: Made, estate: Estate) -> list[Object]:
    """ConfigMaps under their final names, then the manifests, with namespace and labels."""
    renamed = {config.name: f"{config.name}-{hashing.suffix(config.data)}" for config in made.configs}
    found: list[Object] = [_config_map(made, renamed[config.name], config.data) for config in made.configs]
    found += [_renamed(deepcopy(manifest.object), renamed) for manifest in made.manifests]
    pairs, namespace = own_labels(made, estate), estate.namespace(made.workload.environment)
    for each in found:
        _label(each, pairs)
        if namespace:
            each["metadata"]["namespace"] = namespace
    return found


def _config_map(made: Made, name: str, data: Mapping[str, str]) -> Object:
    metadata = {"name": name, "labels": dict(made.labels)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


def _label(found: Object, pairs: Mapping[str, str]) -> None:
    """As kustomize does with includeTemplates: the object and its pods, but no selector."""
    found["metadata"]["labels"] = {**found["metadata"].get("labels", {}), **pairs}
    if found["kind"] not in CONTROLLERS:
        return
    spec = found["spec"]
    job = spec.get("jobTemplate", {})
    for template in filter(None, (spec.get("template"), job, job.get("spec", {}).get("template"))):
        metadata = template.setdefault("metadata", {})
        metadata["labels"] = {**metadata.get("labels", {}), **pairs}


def _renamed(value: Any, renamed: Mapping[str, str]) -> Any:
    """References to ConfigMaps, wherever in a pod they are."""
    if isinstance(value, list):
        return [_renamed(item, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _renamed(item, renamed) for key, item in value.items()}
    for key in ("configMap", "configMapRef", "configMapKeyRef"):
        if isinstance(found.get(key), dict) and found[key].get("name") in renamed:
            found[key] = {**found[key], "name": renamed[found[key]["name"]]}
    return found
