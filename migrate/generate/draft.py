# SPDX-License-Identifier: Apache-2.0
"""All that is decided about a workload before any of its files is written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from fnmatch import fnmatch

import msgspec

from migrate.generate import (
    accounts,
    buckets,
    command,
    contents,
    environment,
    hardening,
    logs,
    names,
    notes,
    paths,
    peers,
    tasks,
)
from migrate.generate.accounts import Account
from migrate.generate.command import Command
from migrate.generate.contents import Contents
from migrate.generate.environment import Environment
from migrate.generate.estate import Estate
from migrate.generate.file import File
from migrate.generate.rootless import without_root
from migrate.generate.tasks import Sorted
from migrate.model.finding import Finding
from migrate.model.product import Product
from migrate.model.workload import Placement, Unit, Workload

ADDRESS = "Use the name of a Service where there is one; keep the address where the machine stays."


class Process(msgspec.Struct, frozen=True):
    """One container: a unit, its command, its environment; `env_name` is the ConfigMap and the Secret of the latter.

    `image` is the reference of one that has a folder of its own, "" for the workload's own.
    """

    unit: Unit
    name: str
    command: Command
    environment: Environment
    env_name: str
    image: str = ""

    @property
    def told(self) -> str:
        """Its unit, for provenance."""
        place = f" ({self.unit.place})" if self.unit.place else ""
        return f"{self.unit.manager} unit {self.unit.name}{place}"


class Draft(msgspec.Struct, frozen=True):
    """The decisions, and what was noted on the way: `notes` for provenance, `findings` for people."""

    workload: Workload
    name: str
    product: Product | None
    done: Sorted
    contents: Contents
    account: Account
    user: str
    volumes: dict[str, str]
    processes: tuple[Process, ...]
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def is_prebuilt(self) -> bool:
        """Whether it runs as somebody's image already."""
        return bool(self.processes) and all(process.unit.image for process in self.processes)

    @property
    def needs_image(self) -> bool:
        """Whether an image is built for it alone."""
        return not self.processes or not all(process.unit.image or process.image for process in self.processes)


def draft(workload: Workload, estate: Estate) -> Draft:
    """Decide everything."""
    product, done = estate.product(workload), tasks.sort(workload, estate.tokens)
    files, peer_notes, peer_findings = _with_service_names(contents.sort(workload, done, estate), workload, estate)
    volumes = _volumes(workload, done, product, estate)
    processes, process_findings = _processes(workload, files, done, volumes, estate)
    account_tasks = done.of(buckets.ACCOUNTS)
    return Draft(
        workload=workload,
        name=estate.name(workload),
        product=product,
        done=done,
        contents=files,
        account=accounts.run_as(workload, account_tasks, product),
        user=next((unit.user for unit in workload.units if unit.user), ""),
        volumes=volumes,
        processes=processes,
        notes=(*peer_notes, *(note for process in processes for note in process.environment.notes)),
        findings=(*peer_findings, *process_findings),
    )


def _volumes(workload: Workload, done: Sorted, product: Product | None, estate: Estate) -> dict[str, str]:
    """Folder → why it is an empty volume: what each part writes, and where they meet."""
    products = [estate.product(one) for one in estate.members.get(workload.id, ())] or [product]
    found: dict[str, str] = {}
    for one in products:
        found |= paths.writable(done.of(buckets.PATHS), unit_texts(workload), one)
    for folder in estate.sockets.get(workload.id, ()):
        if paths.is_volatile(folder):
            found.setdefault(folder, "its containers meet there, at a unix socket")
    # An empty volume would hide the links that lead logs to the output.
    linked = {posixpath.dirname(log) for one in products if one and one.run for log in one.run.logs}
    return {path: why for path, why in sorted(found.items()) if path not in linked}


UNIT_FILE = re.compile(r"\.service(\.d/[^/]+\.conf)?$")


def unit_texts(workload: Workload) -> list[tuple[str, str]]:
    """(text, place) of unit files that the role writes, and of the drop-ins beside them."""
    files = ((task.file, str(task.place)) for task in workload.tasks if task.file)
    return [(file.text, place) for file, place in files if file.text and UNIT_FILE.search(file.dest)]


def header(workload: Workload) -> str:
    """The first comment of a generated file."""
    first = next((task.place for task in workload.tasks if task.role == workload.role and not task.handler), None)
    role = f"role {workload.role}" if workload.role else f"workload {workload.name}"
    return names.line(f"Generated by migrate from {role}{f' ({first.path})' if first else ''}; edits are kept.")


def _with_service_names(
    before: Contents, workload: Workload, estate: Estate
) -> tuple[Contents, list[str], list[Finding]]:
    """Peers' addresses in configuration → Service names; what only root can obey → comments."""
    found_notes: list[str] = []
    findings: list[Finding] = []
    members = estate.members.get(workload.id, ()) or (workload,)
    products = [estate.product(member) for member in members]

    def renamed(files: Iterable[File]) -> tuple[File, ...]:
        kept = []
        for file in files:
            text, dropped = without_root(file.path, file.text, products)
            rewritten = peers.rewrite(text, workload, estate)
            text, led = logs.redirect(rewritten.text)
            kept.append(msgspec.structs.replace(file, text=text))
            found_notes.extend(f"{file.path}: {note}" for note in (*dropped, *led, *rewritten.notes))
            findings.extend(_address(workload, file, rewritten.left) if rewritten.left else [])
        return tuple(kept)

    config, secret = renamed(before.config), renamed(before.secret)
    findings += [one for file in (*config, *secret) for one in _sockets(workload, file)]
    settings = tuple(
        msgspec.structs.replace(file, text=logs.redirect(file.text)[0]) if contents.is_setting(file.path) else file
        for file in before.image
    )
    changed = msgspec.structs.replace(before, config=config, secret=secret, image=settings)
    return changed, found_notes, findings


