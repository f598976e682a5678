# SPDX-License-Identifier: Apache-2.0
"""The stages in order; the only module that knows two of them."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from migrate import catalog
from migrate.assess.assess import Survey, shared_names, survey
from migrate.assess.assess import assess as judge
from migrate.assess.deciding import expired, in_force, risky, unknown
from migrate.assess.silence import silence
from migrate.catalog import own
from migrate.check import ask_others, check
from migrate.check.outside import Heard
from migrate.clients.engine import Engine
from migrate.discover import fleet, sources
from migrate.errors import EngineError, UsageError
from migrate.generate import generate as generate_files
from migrate.model.artifact import Artifact
from migrate.model.assessment import Assessment, Figures
from migrate.model.config import Config, Environment, Override
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Fleet, Host, Machine, MachineClass
from migrate.model.messages import Progress
from migrate.model.task import Token
from migrate.model.workload import Workload
from migrate.record.cache import Cache, usual_folder
from migrate.record.gathered import fact_cache
from migrate.record.observed import observed
from migrate.record.record import Recording, record
from migrate.record.session import Session

Watch = Callable[[str], None]
T = TypeVar("T")

MOST_PLAYERS = 8


class Estate(msgspec.Struct, frozen=True):
    """What was learnt of one environment; `survey`, from which it is judged, is None where recording failed."""

    name: str
    machines: tuple[Machine, ...]
    findings: tuple[Finding, ...]
    figures: Figures
    tokens: tuple[Token, ...] = ()
    survey: Survey | None = None
    workloads: tuple[Workload, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """The machines of one environment before anything is recorded; `classes` is None where the engine died."""

    machines: tuple[Machine, ...]
    findings: tuple[Finding, ...]
    classes: tuple[MachineClass, ...] | None = None


class Asked(msgspec.Struct, frozen=True):
    """What is the same for all environments; `overrides` are those in force."""

    config: Config
    base: Path
    playbooks: tuple[str, ...]
    index: catalog.Index
    overrides: tuple[Override, ...]


class Crew(msgspec.Struct, frozen=True):
    """How many processes record one environment, and where each is listened to."""

    players: int = 1
    pool: Executor | None = None


def assess(
    config: Config,
    base: Path,
    *,
    only: Sequence[str] = (),
    watch: Watch = lambda _: None,
    today: datetime.date | None = None,
) -> Assessment:
    """Discover, record and judge every environment (or those in `only`); paths in `config` are relative to `base`.

    A source that fails is a finding of severity error, and the rest is kept. Raises UsageError for what can't be asked.
    `today` is what overrides expire by; without it none does.
    """
    if not config.playbooks:
        raise UsageError(
            "no playbook given", hint="Name the playbooks that configure the machines, for example site.yml."
        )
    asked = question(config, base, tuple(in_force(config.overrides, today)))
    chosen = environments(config, only)
    players = config.policy.players or max(1, min(MOST_PLAYERS, processors() // len(chosen)))
    with ThreadPoolExecutor(max_workers=len(chosen) * players) as hearing:
        crew = Crew(players, hearing)
        found = each(chosen, lambda name, environment: estate(name, environment, asked, watch, crew))
    shared = shared_names(one.survey for one in found if one.survey)
    estates = [judged(one, asked.overrides, shared) for one in found]
    return together(estates, decisions(config.overrides, estates, today, whole=not only))


def discover(config: Config, base: Path, *, only: Sequence[str] = (), watch: Watch = lambda _: None) -> Fleet:
    """The machines of every environment (or those in `only`), without recording anything; otherwise as `assess`."""
    asked = question(config, base)

    def machines(name: str, environment: Environment) -> Seen:
        watch(f"{name}: reading inventory, hypervisors and clouds".removeprefix(": "))
        with session(environment, asked, Crew()) as engine:
            seen = look(name, environment, asked, engine)
        return msgspec.structs.replace(seen, findings=placed(name, seen.findings))

    found = each(environments(config, only), machines)
    findings = sorted((finding for seen in found for finding in seen.findings), key=Finding.sort_key)
    return Fleet(
        machines=tuple(machine for seen in found for machine in seen.machines),
        findings=tuple(findings),
        partial=any(finding.severity is Severity.ERROR for finding in findings),
    )


def question(config: Config, base: Path, overrides: tuple[Override, ...] = ()) -> Asked:
    """What is the same for all environments. Raises UsageError where there is no project."""
    project = base / config.project
    if not project.is_dir():
        raise UsageError(
            f"the Ansible project {config.project} is not a folder", hint="Give its folder with --project."
        )
    playbooks = tuple(locate(name, (project, base)) for name in config.playbooks)
    return Asked(config, base, playbooks, index_of(config, base), overrides)


def each(chosen: Sequence[tuple[str, Environment]], work: Callable[[str, Environment], T]) -> list[T]:
    """The same work on every environment, several at once, in order."""
    with ThreadPoolExecutor(max_workers=max(1, min(len(chosen), processors()))) as pool:
        return list(pool.map(lambda item: work(*item), chosen))


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environments(config: Config, only: Sequence[str]) -> list[tuple[str, Environment]]:
    """Named environments; a single one called `default` has no name in reports."""
    unknown = sorted(set(only) - set(config.environments))
    if unknown:
        raise UsageError(
            f"no environment {', '.join(unknown)}", hint=f"There are: {', '.join(config.environments) or 'none'}."
        )
    if not config.environments:
        raise UsageError("no inventory given", hint="Give one with -i, or write a migrate.yaml with `migrate init`.")
    chosen = [(name, environment) for name, environment in config.environments.items() if not only or name in only]
    return [("", chosen[0][1])] if list(config.environments) == ["default"] else chosen


def locate(name: str, roots: Iterable[Path]) -> str:
    """A path as a person wrote it, looked for below each root; the first root's when nothing is there."""
    tried = [root / name for root in roots]
    return str(next((path for path in tried if path.exists()), tried[0]).absolute())


