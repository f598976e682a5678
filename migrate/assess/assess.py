# SPDX-License-Identifier: Apache-2.0
"""The stage itself: recorded tasks and machines in, judged workloads out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from migrate.assess import actions
from migrate.assess.drafts import Draft, drafts
from migrate.assess.edges import with_edges
from migrate.assess.ports import ports
from migrate.assess.rules import gather, hosting, settings, software, storage
from migrate.assess.subject import Subject
from migrate.assess.verdict import judge
from migrate.catalog import Index
from migrate.model.machine import Machine
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Placement, Port, Workload

RULE_MODULES = (software, storage, settings, hosting)


def assess(environment: str, tasks: Sequence[RecordedTask], machines: Sequence[Machine], index: Index) -> tuple[Workload, ...]:
    """Every workload of one environment, with its verdict; sorted by name."""
    by_kind: dict[int, list[RecordedTask]] = defaultdict(list)
    for task in tasks:
        by_kind[task.kind].append(task)
    members: dict[int, list[Machine]] = defaultdict(list)
    for machine in machines:
        members[machine.kind].append(machine)
    found = drafts(tasks, index)
    named = names(found)
    workloads = []
    for draft, name in zip(found, named, strict=True):
        neighbours = tuple(task for kind in sorted(draft.kinds) for task in by_kind[kind])
        here = tuple(machine for kind in sorted(draft.kinds) for machine in members[kind])
        subject = Subject(draft, tuple(sorted(here, key=lambda machine: machine.name)), neighbours, index)
        workloads.append(workload(environment, name, subject))
    return with_edges(sorted(workloads, key=lambda one: (one.name, one.hosts)), machines)


def names(found: Sequence[Draft]) -> list[str]:
    """Unique names: a name that two roles or groups share gets the group, then the role, then a number."""
    plain = Counter(draft.name for draft in found)
    longer = [draft.name if plain[draft.name] == 1 else f"{draft.name}-{word(draft.hosts)}" for draft in found]
    shared = Counter(longer)
    longest = [name if shared[name] == 1 else f"{name}-{word(draft.role)}" for name, draft in zip(longer, found, strict=True)]
    count: Counter[str] = Counter()
    unique = []
    for name in longest:
        count[name] += 1
        unique.append(name if count[name] == 1 else f"{name}-{count[name]}")
    return unique


def word(text: str) -> str:
    return "-".join("".join(c.lower() if c.isalnum() else " " for c in text).split()) or "all"


def workload(environment: str, name: str, subject: Subject) -> Workload:
    draft, product = subject.draft, subject.product
    evidence = gather(subject)
    verdict = judge(subject, evidence)
    plumbing = verdict.kind is Kind.PLUMBING
    listening: tuple[Port, ...] = () if verdict.placement is Placement.DROP else ports(subject)
    return Workload(
        name=name,
        environment=environment,
        kind=verdict.kind,
        nature=verdict.nature,
        placement=verdict.placement,
        reason=verdict.reason,
        software=product.key if product else "",
        title=product.title if product else "",
        role=draft.role,
        hosts=draft.hosts,
        machines=tuple(machine.name for machine in subject.machines),
        units=tuple(draft.units[unit] for unit in sorted(draft.units)),
        packages=tuple(sorted({package for task in draft.tasks for package in actions.packages(task)})),
        users=tuple(sorted({str(task.args.get("name", "")) for task in draft.tasks if task.module == "user"} - {""})),
        ports=listening,
        data_dirs=data_dirs(subject),
        evidence=evidence,
        tasks=() if plumbing else tuple(draft.tasks),
        replaced_by=product.replaced_by if product and plumbing else "",
    )


def data_dirs(subject: Subject) -> tuple[str, ...]:
    """Folders with state that tasks make or mount; else where the catalog says that the product keeps it."""
    made = {path for task in subject.tasks for path in actions.directories(task) if subject.keeps_in(path)}
    made |= {path for task in subject.neighbours for path, _, _ in actions.mounts(task) if subject.keeps_in(path)}
    known = subject.product.data_dirs if subject.product and subject.product.kind is not Kind.PLUMBING else ()
    return tuple(sorted(made)) or known
