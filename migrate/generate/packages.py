# SPDX-License-Identifier: Apache-2.0
"""Packages that a role installs, as the shell commands of an image build."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Any

import msgspec

from migrate.generate.tasks import Left, is_truthy
from migrate.model.task import RecordedTask

GONE = {"absent", "removed", "purged"}
# They serve a machine, not a process in a container.
OF_THE_HOST = frozenset(
    "anacron chrony cron cronie fail2ban firewalld iptables iptables-persistent logrotate needrestart nftables ntp "
    "openssh-server openntpd rsyslog sudo supervisor systemd systemd-timesyncd ufw unattended-upgrades".split()
)
SYSTEM_NAME = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9@._+:*~-]*([=/][A-Za-z0-9._+:*~-]+)?")
LANGUAGE_NAME = re.compile(
    r"@?[A-Za-z0-9][A-Za-z0-9._/-]*(\[[A-Za-z0-9,._-]+\])?\s*([=<>!~^@]{1,3}\s*[A-Za-z0-9.*+!_-]+,?)*"
)


class Install(msgspec.Struct, frozen=True):
    """A command of the build, the hadolint rules it can't obey, and why."""

    command: str
    ignored: tuple[str, ...] = ()
    task: RecordedTask | None = None


def wanted(tasks: Iterable[RecordedTask]) -> tuple[dict[str, RecordedTask], list[Left]]:
    """Package → the first task that installs it, sorted; and tasks that name something other than packages."""
    found: dict[str, RecordedTask] = {}
    left = []
    for task in tasks:
        if task.args.get("state") in GONE:
            continue
        names = [name for name in listed(task.args, "name", "pkg", "package") if name not in OF_THE_HOST]
        if task.args.get("deb") or any(not SYSTEM_NAME.fullmatch(name) for name in names):
            left.append(Left(task, "review", "it installs something other than a package by name"))
        for name in filter(SYSTEM_NAME.fullmatch, names):
            found.setdefault(name, task)
    return dict(sorted(found.items())), left


def system_install(names: Iterable[str], family: str) -> Install:
    """One command that installs packages with apt or dnf, and cleans up after itself."""
    names = sorted(set(names))
    if family == "dnf":
        quoted = [shlex.quote(re.sub(r"[=/]", "-", name, count=1)) for name in names]
        head, tail = "dnf install -y --nodocs --setopt=install_weak_deps=False", "dnf clean all"
        ignored = () if all("-" in name and re.search(r"-\d", name) for name in quoted) else ("DL3041",)
    else:
        quoted = [shlex.quote(name) for name in names]
        head, tail = (
            "apt-get update && \\\n    apt-get install -y --no-install-recommends",
            "rm -rf /var/lib/apt/lists/*",
        )
        ignored = () if all("=" in name for name in names) else ("DL3008",)
    return Install(f"{head} \\\n      " + " \\\n      ".join(quoted) + f" && \\\n    {tail}", ignored)


def language_installs(tasks: Iterable[RecordedTask], files: set[str]) -> tuple[list[Install], list[Left]]:
    """pip and npm commands, in the order recorded; `files` are the paths that the image has."""
    installs, left = [], []
    for task in tasks:
        if task.args.get("state") in GONE:
            continue
        problem = _language_problem(task, files)
        if problem:
            left.append(Left(task, "review", problem))
        else:
            installs.append(_pip(task) if task.module == "pip" else _npm(task))
    return installs, left


def helpers(tasks: Iterable[RecordedTask], family: str) -> dict[str, RecordedTask]:
    """System packages that pip and npm themselves come in."""
    found = {}
    for task in tasks:
        if task.module == "npm":
            found["npm"] = task
        elif task.args.get("virtualenv") and family == "apt":
            found["python3-venv"] = task
        else:
            found["python3-pip"] = task
    return found


def listed(args: dict[str, Any], *names: str) -> list[str]:
    """A list argument as Ansible takes it: a list, or text with commas."""
    value: Any = next((args[name] for name in names if args.get(name)), [])
    parts = value if isinstance(value, list) else str(value).split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _language_problem(task: RecordedTask, files: set[str]) -> str:
    names = listed(task.args, "name")
    if any(not LANGUAGE_NAME.fullmatch(name) for name in names):
        return "it installs something other than a package by name"
    requirements = task.args.get("requirements")
    if task.module == "pip" and requirements and requirements not in files:
        return f"{requirements} is not in the image"
    if task.args.get("extra_args"):
        return "it passes arguments to pip"
    if not names and not requirements:
        return "it installs what a file of the application lists, and the application is not in the image"
    return ""


def _pip(task: RecordedTask) -> Install:
    names = listed(task.args, "name")
    version = str(task.args.get("version") or "")
    if version and len(names) == 1:
        names = [f"{names[0]}=={version}"]
    what = [shlex.quote(re.sub(r"\s", "", name)) for name in sorted(names)]
    if task.args.get("requirements"):
        what.append(f"-r {shlex.quote(task.args['requirements'])}")
    ignored = () if all("==" in name or name.startswith("-r ") for name in what) else ("DL3013",)
    environment = str(task.args.get("virtualenv") or "")
    if not environment:
        # Debian's Python refuses to be added to unless told so; in an image there is nothing else to break.
        return Install(f"PIP_BREAK_SYSTEM_PACKAGES=1 pip3 install --no-cache-dir {' '.join(what)}", ignored, task)
    shared = "--system-site-packages " if is_truthy(task.args.get("virtualenv_site_packages")) else ""
    pip = shlex.quote(f"{environment.rstrip('/')}/bin/pip")
    command = (
        f"python3 -m venv {shared}{shlex.quote(environment)} && \\\n    {pip} install --no-cache-dir {' '.join(what)}"
    )
    return Install(command, ignored, task)


def _npm(task: RecordedTask) -> Install:
    version = str(task.args.get("version") or "")
    names = [f"{name}@{version}" if version else name for name in sorted(listed(task.args, "name"))]
    where = (
        "--global" if is_truthy(task.args.get("global")) else f"--prefix {shlex.quote(str(task.args.get('path', '/')))}"
    )
    ignored = () if all("@" in name[1:] for name in names) else ("DL3016",)
    quoted = " ".join(map(shlex.quote, names))
    return Install(f"npm install {where} {quoted} && \\\n    npm cache clean --force", ignored, task)
