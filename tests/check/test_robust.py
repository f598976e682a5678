# SPDX-License-Identifier: Apache-2.0
"""Whatever a file holds, checks answer; and what they cost grows with the files, not with their square."""

from __future__ import annotations

import copy
import time
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.check import check
from migrate.model.artifact import Artifact
from tests.check.test_check import GOOD

DOCUMENTS = [one for artifact in GOOD if artifact.path.endswith(".yaml") for one in yaml.safe_load_all(artifact.text)]
ODD = st.sampled_from([None, 0, -1, True, "", "x", "*", [], {}, [None], [[1]], {"x": None}, {1: 2}, "\u0000", 1.5])


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [path for key, one in inner for path in paths(one, (*at, key))]


PLACES = [(number, path) for number, one in enumerate(DOCUMENTS) for path in paths(one)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=4))
def test_odd_values_anywhere(changes: list[tuple[tuple[int, tuple[Any, ...]], Any]]) -> None:
    documents = copy.deepcopy(DOCUMENTS)
    for (number, path), value in changes:
        target: Any = documents[number]
        try:
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    artifacts = [Artifact(f"{number}.yaml", yaml.safe_dump(one)) for number, one in enumerate(documents)]
    kustomization = next(one for one in documents if one.get("kind") == "Kustomization") if documents else {}
    check([*artifacts, Artifact("kustomization.yaml", yaml.safe_dump(kustomization))], kubernetes="1.31")


def many(count: int) -> list[Artifact]:
    """The good estate's web, many times under other names, all in one kustomization."""
    found, resources = [], []
    for number in range(count):
        for artifact in GOOD:
            if artifact.path.startswith("web/"):
                text = artifact.text.replace("name: web\n", f"name: web{number}\n").replace(
                    ": web\n", f": web{number}\n"
                )
                text = text.replace("name: web-config", f"name: web{number}-config")
                found.append(Artifact(artifact.path.replace("web/", f"web{number}/", 1), text))
        resources.append(f"- web{number}/base")
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- db/base\n"
    bridge = [artifact for artifact in GOOD if artifact.path.startswith("db/")]
    return [*found, *bridge, Artifact("kustomization.yaml", head + "\n".join(resources) + "\n")]


def test_cost_grows_with_the_files() -> None:
    def seconds(count: int) -> float:
        artifacts = many(count)
        begun = time.process_time()
        assert check(artifacts, kubernetes="1.31") == []
        return time.process_time() - begun

    seconds(1)  # what is read once
    assert seconds(160) < 8 * max(seconds(40), 0.02)
