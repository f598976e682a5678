# SPDX-License-Identifier: Apache-2.0
"""Real images and containers, with podman: builds generated Dockerfiles, starts what a Deployment describes."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.real.content import CACHE

BASE = "docker.io/library/debian:bookworm-slim"
# Soft and hard limits alike, and runc: what works in a container host without systemd.
SETTINGS = """[containers]
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def settings() -> Path:
    """The file of podman's settings."""
    path = CACHE / "containers.conf"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_text(SETTINGS)
    return path


def podman(*arguments: str) -> str:
    """The output of one call; a failure shows what podman said."""
    env = {**os.environ, "CONTAINERS_CONF": str(settings())}
    done = subprocess.run(["podman", *arguments], check=False, capture_output=True, text=True, env=env, timeout=900)
    assert done.returncode == 0, f"podman {' '.join(arguments)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout.strip()


def base_image() -> None:
    """A minimal Debian 12 under the name that Dockerfiles use; made from the archive, since no registry is at hand."""
    if BASE in podman("images", "--format", "{{.Repository}}:{{.Tag}}").split():
        return
    archive = CACHE / "bookworm-slim.tar"
    if not archive.exists():
        sources = next(path for path in SOURCES if path.exists())
        command = ["mmdebstrap", "--quiet", "--format=tar", "--variant=minbase"]
        command += ["--dpkgopt=path-exclude=/usr/share/man/*"]
        subprocess.run([*command, "bookworm", f"{archive}.new", str(sources)], check=True)
        Path(f"{archive}.new").rename(archive)
    podman("import", "--quiet", "--change", 'CMD ["bash"]', str(archive), "localhost/debian:bookworm-slim")
    podman("tag", "localhost/debian:bookworm-slim", BASE)


SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))


def build(folder: Path) -> str:
    """Build a generated folder; the image's name."""
    image = f"localhost/migrate-test/{folder.name}"
    podman("build", "--quiet", "--network=host", "--tag", image, str(folder))
    return image


@contextmanager
def running(folder: Path, image: str, *, publish: str, number: int = 0) -> Iterator[str]:
    """A container of the generated Deployment, as restricted as it says; yields the container's name.

    `publish` is HOST_PORT:CONTAINER_PORT, opened on loopback.
    """
    spec = deployment(folder)["spec"]["template"]["spec"]
    name = f"migrate-test-{folder.name}"
    with tempfile.TemporaryDirectory() as scratch:
        arguments = [
            *restrictions(spec),
            *mounts(spec, folder, Path(scratch)),
            *environment(spec, folder, number),
            *neighbours(folder),
        ]
        container = spec["containers"][number]
        if "workingDir" in container:
            arguments.append(f"--workdir={container['workingDir']}")
        podman(
            "run",
            "--detach",
            "--name",
            name,
            "--pull=never",
            f"--publish=127.0.0.1:{publish}",
            *arguments,
            image,
            *container.get("command", ()),
        )
        try:
            yield name
        finally:
            podman("rm", "--force", name)


def objects(folder: Path) -> list[dict[str, Any]]:
    """What kustomize builds of the production overlay."""
    overlay = folder / "overlays" / "production"
    done = subprocess.run(["kubectl", "kustomize", str(overlay)], check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(done.stdout))


def deployment(folder: Path) -> dict[str, Any]:
    return next(found for found in objects(folder) if found["kind"] == "Deployment")


def restrictions(spec: dict[str, Any]) -> list[str]:
    """User, capabilities and read-only root, as flags of podman."""
    container, pod = spec["containers"][0], spec["securityContext"]
    assert container["securityContext"]["readOnlyRootFilesystem"] and pod["runAsNonRoot"]
    user = f"{pod['runAsUser']}:{pod['runAsGroup']}"
    sysctls = [f"--sysctl={entry['name']}={entry['value']}" for entry in pod.get("sysctls", ())]
    return ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", f"--user={user}", *sysctls]


def mounts(spec: dict[str, Any], folder: Path, scratch: Path) -> list[str]:
    """emptyDirs as empty folders, keys of ConfigMaps as files."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
    arguments = []
    for mount in spec["containers"][0].get("volumeMounts", ()):
        volume = volumes[mount["name"]]
        if "emptyDir" in volume:
            empty = scratch / mount["name"]
            empty.mkdir()
            empty.chmod(0o777)  # as a kubelet makes it; podman's --tmpfs takes the mode from the image instead
            arguments += ["--volume", f"{empty}:{mount['mountPath']}"]
        elif "configMap" in volume:
            file = scratch / mount["subPath"]
            file.write_text(config_map(folder, volume["configMap"]["name"])[mount["subPath"]])
            file.chmod(0o644)
            arguments += ["--volume", f"{file}:{mount['mountPath']}:ro"]
    return arguments


def neighbours(folder: Path) -> list[str]:
    """Names of the other Services, which resolve in a cluster; nobody answers there."""
    return [f"--add-host={path.name}:127.0.0.1" for path in sorted(folder.parent.iterdir()) if path.is_dir()]


def config_map(folder: Path, name: str) -> dict[str, str]:
    found = next(one for one in objects(folder) if one["kind"] == "ConfigMap" and one["metadata"]["name"] == name)
    data: dict[str, str] = found["data"]
    return data


def environment(spec: dict[str, Any], folder: Path, number: int) -> list[str]:
    """Values of ConfigMaps, plain values, and the skeleton of each secret with a stand-in for what only people know."""
    container = spec["containers"][number]
    pairs: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        pairs |= config_map(folder, source["configMapRef"]["name"])
    for entry in container.get("env", ()):
        pairs[entry["name"]] = (
            entry["value"] if "value" in entry else stand_in(entry["valueFrom"]["secretKeyRef"], folder)
        )
    return [word for name, value in sorted(pairs.items()) for word in ("--env", f"{name}={value}")]


def stand_in(reference: dict[str, str], folder: Path) -> str:
    (skeleton,) = folder.rglob("secret.example.yaml")
    for document in yaml.safe_load_all(skeleton.read_text()):
        if document["metadata"]["name"] == reference["name"]:
            return re.sub(r"<value of [^>]+>", "standin", document["stringData"][reference["key"]])
    raise AssertionError(f"{folder} has no Secret {reference['name']}")
