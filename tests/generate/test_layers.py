# SPDX-License-Identifier: Apache-2.0
"""Bases and overlays: only what differs is in an overlay, and kustomize makes of both exactly what was meant."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate.utils
import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.generate import generate, hashing, objects
from migrate.generate.patches import patch
from migrate.keeping import write_all
from migrate.model.artifact import Artifact
from migrate.model.assessment import Assessment
from migrate.model.config import Package, Routes, Secrets, Target
from migrate.model.finding import Finding
from migrate.model.workload import Placement, Workload
from tests.generate import estates
from tests.generate.estates import ALL, CATALOG, NGINX, SHOP, TOKENS, file

needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not on PATH")
TARGET = Target(namespace="shop-{environment}", registry="registry.example.com")


def moved(workload: Workload, **more: Any) -> Workload:
    """The same workload in staging."""
    return msgspec.structs.replace(workload, **{"environment": "staging", **more})


def two_environments(*changed: Workload) -> Assessment:
    """Production as built by hand; staging has one machine of each kind, and what is in `changed`."""
    machines = [
        msgspec.structs.replace(machine, environment="staging", addresses=(f"10.99.0.{number}",))
        for number, machine in enumerate(estates.MACHINES, start=1)
    ]
    given = {workload.name: workload for workload in changed}
    staging = [given.get(one.name, moved(one, machines=one.machines[:1])) for one in ALL]
    return Assessment(
        environments=("production", "staging"),
        workloads=(*ALL, *staging),
        machines=(*estates.MACHINES, *machines[:-1]),
        tokens=TOKENS,
    )


def laid(*changed: Workload) -> tuple[dict[str, Artifact], list[Finding]]:
    artifacts, findings = generate(two_environments(*changed), catalog=CATALOG, target=TARGET)
    return {artifact.path: artifact for artifact in artifacts}, findings


def with_chart(*changed: Workload) -> list[Artifact]:
    """The files of both environments, and a Helm chart."""
    target = msgspec.structs.replace(TARGET, package=Package.HELM)
    return generate(two_environments(*changed), catalog=CATALOG, target=target)[0]


def kustomize(folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def in_order(value: Any) -> Any:
    """Lists that Kubernetes merges by name have no order of their own."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted((in_order(item) for item in value), key=repr)
    return value