def _address(workload: Workload, file: File, left: tuple[str, ...]) -> list[Finding]:
    message = f"{file.path} has addresses of machines that stay as they are: {notes.listed(left)}."
    return [notes.finding(workload, "address-in-config", message, ADDRESS, place=file.task.place)]


def _sockets(workload: Workload, file: File) -> list[Finding]:
    """A unix socket ties two processes to one machine, so to one pod."""
    if "unix:" not in file.text or len(workload.units) > 1:
        return []
    message = f"{file.path} reaches another process by a unix socket, which works only inside one pod."
    remedy = "Let that process listen on a port, or run both as containers of one pod with a shared emptyDir."
    return [notes.finding(workload, "unix-socket", message, remedy, place=file.task.place)]


def _processes(
    workload: Workload, files: Contents, done: Sorted, volumes: Iterable[str], estate: Estate
) -> tuple[tuple[Process, ...], list[Finding]]:
    """The units that run in this placement; those of which no command is known are findings."""
    scheduled = workload.placement is Placement.CRONJOB
    units = [unit for unit in workload.units if bool(unit.schedule) == scheduled]
    units = units or ([] if scheduled else [Unit(name=workload.name, manager="package")])
    container_names = names.labels(unit.name.removesuffix(".service") for unit in units)
    several = len(units) > 1
    name = estate.name(workload)
    processes = []
    for unit in units:
        short = container_names[unit.name.removesuffix(".service")]
        env_name = f"{name}-env-{short}" if several else f"{name}-env"
        process = _process(unit, short if several else name, env_name, files, workload, estate)
        processes.append(_with_surroundings(process, workload, done, volumes, estate))
    kept = [process for process in processes if process.command.words or process.unit.image] or processes[:1]
    findings = [one for process in processes for one in _process_findings(process, workload)]
    findings += _environment_findings(processes, workload)
    return tuple(_each_once(kept)), findings


def _process(unit: Unit, name: str, env_name: str, files: Contents, workload: Workload, estate: Estate) -> Process:
    found = environment.of_unit(unit, files, workload, estate)
    member = estate.member(workload, unit)
    product, image = estate.product(member), estate.images.get(member.id, "")
    globs = product.units if product else ()
    alone = sum(not other.schedule for other in member.units) <= 1
    plain = unit.name.removesuffix(".service")
    if unit.image and not unit.command:
        return Process(unit, name, Command(source="the image's own"), found, env_name)
    if unit.command or alone or any(fnmatch(plain, glob) for glob in globs):
        known = command.of_unit(unit, found.known, frozenset(found.secret), member, estate)
        return Process(unit, name, known, found, env_name, image)
    return Process(unit, name, Command(), found, env_name, image)


def _with_surroundings(
    process: Process, workload: Workload, done: Sorted, volumes: Iterable[str], estate: Estate
) -> Process:
    """What systemd did before the start and around it; somebody else's image has its own ways."""
    unit, known = process.unit, process.environment
    if unit.image or unit.manager != "systemd":
        return process

    def words(line: str) -> tuple[str, ...]:
        step = msgspec.structs.replace(unit, command=line)
        return command.of_step(step, known.known, frozenset(known.secret), estate.member(workload, unit), estate)

    found = hardening.around(unit, workload, done, volumes, words)
    return msgspec.structs.replace(process, command=hardening.wrapped(process.command, found))


def _each_once(processes: Iterable[Process]) -> list[Process]:
    """Two units that come to the same command are one container."""
    found = {
        (process.command.words, process.unit.image, str(process.environment)): process
        for process in reversed(list(processes))
    }
    return list(reversed(found.values()))


def _process_findings(process: Process, workload: Workload) -> list[Finding]:
    """What a person must know of one container, as (check, message, remedy)."""
    unit = process.unit
    told: list[tuple[str, str, str]] = []
    if not process.command.words and not unit.image:
        message = f"What {unit.name} runs is not known, so its container has no command."
        told.append(("no-command", message, "Write the CMD of the Dockerfile, or let the role install a unit file."))
    for check, message in process.command.problems:
        told.append((check, f"{unit.name}: {message}.", "Check the command in the Dockerfile."))
    if len(workload.units) == 1 and any("unix:" in word for word in process.command.words):
        message = f"{unit.name} listens on a unix socket, which only containers of the same pod can reach."
        told.append(("unix-socket", message, "Let it listen on a port, or put its peer into the same pod."))
    return [notes.finding(workload, check, message, remedy, place=unit.place) for check, message, remedy in told]


def _environment_findings(processes: Iterable[Process], workload: Workload) -> list[Finding]:
    """Each thing once, though every unit reads the same file."""
    findings = []
    left = [one for process in processes for one in process.environment.left]
    if left:
        message = f"The environment of {workload.name} has addresses that stay as they are: {notes.listed(left)}."
        findings.append(notes.finding(workload, "address-in-config", message, ADDRESS))
    missing = [path for process in processes for path in process.environment.missing]
    if missing:
        message = f"{workload.name} reads variables from {notes.listed(missing)}, which no recorded task writes."
        findings.append(notes.finding(workload, "environment-file-missing", message, "Add the variables by hand."))
    return findings
