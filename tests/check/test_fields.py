# SPDX-License-Identifier: Apache-2.0
"""The fields that we know are those of kubernetes-validate, whose schemas are Kubernetes' own."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from migrate.check.fields import QUANTITY, knowledge, minor_of, mistakes

GOLDEN = Path(__file__).parents[1] / "golden"
CUSTOM = ("gateway.networking.k8s.io", "external-secrets.io", "bitnami.com")


def documents() -> Iterator[dict[str, Any]]:
    """One of each kind and shape, from the good estate and the golden cases."""
    paths = [*(Path(__file__).parent / "good").rglob("*.yaml"), *GOLDEN.glob("*/expected/deploy/**/*.yaml")]
    plain = [path for path in sorted(paths) if "templates" not in path.parts]
    read = (one for path in plain for one in yaml.safe_load_all(path.read_text(encoding="utf-8")))
    for one in read:
        kind = f"{one.get('apiVersion')} {one.get('kind')}" if isinstance(one, dict) else ""
        if kind in knowledge().kinds and not kind.startswith(CUSTOM) and one.get("spec") != {}:
            yield one


DOCUMENTS = list(documents())[:40]


def ours(one: dict[str, Any], minor: int) -> list[str]:
    kind = knowledge().kinds[f"{one['apiVersion']} {one['kind']}"].kind
    return [sentence for _, _, sentence in mistakes(one, kind, minor)]


def theirs(one: dict[str, Any], minor: int) -> bool:
    try:
        kubernetes_validate.validate(one, f"1.{minor}", strict=True)
    except kubernetes_validate.ValidationError:
        return False
    return True


def test_there_is_something_to_compare() -> None:
    assert {"Deployment", "Service", "CronJob", "NetworkPolicy", "EndpointSlice"} <= {one["kind"] for one in DOCUMENTS}


@pytest.mark.parametrize("minor", [25, 31, 37])
def test_what_they_take_we_take(minor: int) -> None:
    for one in DOCUMENTS:
        known = not theirs(one, minor)
        assert bool(ours(one, minor)) == known, (one["kind"], one["metadata"]["name"], ours(one, minor))


def broken(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """(path, what to do there) of many small ways to break a document."""
    if isinstance(value, dict):
        yield at, "add"
        for key, inner in value.items():
            yield from broken(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from broken(inner, (*at, index))
    elif at and at[-1] not in ("apiVersion", "kind"):
        yield at, "turn"


def changed(document: dict[str, Any], path: tuple[Any, ...], how: str) -> dict[str, Any]:
    result = copy.deepcopy(document)
    target: Any = result
    for step in path[: -1 if how == "turn" else None]:
        target = target[step]
    if how == "add":
        target["noSuchField"] = 1
    else:
        target[path[-1]] = ["of", "another", "type"]
    return result


@pytest.mark.parametrize("one", DOCUMENTS[:12], ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_what_they_refuse_we_refuse(one: dict[str, Any]) -> None:
    for path, how in list(broken(one))[::3]:
        worse = changed(one, path, how)
        assert bool(ours(worse, 31)) == (not theirs(worse, 31)), (path, how, ours(worse, 31))


def test_fields_have_versions() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}], "hostnameOverride": "a"}}
    assert ours(pod, 34) == []
    assert ours(pod, 31) == ["Kubernetes knows spec.hostnameOverride only from 1.34, not in 1.31"]


def test_nothing_is_a_value_of_a_mapping() -> None:
    """The API server takes it for an empty text."""
    assert ours({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"a": None}}, 31) == []


def test_versions_are_read() -> None:
    assert [minor_of(text) for text in ("1.31", "v1.30.2", "1.20", "1.99", "latest")] == [31, 30, 25, 37, 37]


@pytest.mark.parametrize("text", ["1", "0.5", "100m", "64Mi", "1e3", "1E", "12E6", ".5G"])
def test_quantities(text: str) -> None:
    assert QUANTITY.fullmatch(text)


@pytest.mark.parametrize("text", ["", "64MB", "1 Gi", "m", "--1", "1.2.3"])
def test_no_quantities(text: str) -> None:
    assert not QUANTITY.fullmatch(text)


def test_a_wrong_value_is_not_told() -> None:
    wrong = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": 4711}, "data": {"a": ["hunter2"]}}
    assert not any("hunter2" in sentence or "4711" in sentence for sentence in ours(wrong, 31))
