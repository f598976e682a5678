# SPDX-License-Identifier: Apache-2.0
"""A real control plane without a node that runs anything: etcd, API server, controllers, scheduler, on loopback.

Pods are admitted, made by their controllers and put on nodes; no container starts. `MIGRATE_TEST_KUBECONFIG` names a
cluster to be used instead.
"""

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.real import gotools

TOKEN = secrets.token_hex(16)
KUBECONFIG = """apiVersion: v1
kind: Config
clusters:
- name: test
  cluster: {{server: "https://127.0.0.1:{port}", insecure-skip-tls-verify: true}}
users:
- name: admin
  user: {{token: {token}}}
contexts:
- name: test
  context: {{cluster: test, user: admin}}
current-context: test
"""
NODES = 4


class Cluster:
    """What tests ask a cluster."""

    def __init__(self, kubeconfig: Path, kubectl: Path) -> None:
        self.kubeconfig, self.program = kubeconfig, kubectl

    def kubectl(self, *arguments: str, text: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [str(self.program), "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=text, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 or not check, f"{' '.join(arguments)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done

    def get(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", "-o", "json", *arguments).stdout)["items"]
        return found


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that ends with the block."""
    programs = gotools.program("cluster", "kubectl")
    given = os.environ.get("MIGRATE_TEST_KUBECONFIG")
    if given:
        yield Cluster(Path(given), programs / "kubectl")
        return
    programs = gotools.program(
        "cluster", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"
    )
    with ExitStack() as stack:
        yield _started(folder, programs, stack)


def _started(folder: Path, programs: Path, stack: ExitStack) -> Cluster:
    client, peer, port = (free_port() for _ in range(3))
    key = folder / "sa.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f'{TOKEN},admin,1,"system:masters"\n')
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG.format(port=port, token=TOKEN))
    kubeconfig.chmod(0o600)
    found = Cluster(kubeconfig, programs / "kubectl")

    def start(name: str, *flags: str) -> None:
        stack.enter_context(running([str(programs / name), *flags], folder / f"{name}.log"))

    etcd = f"http://127.0.0.1:{client}"
    start("etcd", f"--data-dir={folder / 'etcd'}", f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}",
          f"--listen-peer-urls=http://127.0.0.1:{peer}", "--unsafe-no-fsync")  # fmt: skip
    start("kube-apiserver", f"--etcd-servers={etcd}", "--bind-address=127.0.0.1", f"--secure-port={port}",
          f"--cert-dir={folder / 'certs'}", f"--service-account-key-file={key}",
          f"--service-account-signing-key-file={key}", "--service-account-issuer=https://kubernetes.default.svc",
          "--service-cluster-ip-range=10.96.0.0/16", f"--token-auth-file={folder / 'tokens.csv'}",
          "--authorization-mode=RBAC")  # fmt: skip
    log = folder / "kube-apiserver.log"
    until(
        lambda: found.kubectl("get", "--raw=/readyz", check=False).returncode == 0, "the API server", log=log, wait=90
    )
    shared = [f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0"]
    # Nobody reports for the nodes, so nobody may miss their reports.
    start("kube-controller-manager", *shared, f"--service-account-private-key-file={key}",
          "--controllers=*,-node-lifecycle-controller")  # fmt: skip
    start("kube-scheduler", *shared)
    add_nodes(found)
    return found


def add_nodes(found: Cluster) -> None:
    for number in range(NODES):
        name = f"node{number + 1}"
        room = {"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "500Gi"}
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        found.kubectl("create", "-f", "-", text=json.dumps(node))
        ready = [{"type": "Ready", "status": "True", "reason": "Test"}]
        status = {"status": {"capacity": room, "allocatable": room, "conditions": ready}}
        found.kubectl("patch", "node", name, "--subresource=status", "--type=merge", "-p", json.dumps(status))
        found.kubectl("taint", "node", name, "node.kubernetes.io/not-ready-", check=False)


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """A server that ends with the block, and with this process, whatever happens."""
    with log.open("wb") as stream:
        bound = ["setpriv", "--pdeathsig", "KILL", *command]
        process = subprocess.Popen(bound, stdout=stream, stderr=subprocess.STDOUT)
    try:
        yield
        assert process.poll() is None, f"{command[0]} ended early:\n{log.read_text()[-3000:]}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(question: Callable[[], bool], what: str, *, log: Path | None = None, wait: float = 60) -> None:
    """Ask until the answer is yes."""
    end = time.monotonic() + wait
    while not question():
        more = f"\n{log.read_text()[-3000:]}" if log else ""
        assert time.monotonic() < end, f"{what}: not after {wait:.0f} s{more}"
        time.sleep(0.5)
