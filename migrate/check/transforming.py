# SPDX-License-Identifier: Apache-2.0
"""What a kustomization does to every object below it: namespace, labels, annotations, images, replicas."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from migrate.check import patching
from migrate.check.reach import Table, items, reach, table, tables, text
from migrate.check.scene import TEMPLATES, Object

EVERYWHERE = ("Namespace", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "StorageClass", "IngressClass")


def transformed(one: Object, kustomization: Table) -> Object:
    """With the namespace, labels, annotations, images and replicas that the kustomization sets."""
    data = one.data
    for change in (_with_metadata, _with_labels, _with_images, _with_replicas):
        data = change(data, kustomization)
    return one if data is one.data else Object(one.path, data, one.index, one.example)


def _with_metadata(data: Table, kustomization: Table) -> Table:
    more: Table = {}
    if text(kustomization.get("namespace")) and data.get("kind") not in EVERYWHERE:
        more["namespace"] = kustomization["namespace"]
    if table(kustomization.get("commonAnnotations")):
        more["annotations"] = kustomization["commonAnnotations"]
    return patching.merge(data, {"metadata": more}) if more else data


def _with_labels(data: Table, kustomization: Table) -> Table:
    common = table(kustomization.get("commonLabels"))
    rules = [*tables(kustomization.get("labels")), *([{"pairs": common, "includeSelectors": True}] if common else [])]
    for rule in rules:
        pairs = table(rule.get("pairs"))
        data = patching.merge(data, {"metadata": {"labels": pairs}})
        kind = text(data.get("kind"))
        if kind in TEMPLATES and (rule.get("includeSelectors") or rule.get("includeTemplates")):
            data = patching.merge(data, _nested(f"{TEMPLATES[kind]}.metadata.labels", pairs))
            more = _nested("spec.jobTemplate.metadata.labels", pairs) if kind == "CronJob" else {}
            data = patching.merge(data, more)
        if rule.get("includeSelectors"):
            data = patching.merge(data, _selector(data, pairs))
    return data


def _selector(data: Table, pairs: Mapping[str, Any]) -> Table:
    if data.get("kind") == "Service" and reach(data, "spec.selector"):
        return {"spec": {"selector": pairs}}
    if data.get("kind") in ("NetworkPolicy",):
        return {"spec": {"podSelector": {"matchLabels": pairs}}}
    return {"spec": {"selector": {"matchLabels": pairs}}} if reach(data, "spec.selector.matchLabels") else {}


def _nested(path: str, value: Any) -> Table:
    for step in reversed(path.split(".")):
        value = {step: value}
    return table(value)


def _with_images(data: Table, kustomization: Table) -> Table:
    wanted = {text(entry.get("name")): entry for entry in tables(kustomization.get("images"))}
    at = TEMPLATES.get(text(data.get("kind")), "") if wanted else ""
    spec = table(reach(data, f"{at}.spec")) if at else {}
    for field in ("initContainers", "containers"):
        changed = [_image(one, wanted) for one in items(spec.get(field))]
        if changed != items(spec.get(field)):
            data = patching.replace(data, f"{at}.spec.{field}", changed)
    return data


def _image(container: Any, wanted: Mapping[str, Table]) -> Any:
    image = text(table(container).get("image"))
    name = image.partition("@")[0]
    name = name.rpartition(":")[0] if ":" in posixpath.basename(name) else name
    entry = wanted.get(name)
    if entry is None:
        return container
    rest = image[len(name) :]
    if entry.get("digest"):
        rest = f"@{entry['digest']}"
    elif entry.get("newTag") is not None:
        rest = f":{entry['newTag']}"
    return {**container, "image": text(entry.get("newName") or name) + rest}


def _with_replicas(data: Table, kustomization: Table) -> Table:
    for entry in tables(kustomization.get("replicas")):
        if data.get("kind") in ("Deployment", "StatefulSet") and reach(data, "metadata.name") == entry.get("name"):
            data = patching.merge(data, {"spec": {"replicas": entry.get("count")}})
    return data
