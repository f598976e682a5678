# SPDX-License-Identifier: Apache-2.0
"""What systemd did around a process, and where its logs go."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from migrate.generate import generate, logs
from migrate.model.config import Target
from migrate.model.product import Run
from migrate.model.task import RecordedTask
from migrate.model.workload import Placement, Unit
from tests.generate import estates
from tests.generate.estates import assessment, file, product, task, workload

UNIT = "/etc/systemd/system/app.service"


def made(text: str, *recorded: RecordedTask, **unit: Any) -> tuple[dict[str, Any], list[str]]:
    """The pod of a workload with this unit file, and the findings."""
    given = Unit("app.service", command="/usr/bin/app --x", user="app", **unit)
    one = workload(
        "app",
        Placement.DEPLOYMENT,
        machines=("web1",),
        units=(given,),
        tasks=(file("template", 1, UNIT, f"[Service]\n{text}"), *recorded),
        ports=estates.SHOP.ports,
    )
    artifacts, findings = generate(assessment(one), catalog=estates.CATALOG, target=Target())
    (found,) = [artifact for artifact in artifacts if artifact.path == "app/base/deployment.yaml"]
    (image,) = [artifact for artifact in artifacts if artifact.path == "app/Dockerfile"]
    pod: dict[str, Any] = yaml.safe_load(found.text)["spec"]["template"]["spec"]
    return {**pod, "cmd": image.text.rpartition("\nCMD ")[2].strip()}, [one.check for one in findings]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ExecStartPre=/usr/bin/app check\n", "/usr/bin/app check"),
        ("ExecStartPre=-/usr/bin/app \\\n  check\n", "/usr/bin/app check || true"),
        ("ExecStartPre=/bin/false\nExecStartPre=\nExecStartPre=/bin/true\n", "/bin/true"),
        ("LimitNOFILE=65536\n", "ulimit -S -n 65536 2>/dev/null || true"),
        ("UMask=0027\n", "umask 0027"),
        ("RuntimeDirectory=app\nExecStartPre=/bin/mkdir -p /run/app/a /run/app\n", "mkdir -p /run/app/a"),
    ],
)
def test_what_comes_before_the_start(text: str, line: str) -> None:
    pod, _ = made(text)
    assert yaml.safe_load(pod["cmd"]) == ["/bin/sh", "-c", f"set -e\n{line}\nexec /usr/bin/app --x"]


@pytest.mark.parametrize(
    "text", ["", "LimitNOFILE=infinity\n", "RuntimeDirectory=app\nExecStartPre=+/bin/chown app /run/app\n"]
)
def test_nothing_before_it(text: str) -> None:
    assert yaml.safe_load(made(text)[0]["cmd"]) == ["/usr/bin/app", "--x"]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("ExecStartPre=+/usr/bin/prepare\n", "start-step-as-root"),
        ("AmbientCapabilities=CAP_NET_RAW\n", "capability-needed"),
        ("ProtectSystem=strict\nReadWritePaths=/var/lib/app /var/cache/app\n", "state-folder"),
    ],
)
def test_what_a_person_must_see(text: str, check: str) -> None:
    assert check in made(text)[1]
    assert check not in made("AmbientCapabilities=CAP_NET_BIND_SERVICE\n")[1]


def test_what_a_unit_may_write_is_writable() -> None:
    pod, _ = made("ProtectSystem=strict\nReadWritePaths=-/var/cache/app /var/run/app\n")
    assert {"/var/cache/app", "/run/app"} <= {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}


def test_limits_and_kernel_settings_of_the_role() -> None:
    pod, checks = made(
        "",
        task("pam_limits", 2, {"domain": "app", "limit_type": "soft", "limit_item": "nofile", "value": 4096}),
        task("sysctl", 3, {"name": "net.ipv4.tcp_syncookies", "value": 1}),
        task("sysctl", 4, {"name": "vm.swappiness", "value": 1}),
        task("capabilities", 5, {"path": "/usr/bin/app", "capability": "cap_net_bind_service+ep"}),
    )
    assert "ulimit -S -n 4096" in pod["cmd"]
    assert {"name": "net.ipv4.tcp_syncookies", "value": "1"} in pod["securityContext"]["sysctls"]
    assert "sysctl-of-node" in checks
    assert "capability-needed" not in checks


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("access_log /var/log/nginx/a.log main;", "access_log /dev/stdout main;"),
        ("error_log  /var/log/nginx/e.log;", "error_log  /dev/stderr;"),
        ("  ErrorLog ${APACHE_LOG_DIR}/error.log", "  ErrorLog /dev/stderr"),
        ('CustomLog "/var/log/httpd/access_log" combined', 'CustomLog "/dev/stdout" combined'),
        ("log_file = /var/log/app/app.log", "log_file = /dev/stdout"),
        ("logfile: '/var/log/app.log'", "logfile: '/dev/stdout'"),
        ("global\n  log /dev/log local0", "global\n  log stdout format raw local0"),
        ("php_admin_value[error_log] = /var/log/a.log", "php_admin_value[error_log] = /dev/stderr"),
        ("log_dir = /var/log/app.d", "log_dir = /var/log/app.d"),
        ("logs = /var/log/app", "logs = /var/log/app"),
        ("data = /var/log/app.log", "data = /var/log/app.log"),
        ("access_log off;", "access_log off;"),
    ],
)
def test_logs_of_a_configuration(before: str, after: str) -> None:
    text, told = logs.redirect(before)
    assert text == after
    assert bool(told) is (before != after)


@pytest.mark.parametrize(
    ("word", "before", "after"),
    [
        ("--access-logfile=/var/log/a.log", "", "--access-logfile=/dev/stdout"),
        ("/var/log/error.log", "--log-file", "/dev/stderr"),
        ("/var/log/a.log", "--data", "/var/log/a.log"),
    ],
)
def test_logs_of_a_command(word: str, before: str, after: str) -> None:
    assert logs.of_word(word, before) == after


def test_logs_of_cron() -> None:
    assert logs.of_line("/usr/bin/x >> /var/log/x.log 2>&1") == "/usr/bin/x"
    assert logs.of_line("/usr/bin/x 2>&1 | logger -t x") == "/usr/bin/x"
    assert logs.of_line("/usr/bin/x > /srv/x") == "/usr/bin/x > /srv/x"


def test_logs_of_a_package_become_links() -> None:
    run = Run(
        ("nginx",), writable=("/var/log/nginx", "/run"), logs=("/var/log/nginx/access.log", "/var/log/nginx/error.log")
    )
    artifacts, _ = generate(assessment(estates.NGINX), catalog={"nginx": product("nginx", run=run)}, target=Target())
    texts = {one.path: one.text for one in artifacts}
    assert "ln -sfn /dev/stdout /var/log/nginx/access.log" in texts["nginx/Dockerfile"]
    assert "ln -sfn /dev/stderr /var/log/nginx/error.log" in texts["nginx/Dockerfile"]
    assert "mountPath: /var/log/nginx" not in texts["nginx/base/deployment.yaml"]
