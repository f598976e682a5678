# SPDX-License-Identifier: Apache-2.0
"""provenance.json: for each file of a workload where its fields come from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from migrate.model.artifact import Artifact

NAME = "provenance.json"
NAMED_BY = ("mountPath", "name", "containerPort", "port", "host", "path", "topologyKey", "secretKey", "type", "key")


def files(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """One `provenance.json` in each folder at the top: file → field → source."""
    found: defaultdict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for artifact in artifacts:
        folder, slash, name = artifact.path.partition("/")
        if artifact.provenance:
            top, inside = (folder, name) if slash else ("", folder)
            found[top][inside] = dict(sorted(artifact.provenance.items()))
    return [
        Artifact(
            "/".join(filter(None, (folder, NAME))),
            f"{json.dumps(dict(sorted(told.items())), indent=1, ensure_ascii=False)}\n",
        )
        for folder, told in sorted(found.items())
    ]


def leaves(value: Any, at: str = "") -> Iterator[str]:
    """Paths of all values: `spec.template.spec.containers[web].ports[http].containerPort`."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, _below(at, key))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from leaves(item, f"{at}[{_item_name(item, index)}]")
    else:
        yield at


def _below(at: str, key: str) -> str:
    """Keys with dots or slashes stand in brackets, as items of lists do."""
    plain = key.replace("-", "").replace("_", "").isalnum()
    return (f"{at}.{key}" if at else key) if plain else f"{at}[{key}]"


def _item_name(item: dict[str, Any], index: int) -> str:
    return next((str(item[key]) for key in NAMED_BY if isinstance(item.get(key), str | int)), str(index))
