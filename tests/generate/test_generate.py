# SPDX-License-Identifier: Apache-2.0
"""All generators together, on the estate built by hand: valid, complete, deterministic, without secrets."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate.utils
import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.generate import generate
from migrate.keeping import write_all
from migrate.model.artifact import Artifact
from migrate.model.config import Target
from migrate.model.fields import covering, leaves
from migrate.model.finding import Finding, Severity
from migrate.model.workload import Placement, Workload
from tests.generate import estates
from tests.generate.estates import ALL, CATALOG, PASSWORD, SECRET_KEY, TOKENS, assessment, file, task, workload

TARGET = Target(namespace="shop", registry="registry.example.com/team")
VERSIONS = ("1.31", kubernetes_validate.utils.latest_version())


def made(*workloads: Workload, target: Target = TARGET) -> tuple[dict[str, Artifact], list[Finding]]:
    artifacts, findings = generate(assessment(*workloads), catalog=CATALOG, target=target)
    return {artifact.path: artifact for artifact in artifacts}, findings


def documents(artifact: Artifact) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(artifact.text))


def pod(artifacts: Mapping[str, Artifact], name: str) -> dict[str, Any]:
    return dict(documents(artifacts[f"{name}/base/deployment.yaml"])[0]["spec"]["template"]["spec"])


def test_layout() -> None:
    artifacts, _ = made()
    assert [path for path in artifacts if path.startswith("shop/")] == [
        "shop/.dockerignore",
        "shop/Dockerfile",
        "shop/TASKS.md",
        "shop/base/deployment.yaml",
        "shop/base/kustomization.yaml",
        "shop/base/networkpolicy.yaml",
        "shop/base/poddisruptionbudget.yaml",
        "shop/base/secret.example.yaml",
        "shop/base/service.yaml",
        "shop/base/serviceaccount.yaml",
        "shop/base/shop-env.properties",
        "shop/files/srv/shop/releases/1/wsgi.py",
        "shop/files/usr/local/bin/shop check",
        "shop/overlays/production/kustomization.yaml",
        "shop/provenance.json",
    ]
    assert [path for path in artifacts if path.startswith("postgresql/")] == [
        "postgresql/base/kustomization.yaml",
        "postgresql/base/service.yaml",
        "postgresql/overlays/production/endpointslice-ipv4.yaml",
        "postgresql/overlays/production/endpointslice-ipv6.yaml",
        "postgresql/overlays/production/kustomization.yaml",
        "postgresql/provenance.json",
    ]
    assert not any("ntp" in path or "puzzle" in path or "portless" in path for path in artifacts)
    assert artifacts["shop/files/usr/local/bin/shop check"].executable


def test_a_single_environment_without_a_name_has_no_overlays() -> None:
    plain = msgspec.structs.replace(estates.NGINX, environment="")
    artifacts, _ = made(plain)
    assert {path.partition("/")[0] for path in artifacts} == {
        "kustomization.yaml",
        "namespace.yaml",
        "networkpolicy.yaml",
        "nginx",
        "provenance.json",
    }
    assert not any("overlays" in path for path in artifacts)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(version: str) -> None:
    artifacts, _ = made()
    checked = 0
    for path, artifact in artifacts.items():
        if path.endswith(".yaml") and not path.endswith(("kustomization.yaml", ".patch.yaml")):
            for document in documents(artifact):
                kubernetes_validate.utils.validate(document, version, strict=True)
                checked += 1
    assert checked > 15


def test_every_dockerfile_passes_hadolint(tmp_path: Path, hadolint: str) -> None:
    artifacts, _ = made()
    rocky = [msgspec.structs.replace(machine, os="rocky9.3") for machine in estates.MACHINES]
    other, _ = generate(msgspec.structs.replace(assessment(), machines=tuple(rocky)), catalog=CATALOG, target=TARGET)
    paths = []
    for number, artifact in enumerate([*artifacts.values(), *other]):
        if artifact.path.endswith("Dockerfile"):
            paths.append(tmp_path / f"Dockerfile.{number}")
            paths[-1].write_text(artifact.text)
    result = subprocess.run([hadolint, "--no-color", *paths], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
    assert len(paths) == 8


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not on PATH")
def test_kustomize_takes_it_all(tmp_path: Path) -> None:
    artifacts, _ = made()
    write_all(artifacts.values(), tmp_path)
    command = ["kubectl", "kustomize", str(tmp_path / "environments/production")]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = list(yaml.safe_load_all(text))
    assert {one["metadata"].get("namespace", one["metadata"]["name"]) for one in found} == {"shop"}
    assert {one["metadata"]["labels"]["app.kubernetes.io/managed-by"] for one in found} == {"migrate"}
    assert not any(one["kind"] == "Secret" for one in found)
    deployments = {one["metadata"]["name"] for one in found if one["kind"] == "Deployment"}
    assert deployments == {"nginx", "registry-mirror", "shop", "shop-worker"}
    slices = {
        one["metadata"]["labels"]["kubernetes.io/service-name"] for one in found if one["kind"] == "EndpointSlice"
    }
    assert slices == {"postgresql", "redis", "six"}


def test_same_in_same_out() -> None:
    first = generate(assessment(), catalog=CATALOG, target=TARGET)
    shuffled = list(ALL)
    random.Random(7).shuffle(shuffled)
    mixed = msgspec.structs.replace(
        assessment(*shuffled), machines=tuple(reversed(estates.MACHINES)), tokens=tuple(reversed(TOKENS))
    )
    assert generate(mixed, catalog=dict(reversed(CATALOG.items())), target=TARGET) == first


def test_pods_are_restricted() -> None:
    artifacts, _ = made()
    for name in ("nginx", "shop", "shop-worker"):
        spec = pod(artifacts, name)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert not container["image"].endswith(":latest")
            assert ":" in container["image"]


def test_privileged_ports_are_kept() -> None:
    artifacts, _ = made()
    sysctls = pod(artifacts, "nginx")["securityContext"]["sysctls"]
    assert sysctls == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    assert "sysctls" not in pod(artifacts, "shop")["securityContext"]


def test_the_image_of_nginx() -> None:
    text = made()[0]["nginx/Dockerfile"].text
    assert "FROM debian:bookworm-slim\n" in text
    assert "nginx.conf" not in text  # it is mounted
    assert "logrotate" not in text
    assert "rm -rf /etc/nginx/sites-enabled/default" in text
    assert text.endswith('USER 10001:10001\n\nCMD ["nginx", "-g", "daemon off;"]\n')


def test_the_image_of_a_python_application() -> None:
    text = made()[0]["shop/Dockerfile"].text
    assert "python3-venv" in text
    assert "/srv/shop/venv/bin/pip install --no-cache-dir flask==3.0.0 'gunicorn[gevent]'" in text
    assert "useradd --uid 2000 --gid 2000 --non-unique" in text
    assert "\nUSER 2000:2000\n" in text
    assert text.endswith('\nCMD ["/usr/bin/gunicorn", "--bind", "0.0.0.0:8000", "--pid", "shop.wsgi:app"]\n')
    assert not [line for line in text.splitlines() if "redis-tools" in line and not line.startswith("#")]


def test_comments_can_not_become_instructions() -> None:
    artifacts, _ = made()
    text = artifacts["shop/Dockerfile"].text
    assert "\nRUN python3 -m shop.schema USER root\n" in text
    assert text.count("\nUSER ") == 1
    assert "- roles/shop/tasks/main.yml:15 command: python3 -m shop.schema USER root" in artifacts["shop/TASKS.md"].text


def test_variables_of_environment_files() -> None:
    artifacts, _ = made()
    text = artifacts["shop/base/shop-env.properties"].text
    assert text == "PORT=8000\nREDIS_HOST=redis\nREDIS_PORT=6379\nSHOP_CURRENCY=EUR\n"
    container = pod(artifacts, "shop")["containers"][0]
    assert container["envFrom"] == [{"configMapRef": {"name": "shop-env"}}]
    references = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert references == {
        "DATABASE_URL": None,
        "REVISION": None,
        "SECRET_KEY": None,
        "XDG_CACHE_HOME": "/var/cache/shop",
    }


def test_secrets_are_described_but_never_listed() -> None:
    artifacts, findings = made()
    env, files = documents(artifacts["shop/base/secret.example.yaml"])
    assert env["stringData"]["SECRET_KEY"] == "<value of vault_shop_secret_key>"
    assert files["stringData"]["srv-shop-settings.ini"].startswith(
        "[db]\npassword = <value of vault_shop_database_password>\n"
    )
    assert "secret.example.yaml" not in artifacts["shop/base/kustomization.yaml"].text
    mounts = {mount["mountPath"]: mount for mount in pod(artifacts, "shop")["containers"][0]["volumeMounts"]}
    assert mounts["/srv/shop/settings.ini"]["name"] == "secret"
    assert {one.check for one in findings if one.subject == "shop"} >= {"secret-needed", "value-needed"}


def test_a_secret_in_a_command_line_becomes_a_variable() -> None:
    command = f"/usr/bin/app --password={PASSWORD} --workers 2"
    unit = msgspec.structs.replace(estates.SHOP.units[0], command=command)
    artifacts, findings = made(msgspec.structs.replace(estates.SHOP, units=(unit,)))
    expected = 'exec /usr/bin/app --password=\\"${VAULT_SHOP_DATABASE_PASSWORD}\\" --workers 2'
    assert f'CMD ["/bin/sh", "-c", "{expected}"]' in artifacts["shop/Dockerfile"].text
    (env, _) = documents(artifacts["shop/base/secret.example.yaml"])
    assert env["stringData"]["VAULT_SHOP_DATABASE_PASSWORD"] == "<value of vault_shop_database_password>"
    assert "value-blanked" not in {one.check for one in findings}


def test_a_secret_in_the_arguments_of_a_prebuilt_image() -> None:
    unit = msgspec.structs.replace(estates.CONTAINER.units[0], command=f"serve --key {SECRET_KEY} $(date)")
    artifacts, _ = made(msgspec.structs.replace(estates.CONTAINER, units=(unit,)))
    (container,) = pod(artifacts, "registry-mirror")["containers"]
    assert container["args"] == ["serve", "--key", "$(VAULT_SHOP_SECRET_KEY)", "$$(date)"]


def test_a_secret_where_only_text_can_be_is_told() -> None:
    unit = msgspec.structs.replace(estates.CONTAINER.units[0], image=f"registry.example.com/{PASSWORD}:1")
    _, findings = made(msgspec.structs.replace(estates.CONTAINER, units=(unit,)))
    assert "value-blanked" in {one.check for one in findings}


def test_folders_that_the_process_writes_are_empty_volumes() -> None:
    artifacts, findings = made()
    spec = pod(artifacts, "shop")
    empty = {
        mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"] if mount["name"].startswith("empty-")
    }
    assert empty == {"/tmp", "/run/shop", "/var/cache/shop", "/var/lib/shop"}
    assert {"state-folder", "read-only-folder"} <= {one.check for one in findings}


def test_several_units_are_containers_of_one_pod() -> None:
    artifacts, _ = made()
    first, second = pod(artifacts, "shop-worker")["containers"]
    assert (first["name"], second["name"]) == ("shop-worker-default", "shop-worker-mail")
    assert (
        second["command"][-1]
        == 'exec /usr/bin/celery --app shop.jobs worker --hostname w-mail@"${HOSTNAME}" --queues mail'
    )
    assert "ports" not in first
    assert "readinessProbe" not in first


def test_a_cron_job() -> None:
    artifacts, findings = made()
    (job,) = documents(artifacts["shop-report/base/cronjob.yaml"])
    assert job["spec"]["schedule"] == "15 2 * * *"
    text = artifacts["shop-report/Dockerfile"].text
    assert 'CMD ["/bin/sh", "-c", "/usr/local/bin/shop-report >/dev/null 2>&1"]' in text
    assert "cron" not in text.replace("shop-report", "")
    assert "runs-once" in {one.check for one in findings}


def test_a_schedule_that_cron_does_not_know() -> None:
    unit = msgspec.structs.replace(estates.REPORT.units[0], schedule="@reboot")
    artifacts, findings = made(msgspec.structs.replace(estates.REPORT, units=(unit,)))
    assert artifacts == {}
    assert [one.check for one in findings] == ["schedule-unknown"]


def test_a_prebuilt_image_is_used_as_it_is() -> None:
    artifacts, _ = made()
    container = pod(artifacts, "registry-mirror")["containers"][0]
    assert container["image"] == "docker.io/library/registry:2"
    assert container["args"] == ["serve", "/etc/x.yml"]
    assert "registry-mirror/Dockerfile" not in artifacts


def test_what_gets_no_files_is_explained() -> None:
    _, findings = made()
    told = {one.subject: one for one in findings if one.check == "not-generated"}
    assert "the node's clock" in told["ntp"].remedy
    assert told["ntp"].severity is Severity.NOTE
    assert told["puzzle"].severity is Severity.WARNING


def test_every_finding_has_a_remedy() -> None:
    _, findings = made(target=Target())
    assert all(one.remedy and one.message.endswith(".") for one in findings)
    assert "no-registry" in {one.check for one in findings}


def test_everything_generated_says_where_it_comes_from() -> None:
    artifacts, _ = made()
    told = [path for path in artifacts if not path.endswith("provenance.json")]
    assert [path for path in told if not artifacts[path].provenance] == []
    sources = artifacts["nginx/base/deployment.yaml"].provenance
    assert sources["spec.replicas"] == "one for each machine: web1, web2"
    assert "not measured" in sources["spec.template.spec.containers[nginx].resources"]


def test_every_field_of_every_manifest_has_a_source() -> None:
    """Of its own or of a field around it; and none that is empty."""
    artifacts, _ = made()
    silent = [
        f"{path}:{field}"
        for path, artifact in artifacts.items()
        if path.endswith(".yaml") and ".example." not in path and ".patch." not in path
        for document in documents(artifact)
        for field in leaves(document)
        if not artifact.provenance.get(covering(field, artifact.provenance), "").strip()
    ]
    assert silent == []


def test_provenance_is_a_file_beside_each_workload() -> None:
    artifacts, _ = made()
    told = json.loads(artifacts["nginx/provenance.json"].text)
    assert told["base/deployment.yaml"]["spec.replicas"] == "one for each machine: web1, web2"
    assert told["Dockerfile"]["FROM"].startswith("distribution debian12")
    assert "overlays/production/kustomization.yaml" in told


def test_the_tag_changes_with_the_image_only() -> None:
    def tag(one: Workload) -> str:
        (container,) = pod(made(one)[0], "nginx")["containers"]
        return str(container["image"])

    more = msgspec.structs.replace(estates.NGINX, tasks=(*estates.NGINX.tasks, task("apt", 50, {"name": "curl"})))
    fewer = msgspec.structs.replace(estates.NGINX, machines=("web1",))
    assert tag(more) != tag(estates.NGINX) == tag(fewer)


def test_machines_that_differ_are_told() -> None:
    _, findings = made()
    (one,) = [one for one in findings if one.check == "machines-differ"]
    assert one.message.startswith("web2 differs from web1 in roles/shop/tasks/main.yml:")


words = st.sampled_from(
    ["x", "=", ":", " ", "\n", "\t", "'", '"', "@", "10.20.20.21:6379", "#", "- ", "é", *(t.text for t in TOKENS)]
)
texts = st.lists(words, max_size=12).map("".join)
spelled = st.sampled_from([str.lower, str.upper, str.title])


@settings(max_examples=100, deadline=None)
@given(text=texts, where=st.sampled_from(["/etc/a.conf", "/srv/a.bin", "/etc/env", "/etc/x/{}.conf"]), spell=spelled)
def test_no_token_gets_out(text: str, where: str, spell: Any) -> None:
    text = spell(text)
    unit = msgspec.structs.replace(
        estates.SHOP.units[0],
        environment_files=("/etc/env",),
        environment={"A": text},
        command=f"/bin/x {text}",
        user=text,
    )
    tasks = (
        file("template", 1, where.format(text), text),
        task("shell", 2, {"_raw_params": text}, name=text),
        task("apt", 3, {"name": text}),
        task("user", 4, {"name": text, "password": text, "group": text}),
        task("file", 5, {"path": f"/srv/{text}", "state": "link", "src": text}),
        task("pip", 6, {"name": "x", "virtualenv": text, "version": text}),
        task("apt", 7, {"name": "y"}, unresolved=text, conditional=text),
    )
    leaky = msgspec.structs.replace(estates.SHOP, units=(unit,), tasks=tasks, reason=text)
    decide = workload("decide", Placement.DECIDE, reason=text, replaced_by=text)
    artifacts, findings = made(leaky, decide)
    out = msgspec.json.encode([list(artifacts.values()), findings]).decode().lower()
    assert not [token for token in TOKENS if token.text in out]
    for path, artifact in artifacts.items():
        if path.endswith(".yaml"):
            assert all(isinstance(document, dict) for document in documents(artifact))
        if path.endswith("Dockerfile"):
            known = ("#", "FROM ", "RUN ", "COPY ", "WORKDIR ", "EXPOSE ", "USER ", "CMD ", "LABEL ", " ")
            assert all(line.startswith(known) or not line for line in artifact.text.split("\n"))
