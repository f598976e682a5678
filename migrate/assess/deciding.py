# SPDX-License-Identifier: Apache-2.0
"""Overrides of migrate.yaml: a person's decision beside ours, and what is odd about it."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from migrate.assess.verdict import Verdict
from migrate.model.config import Override
from migrate.model.finding import Finding, Severity
from migrate.model.place import Place
from migrate.model.workload import Decision, Kind, Nature, Placement, Workload

FILE = "migrate.yaml"
NATURES = {
    Kind.STATELESS: Nature.STATELESS,
    Kind.BUILD_AGENT: Nature.STATELESS,
    Kind.STATEFUL: Nature.STATEFUL,
    Kind.MIXED: Nature.STATEFUL,
    Kind.UNKNOWN: Nature.UNKNOWN,
}
PLACEMENTS = {
    Kind.BUILD_AGENT: Placement.BUILD_AGENT,
    Kind.PLUMBING: Placement.DROP,
    Kind.LIBRARY: Placement.DROP,
    Kind.STATEFUL: Placement.VM,
    Kind.MIXED: Placement.DECIDE,
    Kind.UNKNOWN: Placement.DECIDE,
}
MOVES = frozenset((Placement.DEPLOYMENT, Placement.CRONJOB, Placement.DAEMONSET, Placement.BUILD_AGENT))


def in_force(overrides: Iterable[Override], today: datetime.date | None) -> list[Override]:
    """Those that have not expired; without a day none has."""
    return [one for one in overrides if not (today and one.expires and one.expires < today)]


def matching(overrides: Iterable[Override], environment: str, name: str, role: str) -> Override | None:
    """The last override that fits: later ones refine what earlier ones say of many."""
    return next((one for one in reversed(list(overrides)) if fits(one, environment, name, role)), None)


def fits(override: Override, environment: str, name: str, role: str) -> bool:
    if override.environment and not fnmatchcase(environment, override.environment):
        return False
    id = f"{environment}/{name}" if environment else name
    named = not override.workload or any(fnmatchcase(text, override.workload) for text in (name, id))
    short = role.rsplit(".", 1)[-1]
    return named and (not override.role or any(fnmatchcase(text, override.role) for text in (role, short)))


def decided(override: Override, ours: Verdict) -> Verdict:
    """The verdict with what was decided; what is left open follows from that."""
    kind = override.kind or kind_after(override, ours)
    nature = override.nature or (NATURES.get(kind, ours.nature) if override.kind else ours.nature)
    placement = override.placement or placement_after(kind, nature, ours)
    return Verdict(nature, kind, placement, override.reason)


def kind_after(override: Override, ours: Verdict) -> Kind:
    """Only the nature was said: what was of the other nature takes the plain kind of this one."""
    if override.nature is None or override.nature is ours.nature or ours.kind in (Kind.BATCH, Kind.PLUMBING):
        return ours.kind
    return {Nature.STATELESS: Kind.STATELESS, Nature.STATEFUL: Kind.STATEFUL}.get(override.nature, Kind.UNKNOWN)


def placement_after(kind: Kind, nature: Nature, ours: Verdict) -> Placement:
    if (kind, nature) == (ours.kind, ours.nature):
        return ours.placement
    if kind is Kind.BATCH and nature is not Nature.UNKNOWN:
        return Placement.VM if nature is Nature.STATEFUL else Placement.CRONJOB
    return PLACEMENTS.get(kind) or (Placement.DEPLOYMENT if nature is Nature.STATELESS else Placement.DECIDE)


def decision(override: Override, ours: Verdict) -> Decision:
    expires = override.expires.isoformat() if override.expires else ""
    place = Place(FILE, override.line)
    return Decision(
        override.reason, ours.kind, ours.nature, ours.placement, ours.reason, override.owner, expires, place
    )


def expired(overrides: Iterable[Override], today: datetime.date) -> list[Finding]:
    """Decisions whose time is over: they are not applied any more."""
    return [
        Finding(
            check="override-expired",
            subject=label(one),
            message=f"the override for {label(one)} expired on {one.expires}, so it is not applied"
            + (f"; {one.owner} decided it" if one.owner else ""),
            remedy="Decide anew and give it another date, or take it out of migrate.yaml.",
            place=Place(FILE, one.line),
        )
        for one in overrides
        if one.expires and one.expires < today
    ]


def unknown(overrides: Iterable[Override], workloads: Sequence[Workload], environments: Sequence[str]) -> list[Finding]:
    """Decisions about workloads that there are not, with the nearest that there is."""
    asked = [
        one for one in overrides if not one.environment or any(fnmatchcase(e, one.environment) for e in environments)
    ]
    return [
        Finding(
            check="override-unknown",
            subject=label(one),
            message=f"no workload fits the override for {label(one)}{nearest(one, workloads)}",
            remedy="Correct the name in migrate.yaml (`migrate assess` lists all), or take the override out.",
            place=Place(FILE, one.line),
        )
        for one in asked
        if not any(fits(one, each.environment, each.name, each.role) for each in workloads)
    ]


def nearest(override: Override, workloads: Sequence[Workload]) -> str:
    known = sorted({one.name if override.workload else one.role for one in workloads} - {""})
    found = difflib.get_close_matches(override.workload.rpartition("/")[2] or override.role, known, n=1, cutoff=0.5)
    return f"; did you mean {found[0]}?" if found else ""


def risky(workloads: Iterable[Workload]) -> Iterator[Finding]:
    """Loud: what keeps state by our evidence is to move as if it kept none."""
    for one in workloads:
        ours = one.override
        if ours is None or ours.nature is not Nature.STATEFUL:
            continue
        if one.nature is Nature.STATELESS or one.placement in MOVES:
            yield Finding(
                check="override-loses-state",
                subject=one.name,
                message=f"{one.name} is decided to be {one.nature} ({one.placement}), but evidence says that it keeps "
                f"state: {ours.because}",
                remedy="Make sure that its data is elsewhere or may be lost; every sign is in --explain.",
                severity=Severity.WARNING,
                place=ours.place,
            )


def label(override: Override) -> str:
    return " of ".join(filter(None, (override.workload, override.role and f"role {override.role}"))) or "nothing"
