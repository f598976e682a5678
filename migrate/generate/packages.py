# SPDX-License-Identifier: Apache-2.0
"""Packages that a role installs, as the shell commands of an image build."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Container, Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from migrate.generate import fetching
from migrate.generate.steps import Impossible, Phase, Scene, Step
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
ADDRESS = re.compile(r"(git\+)?https?://[^\s@]+(@[\w./-]+)?(#[\w=&./-]+)?")


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


def express(task: RecordedTask, scene: Scene) -> Step | str:
    """The packages of one task; packages in files of their own are fetched first."""
    if task.args.get("state") in GONE or (task.args.get("upgrade") and not task.args.get("name")):
        return Step(Phase.PACKAGES, task)
    files = [*listed(task.args, "deb"), *(one for one in listed(task.args, "name", "pkg", "package") if "/" in one)]
    files = [one for one in files if not SYSTEM_NAME.fullmatch(one)]
    names = [one for one in listed(task.args, "name", "pkg", "package") if one not in files and one not in OF_THE_HOST]
    if any(not SYSTEM_NAME.fullmatch(name) for name in names):
        return "it installs something other than a package by name"
    fetch, fetched, local, doubts = [], [], [], []
    for file in files:
        if not file.startswith(("https://", "http://")):
            return Impossible("it installs a package file that is on the machine")
        if scene.family == "dnf":
            local.append(file)
        else:
            path = f"/tmp/{posixpath.basename(urlsplit(file).path)}"
            inside = fetching.STAGE + path
            fetch += [f"mkdir -p {fetching.STAGE}/tmp", fetching.curl(file, inside)]
            fetched.append(path)
            local.append(path)
        doubts.append(fetching.NOT_PINNED.format(what=file, pin="a checksum"))
    return Step(
        Phase.PACKAGES,
        task,
        packages=(*names, *local),
        fetch=tuple(fetch),
        fetched=tuple(fetched),
        doubt="; ".join(doubts),
    )


def express_language(task: RecordedTask, scene: Scene) -> Step | str:
    """pip, npm or gem, and the system packages that they come in."""
    if task.args.get("state") in GONE:
        return Step(Phase.INSTALLS, task)
    if problem := _language_problem(task, scene.paths):
        return Impossible(problem)
    install = {"pip": _pip, "npm": _npm, "gem": _gem}[task.module](task)
    needs = tuple(helpers([task], scene.family))
    return Step(Phase.INSTALLS, task, commands=(install.command,), ignored=install.ignored, needs=needs)


def system_install(names: Iterable[str], family: str) -> Install:
    """One command that installs packages with apt, dnf or apk, and cleans up after itself."""
    names = sorted(set(names))
    quoted = [shlex.quote(name) for name in names]
    if family == "dnf":
        quoted = [one if "://" in one else re.sub(r"[=/]", "-", one, count=1) for one in quoted]
        head, tail = "dnf install -y --nodocs --setopt=install_weak_deps=False", "dnf clean all"
        ignored = () if all("-" in name and re.search(r"-\d", name) for name in quoted) else ("DL3041",)
    elif family == "apk":
        head, tail = "apk add --no-cache", ""
        ignored = () if all("=" in name for name in names) else ("DL3018",)
    else:
        head, tail = (
            "apt-get update && \\\n    apt-get install -y --no-install-recommends",
            "apt-get clean && \\\n    rm -rf /var/lib/apt/lists/*",
        )
        ignored = () if all("=" in name or name.startswith("/") for name in names) else ("DL3008",)
    text = f"{head} \\\n      " + " \\\n      ".join(quoted)
    return Install(f"{text} && \\\n    {tail}" if tail else text, ignored)


def helpers(tasks: Iterable[RecordedTask], family: str) -> dict[str, RecordedTask]:
    """System packages that pip, npm and gem themselves come in."""
    found = {}
    for task in tasks:
        if task.module in {"npm", "gem"}:
            found[{"npm": "npm", "gem": "ruby"}[task.module]] = task
        elif task.args.get("virtualenv") and family == "apt":
            found["python3-venv"] = task
        else:
            found["py3-pip" if family == "apk" else "python3-pip"] = task
        if any(name.startswith("git+") for name in listed(task.args, "name")):
            found["git"] = task
    return found


def listed(args: dict[str, Any], *names: str) -> list[str]:
    """A list argument as Ansible takes it: a list, or text with commas."""
    value: Any = next((args[name] for name in names if args.get(name)), [])
    parts = value if isinstance(value, list) else str(value).split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _language_problem(task: RecordedTask, there: Container[str]) -> str:
    """`there` are paths that the image has."""
    names = listed(task.args, "name")
    if any(not (LANGUAGE_NAME.fullmatch(name) or ADDRESS.fullmatch(name) or _inside(name, there)) for name in names):
        return "it installs something other than a package by name"
    requirements = str(task.args.get("requirements") or "")
    if requirements and not _inside(requirements, there):
        return f"{requirements} is not in the image"
    if not names and not requirements and not _inside(str(task.args.get("path") or ""), there):
        return "it installs what a file of the application lists, and the application is not in the image"
    return "it builds with options of its own" if task.args.get("build_flags") else ""


def _inside(path: str, there: Container[str]) -> bool:
    """Whether a path is there, or a folder above it."""
    while path.count("/") > 0 and path != "/":
        if path in there:
            return True
        path = posixpath.dirname(path)
    return False


def _pip(task: RecordedTask) -> Install:
    names = listed(task.args, "name")
    version = str(task.args.get("version") or "")
    if version and len(names) == 1:
        names = [f"{names[0]}=={version}"]
    what = [shlex.quote(re.sub(r"\s", "", name)) for name in sorted(names)]
    if task.args.get("requirements"):
        what.append(f"-r {shlex.quote(task.args['requirements'])}")
    extra = str(task.args.get("extra_args") or "")
    what += [shlex.quote(word) for word in extra.split() if word != "--no-cache-dir"]
    pinned = all("==" in name or name[0] in "-/" or "://" in name for name in what[: len(names)])
    ignored = () if pinned else ("DL3013",)
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


def _gem(task: RecordedTask) -> Install:
    version = str(task.args.get("version") or "")
    words = [*sorted(listed(task.args, "name")), *(["--version", version] if version else [])]
    return Install(f"gem install --no-document {shlex.join(words)}", () if version else ("DL3028",), task)


def _npm(task: RecordedTask) -> Install:
    version = str(task.args.get("version") or "")
    names = [f"{name}@{version}" if version else name for name in sorted(listed(task.args, "name"))]
    where = (
        "--global" if is_truthy(task.args.get("global")) else f"--prefix {shlex.quote(str(task.args.get('path', '/')))}"
    )
    ignored = () if all("@" in name[1:] for name in names) else ("DL3016",)
    quoted = " ".join(map(shlex.quote, names))
    verb = "ci" if is_truthy(task.args.get("ci")) else "install"
    where += " --omit=dev" if is_truthy(task.args.get("production")) else ""
    return Install(f"npm {verb} {where} {quoted}".rstrip() + " && \\\n    npm cache clean --force", ignored, task)
