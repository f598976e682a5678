# SPDX-License-Identifier: Apache-2.0
"""The workloads of one class of machines: which role owns each, and which tasks belong to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from migrate.assess import actions
from migrate.assess.actions import Start
from migrate.assess.belonging import (
    agent_of,
    application_of,
    code_folder,
    deploys_code,
    names_of,
    products_of,
    reached,
    runtimes,
    writers,
)
from migrate.assess.cleaning import cleans
from migrate.assess.drafts import Draft, add_unit
from migrate.assess.starting import TOKENISH, Scope, Sighting, base_of, scopes, sightings, slug
from migrate.assess.unitfile import unit_text, units_written, words
from migrate.catalog import Index
from migrate.model.product import Product
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Unit


def drafts(tasks: Iterable[RecordedTask], index: Index) -> list[Draft]:
    """Every workload that the tasks show, one per class of machines; sorted by name."""
    by_kind: dict[int, list[RecordedTask]] = defaultdict(list)
    for task in tasks:
        by_kind[task.kind].append(task)
    found = [draft for kind, held in by_kind.items() if kind >= 0 for draft in Class(kind, held, index).drafts()]
    return sorted(found, key=lambda draft: (draft.name, draft.role, draft.hosts))


class Class:
    """All that was recorded on one class of machines, and the workloads in it."""

    def __init__(self, kind: int, tasks: Sequence[RecordedTask], index: Index) -> None:
        self.kind, self.tasks, self.index = kind, tasks, index
        self.scopes = scopes(tasks)
        self.written = units_written(tuple(tasks))

    @cached_property
    def about(self) -> Mapping[int, set[str]]:
        return {id(task): products_of(task, self.index) for task in self.tasks}

    def drafts(self) -> list[Draft]:
        """Services and jobs, build agents, plumbing, in this order."""
        named: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
        for sighting in sightings(self.scopes, self.written, self.index):
            role = sighting.scope.role if sighting.start.schedule else ""
            named[sighting.name, role].append(sighting)
        scoped = [self.draft(seen) for seen in named.values() if not self.removed(seen)]
        scoped += [(scope, agent) for scope in self.scopes if (agent := self.agent(scope, scoped))]
        scoped += list(self.unserved_code(scoped))
        for scope, draft in scoped:
            self.give_tasks(draft, scope, [other for where, other in scoped if where is scope and not other.plumbing])
        self.give_code(scoped)
        return [*(draft for _, draft in scoped), *self.bare_plumbing(scoped)]

    def removed(self, seen: Sequence[Sighting]) -> bool:
        """Nothing runs, and it is plumbing, or was removed rather than stopped: nothing is left to move."""
        if any(sighting.start.running for sighting in seen):
            return False
        if all(TOKENISH.sub("", sighting.start.name).strip("-@.") == "" for sighting in seen):
            return True  # what is stopped has no name that anybody knows
        product = seen[0].product
        gone = {name for task in self.tasks for name in actions.removed_packages(task)}
        uninstalled = product is not None and any(product in self.index.packages.find(name) for name in gone)
        plumbing = product is not None and product.kind is Kind.PLUMBING
        return plumbing or uninstalled or all(sighting.start.removed for sighting in seen)

    def owner(self, seen: Sequence[Sighting]) -> Scope:
        """Of all roles that start it, the one that installs it or writes its unit; else the first to start it."""

        def weight(sighting: Sighting) -> tuple[bool, bool]:
            text, tasks = unit_text(self.written, base_of(sighting.start.name)), sighting.scope.tasks
            key = sighting.product.key if sighting.product is not None else ""
            installs = any(key in self.about[id(task)] for task in tasks if actions.packages(task))
            return installs or (
                text is not None and any(task is text.task for task in tasks)
            ), not sighting.start.task.handler

        return max(seen, key=weight).scope

    def draft(self, seen: Sequence[Sighting]) -> tuple[Scope, Draft]:
        """One workload of all that starts it, and the scope that it belongs to."""
        scope = self.owner(seen)
        known = next((sighting for sighting in seen if sighting.product is not None), seen[0])
        product = self.by_word(known)
        draft = Draft(seen[0].name, scope.role, scope.hosts, product=product, matched=known.matched, kinds={self.kind})
        named = any(sighting.start.running and sighting.start.manager != "package" for sighting in seen)
        for sighting in seen:
            draft.starts.append(sighting.start)
            if sighting.start.manager != "package" or not named:
                add_unit(draft, sighting.start, self.written)
        return scope, draft

    def by_word(self, known: Sighting) -> Product | None:
        """The product behind a word of the command, where one program is several: `celery … beat`."""
        if known.product is None or not known.matched.startswith(("program ", "supervisor ", "image ")):
            return known.product
        text = unit_text(self.written, base_of(known.start.name))
        command = known.start.command or (text.command if text else "")
        named = (self.index.products.get(f"{known.product.key}-{word}") for word in words(command)[1:])
        return next((product for product in named if product is not None), known.product)

    def agent(self, scope: Scope, scoped: Sequence[tuple[Scope, Draft]]) -> Draft | None:
        """A build agent that its controller starts: no other service of the role tells what it is for."""
        serving = [draft for where, draft in scoped if where is scope and draft.running and not draft.plumbing]
        product = agent_of(scope.role, scope.hosts if not scope.role else "", self.index)
        if product is None or any(not draft.scheduled for draft in serving):
            return None
        start = Start(product.key, "agent", scope.tasks[0])
        unit = Unit(name=product.key, manager="agent", place=start.task.place)
        matched = f"role {scope.role}" if scope.role else f"group {scope.hosts}"
        return Draft(
            product.key,
            scope.role,
            scope.hosts,
            product,
            matched,
            starts=[start],
            units={product.key: unit},
            kinds={self.kind},
        )

    def give_tasks(self, draft: Draft, scope: Scope, services: Sequence[Draft]) -> None:
        """The tasks that belong to a draft, in the order in which they were recorded."""
        wanted = {id(start.task) for start in draft.starts}
        reach = reached(draft.units.values(), draft.texts, self.by_path)
        wanted |= {id(task) for task in reach if not self.is_plumbing(task)}
        wanted |= {id(task) for task in runtimes(draft.units.values(), self.tasks, self.index)}
        draft.cleans = self.cleaning(draft, reach)
        if draft.product is not None and not draft.own_code:
            wanted |= {id(task) for task in self.tasks if self.about_only(task, draft)}
        if not draft.cleans and not draft.plumbing:
            wanted |= {id(task) for task in scope.tasks if self.belongs(task, draft, services)}
        draft.tasks = [task for task in self.tasks if id(task) in wanted]

    @cached_property
    def by_path(self) -> Mapping[str, list[RecordedTask]]:
        return writers(self.tasks)

    def is_plumbing(self, task: RecordedTask) -> bool:
        return any(self.index.products[key].kind is Kind.PLUMBING for key in self.about[id(task)])

    def about_only(self, task: RecordedTask, draft: Draft) -> bool:
        """Plainly about this product, wherever it stands; the tasks of an instance are those of its own role."""
        alone = draft.product is not None and (draft.plumbing or draft.name == draft.product.key)
        return (
            alone and not task.delegate_to and draft.product is not None and draft.product.key in self.about[id(task)]
        )

    def cleaning(self, draft: Draft, reach: Sequence[RecordedTask]) -> str:
        """What a job removes, when its command, or the one script that this runs, does nothing else."""
        if not draft.scheduled or not draft.running:
            return ""
        scripts = [task.file.text for task in reach if task.file is not None and task.file.text]
        commands = [unit.command for unit in draft.units.values()]
        told = [
            cleans(scripts[0]) if len(scripts) == 1 and len(command.split()) == 1 else cleans(command)
            for command in commands
        ]
        return ", ".join(told) if all(told) else ""

    def belongs(self, task: RecordedTask, draft: Draft, services: Sequence[Draft]) -> bool:
        """False for a task that is plainly about another service of the same role."""
        others = [other for other in services if other is not draft]
        siblings = twins(draft, others)
        alike = any(other.product is draft.product for other in siblings)
        if not others or (is_about(draft, self.about[id(task)]) and not alike):
            return True
        if any(is_about(other, self.about[id(task)]) and other.product is not draft.product for other in others):
            return False
        if any(makes(other, task) for other in others):
            return makes(draft, task)
        if siblings and (named := names_of(task, [short(one) for one in (draft, *siblings)])):
            return short(draft) in named
        return draft.own_code or draft.scheduled or not any(other.own_code and not other.scheduled for other in others)

    def unserved_code(self, scoped: Sequence[tuple[Scope, Draft]]) -> Iterator[tuple[Scope, Draft]]:
        """Applications whose role starts nothing: known ones, and any for which no runtime is here."""
        served = self.serving(scoped)
        every = [draft for _, draft in scoped]
        able = bool(self.runtimes(every)) or any(draft.own_service for draft in every)
        for scope in (scope for scope in self.scopes if scope not in served):
            code = [task for task in scope.tasks if deploys_code(task)]
            product = application_of(scope.role, code, self.index) if code else None
            if code and (product is not None or not able):
                folder = code_folder(code[0]).rstrip("/").rpartition("/")[2]
                name = product.key if product is not None else slug(scope.role or folder)
                start = Start(name, "code", code[0])
                unit = Unit(name=name, manager="code", place=code[0].place)
                matched = f"code from {actions.source_of(code[0])}"
                yield (
                    scope,
                    Draft(name, scope.role, scope.hosts, product, matched, [start], {name: unit}, kinds={self.kind}),
                )

    def give_code(self, scoped: Sequence[tuple[Scope, Draft]]) -> None:
        """Code of roles that start nothing runs in the program started for it, else in a runtime or web server."""
        every = [draft for _, draft in scoped]
        served = self.serving(scoped)
        own = [draft for draft in every if draft.own_service]
        for scope in (scope for scope in self.scopes if scope not in served):
            folders = [code_folder(task) for task in scope.tasks if deploys_code(task)]
            users = [draft for draft in own if any(draft.runs_in(folder) for folder in folders)]
            more = {id(task) for task in scope.tasks if folders and not self.about[id(task)]}
            for draft in users or ([] if own else self.runtimes(every)):
                held = {id(task) for task in draft.tasks} | more
                draft.tasks = [task for task in self.tasks if id(task) in held]

    def runtimes(self, every: Sequence[Draft]) -> list[Draft]:
        """What runs code that others bring: PHP-FPM, Tomcat; without one, the web server."""
        known = [draft for draft in every if draft.product is not None and not draft.own_code]
        runtimes = [draft for draft in known if draft.product is not None and draft.product.category == "runtime"]
        return runtimes or [draft for draft in known if draft.product is not None and draft.product.category == "web"]

    def serving(self, scoped: Sequence[tuple[Scope, Draft]]) -> list[Scope]:
        """Roles that run something: jobs alone don't count as that."""
        return [scope for scope, draft in scoped if draft.running and not draft.plumbing and not draft.scheduled]

    def bare_plumbing(self, scoped: Sequence[tuple[Scope, Draft]]) -> Iterator[Draft]:
        """Plumbing without a unit of its own (accounts, sysctl, logrotate), in roles that run no service."""
        named = {draft.name for _, draft in scoped}
        served = [scope for scope, draft in scoped if draft.running and not draft.plumbing]
        tasks = [(scope, task) for scope in self.scopes if scope not in served for task in scope.tasks]
        found: dict[str, Draft] = {}
        for scope, task in tasks:
            keys = set[str]() if switches_off(task) else self.about[id(task)] - named
            for product in (self.index.products[key] for key in sorted(keys)):
                if product.kind is Kind.PLUMBING:
                    matched = f"{task.module} task"
                    fresh = Draft(product.key, scope.role, scope.hosts, product, matched, kinds={self.kind})
                    found.setdefault(product.key, fresh).tasks.append(task)
        yield from found.values()


def twins(draft: Draft, others: Iterable[Draft]) -> list[Draft]:
    """Others that the same line of a role starts: in a loop, or because the role is listed more than once."""
    lines = {(start.task.place, start.task.action) for start in draft.starts}
    return [other for other in others if any((start.task.place, start.task.action) in lines for start in other.starts)]


def is_about(draft: Draft, keys: set[str]) -> bool:
    return draft.product is not None and draft.product.key in keys


def makes(draft: Draft, task: RecordedTask) -> bool:
    """The task starts it or writes its unit."""
    return any(start.task is task for start in draft.starts) or any(text.task is task for text in draft.texts)


def short(draft: Draft) -> str:
    """What files of one of several instances are called: `sessions` of redis-server@sessions."""
    name = next(iter(draft.units), draft.name)
    return name.partition("@")[2] or name


def switches_off(task: RecordedTask) -> bool:
    """A task that removes or stops something makes no plumbing."""
    started = actions.starts(task)
    return actions.is_removal(task) or (bool(started) and not any(start.running for start in started))
