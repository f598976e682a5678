# SPDX-License-Identifier: Apache-2.0
"""What is started on one class of machines, by which role, and which product or program it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from migrate.assess import actions, chores, containers
from migrate.assess.actions import Start
from migrate.assess.containers import Container
from migrate.assess.unitfile import (
    Program,
    UnitText,
    cron_jobs,
    describes_containers,
    is_compose,
    programs,
    unit_text,
    words,
)
from migrate.catalog import WILD, Index
from migrate.model.product import Product
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind

INTERPRETERS = frozenset(
    "python python2 python3 java node nodejs ruby perl php bash sh env bundle npm npx yarn uv poetry dotnet sudo "
    "nice ionice".split()
)
NOT_SERVICES = (".mount", ".target", ".slice", ".device", ".swap")
TOKENISH = re.compile(r"mg(?:sec|need|unk)_\w+_x")
HANDS_ON = re.compile(
    r"^\S*?(?:docker|podman|nerdctl|(?:docker|podman)-compose)(?:\s+-\S+)*\s[^;&|]*?\b(?:run|exec|up|start|deploy)\b"
)
GENERIC = frozenset("wiki cms lms hub registry blog shop forum portal dashboard status docs media photos notes".split())
"""Names of units that the catalog has, and that people give to programs of their own."""
BY_UNIT = ("systemd", "shell", "package")


class Scope(msgspec.Struct, frozen=True, eq=False):
    """All tasks of one role (with what it depends on) in one play on one class of machines."""

    kind: int
    role: str
    hosts: str
    tasks: tuple[RecordedTask, ...]


class Sighting(msgspec.Struct, frozen=True):
    """Something is started: where, what it is, what it was known by, and the name of its workload."""

    scope: Scope
    start: Start
    product: Product | None
    matched: str
    name: str

    @property
    def own_unit(self) -> bool:
        """True when the unit is the product's own, so that no program of the user's is in it."""
        return self.matched.startswith("unit ")


def scopes(tasks: Iterable[RecordedTask]) -> list[Scope]:
    """Tasks by class, play's hosts and outermost role; tasks handed to another machine belong to nobody here."""
    grouped: dict[tuple[int, str, str], list[RecordedTask]] = defaultdict(list)
    for task in tasks:
        if not task.delegate_to and task.kind >= 0:
            grouped[task.kind, task.hosts, task.roles[0] if task.roles else ""].append(task)
    return [Scope(kind, role, hosts, tuple(held)) for (kind, hosts, role), held in grouped.items()]


def sightings(held: Iterable[Scope], written: Mapping[str, UnitText], index: Index) -> list[Sighting]:
    """All that starts on one class of machines: what tasks and files say, then packages whose unit starts itself."""
    every = list(held)
    inside = Inside(every, written)
    starts = [(scope, one) for scope in every for start in told_starts(scope) for one in inside.of(start)]
    told = [(scope, start, *recognise(start, scope, written, index)) for scope, start in starts]
    outright = {product.key for _, start, product, _ in told if product is not None and outright_start(start)}
    busy = [scope for scope, start, product, _ in told if serves(start, product)]
    for scope in every:
        for product, start in package_starts(scope, index):
            if product.key not in outright and (product.starts or scope not in busy):
                told.append((scope, start, product, f"unit {start.name}"))
    many = several(start.name for _, start, _, _ in told)
    return [
        Sighting(scope, start, product, matched, workload_name(start, product, matched, scope, many))
        for scope, start, product, matched in told
    ]


def outright_start(start: Start) -> bool:
    """Started (or stopped) for good; a handler that restarts something supposes that it runs already."""
    return start.manager != "container" and not start.task.handler


def serves(start: Start, product: Product | None) -> bool:
    return outright_start(start) and not start.schedule and (product is None or product.kind is not Kind.PLUMBING)