def index_of(config: Config, base: Path) -> catalog.Index:
    """The catalog with one's own products; the shipped one alone is made once."""
    products = own.products(config.catalog, base)
    return catalog.index() if products is catalog.load() else catalog.Index(products)


def decisions(
    overrides: Sequence[Override], estates: Sequence[Estate], today: datetime.date | None, *, whole: bool
) -> list[Finding]:
    """What is odd about overrides; one that fits nothing is only known to when all environments were read."""
    workloads = [workload for one in estates for workload in one.workloads]
    lost = unknown(overrides, workloads, [one.name for one in estates]) if whole and workloads else []
    return [*(expired(overrides, today) if today else ()), *lost]


def estate(name: str, environment: Environment, asked: Asked, watch: Watch, crew: Crew) -> Estate:
    """One environment, with everything recorded."""
    label = f"{name}: " if name else ""
    watch(f"{label}reading inventory, hypervisors and clouds")
    with session(environment, asked, crew) as engine:
        seen = look(name, environment, asked, engine)
        if seen.classes is None:
            return without_tasks(name, seen)
        try:
            recorded = record(
                engine, asked.playbooks, seen.classes, seen.machines, lambda play: watch(f"{label}{told(play)}"),
                cache=fact_cache(environment.facts, asked.base, (asked.base / asked.config.project).resolve()),
            )  # fmt: skip
        except EngineError as error:
            return without_tasks(name, msgspec.structs.replace(seen, findings=(*seen.findings, died(name, error))))
    watch(f"{label}judging workloads")
    return learnt(name, with_observations(recorded, environment, asked.base), seen.findings, asked.index)


def session(environment: Environment, asked: Asked, crew: Crew) -> Session:
    """The conversation with the engine about one environment, which reads the inventory while others are asked."""
    config, base = asked.config, asked.base
    project = (base / config.project).resolve()
    inventories = [text if "," in text else locate(text, (base, project)) for text in environment.inventories]
    extra = [
        f"@{locate(text[1:], (base, project))}" if text.startswith("@") else text for text in environment.extra_vars
    ]
    question = (project, inventories, asked.playbooks, extra, config.policy.trust_project)
    cache = Cache(usual_folder()) if config.policy.cache else None
    trusted = config.policy.trust_project
    start = partial(Engine, project, inventories, asked.playbooks, extra, trusted=trusted, players=crew.players)
    return Session(start, question, cache, crew.pool)


def look(name: str, environment: Environment, asked: Asked, engine: Session) -> Seen:
    """The machines of one environment, as inventory, hypervisors and clouds see them together."""
    found, findings = sources.ask(environment, asked.base, asked.config.policy)
    try:
        inventory, read = engine.inventory()
    except EngineError as error:
        alone = tuple(msgspec.structs.replace(machine, environment=name) for machine in found)
        return Seen(alone, (*findings, died(name, error)))
    machines, misfits = joined(name, inventory.hosts, found, findings)
    said = (*findings, *read.findings, *misfits, *empty(name, inventory.hosts))
    return Seen(tuple(machines), said, inventory.classes)


def with_observations(recorded: Recording, environment: Environment, base: Path) -> Recording:
    """The recording with what Ansible's fact cache says that its machines do, where there is one."""
    if not environment.facts:
        return recorded
    folder = base / environment.facts
    if not folder.is_dir():
        raise UsageError(
            f"facts: {environment.facts} is no folder",
            hint="Name a folder of Ansible's jsonfile cache, or one that `ansible all -m setup --tree FOLDER` wrote.",
        )
    return msgspec.structs.replace(recorded, machines=tuple(observed(recorded.machines, folder)))


