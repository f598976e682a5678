# SPDX-License-Identifier: Apache-2.0
"""A whole OpenStack on loopback for tests: made from nothing, started, filled through its own APIs, and ended."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.real.cloud import settings
from tests.real.content import CACHE

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
DATABASES = ("keystone", "placement", "glance", "nova", "nova_api", "nova_cell0", "neutron", "cinder")
SERVICES = ("keystone", "placement", "glance", "neutron", "cinder", "nova")
TYPES = {
    "placement": ("placement", ""),
    "glance": ("image", ""),
    "nova": ("compute", "/v2.1"),
    "neutron": ("network", ""),
    "cinder": ("block-storage", "/v3"),
}
DATABASE_SETTINGS = (
    "--skip-networking --max-connections=500 --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --sync-binlog=0 "
    "--innodb-buffer-pool-size=128M --character-set-server=utf8mb3 --performance-schema=off"
).split()


class Lab:
    """The running cloud: `clouds` is its clouds.yaml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = environment()
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.clouds = folder / "clouds.yaml"

    def start(self) -> None:
        settings.write(self.folder, self.environment, self.ports)
        self.start_database()
        with ThreadPoolExecutor(2) as pool:  # neutron's and nova's schemas take longest
            identity = pool.submit(self.make_identity)
            pool.submit(self.make_schemas, "neutron", "nova").result()
            identity.result()
        for name in SERVICES[1:]:
            self.launch(name)
        for name in SERVICES[1:]:
            self.wait_for(name)
        self.manage("nova", "cell_v2", "discover_hosts")

    def start_database(self) -> None:
        data = f"--datadir={self.folder}/mysql"
        install = ["mariadb-install-db", "--no-defaults", "--user=root", data, "--skip-test-db"]
        self.call([*install, "--auth-root-authentication-method=normal"])
        server = ["mariadbd", "--no-defaults", "--user=root", data, f"--socket={self.folder}/mysql.sock"]
        self.spawn("mariadb", [*server, f"--pid-file={self.folder}/mysql/pid", *DATABASE_SETTINGS])
        wait(lambda: self.sql("select 1", check=False), "MariaDB")
        self.sql("".join(f"create database {name} character set utf8mb3;" for name in DATABASES))

    def sql(self, statements: str, *, check: bool = True) -> bool:
        command = ["mariadb", "-uroot", "-S", f"{self.folder}/mysql.sock"]
        done = subprocess.run(command, input=statements.encode(), capture_output=True, check=check)
        return done.returncode == 0

    def make_identity(self) -> None:
        """keystone and its catalog, then the schemas that no one waits for."""
        owner = ("--keystone-user", "root", "--keystone-group", "root")
        self.manage("keystone", "db_sync")
        self.manage("keystone", "fernet_setup", *owner)
        self.manage("keystone", "credential_setup", *owner)
        url = f"http://127.0.0.1:{self.ports['keystone']}/v3"
        urls = [text for kind in ("public", "internal", "admin") for text in (f"--bootstrap-{kind}-url", url)]
        region = ("--bootstrap-region-id", "RegionOne")
        self.manage("keystone", "bootstrap", "--bootstrap-password", settings.PASSWORD, *region, *urls)
        self.launch("keystone")
        self.wait_for("keystone")
        self.make_catalog()
        self.make_schemas("glance", "placement", "cinder")

    def make_schemas(self, *names: str) -> None:
        for name in names:
            for arguments in self.schema(name):
                self.manage(name, *arguments)

    def schema(self, name: str) -> list[tuple[str, ...]]:
        """What to ask of a service's own tool, so that its tables are there."""
        if name == "nova":
            cell = ("--database_connection", self.connection_of("nova"), "--transport-url", "fake://")
            return [
                ("api_db", "sync"),
                ("cell_v2", "map_cell0", "--database_connection", self.connection_of("nova_cell0")),
                ("cell_v2", "create_cell", "--name", "cell1", *cell),
                ("db", "sync"),
            ]
        return [{"glance": ("db_sync",), "neutron": ("upgrade", "head")}.get(name, ("db", "sync"))]

    def connection_of(self, database: str) -> str:
        return settings.Settings(self.folder, self.environment, self.ports).database(database)["connection"]

    def make_catalog(self) -> None:
        """Services, their users, and a second project with an ordinary member."""
        identity = self.connect("lab").identity
        admin, service = identity.find_role("admin"), identity.find_role("service")
        project = identity.create_project(name="service", domain_id="default")
        for name, (kind, path) in TYPES.items():
            user = identity.create_user(name=name, password=settings.PASSWORD, domain_id="default")
            for role in (admin, service):
                identity.assign_project_role_to_user(project, user, role)
            entry = identity.create_service(name=name, type=kind)
            url = f"http://127.0.0.1:{self.ports[name]}{path}"
            for interface in ("public", "internal"):
                identity.create_endpoint(service_id=entry.id, interface=interface, url=url, region_id="RegionOne")
        demo = identity.create_project(name="demo", domain_id="default")
        member = identity.create_user(name="demo", password=settings.PASSWORD, domain_id="default")
        identity.assign_project_role_to_user(demo, member, identity.find_role("member"))

    def connect(self, cloud: str) -> Any:
        from migrate.clients.openstack import connect

        return connect(cloud, [self.clouds])

    def manage(self, service: str, *arguments: str) -> None:
        file = "glance-api" if service == "glance" else service
        tool = "neutron-db-manage" if service == "neutron" else f"{service}-manage"
        settings_file = f"{self.folder}/etc/{file}.conf"
        self.call([f"{self.environment}/bin/{tool}", "--config-file", settings_file, *arguments])

    def call(self, command: list[str]) -> None:
        with (self.folder / "log" / "setup.log").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, env=self.variables(), check=False, timeout=600)
        text = (self.folder / "log" / "setup.log").read_text(errors="replace")
        assert done.returncode == 0, f"{' '.join(command)}\n{text[-3000:]}"

    def variables(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": f"{self.folder}/plugins",
            "OS_PLACEMENT_CONFIG_DIR": f"{self.folder}/etc",
            "OS_NOVA_DISABLE_EVENTLET_PATCHING": "true",
            "OS_CINDER_DISABLE_EVENTLET_PATCHING": "true",
        }

    def launch(self, name: str) -> None:
        python, port = f"{self.environment}/bin/python", str(self.ports[name])
        self.spawn(name, [python, str(HERE / "service.py"), str(self.folder), name, port, *settings.COMPUTES])

    def spawn(self, name: str, command: list[str]) -> None:
        with (self.folder / "log" / f"{name}.out").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, env=self.variables(), start_new_session=True
            )

    def wait_for(self, name: str) -> None:
        wait(lambda: is_open(self.ports[name]), name, alive=self.processes[name])

    def stop(self, name: str) -> None:
        """End one service at once; a gentle end outlives its port for some."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for name in reversed(list(self.processes)):
            self.stop(name)


@contextmanager
def running(folder: Path) -> Iterator[Lab]:
    lab = Lab(folder)
    try:
        lab.start()
        yield lab
    finally:
        lab.stop_all()


def environment() -> Path:
    """The services' own virtual environment, with pins of their own, made once outside the checkout."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = CACHE.parent / f"openstack-{digest}"
    if not (folder / ".complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True)
        (folder / ".complete").touch()
    return folder


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait(condition: Any, what: str, *, limit: float = 180, alive: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert alive is None or alive.poll() is None, f"{what} ended with {alive.returncode}" if alive else ""
        assert time.monotonic() < end, f"{what} did not come up within {limit} s"
        time.sleep(0.25)
