# SPDX-License-Identifier: Apache-2.0
"""`migrate explain`: sources of fields, by name or number, with what a person changed and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.commands.explain import explained
from migrate.errors import FileError, UsageError
from migrate.keeping import write_all
from migrate.model.artifact import Artifact

TEXT = """\
kind: Deployment
metadata:
  labels:
    app.kubernetes.io/name: web
spec:
  replicas: 4
  containers:
  - name: sidecar
  - name: web
    ports:
    - name: http
      containerPort: 80
"""
SOURCES = {
    "kind": "default",
    "metadata.labels[app.kubernetes.io/name]": "name of the workload",
    "spec.replicas": "one for each machine: web1, web2",
    "spec.containers[web]": "systemd unit web (roles/web/tasks/main.yml:3)",
}
TOLD = (
    '{"base/deployment.yaml": {"kind": "default", "metadata.labels[app.kubernetes.io/name]": "name of the workload", '
    '"spec.replicas": "one for each machine: web1, web2", '
    '"spec.containers[web]": "systemd unit web (roles/web/tasks/main.yml:3)"}, "Dockerfile": {"FROM": "debian12"}}'
)


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    artifacts = [
        Artifact("web/base/deployment.yaml", TEXT, SOURCES),
        Artifact("web/Dockerfile", "FROM x\n", {"FROM": "debian12"}),
        Artifact("web/provenance.json", TOLD),
    ]
    write_all(artifacts, tmp_path)
    return tmp_path / "web" / "base" / "deployment.yaml"


def test_a_field(deploy: Path) -> None:
    assert explained(f"{deploy}:spec.replicas").splitlines()[1:] == [
        "  value: 4",
        "  from:  one for each machine: web1, web2",
    ]


@pytest.mark.parametrize(
    "field",
    ["spec.containers[web].ports", "spec.containers[1].ports", "spec.containers[web].ports[http].containerPort"],
)
def test_a_field_inside_one_that_is_known(deploy: Path, field: str) -> None:
    said = explained(f"{deploy}:{field}")
    assert "from:  systemd unit web (roles/web/tasks/main.yml:3)" in said
    assert "(said of spec.containers[web])" in said


def test_keys_with_dots(deploy: Path) -> None:
    assert "name of the workload" in explained(f"{deploy}:metadata.labels[app.kubernetes.io/name]")


def test_a_field_that_holds_others(deploy: Path) -> None:
    said = explained(f"{deploy}:spec.containers")
    assert "  [web] from:  systemd unit web (roles/web/tasks/main.yml:3)\n" in said
    assert "replicas from:  one for each machine: web1, web2" in explained(f"{deploy}:spec")


def test_what_a_person_changed(deploy: Path) -> None:
    deploy.write_text(TEXT.replace("replicas: 4", "replicas: 7"))
    said = explained(f"{deploy}:spec.replicas")
    assert "value: 7" in said
    assert "edited by hand; generated was 4" in said


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("spec.replica", "spec.replicas"),
        ("replicas", "spec.replicas"),
        ("spec.containers[web].port", "spec.containers[web].ports"),
        ("metadata.labels.app.kubernetes.io/name", "metadata.labels[app.kubernetes.io/name]"),
        ("zzz", "Leave the field out"),
    ],
)
def test_a_field_that_there_is_not(deploy: Path, field: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        explained(f"{deploy}:{field}")
    assert meant in caught.value.hint


def test_all_fields_of_a_file(deploy: Path) -> None:
    assert explained(str(deploy)).splitlines()[:2] == ["kind", "  default"]
    assert explained(str(deploy.parents[1] / "Dockerfile")) == "FROM\n  debian12\n"


def test_files_that_nobody_generated(deploy: Path) -> None:
    (deploy.parent / "own.yaml").write_text("a: 1\n")
    with pytest.raises(FileError, match=r"provenance\.json"):
        explained(f"{deploy.parent}/own.yaml:a")
    with pytest.raises(UsageError, match="no such file"):
        explained(f"{deploy.parent}/none.yaml:a")
