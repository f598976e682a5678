# SPDX-License-Identifier: Apache-2.0
"""Rules about what software it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess import actions
from migrate.assess.rules import Seen, doubt, rule, seen
from migrate.assess.rules.hosted import brings_code
from migrate.assess.subject import Subject
from migrate.assess.unitfile import words
from migrate.model.workload import Kind, Points

PERSISTENT = (Kind.STATEFUL, Kind.MIXED)
SET_UP = ("application", "ci", "database", "dns", "identity", "mail", "monitoring", "runtime", "storage")
NO_SAVE = re.compile(r"^\s*save\s+(?:\"\"|'')\s*$", re.MULTILINE)
SAVE = re.compile(r"^\s*save\s+\d+", re.MULTILINE)
APPEND = re.compile(r"^\s*appendonly\s+yes\b", re.MULTILINE)


def cache_only(subject: Subject) -> bool:
    """Redis, Valkey and KeyDB with no snapshot and no append-only file, said in their own configuration."""
    text = "\n".join(text for _, text in subject.texts())
    return bool(NO_SAVE.search(text)) and not SAVE.search(text) and not APPEND.search(text)


@rule(Points.STATEFUL, advice="Keep it on its VM, or decide a volume and a backup for it in plan.yaml.")
def software_keeps_data(subject: Subject) -> Iterator[Seen]:
    """The catalog says that this product keeps data."""
    product = subject.product
    if product is None or product.kind is Kind.PLUMBING:
        return
    if product.nature == "stateful" or (
        product.nature == "depends" and product.kind in PERSISTENT and not cache_only(subject)
    ):
        yield from known_by(subject)


@rule(Points.STATELESS, advice="Run it as a Deployment.")
def software_keeps_nothing(subject: Subject) -> Iterator[Seen]:
    """The catalog says that this product keeps nothing by itself."""
    product = subject.product
    if product is None or product.nature == "stateful" or (product.nature == "depends" and product.kind in PERSISTENT):
        return
    yield from known_by(subject, Points.NEITHER if only_settings_tell(subject) else None)


def only_settings_tell(subject: Subject) -> bool:
    """An application whose data is inside or outside as it is set up, or a server of the user's own program."""
    product = subject.product
    if product is None:
        return False
    serves = product.category == "runtime" and subject.draft.own_code and bool(product.ports)
    return serves or brings_code(subject) or (product.nature == "depends" and product.category in SET_UP)


def known_by(subject: Subject, points: Points | None = None) -> Iterator[Seen]:
    """The first start without a condition shows it; else the first."""
    running = [start for start in subject.draft.starts if start.running]
    if running and subject.product is not None:
        start = min(running, key=lambda one: bool(one.task.conditional))
        yield Seen(
            f"{subject.product.title} by {subject.draft.matched}: {subject.product.reason}{doubt(start.task)}",
            start.task.place,
            "",
            points,
        )


@rule(Points.STATELESS, advice="Make sure that its users agree to lose the cache.")
def cache_without_persistence(subject: Subject) -> Iterator[Seen]:
    """Snapshots and append-only file are both off."""
    if subject.product and subject.product.key in ("redis", "valkey", "keydb") and cache_only(subject):
        for task, text in subject.texts():
            if NO_SAVE.search(text):
                yield seen(task, 'its configuration has `save ""` and no append-only file: a cache in memory')


@rule(Points.STATEFUL, advice="Keep it on its VM, or ask its users whether they can lose what is in it.")
def saves_to_disk(subject: Subject) -> Iterator[Seen]:
    """Snapshots or the append-only file are switched on."""
    if subject.product and subject.product.key in ("redis", "valkey", "keydb"):
        for task, text in subject.texts():
            if found := APPEND.search(text) or SAVE.search(text):
                yield seen(task, f"its configuration has `{' '.join(found[0].split())}`")


@rule(Points.STATEFUL, advice="Its data goes where the service goes; plan dump and restore before any move.")
def makes_databases(subject: Subject) -> Iterator[Seen]:
    """Modules create databases, users or buckets in the server on this machine."""
    for task in subject.tasks:
        about = {product.key for product in subject.index.module(task.action)}
        remote = str(task.args.get("login_host") or "")
        keeps = subject.product is not None and subject.product.key in about and subject.product.kind in PERSISTENT
        if keeps and remote in ("", "localhost", "127.0.0.1", "::1"):
            yield seen(task, f"{task.module} makes {task.args.get('name') or task.args.get('db') or 'objects'} in it")


@rule(Points.NEITHER, advice="Give it exactly one replica with strategy Recreate: two would do everything twice.")
def single_scheduler(subject: Subject) -> Iterator[Seen]:
    """A scheduler of jobs, alone or inside a worker."""
    for start in subject.draft.starts:
        unit = subject.draft.units.get(start.name)
        said = words(start.command or (unit.command if unit else ""))
        worker = start.running and any(word.rsplit("/", 1)[-1] == "celery" for word in said)
        if worker and (found := next((word for word in said if word in ("beat", "-B", "--beat")), "")):
            yield seen(start.task, f"it hands out jobs at set times (`{found}`), so only one of it may run")


@rule(Points.NEITHER, advice="A client package moves with its application.")
def client_packages(subject: Subject) -> Iterator[Seen]:
    """Packages that only talk to a server elsewhere."""
    for task in subject.tasks:
        for package in actions.packages(task) + actions.language_packages(task):
            for product in subject.index.clients.find(package):
                if subject.product is None or product.key != subject.product.key:
                    yield seen(task, f"{package} is only a client of {product.title}")


@rule(Points.NEITHER, advice="Check that it is meant to run at all.")
def switched_off(subject: Subject) -> Iterator[Seen]:
    """A task stops or disables it."""
    for start in subject.draft.starts:
        if not start.running:
            yield seen(start.task, f"{start.name} is stopped or disabled here")


@rule(Points.NEITHER, advice="Look at the condition: only a real run knows it.")
def only_conditional(subject: Subject) -> Iterator[Seen]:
    """Every task that starts it depends on a result that only a real run knows."""
    running = [start for start in subject.draft.starts if start.running]
    if running and all(start.task.conditional for start in running):
        yield seen(running[0].task, f"{running[0].name} is started under a condition")
