# SPDX-License-Identifier: Apache-2.0
"""A generated folder read back: which pods it describes, with their ConfigMaps, Secrets, Services and images."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import FileError, UsageError
from migrate.files import load_documents, parse_documents

Object = dict[str, Any]
Build = Callable[[Path], str]
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
    """One pod to try. `context` is the folder of its Dockerfile, None where the image is somebody else's; `others` are
    the folders of the images that its other containers have.
    """

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
    others: Mapping[str, Path] = {}

    @property
    def id(self) -> str:
        return f"{self.environment}/{self.name}" if self.environment else self.name

    @property
    def is_job(self) -> bool:
        return self.kind in JOBS


class Place(msgspec.Struct, frozen=True, order=True):
    """A workload in an environment, before it is read. `folder` holds its kustomization, `home` all of its files."""

    environment: str
    name: str
    folder: Path
    home: Path

    @property
    def id(self) -> str:
        return f"{self.environment}/{self.name}" if self.environment else self.name


def places(root: Path) -> list[Place]:
    """Every workload of every environment. Raises FileError for what is no generated folder."""
    homes = sorted(path.parents[1] for path in root.rglob("base/kustomization.yaml"))
    found = [place for home in homes for place in _of_home(home, root)]
    if not found:
        raise FileError(f"{root}: no generated workloads there", hint="Run `migrate generate`, or name the folder: -o.")
    return sorted(found)


def choose(found: Iterable[Place], wanted: Iterable[str]) -> list[Place]:
    """Those that are named (`web`, `production/web`, `shop-*`), all without names. Raises UsageError for a stranger."""
    having = [place for place in found if _has_pod(place)]
    chosen: set[Place] = set()
    for name in wanted:
        hits = [one for one in having if fnmatch.fnmatchcase(one.id, name) or fnmatch.fnmatchcase(one.name, name)]
        if not hits:
            there = ", ".join(one.id for one in having) or "none"
            raise UsageError(f"no workload {name} with a pod", hint=f"There are: {there}.")
        chosen.update(hits)
    return sorted(chosen) if chosen else having


def read(chosen: Iterable[Place], every: Iterable[Place], root: Path, build: Build) -> list[Subject]:
    """The pods of places; `build` is kustomize."""
    every = list(every)
    services = {place: [one for one in _documents(place) if one.get("kind") == "Service"] for place in every}
    folders = [path.parent for path in sorted(root.rglob("Dockerfile")) if "files" not in path.parts]
    contexts = {name: one for one in folders for name in (one.name, f"{one.parent.name}/{one.name}")}
    found = []
    for place in chosen:
        beside = [one for other in every if other.environment == place.environment for one in services[other]]
        objects = parse_documents(build(place.folder), str(place.folder))
        found += list(_subjects(objects, beside, place, contexts))
    return found


def _of_home(home: Path, root: Path) -> Iterator[Place]:
    """One place for each overlay; the base itself where there is none."""
    overlays = sorted(path.parent for path in home.glob("overlays/*/kustomization.yaml"))
    for folder in overlays:
        yield Place(folder.name, home.name, folder, home)
    if not overlays:
        near = home.parent
        yield Place("" if near == root else near.relative_to(root).as_posix(), home.name, home / "base", home)


def _documents(place: Place) -> list[Object]:
    """All documents of base and overlay as they are written, skeletons of Secrets included."""
    folders = dict.fromkeys((place.home / "base", place.folder))
    paths = [path for folder in folders for path in sorted(folder.glob("*.yaml"))]
    return [one for path in paths for one in load_documents(path) if isinstance(one, dict)]


def _has_pod(place: Place) -> bool:
    return any(one.get("kind") in PODS for one in _documents(place))


def _subjects(
    objects: list[Object], beside: list[Object], place: Place, contexts: Mapping[str, Path]
) -> Iterator[Subject]:
    config = {_name(one): _texts(one, "data") for one in objects if one.get("kind") == "ConfigMap"}
    written = [*_documents(place), *objects]
    secrets = {_name(one): _texts(one, "stringData") for one in written if one.get("kind") == "Secret"}
    for found in (one for one in objects if one.get("kind") in PODS):
        pod = _dig(found, PODS[found["kind"]])
        if not pod.get("containers"):
            raise FileError(f"{place.folder}: {found['kind']} {_name(found)} has no containers")
        image, *others = (str(container.get("image", "")) for container in pod["containers"])
        yield Subject(
            name=_name(found),
            environment=place.environment,
            kind=found["kind"],
            pod=pod,
            config=config,
            secrets=secrets,
            neighbours=_neighbours(beside, _name(found)),
            routes=tuple(sorted(set(_routes(objects)))),
            context=_context(image, place, contexts),
            image=image,
            others={one: folder for one in others if one != image and (folder := _shared(one, place, contexts))},
        )


def _context(image: str, place: Place, contexts: Mapping[str, Path]) -> Path | None:
    """Where the image is built: in the overlay, beside the base, or in the folder that is named like it."""
    for folder in (place.folder, place.home):
        if (folder / "Dockerfile").is_file():
            return folder
    return _shared(image, place, contexts)


def _shared(image: str, place: Place, contexts: Mapping[str, Path]) -> Path | None:
    """The folder that is named like an image, or what is in it for one environment."""
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return contexts.get(f"{name}/{place.environment}") or contexts.get(name)


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
