# SPDX-License-Identifier: Apache-2.0
"""What is generated builds, starts and answers: the example estate, and public roles from the package index."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.real import podman
from tests.real.content import only, unpacked
from tests.real.running import migrate

pytestmark = pytest.mark.real
EXAMPLE = Path(__file__).parents[2] / "inventories" / "example"
PUBLIC = Path(__file__).with_name("public")
Trials = dict[str, dict[str, Any]]

# What a client reads of each public role's pod, by workload.
ANSWERS = {
    "apache-httpd-apache": "200 from Apache",
    "apache-httpd-php": "200 from Apache",
    "apt-cacher-ng": "406",
    "gunicorn": "200 from gunicorn",
    "hello-node": "200",
    "memcached": "VERSION",
    "tinyproxy": "403 from tinyproxy",
    "unbound": "DNS",
}


@pytest.fixture(scope="module", autouse=True)
def tool() -> None:
    """podman as this machine can run it, and a base image under the name that Dockerfiles use."""
    podman.base_image()
    os.environ["CONTAINERS_CONF"] = str(podman.settings())


def tried(folder: Path, *arguments: str) -> Trials:
    """`migrate verify`, its answer by workload, and a table for the log of CI."""
    run = migrate("verify", "-o", str(folder), "--format", "json", "--timeout", "30", *arguments, cwd=folder)
    assert run.code in (0, 1), run.err
    trials: Trials = {trial["workload"]: trial for trial in json.loads(run.out)["trials"]}
    print(f"\n{len(trials)} workloads in {run.seconds:.0f} s")
    for name, trial in trials.items():
        steps = " ".join(f"{step} {trial.get(step, '-'):7}" for step in ("built", "started", "ready", "answered"))
        told = trial.get("problems") or [one["answer"] for one in trial.get("answers", ()) if not one.get("fine", True)]
        size, needs = trial.get("size", 0) >> 20, ", ".join(trial.get("needs", ()))
        print(f"{name:22} {steps} {size:4} MiB {trial['seconds']:6.1f} s {needs} {'; '.join(told)[:160]}")
    return trials


def nothing_left() -> bool:
    names = podman.podman("ps", "--all", "--format", "{{.Names}}") + podman.podman(
        "network", "ls", "--format", "{{.Name}}"
    )
    return "migrate-verify" not in names


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    folder = tmp_path_factory.mktemp("example")
    run = migrate("generate", "-c", "migrate.yaml", "-E", "production", "-o", str(folder), cwd=EXAMPLE)
    assert run.code in (0, 1), run.err
    return tried(folder)


def test_every_workload_of_the_example_builds(example: Trials) -> None:
    assert len(example) >= 5
    assert {name for name, trial in example.items() if trial["built"] != "yes"} == set()
    assert nothing_left()


def test_its_workloads_start_and_answer(example: Trials) -> None:
    """The shop says itself that its database is not there."""
    assert [name for name, trial in example.items() if trial["started"] != "yes"] == []
    answered = {name for name, trial in example.items() if trial.get("answered") == "yes"}
    assert {"haproxy", "memcached", "nginx-jenkins", "node-exporter"} <= answered
    assert any("503 from nginx" in one["answer"] for one in example["shop-web"]["answers"])
    assert example["sales-report"]["exit_code"] is not None


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    """A project over roles of debops, and small apps where a role only brings the runtime."""
    project = tmp_path_factory.mktemp("public") / "project"
    shutil.copytree(PUBLIC, project)
    collection = only(unpacked("debops"), "galaxy.yml").parent
    shutil.copytree(collection / "roles", project / "roles")
    own = project / "collections" / "ansible_collections" / "debops" / "debops"
    shutil.copytree(collection, own, ignore=lambda folder, names: set(names) & {"playbooks"})
    run = migrate("generate", "-o", "deploy", cwd=project)
    assert run.code in (0, 1), run.err
    return tried(project / "deploy")


def test_public_roles_build(public: Trials) -> None:
    assert ANSWERS.keys() <= public.keys()
    assert {name for name, trial in public.items() if trial["built"] != "yes"} == set()
    assert nothing_left()


@pytest.mark.parametrize("name", ANSWERS)
def test_public_roles_start_and_answer(name: str, public: Trials) -> None:
    trial = public[name]
    assert (trial["started"], trial["ready"]) == ("yes", "yes"), trial
    assert any(ANSWERS[name] in one["answer"] for one in trial["answers"]), trial["answers"]
