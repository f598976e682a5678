# SPDX-License-Identifier: Apache-2.0
"""The one door to podman, docker and buildah: builds images, starts containers in one network, asks about them."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from migrate.errors import SourceError, UsageError

KNOWN = ("podman", "docker", "buildah")
SHORT, LONG = 60.0, 1800.0
TAIL = 4000
PATIENCE = 10.0
# Set for a container, they would change the tool that starts it.
OF_THE_TOOL = ("LD_", "DOCKER_", "CONTAINER", "REGISTRY_", "GO")


class BuilderError(SourceError):
    """A tool refused or failed; `said` is the end of what it printed."""

    def __init__(self, message: str, said: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.said = said


class Builder:
    """One tool. Names of containers and networks are the caller's; all else is said by flags."""

    def __init__(self, name: str, path: str, version: str) -> None:
        self.name, self.path, self.version = name, path, version

    @property
    def starts_pods(self) -> bool:
        """buildah builds, and that is all."""
        return self.name != "buildah"

    def build(self, context: Path, tag: str, options: Sequence[str] = ()) -> None:
        """Build the Dockerfile of a folder."""
        verb = ["bud", "--layers"] if self.name == "buildah" else ["build", "--quiet"]
        self.ask(*verb, *options, f"--tag={tag}", str(context), timeout=LONG)

    def size(self, image: str) -> int:
        """Bytes of an image; 0 where the tool doesn't tell."""
        if self.name == "buildah":
            found = json.loads(self.ask("images", "--json", image) or "[]")
            return in_bytes(str(found[0].get("size", ""))) if found else 0
        return int(self.ask("image", "inspect", "--format={{.Size}}", image))

    def has_image(self, image: str) -> bool:
        return self._runs("image", "inspect", "--format={{.ID}}", image)

    def pull(self, image: str) -> None:
        self.ask("pull", "--quiet", image, timeout=LONG)

    def make_network(self, name: str, *, closed: bool) -> str:
        """A bridge of its own, without a way out when closed; returns the address that this machine has on it."""
        flags = [*(["--internal"] if closed else []), *(["--disable-dns"] if self.name == "podman" else [])]
        self.ask("network", "create", *flags, name)
        described = json.loads(self.ask("network", "inspect", name))[0]
        if found := gateway(described):
            return found
        # podman gives this machine an address on a closed network only where it is told which.
        subnet = described["subnets"][0]["subnet"]
        found = str(next(ipaddress.ip_network(subnet).hosts()))
        self.ask("network", "rm", name)
        self.ask("network", "create", *flags, f"--subnet={subnet}", f"--gateway={found}", name)
        return found

    def hold(self, name: str, image: str, flags: Sequence[str]) -> str:
        """A network that outlives any one container, as a pod has; returns the pod's address."""
        if self.name == "podman":
            self.ask("pod", "create", f"--name={name}", *flags)
            self.ask("pod", "start", name)
            holder = self.ask("pod", "inspect", "--format={{.InfraContainerID}}", name)
        else:
            self.ask("run", "--detach", f"--name={name}", *flags, "--entrypoint=sleep", image, "infinity")
            holder = name
        return self.ask("inspect", "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", holder)

    def run(
        self, pod: str, name: str, image: str, flags: Sequence[str], words: Sequence[str], variables: Mapping[str, str]
    ) -> None:
        """Start a container in a pod's network. Values of variables are on no command line, save names of the tool."""
        shared = [f"--pod={pod}"] if self.name == "podman" else [f"--network=container:{pod}"]
        # podman would add writable folders that a kubelet doesn't.
        strict = ["--read-only-tmpfs=false"] if self.name == "podman" else []
        taken = [name for name in variables if name in os.environ or name.startswith(OF_THE_TOOL)]
        passed = [f"--env={name}" if name not in taken else f"--env={name}={variables[name]}" for name in variables]
        more = {name: value for name, value in variables.items() if name not in taken}
        head = ["run", "--detach", "--pull=never", f"--name={name}", *shared, *strict, *flags, *passed]
        self.ask(*head, image, *words, variables=more, secret=True)

    def state(self, name: str) -> tuple[str, int]:
        """(running, exited, …; exit code)."""
        status, code = self.ask("inspect", "--format={{.State.Status}} {{.State.ExitCode}}", name).split()
        return status, int(code)

    def restart(self, name: str) -> None:
        self.ask("start", name)

    def stop(self, name: str, seconds: int) -> None:
        """SIGTERM, and after some seconds SIGKILL."""
        self.ask("stop", f"--time={seconds}", name, timeout=SHORT + seconds)

    def logs(self, name: str, lines: int) -> str:
        done = self._call(["logs", f"--tail={lines}", name], SHORT, {})
        return done.stdout + done.stderr

    def runs(self, name: str, command: Sequence[str], timeout: float) -> bool:
        """Whether a command in a container ends well."""
        try:
            return self._call(["exec", name, *command], timeout, {}).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def remove(self, pod: str, containers: Sequence[str], network: str) -> None:
        """Take everything of a trial away, whatever of it is there."""
        self._runs("rm", "--force", *containers)
        self._runs(*(("pod", "rm", "--force") if self.name == "podman" else ("rm", "--force")), pod)
        self._runs("network", "rm", network)

    def delete_below(self, folder: Path, image: str) -> None:
        """Delete what containers left in a folder, by the right of their own root."""
        inside = [f"--volume={folder}:/scratch", "--user=0:0", "--network=none", "--security-opt=label=disable"]
        script = ["-c", "rm -rf /scratch/* /scratch/.[!.]*"]
        self._runs("run", "--rm", "--pull=never", *inside, "--entrypoint=/bin/sh", image, *script)

    def ask(
        self, *arguments: str, timeout: float = SHORT, variables: Mapping[str, str] | None = None, secret: bool = False
    ) -> str:
        """What a call prints. Raises BuilderError; the arguments of a secret call are not shown."""
        shown = f"{self.name} {arguments[0] if secret else ' '.join(arguments)}"
        try:
            done = self._call(arguments, timeout, variables or {})
        except subprocess.TimeoutExpired as error:
            raise BuilderError(f"{shown}: no end after {timeout:.0f} s", "", hint="Is the daemon well?") from error
        if done.returncode:
            said = (done.stderr + done.stdout).strip()[-TAIL:]
            raise BuilderError(f"{shown}: exit code {done.returncode}", said, hint=hint_for(said))
        return done.stdout.strip()

    def _runs(self, *arguments: str) -> bool:
        try:
            return self._call(arguments, SHORT, {}).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _call(
        self, arguments: Sequence[str], timeout: float, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        # A session of its own: an interrupt is ours to answer, and the tool is still needed for cleaning up.
        process = subprocess.Popen(
            [self.path, *arguments],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            end(process)
            raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def end(process: subprocess.Popen[str]) -> None:
    """Ask a tool to stop, so that it can take away what it began; kill it where it doesn't."""
    process.terminate()
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def find(wanted: str = "") -> Builder:
    """The first tool on PATH that works, or the one that is wanted. Raises UsageError or SourceError."""
    if wanted and wanted not in KNOWN:
        raise UsageError(f"{wanted} is none of {', '.join(KNOWN)}")
    failed: list[str] = []
    for name in [wanted] if wanted else KNOWN:
        path = shutil.which(name)
        if path is None:
            continue
        try:
            version = Builder(name, path, "").ask(*QUESTION[name])
        except BuilderError as error:
            failed.append(f"{error}: {error.said[-300:]}")
            continue
        number = re.search(r"\d+(\.\d+)+", version)
        return Builder(name, path, number[0] if number else "")
    if failed:
        raise SourceError("; ".join(failed), hint="Start its service, or name another tool with --builder.")
    where = wanted or "none of podman, docker, buildah"
    raise SourceError(f"{where} is on PATH", hint="Install podman: apt-get install podman buildah, dnf install podman.")


QUESTION = {
    "podman": ("version", "--format={{.Client.Version}}"),
    "docker": ("version", "--format={{.Server.Version}}"),
    "buildah": ("--version",),
}


def in_bytes(text: str) -> int:
    """`167 MB`, as buildah tells sizes; 0 for what is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMG]?)B?", text)
    return int(float(match[1]) * 1000 ** " KMG".index(match[2] or " ")) if match else 0


def gateway(network: Mapping[str, Any]) -> str:
    """This machine's address on a network, from what podman or docker say of it; "" where they say none."""
    docker = (network.get("IPAM") or {}).get("Config") or ()
    found = [one.get("gateway") or one.get("Gateway") for one in (*(network.get("subnets") or ()), *docker)]
    return str(next((one for one in found if one), ""))


def hint_for(said: str) -> str:
    """What to do about the usual failures."""
    for sign, hint in HINTS:
        if sign in said:
            return hint
    return ""


HINTS = (
    ("no such host", "The base image is not here and its registry can't be reached: pull or import it first."),
    ("manifest unknown", "The base image is not in the registry: choose another with target.base_image."),
    ("setrlimit", "Set default_ulimits with equal soft and hard limits in containers.conf."),
    ("permission denied while trying to connect", "Run it as a user who may talk to the daemon."),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "Mount the certificates of your network: --build-option=--volume=/etc/ssl/certs:…:ro.",
    ),
)