def told_starts(scope: Scope) -> Iterator[Start]:
    """Starts by tasks, and by files that schedule or supervise."""
    for task in scope.tasks:
        found = [*actions.starts(task), *(program_start(program, task) for program in programs(task))]
        found += [
            Start(name, "cron", task, schedule=when, command=run, user=user)
            for name, when, user, run in cron_jobs(task)
        ]
        yield from (start for start in found if start.name and not start.name.endswith(NOT_SERVICES))


def package_starts(scope: Scope, index: Index) -> Iterator[tuple[Product, Start]]:
    """Packages of Debian start the unit that they bring; of what keeps data, the package alone is telling."""
    for task in scope.tasks:
        for package in actions.packages(task):
            for product in index.packages.find(package):
                keeps = product.kind in (Kind.STATEFUL, Kind.MIXED) and product.nature != "stateless"
                if keeps or (product.starts and product.kind is not Kind.LIBRARY):
                    yield product, Start(product.units[0] if product.units else product.key, "package", task)


def program_start(program: Program, task: RecordedTask) -> Start:
    held = program.container
    manager, image = ("container", held.image) if held is not None else ("supervisor", "")
    return Start(
        program.name,
        manager,
        task,
        image=image,
        command=program.command,
        user=program.user,
        container=held,
        directory=program.directory,
        environment=program.environment,
    )


class Inside:
    """What is inside of a unit or job that only runs a container, by its command line or by its quadlet."""

    def __init__(self, held: Iterable[Scope], written: Mapping[str, UnitText]) -> None:
        tasks = [task for scope in held for task in scope.tasks]
        self.written = written
        self.composed = any(is_compose(task) for task in tasks)
        self.quadlets = {
            one.name: one
            for task in tasks
            if describes_containers(task) and not is_compose(task)
            for one in programs(task)
            if one.container is not None and one.container.image
        }

    def of(self, start: Start) -> Iterator[Start]:
        """The start, as that of its container; nothing for what brings up the services of a compose file."""
        base = base_of(start.name)
        text = unit_text(self.written, base)
        template = start.manager == "container" and base.endswith("@")
        command = start.command or (text.command if text else "")
        quadlet = self.quadlets.get(base) or self.quadlets.get(f"{base.partition('@')[0]}@")
        if start.manager == "container":
            yield from () if template else (start,)
        elif quadlet is not None and start.manager in ("systemd", "shell"):
            yield told_by(start, quadlet.container)
        elif containers.composes(command) and self.composed:
            return
        else:
            ran = [one for one in containers.runs(command) if one.image]
            yield told_by(start, ran[0], len(containers.commands(command)) == 1) if ran else start


def told_by(start: Start, held: Container | None, whole: bool = True) -> Start:
    """A start of a unit as that of a container; a job stays a job, and a script of several commands stays one."""
    if held is None:
        return start
    if start.manager != "cron":
        return replace(start, manager="container", image=held.image, command=held.command, container=held)
    if whole:
        return replace(start, image=held.image, command=held.command, container=held)
    return replace(start, container=held)


def base_of(name: str) -> str:
    return name.removesuffix(".timer").removesuffix(".socket")


def recognise(start: Start, scope: Scope, written: Mapping[str, UnitText], index: Index) -> tuple[Product | None, str]:
    """The product behind a start, and what it was known by: unit, image, program, or a package of the same role."""
    base = TOKENISH.sub("1", base_of(start.name))
    if start.image and (found := index.image(start.image)):
        return found[0], f"image {start.image}"
    text = unit_text(written, base)
    command = start.command or (text.command if text and start.container is None else "")
    once = bool(start.schedule) or (text is not None and text.first("Service.Type") == "oneshot")
    if once and chores.nothing_else(command):
        return chore(command, index), f"command {command[:40]}"
    if start.manager in BY_UNIT and not start.schedule and (found := index.units.find(base)):
        product = prefer(found, scope, index)
        if base not in GENERIC or names_it(product, scope, command, index):
            return product, f"unit {base}"
    if command and (known := by_command(command, index)):
        return known
    if start.manager in ("supervisor", "container", "pm2") and (found := index.units.find(base)):
        product = prefer(found, scope, index)
        # A name that its image doesn't share is no proof that it keeps nothing.
        if not start.image or product.nature == "stateful" or slug(base) in slug(start.image):
            return product, f"{start.manager} {base}"
    if text is None and not command and start.manager in ("systemd", "shell"):
        return by_package(scope, index)
    return None, ""


