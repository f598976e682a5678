# SPDX-License-Identifier: Apache-2.0
"""The table of sources besides the inventory: hypervisors, clouds, and what others bring through an entry point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from migrate.discover import libvirt, openstack
from migrate.errors import SourceError, UsageError
from migrate.model.config import Environment, Policy
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Machine

GROUP = "hybrid_migrate.source"
"""Entry points that are a `Source`; `sources:` of an environment says what each is asked."""

UNREACHABLE = "-unreachable"
"""Ends the check of a finding that says a source gave no answer, so that a missing VM may well be there."""

Answer = tuple[list[Machine], list[Finding]]


class Source(Protocol):
    """Asks each of `names` (URIs, clouds, …) read-only; paths among them are relative to `base`.

    One that gives no answer is a finding `NAME-unreachable` of severity error whose subject it is. Raises SourceError
    where nothing can be asked at all.
    """

    def __call__(self, names: Sequence[str], base: Path, policy: Policy) -> Answer: ...


def ask_libvirt(names: Sequence[str], base: Path, policy: Policy) -> Answer:
    return libvirt.discover(names, base=base, limit=policy.source_timeout)


def ask_openstack(names: Sequence[str], base: Path, policy: Policy) -> Answer:
    return openstack.discover(names, limit=policy.source_timeout, every_project=policy.all_projects)


SOURCES: dict[str, Source] = {"libvirt": ask_libvirt, "openstack": ask_openstack}


def ask(environment: Environment, base: Path, policy: Policy) -> Answer:
    """What all sources of an environment know, several asked at once; one that fails costs only itself."""
    asked = {"libvirt": environment.libvirt, "openstack": environment.openstack, **environment.sources}
    others = entry_points(group=GROUP)
    known = {name: source(name, others) for name, names in asked.items() if names}
    with ThreadPoolExecutor(max(1, len(known))) as pool:
        answers = list(pool.map(lambda name: _answer(name, known[name], asked[name], base, policy), known))
    return [vm for vms, _ in answers for vm in vms], [finding for _, findings in answers for finding in findings]


def source(name: str, others: Iterable[EntryPoint]) -> Source:
    """Ours, or one of `others`' packages. Raises UsageError for a name that there is not, or is twice."""
    points = [point for point in others if point.name == name]
    if len(points) + (name in SOURCES) > 1:
        raise UsageError(f"two sources are called {name}", hint="Remove one of the packages that bring it.")
    if name in SOURCES:
        return SOURCES[name]
    if not points:
        names = sorted({*SOURCES, *(point.name for point in others)})
        raise UsageError(f"no source is called {name}", hint=f"There are: {', '.join(names)}.")
    found: Source = points[0].load()
    return found


def silent(findings: Iterable[Finding]) -> list[str]:
    """Subjects of findings that say that a source gave no answer."""
    return [finding.subject for finding in findings if finding.check.endswith(UNREACHABLE)]


def _answer(name: str, ask_it: Source, names: Sequence[str], base: Path, policy: Policy) -> Answer:
    """Where a library is missing, the inventory alone is still worth a report."""
    try:
        return ask_it(names, base, policy)
    except SourceError as error:
        return [], [Finding(f"{name}-unreachable", one, str(error), error.hint, Severity.ERROR) for one in names]
