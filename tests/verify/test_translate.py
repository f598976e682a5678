# SPDX-License-Identifier: Apache-2.0
"""A pod spec as flags: no container may be freer under trial than it will be in the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.verify import translate
from migrate.verify.translate import Mount, Sources

POD: dict[str, Any] = {
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10002,
        "fsGroup": 10003,
        "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
    }
}
CONFINED: dict[str, Any] = {
    "name": "web",
    "image": "web:1",
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
    },
}
SOURCES = Sources(
    config={"env": {"HOST": "db", "PORT": "5432"}}, secrets={"key": {"TOKEN": "abc"}}, fields={"metadata.name": "web"}
)


def run(**container: Any) -> translate.Run:
    return translate.of_container({**CONFINED, **container}, POD, SOURCES)


def test_confinement() -> None:
    flags = run().flags
    for flag in ("--user=10001:10002", "--group-add=10003", "--read-only", "--cap-drop=ALL"):
        assert flag in flags
    assert "--cap-add=NET_BIND_SERVICE" in flags and "--security-opt=no-new-privileges" in flags
    assert not any("privileged" in flag and "no-new" not in flag for flag in flags)


def test_a_container_s_own_user_wins() -> None:
    found = translate.of_container({"name": "a", "image": "b", "securityContext": {"runAsUser": 5}}, POD, SOURCES)
    assert "--user=5:10002" in found.flags and "--read-only" not in found.flags


def test_sysctls_are_of_the_pod() -> None:
    assert translate.sysctls(POD) == ("--sysctl=net.ipv4.ip_unprivileged_port_start=0",)


def test_command_and_arguments() -> None:
    found = run(
        command=["/bin/sh", "-c", "exec $(HOST)"], args=["$(NOBODY)", "$$(HOST)"], env=[{"name": "HOST", "value": "x"}]
    )
    assert "--entrypoint=/bin/sh" in found.flags
    assert found.words == ("-c", "exec x", "$(NOBODY)", "$(HOST)")


def test_arguments_alone_leave_the_entrypoint() -> None:
    found = run(args=["-m", "64"], workingDir="/srv")
    assert found.words == ("-m", "64") and "--workdir=/srv" in found.flags
    assert not any(flag.startswith("--entrypoint") for flag in found.flags)


def test_variables_in_the_order_of_a_kubelet() -> None:
    env = [
        {"name": "URL", "value": "http://$(HOST):$(PORT)"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "key", "key": "TOKEN"}}},
        {"name": "PORT", "valueFrom": {"configMapKeyRef": {"name": "env", "key": "PORT"}}},
        {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    found = run(envFrom=[{"configMapRef": {"name": "env"}}, {"prefix": "P_", "secretRef": {"name": "key"}}], env=env)
    assert found.environment == {
        "HOST": "db", "PORT": "5432", "P_TOKEN": "abc", "URL": "http://db:5432", "TOKEN": "abc", "ME": "web",
    }  # fmt: skip
    assert not found.problems


@pytest.mark.parametrize(
    "container",
    [
        {"envFrom": [{"configMapRef": {"name": "gone"}}]},
        {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "env", "key": "gone"}}}]},
        {"env": [{"name": "A B", "value": "1"}]},
        {"volumeMounts": [{"name": "a", "mountPath": "relative"}]},
        {"volumeMounts": [{"name": "a", "mountPath": "/a:ro,Z"}]},
        {"volumeMounts": [{"name": "a", "mountPath": "/a", "subPath": "../../etc"}]},
    ],
)
def test_what_a_kubelet_would_stop_at(container: dict[str, Any]) -> None:
    assert run(**container).problems


def test_optional_references_may_be_missing() -> None:
    gone = {"name": "gone", "optional": True}
    found = run(
        envFrom=[{"configMapRef": gone}],
        env=[{"name": "A", "valueFrom": {"secretKeyRef": {**gone, "key": "k"}}}],
    )
    assert (found.problems, found.environment) == ((), {})


def test_mounts() -> None:
    mounts = [{"name": "config", "mountPath": "/etc/x", "subPath": "x", "readOnly": True}]
    assert run(volumeMounts=mounts).mounts == (Mount("config", "/etc/x", "x", read_only=True),)


def test_limits() -> None:
    flags = run(resources={"limits": {"memory": "128Mi", "cpu": "500m"}}).flags
    assert "--memory=134217728b" in flags and "--cpus=0.5" in flags


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("250m", 0.25), ("1k", 1000), ("2Gi", 2**31), ("x", 0), (None, 0)]
)
def test_quantities(text: object, number: float) -> None:
    assert translate.quantity(text) == number
