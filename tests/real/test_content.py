# SPDX-License-Identifier: Apache-2.0
"""Projects that nobody here wrote: kolla-ansible's inventory and site playbook, and a hosts file over debops roles."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.real.content import only, unpacked
from tests.real.running import Run, assess, migrate, told

pytestmark = pytest.mark.real

# What any operator would say of a role; the others have no service of their own, or one that depends on settings.
STATEFUL = (
    "elasticsearch influxdb_server mariadb_server minio nfs_server opensearch postgresql_server rabbitmq_server "
    "redis_server slapd"
).split()
STATELESS = "apache memcached nginx tinyproxy".split()
OTHERS = (
    "apt_cacher_ng atd avahi bind cron dnsmasq docker_server dovecot etherpad ferm gitlab_runner icinga "
    "java keepalived libvirtd lvm mosquitto nodejs ntp php postfix prosody rsyslog samba snmpd sshd "
    "sysctl telegraf unbound users"
).split()
DEBOPS_ROLES = sorted([*STATEFUL, *STATELESS, *OTHERS])


@pytest.fixture(scope="module")
def debops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return debops_project(tmp_path_factory.mktemp("debops"))


def debops_project(project: Path) -> Path:
    """A project of one's own over debops roles: a host and a play for each, roles copied beside the playbook."""
    collection = only(unpacked("debops"), "galaxy.yml").parent
    shutil.copytree(collection / "roles", project / "roles")
    names = DEBOPS_ROLES
    hosts = "\n".join(
        f"[{name}]\n{name.replace('_', '-')}1 ansible_host=10.30.0.{number}\n" for number, name in enumerate(names, 1)
    )
    (project / "hosts").write_text(hosts)
    plays: list[dict[str, Any]] = [{"hosts": "all", "become": True, "roles": ["sshd"]}]
    plays += [{"hosts": name, "become": True, "roles": [name]} for name in names]
    (project / "site.yml").write_text(yaml.safe_dump(plays))
    return project


def natures(assessment: dict[str, Any], role: str) -> set[str]:
    return {
        w["nature"] for w in assessment["workloads"] if w.get("role") == role and w["kind"] not in ("plumbing", "batch")
    }


@pytest.fixture(scope="module")
def debops_answer(debops: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Any]]:
    output = tmp_path_factory.mktemp("answer") / "assessment.json"
    return assess("-p", ".", "-i", "hosts", "site.yml", cwd=debops, output=output)


def test_debops_plays_through(debops_answer: tuple[Run, dict[str, Any]]) -> None:
    run, assessment = debops_answer
    told("debops", run, assessment)
    assert assessment["figures"]["machines"] == len(DEBOPS_ROLES) >= 25
    assert assessment["figures"]["plays"] >= len(DEBOPS_ROLES)
    assert assessment["figures"]["tasks"] > 1000
    assert "engine-failed" not in {finding["check"] for finding in assessment["findings"]}


@pytest.mark.parametrize("role", STATEFUL)
def test_no_stateful_role_of_debops_is_called_stateless(role: str, debops_answer: tuple[Run, dict[str, Any]]) -> None:
    found = natures(debops_answer[1], role)
    assert "stateful" in found, f"{role}: {found or 'no workload'}"


@pytest.mark.parametrize("role", STATELESS)
def test_stateless_roles_of_debops_can_move(role: str, debops_answer: tuple[Run, dict[str, Any]]) -> None:
    assert natures(debops_answer[1], role) == {"stateless"}


def test_files_for_debops_pass_validation(debops: Path, tmp_path: Path) -> None:
    run = migrate("generate", "-p", ".", "-i", "hosts", "site.yml", "-o", str(tmp_path / "deploy"), cwd=debops)
    assert run.code in (0, 1, 3), run.err
    check_files(tmp_path / "deploy")
    done = subprocess.run(["kubectl", "kustomize", tmp_path / "deploy"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for built in yaml.safe_load_all(done.stdout):
        kubernetes_validate.validate(built, "1.31", strict=True)


def check_files(folder: Path) -> None:
    """Every manifest against the schemas of Kubernetes, every Dockerfile against hadolint; both must find nothing."""
    manifests = [path for path in sorted(folder.rglob("*.yaml")) if path.name != "kustomization.yaml"]
    dockerfiles = sorted(folder.rglob("Dockerfile"))
    assert manifests and dockerfiles
    for document in documents(manifests):
        kubernetes_validate.validate(document, "1.31", strict=True)
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, *dockerfiles], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def documents(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        yield from (document for document in yaml.safe_load_all(path.read_text()) if document)


@pytest.fixture(scope="module")
def kolla() -> Path:
    return only(unpacked("kolla-ansible"), "site.yml").parent


@pytest.fixture(scope="module")
def kolla_answer(kolla: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Any]]:
    """As an operator calls it: kolla-ansible hands its action and its settings over as extra variables."""
    output = tmp_path_factory.mktemp("kolla") / "assessment.json"
    settings = only(unpacked("kolla-ansible"), "globals.yml")
    extra = [
        "-e",
        "kolla_action=deploy",
        "-e",
        f"@{settings}",
        "-e",
        f"@{settings.with_name('passwords.yml')}",
        "-e",
        "network_interface=eth0",
    ]
    return assess(
        "-p", str(kolla), "-i", str(kolla / "inventory" / "multinode"), "site.yml", *extra, cwd=kolla, output=output
    )


def test_kolla_plays_through(kolla_answer: tuple[Run, dict[str, Any]]) -> None:
    run, assessment = kolla_answer
    told("kolla-ansible", run, assessment)
    assert assessment["figures"]["plays"] >= 40
    assert assessment["figures"]["tasks"] > 800
    # Most of its loops run over filters of its own Python package, which an untrusted reader does not load.
    assert {"forbidden", "unknown-filter"} <= {finding["check"] for finding in assessment["findings"]}
    assert "engine-failed" not in {finding["check"] for finding in assessment["findings"]}


def test_databases_of_kolla_stay(kolla_answer: tuple[Run, dict[str, Any]]) -> None:
    _, assessment = kolla_answer
    (mariadb,) = [w for w in assessment["workloads"] if w.get("software") == "mariadb"]
    assert mariadb["nature"] == "stateful"
    assert mariadb["placement"] == "vm"
    assert not [w["name"] for w in assessment["workloads"] if w["nature"] == "stateless" and w["kind"] != "plumbing"]
