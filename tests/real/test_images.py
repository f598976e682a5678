# SPDX-License-Identifier: Apache-2.0
"""What is generated for the example estate builds, starts without privileges and answers."""

import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real import podman
from tests.real.running import migrate

pytestmark = pytest.mark.real
EXAMPLE = Path(__file__).parents[2] / "inventories" / "example"


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    podman.base_image()
    folder = tmp_path_factory.mktemp("deploy")
    run = migrate("generate", "-c", "migrate.yaml", "-E", "production", "-o", str(folder), cwd=EXAMPLE)
    assert run.code in (0, 1), run.err
    return folder


def test_every_image_builds(deploy: Path) -> None:
    folders = sorted(path.parent for path in deploy.rglob("Dockerfile"))
    assert [folder.relative_to(deploy).as_posix() for folder in folders if folder.parent != deploy] == [
        "images/nginx-web",
        "images/shop",
    ]
    for folder in folders:
        begun = time.monotonic()
        image = podman.build(folder)
        size = int(podman.podman("image", "inspect", "--format", "{{.Size}}", image)) / 2**20
        print(f"{folder.name}: built in {time.monotonic() - begun:.1f} s, {size:.0f} MiB")


def eventually(question: Callable[[], bool]) -> bool:
    """Ask for up to 20 seconds; a server needs a moment to listen."""
    for _ in range(100):
        if question():
            return True
        time.sleep(0.2)
    return False


def test_memcached_remembers(deploy: Path) -> None:
    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", 21211), timeout=2) as talk:
                talk.sendall(b"set greeting 0 60 5\r\nhello\r\nget greeting\r\n")
                time.sleep(0.2)
                return b"hello" in talk.recv(1000)
        except OSError:
            return False

    folder = deploy / "memcached"
    with podman.running(folder, podman.build(folder), publish="21211:11211") as container:
        assert eventually(answers), podman.podman("logs", container)


def test_nginx_answers_http(deploy: Path) -> None:
    """On port 80, without root; what it stands in front of is not here, so any answer of nginx is a good one."""

    def answers() -> bool:
        talk = http.client.HTTPConnection("127.0.0.1", 21080, timeout=2)
        try:
            talk.request("GET", "/", headers={"Host": "ci.example.com"})
            return "nginx" in talk.getresponse().getheader("Server", "")
        except OSError:
            return False

    folder = deploy / "nginx-jenkins"
    with podman.running(folder, podman.build(folder), publish="21080:80") as container:
        assert eventually(answers), podman.podman("logs", container)


ASK_SOCKET = """
import http.client, socket
talk = http.client.HTTPConnection("localhost")
talk.sock = socket.socket(socket.AF_UNIX)
talk.sock.connect("/run/shop/gunicorn.sock")
talk.request("GET", "/healthz")
print(talk.getresponse().status)
"""


def test_the_shop_answers(deploy: Path) -> None:
    """Code of one's own, copied by a role: behind nginx in one pod; it says of itself whether it is well."""

    def answers() -> bool:
        try:
            return podman.podman("exec", container, "python3", "-c", ASK_SOCKET) in ("200", "503")
        except AssertionError:
            return False

    folder, image = deploy / "shop-web", podman.build(deploy / "images" / "shop")
    with podman.running(folder, image, publish="21081:80", number=1) as container:
        assert eventually(answers), podman.podman("logs", container)
