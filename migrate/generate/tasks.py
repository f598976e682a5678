# SPDX-License-Identifier: Apache-2.0
"""Recorded tasks, sorted by what they mean for an image: used, left for a person, or no business of a container."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from migrate.generate.names import line
from migrate.generate.tokens import Tokens
from migrate.model.task import RecordedTask, RenderedFile
from migrate.model.workload import Workload

PACKAGES, ACCOUNTS, PATHS, FILES, INSTALLS, HOST = "packages", "accounts", "paths", "files", "installs", "host"

BUCKETS: Mapping[str, str] = {
    **dict.fromkeys(("apt", "package", "dnf", "dnf5", "yum"), PACKAGES),
    **dict.fromkeys(("user", "group"), ACCOUNTS),
    "file": PATHS,
    **dict.fromkeys(("copy", "template"), FILES),
    **dict.fromkeys(("pip", "npm"), INSTALLS),
    **dict.fromkeys(
        """add_host assert async_status authorized_key cron debug docker_container docker_network docker_volume
        fail fetch filesystem find firewalld gather_facts getent group_by hostname include_role include_tasks
        include_vars import_role import_tasks iptables known_hosts logrotate lvg lvol meta modprobe mount
        package_facts pam_limits parted pause ping reboot seboolean selinux service service_facts set_fact set_stats
        setup slurp stat supervisorctl sysctl systemd systemd_service sysvinit tempfile timezone ufw uri
        validate_argument_spec wait_for wait_for_connection""".split(),
        HOST,
    ),
}
REASONS: Mapping[str, str] = {
    **dict.fromkeys(("command", "shell", "raw", "script", "expect", "make"), "it runs a command"),
    **dict.fromkeys(("get_url", "git", "unarchive", "subversion", "hg"), "it fetches or unpacks content"),
    **dict.fromkeys(
        ("apt_key", "apt_repository", "deb822_repository", "rpm_key", "yum_repository"), "it adds a source of packages"
    ),
    **dict.fromkeys(
        ("assemble", "blockinfile", "ini_file", "lineinfile", "replace", "xml"),
        "it edits a file that something else made",
    ),
}
USED_ARGS = "name pkg package path dest src mode virtualenv requirements version uid gid home owner group".split()
TELLING_ARGS = "argv _raw_params cmd url repo dest path name src".split()
PATH_ARGS = {ACCOUNTS: ("name", "group", "home"), INSTALLS: ("virtualenv", "requirements", "path")}
HOST_FOLDERS = (
    "/etc/systemd /lib/systemd /usr/lib/systemd /run/systemd /etc/init.d /etc/rc.d /etc/init /etc/logrotate.d "
    "/etc/cron.d /etc/cron.daily /etc/cron.hourly /etc/cron.monthly /etc/cron.weekly /var/spool/cron "
    "/etc/sysctl.d /etc/tmpfiles.d /etc/supervisor /etc/supervisord.d /etc/monit /etc/sudoers.d /etc/security "
    "/etc/modules-load.d /etc/modprobe.d /etc/udev /etc/rsyslog.d /etc/fail2ban /etc/ufw /etc/nftables.d "
    "/etc/iptables /etc/ssh /etc/network /etc/netplan /etc/profile.d /etc/polkit-1 /etc/apparmor.d "
    "/etc/default/grub /etc/update-motd.d /etc/audit /root/.ssh /proc /sys /dev"
).split()
HOST_FILES = (
    "/etc/logrotate.conf /etc/crontab /etc/sysctl.conf /etc/supervisord.conf /etc/sudoers /etc/modules "
    "/etc/rsyslog.conf /etc/nftables.conf /etc/hosts /etc/hostname /etc/resolv.conf /etc/motd /etc/issue /etc/fstab "
    "/etc/environment"
).split()
HOST_SUFFIXES = (".service", ".timer", ".socket", ".mount", ".target")
DESCRIBES_CONTAINERS = re.compile(
    r"/(?:(?:docker-|podman-)?compose|docker-stack)[\w.\-]*\.ya?ml$|/containers/systemd/.*\.\w+$"
)
COMPOSE_TEXT = re.compile(r"^services:\s*$(?s:.*)^\s+(?:image|build):", re.MULTILINE)
UNUSUAL = re.compile(r"[^\w.@%+,=~/ -]", re.ASCII)


class Left(msgspec.Struct, frozen=True):
    """A task that is not in the image; `kind` is conditional, unresolved or review."""

    task: RecordedTask
    kind: str
    reason: str


class Sorted(msgspec.Struct, frozen=True):
    """The tasks of one machine, as recorded, by what is done with them."""

    buckets: Mapping[str, tuple[RecordedTask, ...]]
    left: tuple[Left, ...]

    def of(self, bucket: str) -> tuple[RecordedTask, ...]:
        return self.buckets.get(bucket, ())


def representative(workload: Workload) -> str:
    """The machine whose tasks stand for all: the first that has any."""
    recorded = {task.machine for task in workload.tasks}
    return min(recorded & set(workload.machines) or recorded, default="")


def sort(workload: Workload, tokens: Tokens) -> Sorted:
    """The representative's tasks, in order; each in one bucket, or left with the reason."""
    buckets: defaultdict[str, list[RecordedTask]] = defaultdict(list)
    left: list[Left] = []
    machine = representative(workload)
    for task in (task for task in workload.tasks if task.machine == machine):
        bucket = _bucket(task)
        problem = None if bucket == HOST else _problem(task, bucket, tokens)
        if problem:
            left.append(Left(task, *problem))
        else:
            buckets[bucket].append(task)
    return Sorted(buckets={name: tuple(tasks) for name, tasks in buckets.items()}, left=tuple(left))


