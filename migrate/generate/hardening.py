# SPDX-License-Identifier: Apache-2.0
"""What systemd does around a process, done around a container: steps before the start, limits, rights, kernel settings.

Sources: systemd.service(5), systemd.exec(5); kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Mapping

import msgspec

from migrate.generate import notes, unitfile
from migrate.generate.buckets import POD
from migrate.generate.command import SHELL, Command
from migrate.generate.tasks import Sorted, is_below
from migrate.model.finding import Finding, Severity
from migrate.model.workload import Unit, Workload

# Kernel settings that each pod has for itself, and that the level `restricted` admits.
OF_THE_POD = frozenset(
    """kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports net.ipv4.ping_group_range
    net.ipv4.ip_unprivileged_port_start net.ipv4.tcp_syncookies net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout
    net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes""".split()
)
MAKES_FOLDERS = {"mkdir", "install", "chown", "chmod", "chgrp", "rm", "touch"}
LOW_PORTS = "NET_BIND_SERVICE"
AS_ROOT = "+!"


class Around(msgspec.Struct, frozen=True):
    """Shell commands before the process, notes for provenance, and what could not be done, as (check, message)."""

    before: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


def around(
    unit: Unit, workload: Workload, done: Sorted, volumes: Iterable[str], words: Callable[[str], tuple[str, ...]]
) -> Around:
    """ExecStartPre, LimitNOFILE, UMask and capabilities of one unit; `words` translates a command line of it."""
    told, place = unitfile.settings(workload, unit)
    before, said, problems = _first_steps(unit, workload, list(volumes), words)
    if limit := _open_files(told.get("LimitNOFILE", ""), unit, done):
        before.insert(0, f"ulimit -S -n {limit} 2>/dev/null || true")
        said.append(f"it may open {limit} files, where the node lets it")
    if re.fullmatch(r"0?[0-7]{3}", told.get("UMask", "")):
        before.insert(0, f"umask {told['UMask']}")
        said.append(f"UMask={told['UMask']} ({place})")
    given = sorted(_capabilities(told) - {LOW_PORTS})
    if given:
        problems.append(("capability-needed", f"it is given {', '.join(given)}, and a container of ours has none"))
    return Around(tuple(before), tuple(said), tuple(problems))


def wrapped(command: Command, found: Around) -> Command:
    """The command behind what comes before it; the process takes the place of the shell."""
    problems, told = (*command.problems, *found.problems), (*command.notes, *found.notes)
    if not found.before or not command.words:
        return msgspec.structs.replace(command, notes=told, problems=problems)
    last = command.words[2] if command.words[:2] == SHELL and len(command.words) == 3 else ""
    rest = last or f"exec {shlex.join(command.words)}"
    words = (*SHELL, "\n".join(["set -e", *found.before, rest]))
    return msgspec.structs.replace(command, words=words, notes=told, problems=problems)


def sysctls(done: Sorted) -> list[tuple[str, str, str]]:
    """(name, value, source) of the role's kernel settings that a pod may have."""
    found = {
        str(task.args.get("name")): (str(task.args.get("value")), str(task.place))
        for task in done.of(POD)
        if task.module == "sysctl" and task.args.get("state") != "absent"
    }
    return [(name, *found[name]) for name in sorted(found) if name in OF_THE_POD]


def findings(workload: Workload, done: Sorted) -> list[Finding]:
    """Settings that only somebody with power over the nodes can make."""
    others = [task for task in done.of(POD) if task.module == "sysctl" and task.args.get("name") not in OF_THE_POD]
    found = []
    if others:
        names = notes.listed(f"{task.args.get('name')}={task.args.get('value')} ({task.place})" for task in others)
        message = f"{workload.name} was given kernel settings that belong to the node: {names}."
        remedy = "Ask who runs the nodes for them, if they matter: a kubelet may allow them, or nodes may have them."
        found.append(notes.finding(workload, "sysctl-of-node", message, remedy, severity=Severity.NOTE))
    given = [task for task in done.of(POD) if task.module == "capabilities" and LOW_PORTS not in _named(task.args)]
    if given:
        names = notes.listed(
            f"{task.args.get('capability')} of {task.args.get('path')} ({task.place})" for task in given
        )
        message = f"Programs of {workload.name} are given rights that the level `restricted` takes away: {names}."
        found.append(notes.finding(workload, "capability-needed", message, "See whether it runs without them."))
    return found


def _named(args: dict[str, object]) -> str:
    return str(args.get("capability", "")).upper()


def _first_steps(
    unit: Unit, workload: Workload, volumes: list[str], words: Callable[[str], tuple[str, ...]]
) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    before: list[str] = []
    told: list[str] = []
    problems: list[tuple[str, str]] = []
    for value, place in unitfile.every(workload, unit, "ExecStartPre"):
        prefix = re.match(r"[-@+!:|]*", value)
        marks = prefix[0] if prefix else ""
        translated = words(value)
        made = _folders(translated, volumes)
        if made is not None:
            before += [f"mkdir -p {shlex.join(made)}"] if made else []
        elif any(mark in marks for mark in AS_ROOT):
            problems.append(("start-step-as-root", f"`{shlex.join(translated)}` ran before it as root ({place})"))
        elif translated:
            text = translated[2] if translated[:2] == SHELL else shlex.join(translated)
            before.append(f"{text} || true" if "-" in marks else text.removeprefix("exec "))
            told.append(f"ExecStartPre ({place})")
    return before, told, problems


def _folders(words: tuple[str, ...], volumes: list[str]) -> list[str] | None:
    """Folders to make where a step only makes some that are writable in the pod; None for other steps."""
    if not words or posixpath.basename(words[0]) not in MAKES_FOLDERS:
        return None
    paths = [word for word in words[1:] if word.startswith("/")]
    if not paths or not all(is_below(path, volumes) for path in paths):
        return None
    makes = posixpath.basename(words[0]) == "mkdir" or (posixpath.basename(words[0]) == "install" and "-d" in words)
    return [path for path in paths if path.rstrip("/") not in volumes] if makes else []


def _open_files(limit: str, unit: Unit, done: Sorted) -> int:
    """The soft limit that the unit or a limit of its user gives; 0 where there is none."""
    number = limit.partition(":")[0]
    if number.isdecimal():
        return int(number)
    for task in done.of(POD):
        args = task.args
        mine = args.get("domain") in {unit.user, "*", f"@{unit.user}"}
        if task.module == "pam_limits" and mine and args.get("limit_item") == "nofile":
            return int(str(args.get("value"))) if str(args.get("value")).isdecimal() else 0
    return 0


def _capabilities(told: Mapping[str, str]) -> set[str]:
    """Those that the unit grants to a process that is not root."""
    text = told.get("AmbientCapabilities", "")
    return set() if text.startswith("~") else {word.upper().removeprefix("CAP_") for word in text.split()}
