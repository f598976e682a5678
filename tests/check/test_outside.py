# SPDX-License-Identifier: Apache-2.0
"""Answers of other linters, as they were recorded, on our scale of severity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.check import ask_others, check, outside
from migrate.check.outside import Report
from migrate.model.artifact import Artifact
from migrate.model.finding import Severity
from tests.check.test_check import GOOD, good_but

KUBE_SCORE: Any = [
    {
        "object_name": "Deployment/apps/v1//web",
        "type_meta": {"kind": "Deployment", "apiVersion": "apps/v1"},
        "object_meta": {"name": "web"},
        "checks": [
            {
                "check": {"id": "container-resources"},
                "grade": 1,
                "skipped": False,
                "comments": [{"path": "web", "summary": "CPU limit is not set", "description": "Set it."}],
            },
            {"check": {"id": "deployment-replicas"}, "grade": 5, "skipped": False, "comments": None},
            {"check": {"id": "stable-version"}, "grade": 10, "skipped": False, "comments": None},
            {"check": {"id": "pod-probes"}, "grade": 1, "skipped": True, "comments": None},
        ],
    }
]
KUBE_LINTER: Any = {
    "Reports": [
        {
            "Diagnostic": {"Message": "object has 2 replicas but does not specify inter pod anti-affinity"},
            "Check": "no-anti-affinity",
            "Remediation": "Specify anti-affinity.",
            "Object": {"K8sObject": {"Name": "web", "GroupVersionKind": {"Group": "apps", "Kind": "Deployment"}}},
        }
    ]
}
POLARIS: Any = {
    "Results": [
        {
            "Name": "web",
            "Kind": "Deployment",
            "Results": {
                "deploymentMissingReplicas": {"ID": "deploymentMissingReplicas", "Message": "ok", "Success": True}
            },
            "PodResult": {
                "Results": {
                    "hostPIDSet": {"ID": "hostPIDSet", "Message": "no", "Success": False, "Severity": "danger"}
                },
                "ContainerResults": [
                    {"Results": {"x": {"ID": "x", "Message": "cpu", "Success": False, "Severity": "warning"}}}
                ],
            },
        }
    ]
}
KUBECONFORM: Any = {
    "resources": [
        {"filename": "a", "kind": "Deployment", "name": "web", "status": "statusInvalid", "msg": "no such field"},
        {"filename": "a", "kind": "Service", "name": "web", "status": "statusValid", "msg": ""},
    ]
}
HADOLINT: Any = [
    {"code": "DL3008", "file": "builds/web/Dockerfile", "level": "warning", "line": 3, "message": "Pin versions"}
]


def test_kube_score() -> None:
    assert list(outside.of_kube_score(KUBE_SCORE)) == [
        Report(
            "container-resources", "web: CPU limit is not set", Severity.WARNING, "Deployment", "web", remedy="Set it."
        ),
        Report("deployment-replicas", "", Severity.NOTE, "Deployment", "web"),
    ]


def test_kube_linter() -> None:
    (one,) = outside.of_kube_linter(KUBE_LINTER)
    assert (one.check, one.severity, one.kind, one.name) == ("no-anti-affinity", Severity.WARNING, "Deployment", "web")


def test_polaris() -> None:
    found = [(one.check, one.severity) for one in outside.of_polaris(POLARIS)]
    assert found == [("hostPIDSet", Severity.WARNING), ("x", Severity.NOTE)]


def test_kubeconform() -> None:
    assert [(one.message, one.severity) for one in outside.of_kubeconform(KUBECONFORM)] == [
        ("no such field", Severity.ERROR)
    ]


def test_hadolint() -> None:
    (one,) = outside.of_hadolint(HADOLINT)
    assert (one.path, one.line, one.severity) == ("builds/web/Dockerfile", 3, Severity.WARNING)


@pytest.mark.parametrize("name", ["kube_score", "kube_linter", "polaris", "kubeconform", "hadolint"])
@pytest.mark.parametrize("answer", [None, [], {}, [1], {"Results": 1, "Reports": [None], "resources": {}}, "text"])
def test_odd_answers_are_no_reports(name: str, answer: object) -> None:
    assert list(getattr(outside, f"of_{name}")(answer)) == []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH but for what tests put there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    return folder


def install(folder: Path, name: str, answer: str, code: int = 0) -> None:
    (folder / f"{name}.json").write_text(answer)
    program = folder / name
    program.write_text(f'#!/bin/sh\necho "$@" > "$0.arguments"\ncat "$0.json"\nexit {code}\n')
    program.chmod(0o755)


def test_linters_on_path_are_asked_and_the_others_are_named(programs: Path) -> None:
    install(programs, "kube-score", json.dumps(KUBE_SCORE), code=1)
    install(programs, "kube-linter", "", code=1)
    heard = ask_others(GOOD, [], kubernetes="1.31")
    assert heard.ran == ("kube-score",)
    assert heard.failed == ("kube-linter (exit code 1)",)
    assert "polaris" in heard.absent
    assert [(one.check, one.subject) for one in heard.findings] == [
        ("kube-score:container-resources", "web/base/deployment.yaml"),
        ("kube-score:deployment-replicas", "web/base/deployment.yaml"),
    ]
    assert "--kubernetes-version=v1.31" in (programs / "kube-score.arguments").read_text()
    assert "kube-score" in heard.told() and "not on PATH" in heard.told() and "no answer" in heard.told()


def test_what_we_said_is_not_said_twice(programs: Path) -> None:
    install(programs, "kube-linter", json.dumps(KUBE_LINTER), code=1)
    artifacts = good_but((Path(__file__).parent / "refused" / "spread.yaml").read_text())
    said = check(artifacts, kubernetes="1.31")
    assert ask_others(artifacts, said, kubernetes="1.31").findings == ()
    assert len(ask_others(artifacts, [], kubernetes="1.31").findings) == 1


def test_dockerfiles_are_shown_by_their_own_path(programs: Path) -> None:
    install(programs, "hadolint", json.dumps(HADOLINT))
    (one,) = ask_others([Artifact("web/Dockerfile", "FROM debian:12\n")], [], kubernetes="1.31").findings
    assert (one.check, str(one.place)) == ("hadolint:DL3008", "web/Dockerfile:3")


def test_kubeconform_is_asked_only_where_its_schemas_are_known(programs: Path) -> None:
    install(programs, "kubeconform", json.dumps(KUBECONFORM))
    heard = ask_others(GOOD, [], kubernetes="1.31")
    assert (heard.ran, heard.failed) == ((), ("kubeconform (policy.schemas is not set)",))
    heard = ask_others(GOOD, [], kubernetes="1.31", schemas="/schemas/{{ .ResourceKind }}.json")
    assert heard.ran == ("kubeconform",)
    assert [one.severity for one in heard.findings] == [Severity.ERROR]
