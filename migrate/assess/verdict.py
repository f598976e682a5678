# SPDX-License-Identifier: Apache-2.0
"""From evidence to nature, kind, placement and a reason: one sign of state is enough, and silence is never stateless."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from migrate.assess.subject import Subject
from migrate.model.workload import Evidence, Kind, Nature, Placement, Points

CODE = (Kind.STATELESS, Kind.MIXED)


class Verdict(msgspec.Struct, frozen=True):
    """What is said of a workload, in one sentence."""

    nature: Nature
    kind: Kind
    placement: Placement
    reason: str


def judge(subject: Subject, evidence: Sequence[Evidence]) -> Verdict:
    """The verdict that the evidence carries."""
    product = subject.product
    nature = nature_of(evidence)
    if product is not None and product.kind is Kind.PLUMBING:
        return Verdict(nature, Kind.PLUMBING, product.placement, product.reason)
    if product is not None and product.kind is Kind.BUILD_AGENT:
        return Verdict(nature, Kind.BUILD_AGENT, Placement.BUILD_AGENT, product.reason)
    kind = kind_of(subject, nature)
    return Verdict(nature, kind, placement_of(subject, nature, kind), reason_of(subject, nature, evidence))


def nature_of(evidence: Sequence[Evidence]) -> Nature:
    pointing = {one.points for one in evidence}
    if Points.STATEFUL in pointing:
        return Nature.STATEFUL
    return Nature.STATELESS if Points.STATELESS in pointing else Nature.UNKNOWN


def kind_of(subject: Subject, nature: Nature) -> Kind:
    product = subject.product
    if subject.draft.scheduled or (product is not None and product.kind is Kind.BATCH):
        return Kind.BATCH
    if nature is Nature.UNKNOWN:
        return Kind.UNKNOWN
    if nature is Nature.STATELESS:
        return Kind.STATELESS
    return Kind.STATEFUL if product is not None and product.kind not in CODE else Kind.MIXED


def placement_of(subject: Subject, nature: Nature, kind: Kind) -> Placement:
    """Stateless moves; stateful stays; a job goes with its data; code that owns state, and what nobody knows, a person decides."""
    product = subject.product
    if product is not None and product.placement is Placement.OUT_OF_SCOPE:
        return Placement.OUT_OF_SCOPE
    if nature is Nature.UNKNOWN:
        return Placement.DECIDE
    if kind is Kind.BATCH:
        return Placement.CRONJOB if nature is Nature.STATELESS else Placement.VM
    if nature is Nature.STATELESS:
        return product.placement if product is not None and product.placement in (Placement.DAEMONSET, Placement.DROP) else Placement.DEPLOYMENT
    if kind is Kind.STATEFUL or (product is not None and product.placement is Placement.VM):
        return Placement.VM
    return Placement.DECIDE


def reason_of(subject: Subject, nature: Nature, evidence: Sequence[Evidence]) -> str:
    """The strongest piece of evidence, as a sentence of its own."""
    if nature is Nature.UNKNOWN:
        return nothing_known(subject)
    wanted = Points.STATEFUL if nature is Nature.STATEFUL else Points.STATELESS
    signs = [one for one in evidence if one.points is wanted]
    product = subject.product
    if product is not None and any(one.rule in ("software-keeps-data", "software-keeps-nothing") for one in signs):
        return product.reason
    saw = signs[0].saw
    more = f", and {len(signs) - 1} more signs" if len(signs) > 2 else f"; {signs[1].saw}" if len(signs) == 2 else ""
    return f"{saw[0].upper()}{saw[1:]}{more}."


def nothing_known(subject: Subject) -> str:
    """What to look at, where no rule saw anything."""
    unit = next(iter(subject.draft.units.values()), None)
    look = f"what {unit.command.split()[0]} writes" if unit is not None and unit.command else "what it writes"
    return f"Nothing seen says whether it keeps data: look at {look} on {subject.machines[0].name if subject.machines else 'its machines'}."
