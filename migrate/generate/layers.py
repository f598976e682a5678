# SPDX-License-Identifier: Apache-2.0
"""Kustomize: for each workload a base, and an overlay for each environment that holds only what is different there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from migrate.files import dump_yaml
from migrate.generate import notes, sharing
from migrate.generate.draft import header
from migrate.generate.estate import Estate
from migrate.generate.manifest import ConfigMap, Made, Manifest, Object, own_labels
from migrate.generate.sharing import Difference
from migrate.model.artifact import Artifact
from migrate.model.fields import fields
from migrate.model.finding import Finding, Severity

HEAD = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
NAME = "kustomization.yaml"
Laid = tuple[list[Artifact], list[Finding]]


def lay(group: Sequence[Made], estate: Estate) -> Laid:
    """All files of one workload. A single environment without a name needs no overlay."""
    shared = sharing.share(group)
    first, findings = group[0], []
    artifacts = []
    if not shared.has_base:
        findings.append(_no_base(group))
    alone = len(group) == 1 and not first.environment
    if alone:
        whole = msgspec.structs.replace(shared.differences[0], manifests=first.manifests, configs=first.configs)
        artifacts += _layer(f"{first.name}/base", first, whole, own_labels(first, estate))
    elif shared.has_base:
        base = Difference(manifests=shared.manifests, configs=shared.configs)
        artifacts += _layer(f"{first.name}/base", first, base, {})
    for made, difference in zip(group, () if alone else shared.differences, strict=False):
        folder = f"{made.name}/overlays/{made.environment}"
        artifacts += _overlay(folder, made, difference, estate, shared)
    artifacts += _same_or_each(group, [made.examples for made in group], "base" if shared.has_base else "")
    artifacts += _same_or_each(group, [made.build for made in group], ".")
    return artifacts, [*findings, *_builds_differ(group)]


def _overlay(folder: str, made: Made, difference: Difference, estate: Estate, shared: sharing.Shared) -> list[Artifact]:
    head: dict[str, Any] = {}
    if namespace := estate.namespace(made.workload.environment):
        head["namespace"] = namespace
    resources = ["../../base"] if shared.has_base else []
    merged = {config.name for config in shared.configs}
    return _layer(folder, made, difference, own_labels(made, estate), head=head, resources=resources, merged=merged)


def _layer(
    folder: str,
    made: Made,
    difference: Difference,
    pairs: dict[str, str],
    *,
    head: dict[str, Any] | None = None,
    resources: Iterable[str] = (),
    merged: Iterable[str] = (),
) -> list[Artifact]:
    """One kustomization with all that it lists."""
    artifacts = [_file(folder, made, manifest) for manifest in difference.manifests]
    found: dict[str, Any] = {**HEAD, **(head or {})}
    listed = [*resources, *sorted(manifest.file for manifest in difference.manifests)]
    found |= {"resources": listed} if listed else {}
    if pairs:
        found["labels"] = [{"pairs": pairs, "includeTemplates": True}]
    generators = [_generator(config, config.name in merged) for config in difference.configs]
    if generators:
        found["generatorOptions"] = {"labels": made.labels}
        found["configMapGenerator"] = generators
    found |= _settings(difference)
    artifacts += [file for config in difference.configs for file in _config_files(folder, config)]
    artifacts += [_patch(folder, made, change) for change in difference.changes]
    text = dump_yaml(found, header=header(made.workload))
    return [Artifact(f"{folder}/{NAME}", text, _sources(found, made, difference)), *artifacts]


def _settings(difference: Difference) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if difference.tags:
        found["images"] = [{"name": name, "newTag": tag} for name, tag in difference.tags.items()]
    if difference.replicas:
        found["replicas"] = [{"name": name, "count": count} for name, count in difference.replicas.items()]
    if difference.changes:
        found["patches"] = [{"path": _patch_name(change)} for change in difference.changes]
    return found


def _generator(config: ConfigMap, is_merged: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": config.name}
    if is_merged:
        found["behavior"] = "merge"
    lines, files = _by_form(config)
    if lines:
        found["envs"] = [f"{config.name}.properties"]
    if files:
        found["files"] = [f"{key}=config/{config.name}/{key}" for key in sorted(files)]
    return found


def _by_form(config: ConfigMap) -> tuple[dict[str, str], dict[str, str]]:
    """Variables of one line go into one file; kustomize keeps what is in the others to the letter."""
    lines = {key: text for key, text in config.data.items() if config.is_environment and not _is_awkward(text)}
    return lines, {key: text for key, text in config.data.items() if key not in lines}


def _is_awkward(text: str) -> bool:
    return len(text) > 10_000 or any(not char.isprintable() and char != "\t" for char in text)


def _config_files(folder: str, config: ConfigMap) -> list[Artifact]:
    lines, files = _by_form(config)
    found = [
        Artifact(f"{folder}/config/{config.name}/{key}", text, {"text": config.sources.get(key, "role")})
        for key, text in sorted(files.items())
    ]
    if lines:
        text = "".join(f"{key}={value}\n" for key, value in sorted(lines.items()))
        sources = {key: source for key, source in config.sources.items() if key in lines}
        found.append(Artifact(f"{folder}/{config.name}.properties", text, sources))
    return found


def _file(folder: str, made: Made, manifest: Manifest) -> Artifact:
    text = dump_yaml(manifest.object, header=header(made.workload))
    return Artifact(f"{folder}/{manifest.file}", text, _present(manifest.sources, manifest.object))


def _patch(folder: str, made: Made, change: sharing.Change) -> Artifact:
    text = dump_yaml(change.patch, header=header(made.workload))
    return Artifact(f"{folder}/{_patch_name(change)}", text, _present(change.manifest.sources, change.patch))


def _present(sources: Mapping[str, str], found: Object) -> dict[str, str]:
    """Sources of the fields that there are."""
    names = {name for name, _ in fields(found)}
    return {field: source for field, source in sources.items() if source and field in names}


def _patch_name(change: sharing.Change) -> str:
    return f"{change.file.removesuffix('.yaml')}.patch.yaml"


def _sources(found: dict[str, Any], made: Made, difference: Difference) -> dict[str, str]:
    sources = {
        "apiVersion": "default: kustomize's own",
        "kind": "default: kustomize's own",
        "namespace": "target.namespace of migrate.yaml, else the name of the environment",
        "resources": "the files beside it, and the base",
        "labels": "names of workload and environment",
        "generatorOptions": "names of workload and category of its catalog entry",
        "configMapGenerator": "files that the role writes; the names end in a hash of the contents",
        "images": "digest of the Dockerfile and files of this environment, or the tag that its role names",
        "patches": "what is different in this environment",
    }
    tables = {manifest.name: manifest.sources for manifest in made.manifests if "spec.replicas" in manifest.sources}
    for name in difference.replicas:
        sources[f"replicas[{name}]"] = tables.get(name, {}).get("spec.replicas", "machines of this environment")
    return {field: source for field, source in sources.items() if field.partition("[")[0] in found}


def _same_or_each(group: Sequence[Made], files: Sequence[tuple[Artifact, ...]], where: str) -> list[Artifact]:
    """Files below the workload's folder: once where all environments have the same, else in each overlay."""
    first = group[0]
    if where and all(each == files[0] for each in files):
        return [_moved(file, first.name, where) for file in files[0]]
    return [
        _moved(file, made.name, f"overlays/{made.environment}")
        for made, each in zip(group, files, strict=True)
        for file in each
    ]


