# SPDX-License-Identifier: Apache-2.0
"""A generated folder read back: which pods it describes, with their ConfigMaps, Secrets, Services and images."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import FileError, UsageError
from migrate.files import load_documents
from migrate.verify.generators import generated

Object = dict[str, Any]
BASE = "base"
PODS = {
    "Deployment": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
JOBS = {"Job", "CronJob"}


class Neighbour(msgspec.Struct, frozen=True, order=True):
    """A Service, by the names that pods may use for it, and its TCP ports."""

    name: str
    ports: tuple[int, ...] = ()


class Route(msgspec.Struct, frozen=True, order=True):
    """A path, and the virtual host that it belongs to ("" for any)."""

    path: str
    host: str = ""


class Subject(msgspec.Struct, frozen=True):
    """One pod to try. `context` is the folder of its Dockerfile, None where the image is somebody else's."""

    name: str
    environment: str
    kind: str
    pod: Object
    config: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, Mapping[str, str]]
    neighbours: tuple[Neighbour, ...] = ()
    routes: tuple[Route, ...] = ()
    ports: Mapping[int, int] = {}
    context: Path | None = None
    image: str = ""

    @property
    def id(self) -> str:
        return f"{self.environment}/{self.name}" if self.environment else self.name

    @property
    def is_job(self) -> bool:
        return self.kind in JOBS


def read(root: Path) -> list[Subject]:
    """Every pod below `root`, by environment and name. Raises FileError for what is no generated folder."""
    folders = sorted(path.parent for path in root.rglob(f"{BASE}/kustomization.yaml"))
    objects = {folder: _objects(folder) for folder in folders}
    if not objects:
        raise FileError(f"{root}: no generated workloads there", hint="Run `migrate generate`, or name the folder: -o.")
    contexts = {path.parent.name: path.parent for path in sorted(root.rglob("Dockerfile")) if "files" not in path.parts}
    found = []
    for folder, inside in objects.items():
        near = folder.parent.parent
        beside = [one for other, theirs in objects.items() if other.parent.parent == near for one in theirs]
        environment = "" if near == root else near.relative_to(root).as_posix()
        found += list(_subjects(inside, beside, folder.parent, environment, contexts))
    return sorted(found, key=lambda one: one.id)


def choose(subjects: Iterable[Subject], wanted: Iterable[str]) -> list[Subject]:
    """Those that are named (`web`, `production/web`, `shop-*`), all without names. Raises UsageError for a stranger."""
    subjects = list(subjects)
    chosen: dict[str, Subject] = {}
    for name in wanted:
        hits = [one for one in subjects if fnmatch.fnmatchcase(one.id, name) or fnmatch.fnmatchcase(one.name, name)]
        if not hits:
            there = ", ".join(one.id for one in subjects) or "none"
            raise UsageError(f"no workload {name} with a pod", hint=f"There are: {there}.")
        chosen |= {one.id: one for one in hits}
    return [one for one in subjects if one.id in chosen] if chosen else subjects


def _objects(folder: Path) -> list[Object]:
    """All documents of a base, those that no kustomization lists (skeletons of Secrets) included."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        documents = [one for one in load_documents(path) if isinstance(one, dict)]
        found += documents
        if path.name == "kustomization.yaml":
            found += [made for one in documents for made in generated(one, folder)]
    return found


def _subjects(
    inside: list[Object], beside: list[Object], folder: Path, environment: str, contexts: Mapping[str, Path]
) -> Iterator[Subject]:
    config = {_name(one): _texts(one, "data") for one in inside if one.get("kind") == "ConfigMap"}
    secrets = {_name(one): _texts(one, "stringData") for one in inside if one.get("kind") == "Secret"}
    pods = [one for one in inside if one.get("kind") in PODS]
    for found in pods:
        pod = _dig(found, PODS[found["kind"]])
        if not pod.get("containers"):
            raise FileError(f"{folder}: {found['kind']} {_name(found)} has no containers")
        image = str(pod["containers"][0].get("image", ""))
        yield Subject(
            name=_name(found),
            environment=environment,
            kind=found["kind"],
            pod=pod,
            config=config,
            secrets=secrets,
            neighbours=_neighbours(beside, _name(found)),
            routes=tuple(sorted(set(_routes(inside)))),
            context=_context(image, folder, contexts),
            image=image,
        )


def _context(image: str, folder: Path, contexts: Mapping[str, Path]) -> Path | None:
    """Where the image is built: beside the manifests, or in the folder that is named like it."""
    if (folder / "Dockerfile").is_file():
        return folder
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return contexts.get(name)


def _neighbours(beside: Iterable[Object], own: str) -> tuple[Neighbour, ...]:
    """The other Services of the environment."""
    services = [one for one in beside if one.get("kind") == "Service" and _name(one) != own]
    return tuple(
        sorted(Neighbour(_name(one), tuple(sorted({int(port["port"]) for port in _ports(one)}))) for one in services)
    )


def _ports(service: Object) -> list[Object]:
    return [port for port in _dig(service, ("spec",)).get("ports") or () if port.get("protocol", "TCP") == "TCP"]


def _routes(objects: Iterable[Object]) -> Iterator[Route]:
    """Paths and hosts of Ingress and HTTPRoute."""
    for one in objects:
        spec = _dig(one, ("spec",))
        if one.get("kind") == "Ingress":
            for rule in spec.get("rules") or ():
                for path in _dig(rule, ("http",)).get("paths") or ():
                    yield Route(str(path.get("path") or "/"), _host(rule.get("host")))
        if one.get("kind") == "HTTPRoute":
            for host in spec.get("hostnames") or [""]:
                for rule in spec.get("rules") or ():
                    for match in rule.get("matches") or [{}]:
                        yield Route(str(_dig(match, ("path",)).get("value") or "/"), _host(host))


def _host(name: object) -> str:
    """A name that a client could ask for."""
    return str(name or "").replace("*", "any", 1)


def _texts(one: Object, key: str) -> dict[str, str]:
    return {str(name): str(text) for name, text in (one.get(key) or {}).items()}


def _name(one: Object) -> str:
    return str(_dig(one, ("metadata",)).get("name", ""))


def _dig(value: Any, keys: Iterable[str]) -> Object:
    """The mapping at the end of some keys; an empty one where the way there is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
