# SPDX-License-Identifier: Apache-2.0
"""A role with a task of each kind: its image builds, and has what the role would have left on a machine."""

import hashlib
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.real import podman
from tests.real.running import migrate

pytestmark = pytest.mark.real
HERE = Path(__file__).parent / "every"

# What is asked in the container → what it says. Folders of accounts that nothing runs as are only to be read.
EXPECTED = {
    "tool": "tool works",
    "cat /srv/app/page": "a page",
    "cat /srv/code/code.txt": "code",
    "cat /srv/app/made": "made",
    "cat /srv/app/lines": "line 1\nline 2",
    "grep -c '^Listen 8080$' /etc/apache2/ports.conf": "1",
    "grep -A1 no_template /etc/apache2/apache2.conf": "# {{ no_template }}\nServerName every.example.com",
    "ls /etc/apache2/mods-enabled/headers.load": "/etc/apache2/mods-enabled/headers.load",
    "locale -a | grep de_DE": "de_DE.utf8",
    "cat /etc/timezone": "Europe/Berlin",
    "readlink -f /usr/bin/editor": "/usr/bin/nano",
    "ls /etc/apache2/mods-available/status.conf.distrib": "/etc/apache2/mods-available/status.conf.distrib",
    "stat -c %U:%a /srv/app/parts": "root:755",
    "readlink /var/log/apache2/access.log": "/dev/stdout",
    "find / -xdev -path '*ansible*' -not -path '/usr/share/*' -not -path '/proc/*' 2>/dev/null | head -1": "",
    "ls /var/lib/apt/lists /tmp/ansible /root/.ansible 2>/dev/null | grep -v : | tr -d '\\n'": "",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A web server with a tool, an archive and a repository."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "tool.sh").write_text("#!/bin/sh\necho tool works\n")
    (folder / "page").write_text("a page\n")
    with tarfile.open(folder / "app.tgz", "w:gz") as archive:
        archive.add(folder / "page", "page")
    work = folder / "work"
    git("init", "--quiet", str(work))
    (work / "code.txt").write_text("code\n")
    git("-C", str(work), "add", ".")
    git("-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "x")
    git("clone", "--quiet", "--bare", str(work), str(folder / "code.git"))
    git("-C", str(folder / "code.git"), "update-server-info")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, server.server_port
    server.shutdown()


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def test_an_image_has_what_a_machine_would_have(served: tuple[Path, int], tmp_path: Path) -> None:
    folder, port = served
    podman.base_image()
    project = tmp_path / "project"
    shutil.copytree(HERE, project)
    known = {
        "port": str(port),
        "tool_sum": hashlib.sha256((folder / "tool.sh").read_bytes()).hexdigest(),
        "commit": git("-C", str(folder / "work"), "rev-parse", "HEAD"),
    }
    variables = [word for name, value in known.items() for word in ("-e", f"{name}={value}")]
    run = migrate(
        "generate", "-p", ".", "-i", "hosts", "site.yml", *variables, "-o", str(tmp_path / "deploy"), cwd=project
    )
    assert run.code in (0, 1), run.err
    image = podman.build(tmp_path / "deploy" / "apache-httpd")
    script = "\n".join(f'printf "%s\\n" "== {number}"; {question}' for number, question in enumerate(EXPECTED))
    said = podman.podman(
        "run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL", image, "/bin/sh", "-c", script
    )
    answers = [part.partition("\n")[2].strip() for part in said.split("== ")[1:]]
    assert dict(zip(EXPECTED, answers, strict=True)) == EXPECTED