def _moved(file: Artifact, name: str, where: str) -> Artifact:
    inside = file.path.partition("/")[2]
    return msgspec.structs.replace(file, path=f"{name}/{inside}" if where == "." else f"{name}/{where}/{inside}")


def _no_base(group: Sequence[Made]) -> Finding:
    ways = sorted(f"{made.workload.placement} in {made.environment}" for made in group)
    message = (
        f"{group[0].name} is so different from environment to environment that no base is shared: {', '.join(ways)}."
    )
    remedy = "Make the environments alike, or keep each overlay as it is."
    return notes.finding(group[0].workload, "no-common-base", message, remedy, severity=Severity.NOTE)


def _builds_differ(group: Sequence[Made]) -> list[Finding]:
    """What runs in production should be what was tried in staging."""
    if all(made.build == group[0].build for made in group):
        return []
    tables = [{file.path: file.text for file in made.build} for made in group]
    paths = sorted({path for table in tables for path in table})
    other = [path.partition("/")[2] for path in paths if len({table.get(path) for table in tables}) > 1]
    where = ", ".join(made.environment for made in group)
    message = f"The image of {group[0].name} is not the same in {where}: {notes.listed(other)}."
    remedy = "Let environments differ in configuration, not in the image, so that one image goes from one to the next."
    return [notes.finding(group[0].workload, "image-differs", message, remedy, severity=Severity.NOTE)]
