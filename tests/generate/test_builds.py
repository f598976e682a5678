# SPDX-License-Identifier: Apache-2.0
"""Who shares an image, and who shares a pod."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from migrate.generate import builds, estate, generate, joining
from migrate.model.config import Target
from migrate.model.place import Place
from migrate.model.task import RecordedTask
from migrate.model.workload import Edge, Placement, Port, Unit, Workload
from tests.generate import estates
from tests.generate.estates import assessment, file, task, workload

CODE = file("copy", 1, "/srv/app/code.py", "x = 1\n", role="app")
SOCKET = "/run/app/app.sock"


def app(name: str, *recorded: RecordedTask, command: str = "/usr/bin/app", **more: Any) -> Workload:
    given = {"placement": Placement.DEPLOYMENT, "machines": ("web1",), "role": name, **more}
    given.setdefault("units", (Unit(f"{name}.service", command=command),))
    return workload(name, tasks=recorded, **given)


def front(*recorded: RecordedTask, **more: Any) -> Workload:
    edge = Edge("front", "back", seen="x", protocol="unix", via=SOCKET)
    given = {"software": "nginx", "ports": estates.NGINX.ports, "edges": (edge,), **more}
    return app("front", task("apt", 1, {"name": "nginx"}, role="front"), *recorded, command="", **given)


def back(*recorded: RecordedTask, **more: Any) -> Workload:
    install = task("apt", 1, {"name": "gunicorn"}, role="back")
    return app("back", install, *recorded, command=f"/usr/bin/gunicorn --bind unix:{SOCKET} x:app", **more)


def made(*workloads: Workload) -> tuple[dict[str, str], list[str]]:
    artifacts, findings = generate(assessment(*workloads), catalog=estates.CATALOG, target=Target())
    return {one.path: one.text for one in artifacts}, [one.check for one in findings]


def images(files: dict[str, str]) -> dict[str, list[str]]:
    """Workload → image names of its containers."""
    found = {}
    for path, text in files.items():
        if path.endswith(("deployment.yaml", "cronjob.yaml")):
            spec = yaml.safe_load(text)["spec"]
            spec = spec.get("jobTemplate", {}).get("spec", spec)
            containers = spec["template"]["spec"]["containers"]
            found[path.partition("/")[0]] = [one["image"].partition(":")[0] for one in containers]
    return found


def test_web_worker_and_cron_of_one_code_share_an_image() -> None:
    schedule = (Unit("report", manager="cron", command="cd /srv/app && ./report", schedule="1 2 * * *"),)
    web = app("web", CODE, task("apt", 2, {"name": "gunicorn"}, role="web"), machines=("web1", "web2"))
    worker = app("worker", CODE, task("apt", 3, {"name": "celery"}, role="worker"), command="/usr/bin/celery worker")
    report = app("report", placement=Placement.CRONJOB, units=schedule)
    files, _ = made(web, worker, report)
    assert images(files) == {"web": ["app"], "worker": ["app"], "report": ["app"]}
    text = files["images/app/Dockerfile"]
    assert "celery" in text
    assert "gunicorn" in text
    assert "CMD [" not in text
    assert [path for path in files if path.endswith("Dockerfile")] == ["images/app/Dockerfile"]
    container = yaml.safe_load(files["worker/base/deployment.yaml"])["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["/usr/bin/celery", "worker"]


@pytest.mark.parametrize(
    "other",
    [
        app("worker", file("copy", 1, "/srv/app/code.py", "x = 2\n", role="app")),
        app("worker", file("copy", 1, "/usr/local/bin/code.py", "x = 1\n", role="app")),
        app("worker", CODE, machines=("worker1",)),  # another distribution
        app("worker", CODE, environment="staging"),
        app("worker", CODE, file("copy", 9, "/srv/app/other.py", "a")),
        app("worker", CODE, task("file", 9, {"src": "/a", "dest": "/etc/nginx/sites-enabled/a", "state": "link"})),
    ],
    ids=["code", "system", "base", "environment", "file", "link"],
)
def test_what_does_not_fit_has_an_image_of_its_own(other: Workload) -> None:
    web = app("web", CODE, file("copy", 9, "/srv/app/other.py", "b"))
    known = estate.index(assessment(web, other), {}, Target())
    assert builds.shared({}, known) == []


def test_a_socket_makes_one_pod() -> None:
    listener = front(file("template", 2, "/etc/nginx/conf.d/x.conf", f"server unix:{SOCKET};"))
    caller = app("caller", edges=(Edge("caller", "front", 80),))
    files, checks = made(listener, back(), caller)
    assert "joined-by-socket" in checks
    assert "unix-socket" not in checks
    assert not [path for path in files if path.startswith("front/")]
    spec = yaml.safe_load(files["back/base/deployment.yaml"])["spec"]["template"]["spec"]
    assert images(files)["back"] == ["front", "back"]
    assert [one["command"][0] for one in spec["containers"]] == ["nginx", "/usr/bin/gunicorn"]
    for container in spec["containers"]:
        assert "/run/app" in [mount["mountPath"] for mount in container["volumeMounts"]]
    assert {"images/front/Dockerfile", "images/back/Dockerfile"} <= files.keys()
    ports = yaml.safe_load(files["back/base/service.yaml"])["spec"]["ports"]
    assert [port["port"] for port in ports] == [80, 443]


def test_who_listens_on_a_socket_need_not_have_its_usual_port() -> None:
    usual = back(ports=(Port(9000, source="catalog"), Port(9100, source="roles/back/x.conf:1")))
    (pod,) = joining.join(assessment(front(), usual)).assessment.workloads
    assert [port.number for port in pod.ports] == [80, 443, 9100]


def test_who_reads_the_files_of_the_other_shares_its_image() -> None:
    code = file("copy", 3, "/srv/app/static/x.css", "a {}")
    files, _ = made(front(file("template", 2, "/etc/nginx/conf.d/x.conf", "root /srv/app/static;")), back(code))
    assert images(files)["back"] == ["back", "back"]
    assert "nginx" in files["back/Dockerfile"]
    assert "COPY files/srv/app/static/x.css" in files["back/Dockerfile"]


@pytest.mark.parametrize(
    "change",
    [{"placement": Placement.VM}, {"machines": ("web1", "web2")}, {"units": (Unit("back", image="x:1"),)}],
)
def test_what_is_not_joined(change: dict[str, Any]) -> None:
    given = assessment(front(), msgspec.structs.replace(back(), **change))
    assert joining.join(given) == joining.Joined(given)


def test_edges_follow_who_was_joined() -> None:
    caller = app("caller", edges=(Edge("caller", "front", 80),))
    needing = msgspec.structs.replace(back(), edges=(Edge("back", "redis", 6379),))
    joined = joining.join(assessment(front(), needing, caller)).assessment
    found = {one.name: [(edge.source, edge.target) for edge in one.edges] for one in joined.workloads}
    assert found == {"back": [("back", "redis")], "caller": [("caller", "back")]}


def test_tasks_of_other_machines_stay_theirs() -> None:
    one = RecordedTask("web1", "ansible.builtin.apt", place=Place("a", 1))
    two = msgspec.structs.replace(one, machine="worker1", place=Place("b", 1))
    moved = joining.united([app("a", one), app("b", two, one, machines=("worker1",))])
    assert [(task.machine, str(task.place)) for task in moved] == [("web1", "a:1"), ("web1", "b:1")]
