# SPDX-License-Identifier: Apache-2.0
"""YAML files → documents; what can't be read, and what says a thing twice, is told and left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import msgspec
import yaml

from migrate.check.scene import EXAMPLE, Object
from migrate.model.artifact import Artifact
from migrate.model.place import Place

SUFFIXES = (".yaml", ".yml")
MOST_ALIASES = 100
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Unreadable(msgspec.Struct, frozen=True):
    place: Place
    why: str


class Loaded(msgspec.Struct, frozen=True):
    """`documents` of each YAML file, and the text of all files."""

    documents: Mapping[str, tuple[Object, ...]]
    texts: Mapping[str, str]
    unreadable: tuple[Unreadable, ...]


class _Loader(yaml.CSafeLoader):
    """libyaml's reader, as Kubernetes reads: no dates, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(found) < len(node.value):  # after merging, so `<<` counts as what it brought
            seen: set[str] = set()
            for key, _ in node.value:
                if key.value in seen and key.value not in ("<<", "="):
                    raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} twice", key.start_mark)
                seen.add(key.value)
        return found


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
    for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load(artifacts: Iterable[Artifact]) -> Loaded:
    """Every YAML file but the templates of Helm charts, which are no YAML before they are rendered."""
    texts = {artifact.path: artifact.text for artifact in artifacts}
    charts = {PurePosixPath(path).parent for path in texts if path.endswith("Chart.yaml")}
    documents: dict[str, tuple[Object, ...]] = {}
    unreadable = []
    for path in sorted(texts):
        if not is_yaml(path) or charts & set(PurePosixPath(path).parents):
            continue
        try:
            documents[path] = parse(path, texts[path])
        except yaml.YAMLError as error:
            unreadable.append(Unreadable(Place(path, line_of(error)), told(error)))
    return Loaded(documents, texts, tuple(unreadable))


def parse(path: str, source: str) -> tuple[Object, ...]:
    """The documents of one file. Raises yaml.YAMLError."""
    if "*" in source and "&" in source:
        refuse_bombs(source)
    example = path.endswith(EXAMPLE)
    found = enumerate(yaml.load_all(source, Loader=_Loader))
    return tuple(Object(path, data, index, example) for index, data in found if isinstance(data, dict))


def refuse_bombs(source: str) -> None:
    """Aliases of aliases make a small file a huge tree, and an alias inside what it names makes one without end."""
    aliases, opened = 0, []
    for event in yaml.parse(source, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            opened.pop()
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if aliases > MOST_ALIASES or event.anchor in opened:
                raise yaml.YAMLError(f"aliases without end, or more than {MOST_ALIASES}")


def is_yaml(path: str) -> bool:
    """Only where manifests stand: what a role puts into an image is not ours to read."""
    pure = PurePosixPath(path)
    return (pure.suffix in SUFFIXES or pure.name in KUSTOMIZATIONS) and "files" not in pure.parts


def line_of(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 0


def told(error: yaml.YAMLError) -> str:
    """What is wrong, without the line itself: it may hold a secret."""
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def find_line(source: str, index: int, path: str) -> int:
    """The line of a field, or of the nearest thing above it that is there; 0 where the text can't be read."""
    nodes = _composed(source)
    node = nodes[index] if index < len(nodes) else None
    line = node.start_mark.line + 1 if node else 0
    for step in path.replace("[", ".[").split("."):
        entry = _inside(node, step)
        if entry is None:
            break
        line, node = entry
    return line


@lru_cache(maxsize=8)
def _composed(source: str) -> list[yaml.Node]:
    try:
        return list(yaml.compose_all(source, Loader=_Loader))
    except yaml.YAMLError:
        return []


def _inside(node: yaml.Node | None, step: str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and step[1:-1].isdecimal() and int(step[1:-1]) < len(node.value):
        inner = node.value[int(step[1:-1])]
        return inner.start_mark.line + 1, inner
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    return None
