# SPDX-License-Identifier: Apache-2.0
"""Recorded tasks grouped into draft workloads: what is started, by which role, on which classes of machines."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from migrate.assess import actions
from migrate.assess.actions import Start
from migrate.assess.unitfile import Program, UnitText, cron_jobs, programs, unit_text, units_written, words
from migrate.catalog import Index
from migrate.model.product import Product
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Unit

INTERPRETERS = frozenset("python python2 python3 java node nodejs ruby perl php bash sh env bundle npm npx yarn uv poetry dotnet sudo nice ionice".split())
NOT_SERVICES = (".mount", ".target", ".slice", ".device", ".swap")
TOKENISH = re.compile(r"mg(?:sec|need|unk)_\w+_x")


class Draft(msgspec.Struct):
    """A workload being put together; `scope` is the play and outermost role that it was found in."""

    name: str
    role: str
    hosts: str
    product: Product | None = None
    matched: str = ""
    starts: list[Start] = []
    units: dict[str, Unit] = {}
    kinds: set[int] = set()
    tasks: list[RecordedTask] = []
    texts: list[UnitText] = []

    @property
    def scheduled(self) -> bool:
        """True when all it does is run at set times."""
        return bool(self.units) and all(unit.schedule for unit in self.units.values())

    @property
    def running(self) -> bool:
        return any(start.running for start in self.starts)


class Scope(msgspec.Struct, frozen=True):
    """All tasks of one role (with what it depends on) in one play on one class of machines."""

    kind: int
    role: str
    hosts: str
    tasks: tuple[RecordedTask, ...]


def scopes(tasks: Iterable[RecordedTask]) -> list[Scope]:
    """Tasks by class, play's hosts and outermost role; tasks handed to another machine belong to nobody here."""
    grouped: dict[tuple[int, str, str], list[RecordedTask]] = defaultdict(list)
    for task in tasks:
        if not task.delegate_to and task.kind >= 0:
            grouped[task.kind, task.hosts, task.roles[0] if task.roles else ""].append(task)
    return [Scope(kind, role, hosts, tuple(held)) for (kind, hosts, role), held in grouped.items()]


def drafts(tasks: Iterable[RecordedTask], index: Index) -> list[Draft]:
    """Every workload that the tasks show, merged over classes; sorted by name."""
    held = list(tasks)
    by_kind: dict[int, list[RecordedTask]] = defaultdict(list)
    for task in held:
        by_kind[task.kind].append(task)
    written = {kind: units_written(tuple(of_kind)) for kind, of_kind in by_kind.items()}
    found: dict[tuple[str, ...], Draft] = {}
    for scope in scopes(held):
        for draft in of_scope(scope, written[scope.kind], index):
            merge(found, draft)
    return sorted(found.values(), key=lambda draft: (draft.name, draft.role, draft.hosts))


def merge(found: dict[tuple[str, ...], Draft], draft: Draft) -> None:
    """Plumbing is one workload however many roles care for it; others are one per role and play."""
    plumbing = draft.product is not None and draft.product.kind is Kind.PLUMBING
    key = ("plumbing", draft.name) if plumbing else (draft.role, draft.hosts, draft.name)
    if key not in found:
        found[key] = draft
        return
    old = found[key]
    old.starts += draft.starts
    old.units = {**draft.units, **old.units}
    old.kinds |= draft.kinds
    old.tasks += draft.tasks
    old.texts += draft.texts


def of_scope(scope: Scope, written: Mapping[str, UnitText], index: Index) -> Iterator[Draft]:
    """The workloads of one role on one class."""
    named: dict[str, Draft] = {}
    for start in every_start(scope, index):
        if start.name.endswith(NOT_SERVICES) or not start.name:
            continue
        product, matched = recognise(start, scope, written, index)
        if product is not None and product.kind is Kind.LIBRARY and start.manager == "package":
            continue
        name = draft_name(start, product, scope)
        draft = named.setdefault(name, Draft(name=name, role=scope.role, hosts=scope.hosts, product=product, matched=matched))
        draft.starts.append(start)
        draft.kinds.add(scope.kind)
        add_unit(draft, start, written)
    services = [draft for draft in named.values() if draft.product is None or draft.product.kind is not Kind.PLUMBING]
    for draft in named.values():
        if draft.product is None or draft.product.kind is not Kind.PLUMBING:
            draft.tasks = [task for task in scope.tasks if belongs(task, draft, services, index)]
        else:
            draft.tasks = [task for task in scope.tasks if draft.product.key in products_of(task, index)]
        draft.tasks = draft.tasks or [start.task for start in draft.starts]
    yield from named.values()
    if not any(draft.running for draft in services):
        yield from bare_plumbing(scope, set(named), index)


def every_start(scope: Scope, index: Index) -> Iterator[Start]:
    """Starts by tasks, by files that schedule or supervise, and by packages whose unit starts itself."""
    named: set[str] = set()
    for task in scope.tasks:
        for start in actions.starts(task):
            named.add(start.name)
            yield start
        for program in programs(task):
            yield program_start(program, task)
        for name, schedule, user, command in cron_jobs(task):
            yield Start(name, "cron", task, schedule=schedule, command=command, user=user)
    for task in scope.tasks:
        for package in actions.packages(task):
            for product in index.packages.find(package):
                if product.starts and not any(unit in named for unit in product.units):
                    yield Start(product.units[0] if product.units else product.key, "package", task)


