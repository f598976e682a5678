# SPDX-License-Identifier: Apache-2.0
"""What one recorded task means: the packages, services, jobs, containers, folders and disks that it makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from migrate.assess import containers
from migrate.assess.containers import Container
from migrate.model.task import RecordedTask

PACKAGE_MODULES = frozenset(
    "apt package dnf dnf5 yum apk zypper pacman homebrew pkgng openbsd_pkg snap win_chocolatey aptitude portage".split()
)
LANGUAGE_MODULES = frozenset("pip npm yarn gem bundler composer cpanm maven_artifact".split())
SERVICE_MODULES = frozenset(
    "service systemd systemd_service sysvinit openrc upstart runit svc win_service initctl".split()
)
CONTAINER_MODULES = re.compile(r"^(\w+_container|kolla_docker|docker_swarm_service|docker|paunch|container|nomad_job)$")
STARTED = frozenset(
    "started restarted reloaded running present healthy start_container recreate_or_restart_container "
    "recreate_container restart_container".split()
)
GONE = frozenset(
    "absent stopped removed uninstalled deinstalled remove_container stop_container remove_volume "
    "stop_and_remove_container purged".split()
)
ABSENT = GONE - {"stopped", "stop_container"}
SHELL_MODULES = frozenset("shell command raw script win_shell win_command".split())
SHELL_STARTS = (
    re.compile(r"\bsystemctl\s+(?:--\S+\s+)*(?:re)?(?:start|enable|reload-or-restart)\s+(?:--now\s+)?([\w@.:\-]+)"),
    re.compile(r"\bservice\s+([\w@.\-]+)\s+(?:re)?start\b"),
    re.compile(r"/etc/(?:rc\.d/)?init\.d/([\w.\-]+)\s+(?:re)?start\b"),
    re.compile(r"\b(?:supervisorctl|rc-service|initctl|sv|monit)\s+(?:re)?start\s+([\w@.:\-]+)"),
    re.compile(r"\b(?:pm2|forever)\s+(?:re)?start\s+(?:[^;&|\n]*?\s)?(\S+\.(?:[cm]?js|ts|json|py|sh))\b"),
    re.compile(r"\b(?:pm2|forever)\s+(?:re)?start\s+([\w@.:/][\w@.:/\-]*)"),
    re.compile(r"\b(gitlab)-ctl\s+(?:reconfigure|re?start)"),
)
VOLUME_MODULES = {
    "lvol": ("vg", "lv"), "lvg": ("vg",), "filesystem": ("dev", "device"), "zfs": ("name",), "zpool": ("name",),
    "parted": ("device",), "btrfs_subvolume": ("name",), "luks_device": ("device",),
}  # fmt: skip
VOLUME_WORDS = {
    "lvol": "the logical volume", "lvg": "the volume group", "filesystem": "a file system on", "zfs": "the ZFS dataset",
    "zpool": "the ZFS pool", "parted": "a partition of", "btrfs_subvolume": "the Btrfs subvolume",
    "luks_device": "an encrypted volume on",
}  # fmt: skip
MANAGED = re.compile(r"\b(?:pm2|forever)\s+(?:re)?start\b")
GIVEN_NAME = re.compile(r"\s(?:--name|--uid|-n)[=\s]+[\"']?([\w.\-]+)")
REQUIREMENT = re.compile(r"^[A-Za-z0-9][\w.+:\-@/]*")


class Start(msgspec.Struct, frozen=True):
    """A task says that `name` runs (or, with `running` false, that it does not)."""

    name: str
    manager: str
    task: RecordedTask
    running: bool = True
    image: str = ""
    schedule: str = ""
    command: str = ""
    user: str = ""
    container: Container | None = None
    directory: str = ""
    environment: dict[str, str] = {}

    @property
    def removed(self) -> bool:
        """True when nothing of it is left on the machine, rather than that it is stopped."""
        return not self.running and str(self.task.args.get("state") or self.task.args.get("action") or "") in ABSENT


def strings(value: Any) -> Iterator[str]:
    """The strings of an argument that may be a list, a comma-separated text or a mapping with a name."""
    if isinstance(value, str):
        yield from (part.strip() for part in value.split(",") if part.strip())
    elif isinstance(value, dict):
        yield from strings(value.get("name"))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from strings(item)


def packages(task: RecordedTask) -> list[str]:
    """System packages that the task installs, without versions; files and URLs by their base name."""
    if task.module not in PACKAGE_MODULES or str(task.args.get("state", "present")) in GONE:
        return []
    named = [name for key in ("name", "pkg", "package", "deb") for name in strings(task.args.get(key))]
    return [package_name(name) for name in named]


def removed_packages(task: RecordedTask) -> list[str]:
    if task.module not in PACKAGE_MODULES or str(task.args.get("state", "")) not in GONE:
        return []
    return [package_name(name) for key in ("name", "pkg", "package") for name in strings(task.args.get(key))]


def package_name(text: str) -> str:
    """`nginx=1.22*` → nginx, `./x/grafana_10.deb` → grafana, `nginx:amd64` → nginx, `@Development Tools` kept."""
    name = text.rsplit("/", 1)[-1] if text.endswith((".deb", ".rpm")) or "://" in text else text
    if name.endswith((".deb", ".rpm")):
        return re.split(r"[_-]v?\d|_+(?:amd64|arm64|all|i386|x86_64)\b", name, maxsplit=1)[0]
    return re.split(r"[=<>~!]|:(?:amd64|i386|any|arm64)$", name, maxsplit=1)[0].strip()


def language_packages(task: RecordedTask) -> list[str]:
    """Packages of pip, npm, gem and the like."""
    if task.module not in LANGUAGE_MODULES or str(task.args.get("state", "present")) in GONE:
        return []
    named = [name for key in ("name", "package") for name in strings(task.args.get(key))]
    return [found[0].split("==")[0] for name in named if (found := REQUIREMENT.match(name))]


def starts(task: RecordedTask) -> list[Start]:
    """Everything that the task starts, enables, schedules or stops."""
    if task.module in SERVICE_MODULES:
        return service_starts(task)
    if CONTAINER_MODULES.match(task.module):
        return container_starts(task)
    if task.module == "supervisorctl":
        running = str(task.args.get("state", "started")) not in GONE
        return [Start(name.split(":")[0], "supervisor", task, running) for name in strings(task.args.get("name"))]
    if task.module == "pm2":
        return [Start(name, "pm2", task) for name in strings(task.args.get("name"))]
    if task.module == "cron":
        return cron_starts(task)
    if task.module in SHELL_MODULES:
        return shell_starts(task)
    return []


def service_starts(task: RecordedTask) -> list[Start]:
    state, enabled = str(task.args.get("state", "")), str(task.args.get("enabled", "")).lower()
    masked = str(task.args.get("masked", "")).lower() in ("true", "yes")
    named = [name for key in ("name", "service", "unit") for name in strings(task.args.get(key))]
    if state in GONE or masked or (not state and enabled in ("false", "no")):
        return [Start(unit_name(name), "systemd", task, running=False) for name in named]
    if state in STARTED or enabled in ("true", "yes"):
        return [Start(unit_name(name), "systemd", task) for name in named]
    return []


def unit_name(name: str) -> str:
    """`nginx.service` → nginx; other unit types keep theirs."""
    return name.rsplit("/", 1)[-1].removesuffix(".service")


def container_starts(task: RecordedTask) -> list[Start]:
    state = str(task.args.get("state") or task.args.get("action") or "started")
    image = task.args.get("image")
    name = task.args.get("name") or (image if isinstance(image, str) else "")
    if not image and task.module.startswith(("lxc_", "lxd_")):  # a whole system, no image of one program
        return []
    if not isinstance(name, str) or not name or str(task.args.get("detach", "true")).lower() == "false":
        return []
    if task.args.get("action") and state not in STARTED:  # kolla: compare_container, get_container_state, …
        return []
    command = task.args.get("command", "")
    text = command if isinstance(command, str) else " ".join(str(part) for part in command or ())
    told = containers.of_module(task.args)
    return [Start(name, "container", task, state not in GONE, image=str(image or ""), command=text, container=told)]


def cron_starts(task: RecordedTask) -> list[Start]:
    if str(task.args.get("env", "")).lower() in ("true", "yes"):
        return []
    job = str(task.args.get("job", ""))
    name = str(task.args.get("name") or task.args.get("cron_file") or job)
    running = str(task.args.get("state", "present")) not in GONE and str(task.args.get("disabled", "")).lower() not in (
        "true",
        "yes",
    )
    special = task.args.get("special_time")
    fields = [str(task.args.get(key, "*")) for key in ("minute", "hour", "day", "month", "weekday")]
    schedule = f"@{special}" if special else " ".join(fields)
    return [Start(name, "cron", task, running, schedule=schedule, command=job, user=str(task.args.get("user", "")))]


def shell_text(task: RecordedTask) -> str:
    """The command line of shell, command, raw and script tasks."""
    argv = task.args.get("argv")
    if isinstance(argv, list):
        return " ".join(str(part) for part in argv)
    return str(task.args.get("_raw_params") or task.args.get("cmd") or "")


def shell_starts(task: RecordedTask) -> list[Start]:
    text = shell_text(task)
    found = [
        Start(called(unit_name(name).rstrip(":"), text), "shell", task)
        for pattern in SHELL_STARTS
        for name in pattern.findall(text)
    ]
    argv = task.args.get("argv")
    ran = containers.in_words([str(part) for part in argv]) if isinstance(argv, list) else containers.runs(text)
    found += [run_start(one, task) for one in ran if one.image and one.stays]
    return [start for start in found if start.name not in ("daemon-reload", "all", "--all")]


def called(name: str, text: str) -> str:
    """What pm2 or forever call a script: by option, or by its folder when the file is called like everybody's."""
    if not MANAGED.search(text):
        return name
    if given := GIVEN_NAME.search(text):
        return given[1]
    folder = re.search(r"/([\w.\-]+)/(?:ecosystem[\w.\-]*|processes\.json|pm2\.json)(?=\s|$)", text)
    return folder[1] if folder and re.match(r"ecosystem|processes|pm2", name) else name


