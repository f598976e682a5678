# SPDX-License-Identifier: Apache-2.0
"""Recorded tasks, sorted by what they mean for an image: used, left for a person, or no business of a container."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from migrate.generate import commands
from migrate.generate.buckets import (
    ACCOUNTS,
    BUCKETS,
    COMMANDS,
    DELEGATED,
    DESCRIBES,
    EDITS,
    FILES,
    HANDLER,
    HOST,
    HOST_OF,
    HOST_PLACES,
    HOST_SUFFIXES,
    INSTALLS,
    OTHER,
    PACKAGES,
    PATHS,
)
from migrate.generate.names import line
from migrate.generate.tokens import Tokens
from migrate.model.task import RecordedTask, RenderedFile
from migrate.model.workload import Workload

USED_ARGS = "name pkg package path dest src mode virtualenv requirements version uid gid home owner group".split()
TELLING_ARGS = "argv _raw_params cmd url repo key dest path name src".split()
PATH_ARGS = {ACCOUNTS: ("name", "group", "home"), INSTALLS: ("virtualenv", "requirements", "path")}
DESCRIBES_CONTAINERS = re.compile(
    r"/(?:(?:docker-|podman-)?compose|docker-stack)[\w.\-]*\.ya?ml$|/containers/systemd/.*\.\w+$"
)
COMPOSE_TEXT = re.compile(r"^services:\s*$(?s:.*)^\s+(?:image|build):", re.MULTILINE)
CHANGED = re.compile(r"\(?\s*!?\s*[\w.]+(\.changed| is changed)( *\| *bool)?\s*\)?\s*\(result of [\w., ]+\)")
UNUSUAL = re.compile(r"[^\w.@%+,=~/ -]", re.ASCII)


class Left(msgspec.Struct, frozen=True):
    """A task that is not in the image; `kind` is conditional, unresolved, review or host (no business of an image)."""

    task: RecordedTask
    kind: str
    reason: str


class Sorted(msgspec.Struct, frozen=True):
    """The tasks of one machine in the `order` recorded, each with its bucket; and those that are in no image."""

    order: tuple[tuple[str, RecordedTask], ...]
    left: tuple[Left, ...] = ()
    dropped: tuple[Left, ...] = ()

    def of(self, *buckets: str) -> tuple[RecordedTask, ...]:
        return tuple(task for bucket, task in self.order if bucket in buckets)


def representative(workload: Workload) -> str:
    """The machine whose tasks stand for all: the first that has any."""
    recorded = {task.machine for task in workload.tasks}
    return min(recorded & set(workload.machines) or recorded, default="")


def sort(workload: Workload, tokens: Tokens) -> Sorted:
    """The representative's tasks, in order; each in one bucket, left with the reason, or dropped with one."""
    order: list[tuple[str, RecordedTask]] = []
    left: list[Left] = []
    dropped: list[Left] = []
    machine = representative(workload)
    for task in (task for task in workload.tasks if task.machine == machine):
        bucket = BUCKETS.get(task.module, OTHER)
        if reason := _no_business(task, bucket):
            dropped.append(Left(task, HOST, reason))
        elif problem := _problem(task, bucket, tokens):
            left.append(Left(task, *problem))
        else:
            order.append((bucket, task))
    return Sorted(tuple(order), tuple(left), tuple(dropped))


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
    return line(f"{task.module}: {text or task.name}".rstrip(": "))


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of the folders or inside one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _no_business(task: RecordedTask, bucket: str) -> str:
    """Why a task has no place in any image; "" where it may have one."""
    if task.handler:
        return HANDLER
    if task.delegate_to and task.delegate_to != task.machine:
        return DELEGATED
    if bucket == HOST:
        return HOST_OF[task.module]
    if bucket == COMMANDS:
        return commands.no_business(task) or _only_host_paths(task)
    return _of_the_host(task, bucket, target(task)) if bucket in {FILES, PATHS, EDITS} else ""


def _only_host_paths(task: RecordedTask) -> str:
    """A command that names nothing but files of the host."""
    reasons = [_place_of_the_host(posixpath.normpath(path)) for path in commands.paths(task)]
    return reasons[0] if reasons and all(reasons) else ""


def _of_the_host(task: RecordedTask, bucket: str, path: str) -> str:
    """Files that only a machine with an init system, people and a kernel has."""
    if path.endswith(HOST_SUFFIXES):
        return HOST_PLACES["/etc/systemd"]
    if reason := _place_of_the_host(path):
        return reason
    return DESCRIBES if bucket == FILES and _describes_containers(task, path) else ""


def _place_of_the_host(path: str) -> str:
    return next((reason for place, reason in HOST_PLACES.items() if is_below(path, [place])), "")


def _describes_containers(task: RecordedTask, path: str) -> bool:
    """Compose files and quadlets are read outside of the containers that they describe."""
    text = (task.file.text if task.file else "") or ""
    named = bool(DESCRIBES_CONTAINERS.search(path))
    return named or (path.endswith((".yml", ".yaml")) and bool(COMPOSE_TEXT.search(text)))


def _problem(task: RecordedTask, bucket: str, tokens: Tokens) -> tuple[str, str] | None:
    """(kind, reason) why a task can be in no image, in whatever way, else None."""
    if task.unresolved:
        return "unresolved", f"an argument is not known: {task.unresolved}"
    if task.conditional and not _sure_in_a_build(task.conditional):
        return "conditional", f"it may not run: {task.conditional}"
    if needed := tokens.inside(_used(task, bucket)):
        return "review", f"it needs the value of {needed[0].name}"
    if bucket in {FILES, PATHS}:
        return _path_problem(task, bucket)
    # Nothing of these may end the instruction that it is written into.
    if any(UNUSUAL.search(str(task.args.get(key) or "")) for key in PATH_ARGS.get(bucket, ())):
        return "review", "a name or path in it has characters that an image build doesn't take"
    return None


def _sure_in_a_build(conditional: str) -> bool:
    """`x is changed`: a build begins from nothing, so that everything changes."""
    return all(CHANGED.fullmatch(part.strip()) for part in conditional.split(";"))


def _used(task: RecordedTask, bucket: str) -> object:
    """What of a task would end in an image. A secret in a file's text is no problem: see contents.sort."""
    if bucket == FILES:
        return target(task)
    if bucket == EDITS:
        return [value for key, value in task.args.items() if key in {"path", "dest", "name"}]
    if bucket in {PACKAGES, ACCOUNTS, PATHS}:
        return {name: task.args[name] for name in USED_ARGS if name in task.args}
    return [task.args, task.environment]


def _path_problem(task: RecordedTask, bucket: str) -> tuple[str, str] | None:
    path = target(task)
    if not path or path == "/" or UNUSUAL.search(path):
        return "review", "its path is relative or has characters that images and mounts don't take"
    if bucket == PATHS:
        odd = UNUSUAL.search(str(task.args.get("src") or ""))
        return ("review", "the path that it links to has unusual characters") if odd else None
    if task.file is None:
        return None if is_truthy(task.args.get("remote_src")) else ("review", "it copies a folder of the project")
    if task.file.text is None:
        return "review", f"its content is no text: copy {source(task.file) or 'it'} to files{path} and add a COPY"
    return None
