# SPDX-License-Identifier: Apache-2.0
"""From evidence to nature, kind, placement and reason: one sign of state is enough, and silence is never stateless."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from migrate.assess.cleaning import removes
from migrate.assess.subject import Subject
from migrate.model.product import Product
from migrate.model.workload import Evidence, Kind, Nature, Placement, Points

CODE = (Kind.STATELESS, Kind.MIXED)

KEPT = ("container-volume", "unit-keeps-state", "local-database-file")

# Which evidence convinces a reader most: what this project does comes before what is known of a product.
CONVINCING = (
    "only-cleans-up",
    "cache-without-persistence",
    "mounted-storage",
    "made-volume",
    "saves-to-disk",
    "local-database-file",
    "uploads-on-disk",
    "sessions-on-disk",
    "backup-job",
    "container-volume",
    "database-in-image",
    "stores-by-web",
    "hosted-application",
    "unit-keeps-state",
    "data-directory",
    "data-is-elsewhere",
    "writes-only-scratch",
    "software-keeps-data",
    "makes-databases",
    "replication",
    "software-keeps-nothing",
    "store-directory",
    "local-path",
    "extra-disk",
)


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
        if kept := next((one for one in evidence if one.points is Points.STATEFUL and is_more(product, one)), None):
            return Verdict(nature, Kind.MIXED, Placement.DECIDE, sentence(kept.saw))
        return Verdict(nature, Kind.PLUMBING, product.placement, product.reason)
    kind = kind_of(subject, nature)
    if foreign := next((one for one in evidence if one.rule == "another-system"), None):
        return Verdict(nature, kind, Placement.OUT_OF_SCOPE, sentence(foreign.saw))
    if not subject.draft.running:
        return switched_off(subject, nature)
    if product is not None and product.kind is Kind.BUILD_AGENT:
        return Verdict(nature, Kind.BUILD_AGENT, Placement.BUILD_AGENT, product.reason)
    return Verdict(nature, kind, placement_of(subject, nature, kind), reason_of(subject, nature, evidence))


def is_more(product: Product, one: Evidence) -> bool:
    """True when plumbing that would be left out keeps something that nothing in a cluster has."""
    if product.placement not in (Placement.DROP, Placement.DAEMONSET):
        return False
    keeps = product.placement is Placement.DROP and product.nature != "stateless" and one.rule in KEPT
    return keeps or one.rule == "central-logs"


def switched_off(subject: Subject, nature: Nature) -> Verdict:
    """Nothing runs; what it kept while it ran may still be there."""
    product = subject.product
    told = f"{subject.draft.starts[0].name} is stopped or disabled, and nothing starts it"
    sure = not any(start.task.conditional for start in subject.draft.starts)
    if sure and product is not None and product.nature == "stateless" and nature is not Nature.STATEFUL:
        return Verdict(nature, Kind.UNKNOWN, Placement.DROP, f"{told}.")
    kept = f"what {product.title} kept may still be there" if product is not None else "what it kept may still be there"
    kind = Kind.MIXED if nature is Nature.STATEFUL else Kind.UNKNOWN
    return Verdict(nature, kind, Placement.DECIDE, f"{told}; {kept}.")


def nature_of(evidence: Sequence[Evidence]) -> Nature:
    pointing = {one.points for one in evidence}
    if Points.STATEFUL in pointing:
        return Nature.STATEFUL
    if hosts_code_that_may_write(evidence):
        return Nature.UNKNOWN
    return Nature.STATELESS if Points.STATELESS in pointing else Nature.UNKNOWN


def hosts_code_that_may_write(evidence: Sequence[Evidence]) -> bool:
    """Code inside a web server writes beside itself, unless told otherwise: that its database is elsewhere tells only
    where its tables are; a bucket tells of its files.
    """
    if not any(one.rule == "runs-code-itself" for one in evidence):
        return False
    away = [one for one in evidence if one.points is Points.STATELESS]
    return bool(away) and all(one.rule == "data-is-elsewhere" and "BUCKET" not in one.saw.upper() for one in away)


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
    """Stateless moves; stateful stays; a job goes with its data; about code that owns state a person decides."""
    product = subject.product
    if product is not None and product.placement is Placement.OUT_OF_SCOPE:
        return Placement.OUT_OF_SCOPE
    if nature is Nature.UNKNOWN:
        return Placement.DECIDE
    if kind is Kind.BATCH:
        moves = Placement.DROP if subject.draft.cleans else Placement.CRONJOB
        return moves if nature is Nature.STATELESS else Placement.VM
    if nature is Nature.STATELESS:
        return (
            product.placement
            if product is not None and product.placement in (Placement.DAEMONSET, Placement.DROP)
            else Placement.DEPLOYMENT
        )
    if kind is Kind.STATEFUL or (product is not None and product.placement is Placement.VM):
        return Placement.VM
    return Placement.DECIDE


def reason_of(subject: Subject, nature: Nature, evidence: Sequence[Evidence]) -> str:
    """The most convincing piece of evidence, as a sentence of its own."""
    if nature is Nature.UNKNOWN:
        return nothing_known(subject, evidence)
    wanted = Points.STATEFUL if nature is Nature.STATEFUL else Points.STATELESS
    signs = sorted((one for one in evidence if one.points is wanted), key=weight)
    if signs[0].rule.startswith("software-") and subject.product is not None:
        return subject.product.reason
    return sentence(signs[0].saw)


def weight(one: Evidence) -> tuple[bool, int]:
    """Evidence under a condition convinces less."""
    return " (only if " in one.saw, CONVINCING.index(one.rule) if one.rule in CONVINCING else len(CONVINCING)


def sentence(saw: str) -> str:
    return f"{saw[0].upper()}{saw[1:]}."


def nothing_known(subject: Subject, evidence: Sequence[Evidence]) -> str:
    """What to look at, where no rule saw anything."""
    unit = next(iter(subject.draft.units.values()), None)
    program = unit.command.split()[0] if unit is not None and unit.command else ""
    if unit is not None and (removed := removes(unit.command)):
        return f"It removes files below {removed}, and nothing seen says whose they are."
    look = f"what {program} writes" if program else "what it writes"
    where = subject.machines[0].name if subject.machines else "its machines"
    if runs := next((one.saw for one in evidence if one.rule == "runs-code-itself"), ""):
        return f"{sentence(runs).rstrip('.')}, and nothing seen says where that keeps data."
    if subject.product is not None:
        return f"Nothing seen in its settings tells: {subject.product.reason[0].lower()}{subject.product.reason[1:]}"
    return f"Nothing seen says whether it keeps data: look at {look} on {where}."