def run_start(told: Container, task: RecordedTask) -> Start:
    """`docker run` that stays (-d or --restart): its name and what it is made of."""
    name = told.name or told.image.rsplit("/", 1)[-1].split(":")[0]
    return Start(name, "container", task, image=told.image, command=told.command, container=told)


def directories(task: RecordedTask) -> list[str]:
    """Folders that the task makes."""
    if task.module == "file" and str(task.args.get("state", "")) == "directory":
        return [path for key in ("path", "dest", "name") for path in strings(task.args.get(key))][:1]
    return []


def mounts(task: RecordedTask) -> list[tuple[str, str, str]]:
    """(mount point, source, file system type) of a mount that is there after the task."""
    if task.module != "mount" or str(task.args.get("state", "mounted")) in (*GONE, "unmounted"):
        return []
    path = str(task.args.get("path") or task.args.get("name") or "")
    return [(path, str(task.args.get("src", "")), str(task.args.get("fstype", "")))] if path else []


def volumes_made(task: RecordedTask) -> list[str]:
    """What tasks make to hold file systems: logical volumes, pools, partitions, file systems on devices; as words."""
    if str(task.args.get("state", "present")) in (*GONE, "inactive") or task.module not in VOLUME_MODULES:
        return []
    keys = VOLUME_MODULES[task.module]
    named = [str(task.args.get(key)) for key in keys if task.args.get(key)]
    what = VOLUME_WORDS.get(task.module, "the file system")
    swap = str(task.args.get("fstype", "")) == "swap"
    return [] if swap or not named else [f"{what} {'/'.join(named)}"]


def source_of(task: RecordedTask) -> str:
    """Where code comes from: a repository, a URL, an archive, an artifact."""
    named = (task.args.get(key) for key in ("repo", "src", "url", "artifact_id", "working_dir"))
    return next((str(value) for value in named if value), "")


def is_removal(task: RecordedTask) -> bool:
    return str(task.args.get("state", "")) in GONE