def chore(command: str, index: Index) -> Product:
    """The plumbing behind a chore of the host, by the first program that is known; else that of the kernel."""
    for word in words(command):
        found = index.processes.find(word.rsplit("/", 1)[-1])
        if found and found[0].kind is Kind.PLUMBING:
            return found[0]
    return index.products["kernel"]


def names_it(product: Product, scope: Scope, command: str, index: Index) -> bool:
    """True when a package, a source or the command speaks of the product by another name than a word that anyone uses
    for a service of their own.
    """
    if any(product in index.packages.find(name) for task in scope.tasks for name in actions.packages(task)):
        return True
    known = {product.key, *product.roles, *product.packages, *(name.rpartition("/")[2] for name in product.images)}
    telling = {name.lower() for name in known if len(name) > 3 and not WILD.search(name)} - GENERIC
    said = " ".join([command, *(actions.source_of(task) for task in scope.tasks)]).lower()
    return any(name in said for name in telling)


def by_command(command: str, index: Index) -> tuple[Product, str] | None:
    """A program by the base name of what is executed; interpreters are looked through to what they run."""
    if HANDS_ON.search(command):
        return None
    for word in words(command):
        if word.startswith("-") and not word.endswith((".jar", ".war")):
            continue
        base = word.rsplit("/", 1)[-1]
        if (found := index.processes.find(base)) and found[0].kind is not Kind.LIBRARY:
            return found[0], f"program {base}"
        if base.rstrip("0123456789.") not in INTERPRETERS and "=" not in word:
            return None
    return None


def by_package(scope: Scope, index: Index) -> tuple[Product | None, str]:
    """When the unit's name says nothing (a variable, a token), the one product that the role installs."""
    found: dict[str, tuple[Product, str]] = {}
    for task in scope.tasks:
        for package in actions.packages(task):
            for product in index.packages.find(package):
                if product.kind not in (Kind.LIBRARY, Kind.PLUMBING):
                    found.setdefault(product.key, (product, f"package {package}"))
    return next(iter(found.values())) if len(found) == 1 else (None, "")


def prefer(found: tuple[Product, ...], scope: Scope, index: Index) -> Product:
    """Of products that share a unit name, the one whose package the role installs."""
    if len(found) == 1:
        return found[0]
    names = (package for task in scope.tasks for package in actions.packages(task))
    installed = {product.key for name in names for product in index.packages.find(name)}
    return next((product for product in found if product.key in installed), found[0])


def instance(name: str) -> str:
    """`prices` of `importer@prices`; numbers are replicas of one thing and have no name of their own."""
    _, at, last = base_of(name).partition("@")
    return last if at and last[:1].isalpha() and not TOKENISH.search(last) else ""


def several(names: Iterable[str]) -> frozenset[str]:
    """Template units of which more than one instance with a name of its own runs."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        if instance(name):
            found[name.split("@")[0]].add(instance(name))
    return frozenset(template for template, instances in found.items() if len(instances) > 1)


def workload_name(start: Start, product: Product | None, matched: str, scope: Scope, many: frozenset[str]) -> str:
    """The product for well-known software, the unit for one's own; a runtime is named by the unit that it runs."""
    base, _, _ = base_of(start.name).partition("@")
    if product is not None and product.kind is Kind.PLUMBING:
        return product.key
    one = f"-{instance(start.name)}" if base in many and instance(start.name) else ""
    if product is not None and (product.category != "runtime" or matched.startswith("unit ")):
        own = start.manager == "container" or start.schedule
        return slug(base if own else product.key + one)
    if not base or TOKENISH.search(base):
        return slug(scope.role or scope.hosts)
    return slug(base + one)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", TOKENISH.sub("x", text).lower()).strip("-.") or "workload"
