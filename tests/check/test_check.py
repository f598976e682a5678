# SPDX-License-Identifier: Apache-2.0
"""Every check refuses what its file in refused/ does to the good estate, says why, and lets the good estate pass."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from migrate.check import CHECK_MODULES, check
from migrate.check.checks import CHECKS
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding

HERE = Path(__file__).resolve().parent
GOOD = [
    Artifact(path.relative_to(HERE / "good").as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted((HERE / "good").rglob("*"))
    if path.is_file()
]
OVER = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- good\n"


def judged(artifacts: Iterable[Artifact], kubernetes: str = "1.31") -> list[Finding]:
    return check(artifacts, kubernetes=kubernetes)


def good_but(text: str) -> list[Artifact]:
    """The good estate below an overlay: documents that it has are patches, others are added."""
    there = {
        (one["kind"], one["metadata"]["name"])
        for artifact in GOOD
        if artifact.path.endswith(".yaml")
        for one in yaml.safe_load_all(artifact.text)
        if "metadata" in one
    }
    patches, more = [], []
    for one in yaml.safe_load_all(text):
        (patches if (one["kind"], one["metadata"]["name"]) in there else more).append(yaml.safe_dump(one))
    over = OVER
    over += "- more.yaml\n" if more else ""
    over += "patches:\n- path: patches.yaml\n" if patches else ""
    return [
        *(Artifact(f"good/{artifact.path}", artifact.text) for artifact in GOOD),
        Artifact("kustomization.yaml", over),
        *([Artifact("more.yaml", "---\n".join(more))] if more else []),
        *([Artifact("patches.yaml", "---\n".join(patches))] if patches else []),
    ]


def test_nothing_is_wrong_with_the_good_estate() -> None:
    assert judged(GOOD) == []


@pytest.mark.parametrize("name", CHECKS.names())
def test_every_check_refuses_its_case(name: str) -> None:
    text = (HERE / "refused" / f"{name}.yaml").read_text(encoding="utf-8")
    also = set(text.partition("\n")[0].removeprefix("# also:").split()) if text.startswith("# also:") else set()
    found = judged(good_but(text))
    assert {one.check for one in found} - also == {name}, [one.message for one in found]
    for one in found:
        assert one.message.endswith(".") and one.remedy.endswith("."), one
        assert one.place and one.place.line, one


def test_every_case_is_of_a_check() -> None:
    assert {path.stem for path in (HERE / "refused").iterdir()} == set(CHECKS.names())
    assert CHECK_MODULES


def test_a_check_says_what_it_covers() -> None:
    for row in CHECKS:
        assert row.remedy.endswith(".")
        assert all(":" in one for one in row.asked_by)
