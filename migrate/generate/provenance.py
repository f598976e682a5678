# SPDX-License-Identifier: Apache-2.0
"""provenance.json: for each file of a workload where its fields come from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

from migrate.model.artifact import Artifact

NAME = "provenance.json"


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
