# SPDX-License-Identifier: Apache-2.0
"""What single tasks mean."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.assess.actions import language_packages, mounts, package_name, packages, removed_packages, starts
from migrate.assess.containers import Volume, volume
from migrate.assess.rules.storage import is_scratch
from migrate.assess.unitfile import cron_jobs, programs, settings, supervisor_programs
from migrate.model.task import RecordedTask, RenderedFile


def task(module: str, **args: Any) -> RecordedTask:
    return RecordedTask(machine="a", action=f"ansible.builtin.{module}", args=args)


def file(dest: str, text: str) -> RecordedTask:
    return RecordedTask(machine="a", action="ansible.builtin.copy", file=RenderedFile(dest, text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx=1.22*", "nginx"),
        ("nginx>=1.2", "nginx"),
        ("libc6:amd64", "libc6"),
        ("https://x.org/a/grafana_10.1_amd64.deb", "grafana"),
        ("./pool/node-exporter-v1.8.rpm", "node-exporter"),
        ("@Development Tools", "@Development Tools"),
    ],
)
def test_package_names(text: str, name: str) -> None:
    assert package_name(text) == name


def test_packages_of_every_shape() -> None:
    assert packages(task("apt", name="a,b")) == ["a", "b"]
    assert packages(task("dnf", name=["a", "b-1.0"])) == ["a", "b-1.0"]
    assert packages(task("apt", pkg="a", state="absent")) == []
    assert removed_packages(task("apt", name=["a"], state="absent")) == ["a"]
    assert language_packages(task("pip", name=["gunicorn==22.0", "-r x"])) == ["gunicorn"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("systemctl enable --now nginx.service", "nginx"),
        ("systemctl --quiet restart x@1", "x@1"),
        ("service nginx restart", "nginx"),
        ("/etc/init.d/tomcat7 start", "tomcat7"),
        ("supervisorctl restart web:*", "web:"),
        ("pm2 start /srv/x/app.js", "app.js"),
        ("pm2 start /srv/x/app.js --name orders -i 2", "orders"),
        ("pm2 start /srv/orders/ecosystem.config.js --env production", "orders"),
        ("sudo -u x forever start -l log server.js", "server.js"),
    ],
)
def test_starts_by_shell(command: str, name: str) -> None:
    assert name.rstrip(":") in {start.name.rstrip(":") for start in starts(task("shell", _raw_params=command))}


@pytest.mark.parametrize("command", ["systemctl daemon-reload", "systemctl stop nginx", "docker run --rm -it x sh"])
def test_no_starts_by_shell(command: str) -> None:
    assert starts(task("shell", _raw_params=command)) == []


def test_docker_run() -> None:
    [start] = starts(
        task("command", _raw_params="docker run -d -p 80:80 --restart=always -v /a:/b:ro x.org/y/web:3 serve")
    )
    assert (start.name, start.image, start.manager) == ("web", "x.org/y/web:3", "container")


@pytest.mark.parametrize(
    ("args", "running"),
    [
        ({"state": "started"}, True),
        ({"enabled": True}, True),
        ({"enabled": "no"}, False),
        ({"state": "stopped", "enabled": True}, False),
        ({"masked": True}, False),
    ],
)
def test_services(args: dict[str, Any], running: bool) -> None:
    assert [start.running for start in starts(task("systemd", name="x", **args))] == [running]


def test_reloading_everything_starts_nothing() -> None:
    assert starts(task("systemd", daemon_reload=True)) == []


def test_stopped_is_not_removed() -> None:
    [stopped] = starts(task("docker_container", name="x", image="y", state="stopped"))
    [absent] = starts(task("docker_container", name="x", state="absent"))
    assert (stopped.removed, absent.removed) == (False, True)


def test_mounts() -> None:
    assert mounts(task("mount", path="/data", src="/dev/vdb", fstype="xfs")) == [("/data", "/dev/vdb", "xfs")]
    assert mounts(task("mount", path="/data", state="unmounted")) == []


def test_crontab_lines() -> None:
    text = "# off\nPATH=/bin\n*/5 * * * * shop /bin/a b\n@daily root /bin/c\n0 4 * * mon-fri www /bin/d\n"
    found = cron_jobs(file("/etc/cron.d/shop", text))
    assert found == [
        ("shop-1", "*/5 * * * *", "shop", "/bin/a b"),
        ("shop-2", "@daily", "root", "/bin/c"),
        ("shop-3", "0 4 * * mon-fri", "www", "/bin/d"),
    ]
    assert cron_jobs(file("/etc/cron.weekly/tidy", "#!/bin/sh\n")) == [
        ("tidy", "@weekly", "root", "/etc/cron.weekly/tidy")
    ]


def test_units_as_systemd_reads_them() -> None:
    found = settings("[Service]\nExecStart=/a \\\n  --b\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n; no\n")
    assert found == {"Service.ExecStart": ("/a  --b",), "Service.Environment": ("B=2",)}


@pytest.mark.parametrize("text", ["[program:", "[a]\n[a]\n= x", "services: [", "services: 1", "\x00"])
def test_broken_files_are_no_programs(text: str) -> None:
    assert programs(file("/etc/supervisor/conf.d/x.conf", text)) == []
    assert programs(file("/srv/docker-compose.yml", text)) == []


def test_docker_run_keeps_volumes_ports_and_environment() -> None:
    line = "docker rm -f x; sudo docker run -dit --name x -v /a:/b -p 1:2 --mount type=tmpfs,dst=/t -e A='b; c' i:1 go"
    [start] = starts(task("shell", _raw_params=line))
    held = start.container
    assert held is not None
    assert (start.name, start.image, start.command) == ("x", "i:1", "go")
    assert (held.volumes, held.ports, held.environment) == ((Volume("/a", "/b"),), ("1:2",), {"A": "b; c"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/a:/b", Volume("/a", "/b")),
        ("/a:/b:z,ro", Volume("/a", "/b", read_only=True)),
        ("/b", Volume("", "/b")),
        ("${DATA:-./a}:/b", Volume("/opt/s/a", "/b")),
        ({"type": "volume", "source": "a", "target": "/b"}, Volume("a", "/b")),
        ({"type": "bind", "src": "/a", "dst": "/b", "readonly": "yes"}, Volume("/a", "/b", read_only=True)),
        ({"type": "tmpfs", "target": "/b"}, None),
    ],
)
def test_volumes_of_every_shape(text: object, told: Volume | None) -> None:
    assert volume(text, folder="/opt/s") == told


@pytest.mark.parametrize(
    ("text", "scratch"),
    [
        ("/var/logistics/db:/data", False),
        ("/tmpfiles:/keep", False),
        ("/booty:/keep", False),
        ("/srv/audit_log:/data", False),
        ("/etc/app/db:/srv/app", False),
        ("/data", False),
        ("app_logs:/var/log/app", True),
        ("/srv/app/logs:/app/logs", True),
        ("/var/run/docker.sock:/var/run/docker.sock", True),
        ("/etc/localtime:/etc/localtime", True),
    ],
)
def test_scratch_volumes(text: str, scratch: bool) -> None:
    found = volume(text)
    assert found is not None
    assert is_scratch(found) is scratch


def test_services_of_a_compose_file() -> None:
    text = "services:\n  a: {image: i, volumes: [./d:/d], ports: ['1:2'], environment: [K=v, L]}\n  b: {build: ./b}\n"
    one, other = programs(file("/opt/s/stack.yml", text.replace("a: {", "a: {\n   ").replace("b: {", "b: {\n   ")))
    assert one.container is not None
    assert other.container is not None
    assert one.container.volumes == (Volume("/opt/s/d", "/d"),)
    assert (one.container.ports, one.container.environment, one.container.alone) == (("1:2",), {"K": "v"}, False)


def test_a_program_of_supervisor_has_its_folder_and_its_variables() -> None:
    text = '[program:api]\ncommand=/usr/bin/api\nuser=api\ndirectory=/opt/api\nenvironment=A="1, 2",B=3\n'
    (found,) = supervisor_programs(text)
    assert (found.directory, found.environment) == ("/opt/api", {"A": "1, 2", "B": "3"})
