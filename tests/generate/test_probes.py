# SPDX-License-Identifier: Apache-2.0
"""Probes and the graceful end: from the role, the unit, the balancer in front, the catalog, in this order."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.generate import estate, probes, routing, stopping, unitfile
from migrate.generate.draft import draft
from migrate.generate.estate import Estate
from migrate.model.config import Target
from migrate.model.product import Run
from migrate.model.workload import Placement, Port, Unit, Workload
from tests.generate import estates
from tests.generate.estates import NGINX, PASSWORD, assessment, file, product, task, workload

CATALOG = {"nginx": product("nginx", run=Run(("nginx",), probe={"path": "/well", "port": 80}))}
HAPROXY = """
defaults
    mode http
frontend all
    bind :443 ssl crt /etc/haproxy/shop.pem
    default_backend web
backend web
    option httpchk GET /healthz HTTP/1.1\\r\\nHost:\\ shop.example.com
    server web1 10.20.10.21:80 check
    server web2 10.20.10.22:80 check
"""
BALANCER = workload(
    "haproxy",
    Placement.DEPLOYMENT,
    software="haproxy",
    machines=("worker1",),
    ports=(Port(443),),
    tasks=(file("template", 1, "/etc/haproxy/haproxy.cfg", HAPROXY, machine="worker1"),),
)


def known(*workloads: Workload, **catalog: Any) -> Estate:
    found = estate.index(assessment(*workloads), catalog or CATALOG, Target())
    return msgspec.structs.replace(found, routing=routing.find(found))


def nginx(*more: Any, ports: tuple[Port, ...] = NGINX.ports) -> Workload:
    return msgspec.structs.replace(NGINX, tasks=(*NGINX.tasks, *more), ports=ports)


def readiness(one: Workload, *others: Workload) -> dict[str, Any]:
    here = known(one, *others)
    found, _ = probes.probes(draft(one, here), here)
    return {key: value for key, value in found.get("readinessProbe", {}).items() if key != "periodSeconds"}


def uri(url: str, **more: Any) -> Any:
    return task("uri", 50, {"url": url, **more}, role="nginx")


def test_the_role_asks_best() -> None:
    asked = nginx(uri("http://localhost/ready?deep=1", headers={"Host": "shop.example.com"}))
    assert readiness(asked, BALANCER) == {
        "httpGet": {
            "path": "/ready?deep=1",
            "port": "http",
            "httpHeaders": [{"name": "Host", "value": "shop.example.com"}],
        }
    }
    assert readiness(nginx(uri("https://127.0.0.1/x")))["httpGet"] == {"path": "/x", "port": "https", "scheme": "HTTPS"}
    assert readiness(nginx(uri("http://10.20.10.21:80/")))["httpGet"]["path"] == "/"


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("http://elsewhere.example.com/x", {}),
        ("http://localhost:9999/x", {}),
        (f"http://localhost/{PASSWORD}", {}),
        ("http://localhost/x", {"status_code": [200, 503]}),
        ("http://localhost/x", {"method": "POST"}),
        ("http://[::1/x", {}),
    ],
)
def test_questions_that_are_no_probes(url: str, more: dict[str, Any]) -> None:
    assert readiness(nginx(uri(url, **more))) == {"httpGet": {"path": "/well", "port": "http"}}


def test_the_balancer_asks() -> None:
    header = [{"name": "Host", "value": "shop.example.com"}]
    assert readiness(NGINX, BALANCER) == {"httpGet": {"path": "/healthz", "port": "http", "httpHeaders": header}}


def test_the_catalog_asks_on_a_port_that_is_used() -> None:
    assert readiness(NGINX) == {"httpGet": {"path": "/well", "port": "http"}}
    assert readiness(nginx(ports=(Port(8080, name="alt"), Port(9000, "udp")))) == {"tcpSocket": {"port": "alt"}}
    assert readiness(nginx(ports=(Port(9000, "udp"),))) == {}


def test_the_role_waits_for_a_port() -> None:
    waiting = nginx(task("wait_for", 51, {"port": 8443}, role="nginx"), ports=(Port(8080), Port(8443, name="late")))
    assert readiness(waiting) == {"tcpSocket": {"port": "late"}}


def test_liveness_only_asks_whether_it_listens() -> None:
    here = known(NGINX)
    found, sources = probes.probes(draft(NGINX, here), here)
    assert found["livenessProbe"] == {"tcpSocket": {"port": "http"}, "periodSeconds": 10, "failureThreshold": 6}
    assert sources["readinessProbe"] == "catalog entry nginx"


def unit(text: str, *, image: str = "", ports: tuple[Port, ...] = ()) -> Workload:
    tasks = (file("template", 3, "/etc/systemd/system/app.service", f"[Service]\n{text}\n"),)
    one = Unit("app.service", command="/bin/app", image=image)
    return workload("app", Placement.DEPLOYMENT, machines=("web1",), units=(one,), tasks=tasks, ports=ports)


@pytest.mark.parametrize(
    ("text", "threshold"),
    [("", 60), ("Type=notify", 45), ("TimeoutStartSec=5min", 150), ("Type=notify\nTimeoutStartSec=1min 30s", 45)],
)
def test_a_start_may_take_what_systemd_grants(text: str, threshold: int) -> None:
    one = unit(text, ports=(Port(80),))
    here = known(one)
    assert probes.probes(draft(one, here), here)[0]["startupProbe"]["failureThreshold"] == threshold


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("2min 5s", 125), ("infinity", 3600), ("500ms", 1), ("", 0)])
def test_time_spans(text: str, seconds: int) -> None:
    assert unitfile.seconds(text) == seconds


def test_the_end_is_the_units() -> None:
    one = unit("TimeoutStopSec=75\nKillSignal=SIGQUIT")
    here = known(one)
    decided = draft(one, here)
    assert stopping.grace(decided)[0] == 75
    hook, source = stopping.hook(decided, decided.processes[0], here)
    assert hook["preStop"]["exec"]["command"][-1].startswith("kill -QUIT 1;")
    assert source == "KillSignal of app.service (roles/shop/tasks/main.yml:3)"


def test_exec_stop_names_a_signal_too() -> None:
    one = unit("ExecStop=/bin/kill -s QUIT $MAINPID", ports=(Port(80),))
    here = known(one)
    decided = draft(one, here)
    hook, _ = stopping.hook(decided, decided.processes[0], here)
    assert hook["preStop"]["exec"]["command"][-1].startswith("sleep 5; kill -QUIT 1;")


@pytest.mark.parametrize(("version", "handler"), [("1.31", "sleep"), ("1.29", "exec")])
def test_nobody_calls_a_pod_that_ends(version: str, handler: str) -> None:
    one = unit("", ports=(Port(80),))
    here = estate.index(assessment(one), {}, Target(kubernetes=version))
    decided = draft(one, here)
    assert handler in stopping.hook(decided, decided.processes[0], here)[0]["preStop"]
    assert stopping.grace(decided)[0] == 30


def test_a_prebuilt_image_may_have_no_shell() -> None:
    one = unit("KillSignal=SIGINT", image="docker.io/library/registry:2")
    here = known(one)
    decided = draft(one, here)
    assert stopping.hook(decided, decided.processes[0], here) == ({}, "")
    assert estates.CONTAINER.units[0].image
