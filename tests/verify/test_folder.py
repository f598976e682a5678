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
KUSTOMIZATION = """configMapGenerator:
- name: made
  files: [app.conf, other=files/b.conf]
  literals: ["A='1'", B=x=y]
  envs: [c.env]
"""
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
    base = tmp_path / "production" / "web" / "base"
    (base / "files").mkdir(parents=True)
    (base.parent / "Dockerfile").write_text("FROM scratch\n")
    (base / "deployment.yaml").write_text(DEPLOYMENT)
    (base / "kustomization.yaml").write_text(KUSTOMIZATION)
    (base / "app.conf").write_text("app\n")
    (base / "files" / "b.conf").write_text("b\n")
    (base / "c.env").write_text("# no\nC=3\n")
    (base / "ingress.yaml").write_text(ROUTES)
    (base / "configmap.yaml").write_text("kind: ConfigMap\nmetadata: {name: plain}\ndata: {k: v}\n")
    (base / "secret.example.yaml").write_text("kind: Secret\nmetadata: {name: s}\nstringData: {P: <value of p>}\n")
    near = tmp_path / "production" / "postgresql" / "base"
    near.mkdir(parents=True)
    (near / "kustomization.yaml").write_text("resources: [service.yaml]\n")
    (near / "service.yaml").write_text(SERVICE % "postgresql")
    return tmp_path


def test_a_workload_with_all_that_belongs_to_it(deploy: Path) -> None:
    (web,) = folder.read(deploy)
    assert (web.id, web.kind, web.is_job) == ("production/web", "Deployment", False)
    assert web.context == deploy / "production" / "web"
    assert web.config["plain"] == {"k": "v"}
    assert web.config["made"] == {"app.conf": "app\n", "other": "b\n", "C": "3", "A": "1", "B": "x=y"}
    assert web.secrets == {"s": {"P": "<value of p>"}}
    assert web.neighbours == (Neighbour("postgresql", (5432,)),)
    assert web.routes == (Route("/api", "any.example.com"), Route("/cart", "shop.example.com"))


def test_an_image_that_several_workloads_share(deploy: Path) -> None:
    (deploy / "production" / "web").rename(deploy / "production" / "site")
    (deploy / "production" / "site" / "Dockerfile").unlink()
    shared = deploy / "images" / "web"
    shared.mkdir(parents=True)
    (shared / "Dockerfile").write_text("FROM scratch\n")
    assert folder.read(deploy)[0].context == shared


def test_somebody_else_s_image_has_no_context(deploy: Path) -> None:
    (deploy / "production" / "web" / "Dockerfile").unlink()
    assert folder.read(deploy)[0].context is None


def test_a_broken_file_is_named_with_its_line(deploy: Path) -> None:
    path = deploy / "production" / "web" / "base" / "deployment.yaml"
    path.write_text("kind: Deployment\nmetadata: {name: [\n")
    with pytest.raises(FileError, match=r"deployment\.yaml:3"):
        folder.read(deploy)


def test_a_generator_reads_nothing_outside(deploy: Path) -> None:
    (deploy / "production" / "web" / "base" / "kustomization.yaml").write_text(
        "configMapGenerator: [{name: a, files: [../../../../../etc/passwd]}]\n"
    )
    with pytest.raises(FileError, match="outside"):
        folder.read(deploy)


def test_no_generated_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no generated workloads"):
        folder.read(tmp_path)


@pytest.mark.parametrize("name", ["web", "production/web", "w*"])
def test_choosing(deploy: Path, name: str) -> None:
    assert [one.id for one in folder.choose(folder.read(deploy), [name])] == ["production/web"]


def test_choosing_a_stranger(deploy: Path) -> None:
    with pytest.raises(UsageError) as caught:
        folder.choose(folder.read(deploy), ["postgresql"])
    assert "production/web" in caught.value.hint
