# SPDX-License-Identifier: Apache-2.0
"""The stage itself: recorded tasks and machines in, judged workloads out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from migrate.assess import actions
from migrate.assess.classes import drafts
from migrate.assess.deciding import decided, decision, matching
from migrate.assess.drafts import Draft, merged
from migrate.assess.edges import with_edges
from migrate.assess.ports import ports
from migrate.assess.rules import (
    databases,
    gather,
    hosted,
    hosting,
    local,
    logs,
    readable,
    settings,
    software,
    storage,
    ties,
)
from migrate.assess.sizing import with_sizes
from migrate.assess.subject import Subject
from migrate.assess.verdict import Verdict, judge
from migrate.assess.waves import with_waves
from migrate.catalog import Index
from migrate.model.config import Override
from migrate.model.machine import Machine
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Nature, Placement, Workload

CLEANED = "an emptyDir: what is scratch goes with its pod"
RULE_MODULES = (software, storage, settings, local, hosted, logs, hosting, databases, ties)


class Survey(msgspec.Struct, frozen=True):
    """What was found in one environment, before it has names and verdicts."""

    environment: str
    tasks: Sequence[RecordedTask]
    machines: Sequence[Machine]
    subjects: tuple[Subject, ...]


def survey(environment: str, tasks: Sequence[RecordedTask], machines: Sequence[Machine], index: Index) -> Survey:
    """The workloads of one environment, told apart."""
    estate = Estate(environment, tasks, machines, index)
    found = [draft for alike in same_workload(drafts(tasks, index)) for draft in estate.told_apart(alike)]
    return Survey(environment, tasks, machines, tuple(estate.subject(draft) for draft in found))


def shared_names(surveys: Iterable[Survey]) -> frozenset[str]:
    """Names that several groups of machines have in some environment, so that a workload is called alike in all."""
    return frozenset(name for one in surveys for name in ambiguous(one.subjects))


def assess(
    found: Survey, overrides: Sequence[Override] = (), shared: Collection[str] = frozenset()
) -> tuple[Workload, ...]:
    """Every workload of one environment, with its verdict, needs, wave and size; sorted by name."""
    named = zip(found.subjects, names(found.subjects, shared), strict=True)
    workloads = [workload(found.environment, name, subject, overrides) for subject, name in named]
    tied = with_edges(sorted(workloads, key=lambda one: (one.name, one.hosts)), found.machines, found.tasks)
    return with_sizes(with_waves(tied), found.machines)


def same_workload(found: Sequence[Draft]) -> list[list[Draft]]:
    """Drafts of one workload on several classes. Plumbing is one however many roles care for it."""
    groups: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in found:
        groups[("plumbing", draft.name) if draft.plumbing else (draft.role, draft.hosts, draft.name)].append(draft)
    return list(groups.values())


class Estate:
    """Tasks and machines of one environment, by class."""

    def __init__(
        self, environment: str, tasks: Sequence[RecordedTask], machines: Sequence[Machine], index: Index
    ) -> None:
        self.environment, self.index = environment, index
        self.tasks: dict[int, list[RecordedTask]] = defaultdict(list)
        self.machines: dict[int, list[Machine]] = defaultdict(list)
        for task in tasks:
            self.tasks[task.kind].append(task)
        for machine in machines:
            self.machines[machine.kind].append(machine)

    def subject(self, draft: Draft) -> Subject:
        neighbours = tuple(task for kind in sorted(draft.kinds) for task in self.tasks[kind])
        here = sorted(
            (machine for kind in draft.kinds for machine in self.machines[kind]), key=lambda machine: machine.name
        )
        return Subject(draft, tuple(here), neighbours, self.index)

    def told_apart(self, alike: Sequence[Draft]) -> list[Draft]:
        """One draft for all classes with the same verdict: one role can make a cache here and a store there."""
        if len(alike) == 1:
            return [merged(alike)]
        groups: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
        for draft in alike:
            subject = self.subject(draft)
            verdict = judge(subject, gather(subject))
            same = verdict.kind is Kind.PLUMBING  # however it is set up on each class, it is left out as one
            groups[() if same else (verdict.nature, verdict.kind, verdict.placement)].append(draft)
        return [merged(group) for group in groups.values()]


def names(found: Sequence[Subject], shared: Collection[str] = frozenset()) -> list[str]:
    """Unique names: one that several share gets the group, then the role, then a machine, where that tells.

    `shared` names get the group in any case.
    """
    named = [subject.draft.name for subject in found]
    unclear = ambiguous(found) | frozenset(shared)
    named = [
        f"{name}-{word(subject.draft.hosts)}" if name in unclear else name
        for subject, name in zip(found, named, strict=True)
    ]
    for more in (lambda one: one.draft.role, first_machine):
        told = by_name(named, found, more)
        named = [
            f"{name}-{word(more(subject))}" if len(told[name]) > 1 else name
            for subject, name in zip(found, named, strict=True)
        ]
    count: Counter[str] = Counter()
    unique = []
    for name in named:
        count[name] += 1
        unique.append(name if count[name] == 1 else f"{name}-{count[name]}")
    return unique


def ambiguous(found: Sequence[Subject]) -> frozenset[str]:
    """Names that workloads of several groups have."""
    told = by_name([subject.draft.name for subject in found], found, lambda one: one.draft.hosts)
    return frozenset(name for name, groups in told.items() if len(groups) > 1)


def by_name(named: Sequence[str], found: Sequence[Subject], more: Callable[[Subject], str]) -> dict[str, set[str]]:
    told: dict[str, set[str]] = defaultdict(set)
    for subject, name in zip(found, named, strict=True):
        told[name].add(more(subject))
    return told


def first_machine(subject: Subject) -> str:
    return subject.machines[0].name if subject.machines else ""


def word(text: str) -> str:
    return "-".join("".join(c.lower() if c.isalnum() else " " for c in text).split()) or "all"


def workload(environment: str, name: str, subject: Subject, overrides: Sequence[Override] = ()) -> Workload:
    draft, product = subject.draft, subject.product
    evidence = gather(subject)
    ours = judge(subject, evidence)
    override = matching(overrides, environment, name, draft.role)
    verdict = decided(override, ours) if override else ours
    moves = draft.running and verdict.placement is not Placement.DROP
    return Workload(
        name=name,
        environment=environment,
        kind=verdict.kind,
        nature=verdict.nature,
        placement=verdict.placement,
        reason=readable(verdict.reason),
        software=product.key if product else "",
        title=product.title if product else "",
        role=draft.role,
        hosts=draft.hosts,
        machines=tuple(machine.name for machine in subject.machines),
        units=tuple(draft.units[unit] for unit in sorted(draft.units)),
        packages=tuple(sorted({package for task in draft.tasks for package in actions.packages(task)})),
        users=tuple(sorted({str(task.args.get("name", "")) for task in draft.tasks if task.module == "user"} - {""})),
        ports=ports(subject) if moves else (),
        data_dirs=() if ours.nature is verdict.nature is Nature.STATELESS else data_dirs(subject),
        evidence=evidence,
        tasks=tuple(draft.tasks) if moves or verdict.kind is not Kind.PLUMBING else (),
        replaced_by=replaced_by(subject, verdict),
        override=decision(override, ours) if override else None,
    )


def replaced_by(subject: Subject, verdict: Verdict) -> str:
    """What takes the place of plumbing, and of jobs that only clean up."""
    if verdict.kind is Kind.PLUMBING and subject.product is not None:
        return subject.product.replaced_by
    return CLEANED if subject.draft.cleans and verdict.placement is Placement.DROP else ""


def data_dirs(subject: Subject) -> tuple[str, ...]:
    """Folders with state that tasks make or mount; else where the catalog says that the product keeps it."""
    made = {path for task in subject.tasks for path in actions.directories(task) if subject.keeps_in(path)}
    made |= {path for task in subject.neighbours for path, _, _ in actions.mounts(task) if subject.keeps_in(path)}
    known = subject.product.data_dirs if subject.product and subject.product.kind is not Kind.PLUMBING else ()
    return tuple(sorted(made)) or known