def told(play: Progress) -> str:
    return f"recorded {play.play} on {play.hosts} kind{'s' if play.hosts != 1 else ''} of machine"


def joined(
    name: str, hosts: Sequence[Host], seen: Sequence[Machine], findings: Sequence[Finding]
) -> tuple[list[Machine], list[Finding]]:
    machines, misfits = fleet.join(name, hosts, seen, unanswered=sources.silent(findings))
    kinds = {host.name: host.kind for host in hosts}
    return [msgspec.structs.replace(machine, kind=kinds.get(machine.name, -1)) for machine in machines], misfits


def empty(name: str, hosts: Sequence[Host]) -> list[Finding]:
    if hosts:
        return []
    return [
        Finding(
            check="empty-inventory",
            subject=name or "inventory",
            message="the inventory has 0 hosts, so nothing was recorded",
            severity=Severity.ERROR,
            remedy="Check the path given with -i, and that its format is one that Ansible reads.",
        )
    ]  # fmt: skip


def died(name: str, error: EngineError) -> Finding:
    subject = name or "ansible project"
    return Finding("engine-failed", subject, str(error), error.hint, severity=Severity.ERROR)


def without_tasks(name: str, seen: Seen) -> Estate:
    """What is left when the engine died: the machines, marked."""
    return Estate(name, seen.machines, placed(name, seen.findings), Figures(machines=len(seen.machines)))


def learnt(name: str, recorded: Recording, findings: Sequence[Finding], index: catalog.Index) -> Estate:
    """What was found, before it has names that fit those of other environments."""
    figures = Figures(
        machines=len(recorded.machines),
        classes=len(recorded.classes),
        plays=recorded.plays,
        tasks=len(recorded.tasks),
        conditional=sum(bool(task.conditional) for task in recorded.tasks),
        unresolved=sum(bool(task.unresolved) for task in recorded.tasks),
    )
    found = survey(name, recorded.tasks, recorded.machines, index)
    said = placed(name, [*findings, *recorded.findings])
    return Estate(name, recorded.machines, said, figures, recorded.tokens, found)


def judged(estate: Estate, overrides: Sequence[Override], shared: Collection[str]) -> Estate:
    """With its workloads, and what is odd about them."""
    if estate.survey is None:
        return estate
    workloads = judge(estate.survey, overrides, shared)
    odd = [*silence(estate.survey.tasks, estate.machines, workloads), *risky(workloads)]
    return msgspec.structs.replace(estate, workloads=workloads, findings=(*estate.findings, *placed(estate.name, odd)))


def placed(name: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(msgspec.structs.replace(finding, environment=name) for finding in findings)


def together(estates: Sequence[Estate], said: Sequence[Finding] = ()) -> Assessment:
    """One assessment of all environments; `said` is about all of them."""
    findings = sorted([*said, *(finding for one in estates for finding in one.findings)], key=Finding.sort_key)
    totals = {field: sum(getattr(one.figures, field) for one in estates) for field in Figures.__struct_fields__}
    tokens = {token.text: token for one in estates for token in one.tokens}
    return Assessment(
        environments=tuple(one.name for one in estates),
        figures=Figures(**totals),
        workloads=tuple(workload for one in estates for workload in one.workloads),
        machines=tuple(machine for one in estates for machine in one.machines),
        tokens=tuple(tokens[text] for text in sorted(tokens)),
        findings=tuple(findings),
        partial=any(finding.severity is Severity.ERROR for finding in findings),
    )


def generate(
    assessment: Assessment, config: Config, base: Path = Path(), *, revision: str = ""
) -> tuple[list[Artifact], list[Finding]]:
    """Files for what the assessment says, and what is wrong with them: no file is shown before it was checked.

    Paths in `config` are relative to `base`; `revision` is the commit of the project, for labels of images.
    """
    known = own.products(config.catalog, base)
    artifacts, findings = generate_files(assessment, catalog=known, target=config.target, revision=revision)
    return artifacts, sorted([*findings, *check(artifacts, kubernetes=config.target.kubernetes)], key=Finding.sort_key)


def lint(artifacts: Sequence[Artifact], config: Config) -> tuple[list[Finding], str]:
    """What is wrong with files of a folder, by our checks and other linters, and a line on who looked."""
    findings = check(artifacts, kubernetes=config.target.kubernetes)
    more, told = other_linters(artifacts, findings, config)
    return sorted([*findings, *more], key=Finding.sort_key), told


def other_linters(
    artifacts: Sequence[Artifact], said: Sequence[Finding], config: Config
) -> tuple[tuple[Finding, ...], str]:
    """What linters on PATH add to what was said, and a line on who looked."""
    if not config.policy.linters:
        return (), Heard().told()
    kubernetes, schemas = config.target.kubernetes, config.policy.schemas
    heard = ask_others(artifacts, said, kubernetes=kubernetes, schemas=schemas)
    return heard.findings, heard.told()