def program_start(program: Program, task: RecordedTask) -> Start:
    manager = "container" if program.image else "supervisor"
    return Start(program.name, manager, task, image=program.image, command=program.command, user=program.user)


def recognise(start: Start, scope: Scope, written: Mapping[str, UnitText], index: Index) -> tuple[Product | None, str]:
    """The product behind a start, and what it was known by: unit, image, program, or a package of the same role."""
    base = start.name.removesuffix(".timer").removesuffix(".socket")
    if start.image and (found := index.image(start.image)):
        return found[0], f"image {start.image}"
    text = unit_text(dict(written), base)
    command = start.command or (text.command if text else "")
    if start.manager in ("systemd", "shell", "package") and not start.schedule and (found := index.units.find(base)):
        return prefer(found, scope, index), f"unit {base}"
    if command and (known := by_command(command, index)):
        return known
    if start.manager in ("supervisor", "container", "pm2") and (found := index.units.find(base)):
        return prefer(found, scope, index), f"{start.manager} {base}"
    if text is None and not command and start.manager in ("systemd", "shell"):
        return by_package(scope, index)
    return None, ""


def by_command(command: str, index: Index) -> tuple[Product, str] | None:
    """A program by the base name of what is executed; interpreters are looked through to what they run."""
    for word in words(command):
        if word.startswith("-") and not word.endswith((".jar", ".war")):
            continue
        base = word.rsplit("/", 1)[-1]
        if found := index.processes.find(base):
            if found[0].kind is not Kind.LIBRARY:
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
    installed = {product.key for task in scope.tasks for package in actions.packages(task) for product in index.packages.find(package)}
    return next((product for product in found if product.key in installed), found[0])


def draft_name(start: Start, product: Product | None, scope: Scope) -> str:
    """The product for well-known software, the unit for one's own; a runtime is named by the unit that it runs."""
    base = start.name.removesuffix(".timer").removesuffix(".socket").split("@")[0]
    if product is not None and (start.manager == "package" or product.category != "runtime" or product.kind is Kind.PLUMBING):
        own_container = start.manager == "container" and product.kind is not Kind.PLUMBING
        return slug(base) if own_container or start.schedule else product.key
    if not base or TOKENISH.search(base):
        return slug(scope.role or scope.hosts)
    return slug(base)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", TOKENISH.sub("x", text).lower()).strip("-.") or "workload"


def add_unit(draft: Draft, start: Start, written: Mapping[str, UnitText]) -> None:
    """The unit behind a start; a timer gives its service a schedule."""
    if not start.running:
        return
    base = start.name.removesuffix(".timer").removesuffix(".socket")
    text = unit_text(dict(written), base)
    timer = written.get(f"{base}.timer") if start.name.endswith(".timer") else None
    if text is not None and text not in draft.texts:
        draft.texts.append(text)
    schedule = start.schedule or (timer.first("Timer.OnCalendar") or timer.first("Timer.OnUnitActiveSec") or "timer" if timer else "")
    old = draft.units.get(base)
    draft.units[base] = Unit(
        name=base,
        manager=start.manager,
        command=start.command or (text.command if text else "") or (old.command if old else ""),
        user=start.user or (text.first("Service.User") if text else ""),
        directory=text.first("Service.WorkingDirectory") if text else "",
        environment=text.environment if text else {},
        environment_files=tuple(path.lstrip("-") for path in text.all("Service.EnvironmentFile")) if text else (),
        schedule=schedule,
        image=start.image,
        place=start.task.place if start.manager == "package" or text is None else text.task.place,
    )


def products_of(task: RecordedTask, index: Index) -> set[str]:
    """Keys of products that a task is plainly about, by package, unit, module or configuration path."""
    found = {product.key for name in actions.packages(task) + actions.removed_packages(task) for product in index.packages.find(name)}
    found |= {product.key for start in actions.starts(task) for product in index.units.find(start.name)}
    found |= {product.key for product in index.modules.find(task.action)}
    if task.file is not None or task.module in ("file", "lineinfile", "blockinfile", "replace", "ini_file"):
        path = task.file.dest if task.file else str(task.args.get("path") or task.args.get("dest") or "")
        found |= {product.key for prefix, product in index.config if path == prefix or path.startswith(prefix.rstrip("/") + "/")}
    return found


def belongs(task: RecordedTask, draft: Draft, services: list[Draft], index: Index) -> bool:
    """False for a task that is plainly about another service of the same role."""
    if len(services) < 2:
        return True
    others = [other for other in services if other is not draft]
    about = products_of(task, index)
    if draft.product is not None and draft.product.key in about:
        return True
    if any(other.product is not None and other.product.key in about for other in others):
        return False
    if any(start.task is task for other in others for start in other.starts):
        return any(start.task is task for start in draft.starts)
    return not any(text.task is task for other in others for text in other.texts)


def bare_plumbing(scope: Scope, named: set[str], index: Index) -> Iterator[Draft]:
    """Plumbing without a unit of its own (accounts, sysctl, logrotate), in roles that run no service."""
    found: dict[str, Draft] = {}
    for task in scope.tasks:
        for key in sorted(products_of(task, index)):
            product = index.products[key]
            if product.kind is Kind.PLUMBING and key not in named:
                draft = found.setdefault(key, Draft(name=key, role=scope.role, hosts=scope.hosts, product=product, matched=f"{task.module} task"))
                draft.kinds.add(scope.kind)
                draft.tasks.append(task)
    yield from found.values()