def by_name(found: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {(one["kind"], one["metadata"]["name"]): in_order(one) for one in found}


def other_image(workload: Workload) -> Workload:
    unit = msgspec.structs.replace(workload.units[0], image="docker.io/library/registry:3")
    return moved(workload, units=(unit,))


VARIANTS = {
    "alike": (),
    "another image": (other_image(estates.CONTAINER),),
    "another placement": (moved(NGINX, placement=Placement.VM),),
    "without configuration": (moved(NGINX, tasks=NGINX.tasks[:1]),),
    "without variables": (moved(SHOP, tasks=SHOP.tasks[:3]),),
    "texts that end oddly": (
        moved(NGINX, tasks=(*NGINX.tasks, file("copy", 61, "/etc/nginx/z.conf", "  a {{ b }}\n\n\n", role="nginx"))),
    ),
    "other ports": (moved(NGINX, ports=NGINX.ports[:1]),),
}


TARGETS = {
    "ingresses and skeletons": TARGET,
    "the Gateway API and a store": msgspec.structs.replace(TARGET, routes=Routes.GATEWAY, secrets=Secrets.EXTERNAL),
    "sealed secrets": msgspec.structs.replace(TARGET, secrets=Secrets.SEALED),
}


@needs_kubectl
@pytest.mark.parametrize("wanted", TARGETS)
def test_kustomize_builds_what_is_asked_for(wanted: str, tmp_path: Path) -> None:
    target = TARGETS[wanted]
    site = "server { listen 80; server_name shop.example.com; }\n"
    routed = msgspec.structs.replace(NGINX, tasks=(*NGINX.tasks, file("copy", 60, "/etc/nginx/conf.d/x.conf", site)))
    estate = two_environments()
    every = tuple(routed if one == NGINX else one for one in estate.workloads)
    estate = msgspec.structs.replace(estate, workloads=every)
    write_all(generate(estate, catalog=CATALOG, target=target)[0], tmp_path)
    for environment, meant in objects(estate, catalog=CATALOG, target=target).items():
        found = kustomize(tmp_path / "environments" / environment)
        assert by_name(found) == by_name(meant)


@needs_kubectl
@pytest.mark.parametrize("variant", VARIANTS)
def test_kustomize_builds_what_was_meant(variant: str, tmp_path: Path) -> None:
    assessment = two_environments(*VARIANTS[variant])
    artifacts, _ = generate(assessment, catalog=CATALOG, target=TARGET)
    write_all(artifacts, tmp_path)
    meant = objects(assessment, catalog=CATALOG, target=TARGET)
    assert sorted(meant) == ["production", "staging"]
    for environment, wanted in meant.items():
        found = kustomize(tmp_path / "environments" / environment)
        assert by_name(found) == by_name(wanted)


@needs_kubectl
def test_every_base_builds_on_its_own_and_every_object_is_valid(tmp_path: Path) -> None:
    write_all(laid()[0].values(), tmp_path)
    for base in sorted(tmp_path.glob("*/base")):
        kustomize(base)
    meant = objects(two_environments(), catalog=CATALOG, target=TARGET)
    for one in {str(one): one for found in meant.values() for one in found}.values():
        kubernetes_validate.utils.validate(one, TARGET.kubernetes, strict=True)


def test_an_overlay_has_only_what_differs() -> None:
    artifacts, _ = laid()
    assert "nginx/overlays/staging/config/nginx-config/etc-nginx-nginx.conf" not in artifacts
    overlay = yaml.safe_load(artifacts["nginx/overlays/staging/kustomization.yaml"].text)
    assert overlay["replicas"] == [{"name": "nginx", "count": 1}]
    assert overlay["namespace"] == "shop-staging"


def test_addresses_are_in_no_base() -> None:
    artifacts, _ = laid()
    for path, artifact in artifacts.items():
        if "/base/" in path and path.endswith(".yaml") and ".example." not in path:
            assert "10.20.20." not in artifact.text, path
            assert "10.99." not in artifact.text, path


def test_no_base_where_nothing_is_common() -> None:
    artifacts, findings = laid(moved(NGINX, placement=Placement.VM))
    assert not any(path.startswith("nginx/base") for path in artifacts)
    assert "no-common-base" in {one.check for one in findings}


def test_values_of_one_environment_are_in_its_overlay() -> None:
    tasks = [
        msgspec.structs.replace(task, file=msgspec.structs.replace(task.file, text="SHOP_CURRENCY=USD\nPORT=8000\n"))
        if task.file and task.file.dest == "/etc/shop/shop.env"
        else task
        for task in SHOP.tasks
    ]
    artifacts, _ = laid(moved(SHOP, tasks=tuple(tasks)))
    assert artifacts["shop/base/shop-env.properties"].text == "PORT=8000\n"
    assert artifacts["shop/overlays/staging/shop-env.properties"].text == "SHOP_CURRENCY=USD\n"
    assert "SHOP_CURRENCY=EUR\n" in artifacts["shop/overlays/production/shop-env.properties"].text


def test_an_image_that_differs_is_told() -> None:
    task = msgspec.structs.replace(NGINX.tasks[0], args={"name": ["nginx", "nginx-extras"]})
    artifacts, findings = laid(moved(NGINX, tasks=(task, *NGINX.tasks[1:])))
    assert {"nginx/overlays/production/Dockerfile", "nginx/overlays/staging/Dockerfile"} <= artifacts.keys()
    assert "nginx/Dockerfile" not in artifacts
    assert "image-differs" in {one.check for one in findings}


values = st.recursive(
    st.sampled_from(["a", "b", 1, 2, True]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
    max_leaves=5,
)
items = st.fixed_dictionaries({"name": st.sampled_from("xyz")}, optional={"value": values})
keyed = st.lists(items, min_size=1, max_size=3, unique_by=lambda item: item["name"])


@settings(max_examples=200, deadline=None)
@given(values, values, keyed, keyed)
def test_a_patch_says_the_whole_difference(one: Any, two: Any, some: Any, others: Any) -> None:
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "labels": {"long": "x" * 500}}}
    before, after = ({**head, "spec": {"v": v, "env": env}} for v, env in ((one, some), (two, others)))
    found = patch(before, after)
    if found is not None:
        assert in_order(merged(before, found)) == in_order(after)


def merged(before: Any, change: Any) -> Any:
    """Strategic merge, as Kubernetes documents it, for `env` and mappings."""
    if isinstance(before, list) and change and "$patch" in change[0] and "name" not in change[0]:
        return change[1:]
    if isinstance(before, list) and isinstance(change, list):
        found = {item["name"]: item for item in before}
        for item in change:
            if item.get("$patch") == "delete":
                del found[item["name"]]
            else:
                found[item["name"]] = merged(found.get(item["name"], {}), item)
        return list(found.values())
    if not isinstance(before, dict) or not isinstance(change, dict):
        return change
    found = {key: merged(before.get(key), value) for key, value in change.items() if value is not None}
    return {**{key: value for key, value in before.items() if key not in change}, **found}


@needs_kubectl
@pytest.mark.parametrize("text", ["plain\n", "a <b> & c\n", "é\u2028\u2029\tx", "a\r\nb", "\U0001f600 \\ \"'"])
def test_names_end_as_kustomize_would_have_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text, newline="")
    generator = {"name": "x", "files": ["key=file"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"configMapGenerator": [generator]}))
    (found,) = kustomize(tmp_path)
    assert found["metadata"]["name"] == f"x-{hashing.suffix({'key': text})}"
