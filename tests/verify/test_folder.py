# SPDX-License-Identifier: Apache-2.0
"""What is read back from a generated folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.errors import FileError, UsageError
from migrate.verify import folder
from migrate.verify.folder import Neighbour, Route

DEPLOYMENT = """kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: "registry/web:build-1"}]}}}
"""
SERVICE = "kind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: 5432}, {port: 53, protocol: UDP}]}\n"
ROUTES = """kind: Ingress
metadata: {name: web}
spec: {rules: [{host: shop.example.com, http: {paths: [{path: /cart}]}}]}
---
kind: HTTPRoute
metadata: {name: web}
spec: {hostnames: ["*.example.com"], rules: [{matches: [{path: {value: /api}}]}]}
"""


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    base, overlay = tmp_path / "web" / "base", tmp_path / "web" / "overlays" / "production"
    for made in (
        base,
        overlay,
        tmp_path / "postgresql" / "base",
        tmp_path / "postgresql" / "overlays" / "production",
    ):
        made.mkdir(parents=True)
        (made / "kustomization.yaml").write_text("resources: []\n")
    (base.parent / "Dockerfile").write_text("FROM scratch\n")
    (base / "deployment.yaml").write_text(DEPLOYMENT)
    (base / "ingress.yaml").write_text(ROUTES)
    (base / "configmap.yaml").write_text("kind: ConfigMap\nmetadata: {name: plain}\ndata: {k: v}\n")
    (overlay / "secret.example.yaml").write_text("kind: Secret\nmetadata: {name: s}\nstringData: {P: <value of p>}\n")
    (tmp_path / "postgresql" / "base" / "service.yaml").write_text(SERVICE % "postgresql")
    return tmp_path


def build(folder: Path) -> str:
    """Instead of kustomize: the files of the base, one after the other."""
    base = folder if folder.name == "base" else folder.parents[1] / "base"
    return "---\n".join(path.read_text() for path in sorted(base.glob("*.yaml")) if path.name != "kustomization.yaml")


def read(deploy: Path, *wanted: str) -> list[folder.Subject]:
    every = folder.places(deploy)
    return folder.read(folder.choose(every, wanted), every, deploy, build)


def test_a_workload_with_all_that_belongs_to_it(deploy: Path) -> None:
    (web,) = read(deploy)
    assert (web.id, web.kind, web.is_job) == ("production/web", "Deployment", False)
    assert web.context == deploy / "web"
    assert web.config == {"plain": {"k": "v"}}
    assert web.secrets == {"s": {"P": "<value of p>"}}
    assert web.neighbours == (Neighbour("postgresql", (5432,)),)
    assert web.routes == (Route("/api", "any.example.com"), Route("/cart", "shop.example.com"))


def test_one_subject_for_each_overlay(deploy: Path) -> None:
    staging = deploy / "web" / "overlays" / "staging"
    staging.mkdir()
    (staging / "kustomization.yaml").write_text("resources: [../../base]\n")
    (staging / "Dockerfile").write_text("FROM scratch\n")
    found = {one.id: one for one in read(deploy)}
    assert found["staging/web"].context == staging and found["production/web"].context == deploy / "web"
    assert found["staging/web"].neighbours == ()


def test_a_base_without_overlays(deploy: Path) -> None:
    (deploy / "web" / "overlays" / "production" / "kustomization.yaml").unlink()
    assert [one.id for one in read(deploy)] == ["web"]


def test_an_image_that_several_workloads_share(deploy: Path) -> None:
    (deploy / "web").rename(deploy / "site")
    (deploy / "site" / "Dockerfile").unlink()
    shared = deploy / "images" / "web"
    shared.mkdir(parents=True)
    (shared / "Dockerfile").write_text("FROM scratch\n")
    assert read(deploy)[0].context == shared


@pytest.mark.parametrize("where", ["images/app", "images/app/production"])
def test_every_container_has_its_image(where: str, deploy: Path) -> None:
    """Its own below images/, and there the one of the environment before the common one."""
    (deploy / where).mkdir(parents=True)
    for path in (deploy / "images" / "app", deploy / where):
        (path / "Dockerfile").write_text("FROM scratch\n")
    manifest = deploy / "web" / "base" / "deployment.yaml"
    manifest.write_text(DEPLOYMENT.replace("}]", '}, {name: app, image: "app:build-2"}]'))
    assert read(deploy)[0].others == {"app:build-2": deploy / where}


def test_somebody_else_s_image_has_no_context(deploy: Path) -> None:
    (deploy / "web" / "Dockerfile").unlink()
    assert read(deploy)[0].context is None


def test_a_broken_file_is_named_with_its_line(deploy: Path) -> None:
    (deploy / "web" / "base" / "deployment.yaml").write_text("kind: Deployment\nmetadata: {name: [\n")
    with pytest.raises(FileError, match=r"deployment\.yaml:3"):
        read(deploy)


def test_no_generated_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no generated workloads"):
        folder.places(tmp_path)


@pytest.mark.parametrize("name", ["web", "production/web", "w*", "production/*"])
def test_choosing(deploy: Path, name: str) -> None:
    assert [one.id for one in folder.choose(folder.places(deploy), [name])] == ["production/web"]


def test_choosing_a_stranger(deploy: Path) -> None:
    with pytest.raises(UsageError) as caught:
        folder.choose(folder.places(deploy), ["postgresql"])
    assert "production/web" in caught.value.hint