def differing(workload: Workload) -> dict[str, tuple[str, ...]]:
    """Other recorded machine → places of tasks that the representative lacks or does differently."""
    first = representative(workload)
    done: defaultdict[str, dict[bytes, str]] = defaultdict(dict)
    for task in workload.tasks:
        alike = msgspec.structs.replace(task, machine="", kind=-1)
        done[task.machine][msgspec.json.encode(alike, order="sorted")] = str(task.place)
    return {
        machine: tuple(sorted({done[machine][task] for task in done[machine].keys() - done[first].keys()}))
        for machine in sorted(done)
        if done[machine].keys() - done[first].keys()
    }


def target(task: RecordedTask) -> str:
    """The absolute path that a file task is about; "" where it has none."""
    dest = task.file.dest if task.file else ""
    path = dest or next((str(task.args[key]) for key in ("path", "dest", "name") if task.args.get(key)), "")
    if path.endswith("/") and task.file:
        path += posixpath.basename(task.file.source).removesuffix(".j2")
    path = posixpath.normpath(path) if path.startswith("/") else ""
    path = "/" + path.lstrip("/") if path else ""
    return re.sub(r"^/var/run(?=/|$)", "/run", path)


def source(file: RenderedFile) -> str:
    """Where the file comes from in the project; only its name where that is an absolute path of the controller."""
    return posixpath.basename(file.source) if file.source.startswith("/") else file.source


def is_truthy(value: Any) -> bool:
    """Ansible's idea of yes."""
    return str(value).lower() in {"1", "true", "yes", "on", "y"}


def describe(task: RecordedTask) -> str:
    """`module: what it does`, in one line; tokens still inside."""
    args = task.args
    words = next((args[key] for key in TELLING_ARGS if args.get(key)), "")
    text = " ".join(map(str, words)) if isinstance(words, list) else str(words)
    return line(f"{task.module}: {text}" if text else f"{task.module}: {task.name}")


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of the folders or inside one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _bucket(task: RecordedTask) -> str:
    bucket = BUCKETS.get(task.module, "")
    path = target(task) if bucket in {FILES, PATHS} else ""
    # A handler reacts to a change on a running machine; an image is never running.
    if task.handler or (task.delegate_to and task.delegate_to != task.machine):
        return HOST
    if path and (is_below(path, HOST_FOLDERS) or path in HOST_FILES or path.endswith(HOST_SUFFIXES)):
        return HOST
    return HOST if bucket == FILES and _describes_containers(task, path) else bucket


def _describes_containers(task: RecordedTask, path: str) -> bool:
    """Compose files and quadlets are read outside of the containers that they describe."""
    text = (task.file.text if task.file else "") or ""
    named = bool(DESCRIBES_CONTAINERS.search(path))
    return named or (path.endswith((".yml", ".yaml")) and bool(COMPOSE_TEXT.search(text)))


def _problem(task: RecordedTask, bucket: str, tokens: Tokens) -> tuple[str, str] | None:
    """(kind, reason) why a task can't be used, else None."""
    if task.unresolved:
        return "unresolved", f"an argument is not known: {task.unresolved}"
    if task.conditional:
        return "conditional", f"it may not run: {task.conditional}"
    if not bucket:
        return "review", REASONS.get(task.module, "migrate does not know how to do this in an image")
    used = {name: task.args[name] for name in USED_ARGS if name in task.args} if bucket != FILES else target(task)
    if needed := tokens.inside(used):
        return "review", f"it needs the value of {needed[0].name}"
    if bucket in {FILES, PATHS}:
        return _path_problem(task, bucket)
    # Nothing of these may end the instruction that it is written into.
    if any(UNUSUAL.search(str(task.args.get(key) or "")) for key in PATH_ARGS.get(bucket, ())):
        return "review", "a name or path in it has characters that an image build doesn't take"
    return None


def _path_problem(task: RecordedTask, bucket: str) -> tuple[str, str] | None:
    path = target(task)
    if not path or path == "/" or UNUSUAL.search(path):
        return "review", "its path is relative or has characters that images and mounts don't take"
    if bucket == PATHS:
        odd = UNUSUAL.search(str(task.args.get("src") or ""))
        return ("review", "the path that it links to has unusual characters") if odd else None
    if task.file is None:
        return "review", "it copies a folder, or what is on the machine already"
    if task.file.text is None:
        return "review", f"its content is no text: copy {source(task.file) or 'it'} to files{path} and add a COPY"
    return None
