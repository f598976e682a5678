# SPDX-License-Identifier: Apache-2.0
"""How every report sorts an assessment: workloads by answer, findings by check, machines that stand out."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from itertools import groupby

import msgspec
from msgspec.structs import replace

from migrate.model.assessment import Assessment
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Machine, Power
from migrate.model.workload import Placement, Workload
from migrate.report.names import natural


class Answer(Enum):
    """What becomes of a workload, in the order that a reader wants."""

    MOVES = "Can move to Kubernetes"
    STAYS = "Stay on their VMs"
    DECIDE = "Need a decision"
    REPLACED = "Replaced by Kubernetes"
    OUT_OF_SCOPE = "Out of scope"


# These fill a row each; the others are folded into a line for whatever takes their place.
IN_FULL = (Answer.MOVES, Answer.STAYS, Answer.DECIDE)

SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}
ANSWERS = {
    Placement.VM: Answer.STAYS,
    Placement.DECIDE: Answer.DECIDE,
    Placement.DROP: Answer.REPLACED,
    Placement.OUT_OF_SCOPE: Answer.OUT_OF_SCOPE,
}


class Estate(msgspec.Struct, frozen=True):
    """One environment: its machines' names and its workloads per answer, each in reading order."""

    name: str
    machines: tuple[str, ...]
    workloads: dict[Answer, tuple[Workload, ...]]


class Odd(msgspec.Struct, frozen=True):
    """Machines that stand out for one reason, and what to do about them."""

    one: str
    many: str
    remedy: str
    environment: str = ""
    machines: tuple[str, ...] = ()


UNMANAGED = Odd(
    "VM that no inventory knows",
    "VMs that no inventory knows",
    "nothing is known of what they keep: add them to the inventory, or find out that they can go",
)
WITHOUT_VM = Odd(
    "host without a VM",
    "hosts without a VM",
    "remove them from the inventory, or add the hypervisor that runs them",
)
STOPPED = Odd("stopped VM", "stopped VMs", "find out whether they are needed before planning for them")
PAUSED = Odd("paused VM", "paused VMs", "find out why they are paused before planning for them")


def answer(workload: Workload) -> Answer:
    return ANSWERS.get(workload.placement, Answer.MOVES)


def estates(assessment: Assessment) -> list[Estate]:
    """Environments that hold anything, in the order of the assessment; those that only a machine names come last."""
    named = {each.environment for each in assessment.machines} | {each.environment for each in assessment.workloads}
    order = dict.fromkeys((*assessment.environments, *sorted(named)))
    return [_estate(assessment, name) for name in order if name in named]


def takeovers(workloads: Iterable[Workload]) -> list[tuple[str, list[str]]]:
    """What takes the place of workloads that go (or why they are left out), and their names."""
    instead: dict[str, list[str]] = {}
    for workload in workloads:
        instead.setdefault((workload.replaced_by or workload.reason).rstrip("."), []).append(workload.name)
    ordered = ((reason, sorted(names, key=natural)) for reason, names in instead.items())
    return sorted(ordered, key=lambda pair: natural(pair[1][0]))


def machines_of(assessment: Assessment, environment: str) -> tuple[str, ...]:
    """All machines of the environment, also those that only a workload names."""
    listed = {machine.name for machine in assessment.machines if machine.environment == environment}
    return tuple(sorted(listed | _running(assessment.workloads, environment)))


def serving(assessment: Assessment) -> set[tuple[str, str]]:
    """Environment and name of the machines that run a workload."""
    return {(workload.environment, name) for workload in assessment.workloads for name in workload.machines}


def by_check(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings that are alike, worst first."""
    return [list(group) for _, group in groupby(sorted(findings, key=_order), key=_rank)]


def odd_machines(assessment: Assessment) -> list[Odd]:
    """VMs that nobody manages, hosts without a VM, and VMs that do not run."""
    return [odd for name in _names(assessment) for odd in _odd(assessment, name)]


def _rank(finding: Finding) -> tuple[int, str]:
    return SEVERITIES[finding.severity], finding.check


def _order(finding: Finding) -> tuple[object, ...]:
    place, subject = natural(str(finding.place or "")), natural(finding.subject)
    return *_rank(finding), finding.environment, finding.message, finding.remedy, place, subject


def _estate(assessment: Assessment, name: str) -> Estate:
    mine = [workload for workload in assessment.workloads if workload.environment == name]
    ordered = sorted(mine, key=lambda workload: (list(Placement).index(workload.placement), natural(workload.name)))
    groups = {kind: tuple(each for each in ordered if answer(each) is kind) for kind in Answer}
    return Estate(name, machines_of(assessment, name), groups)


def _running(workloads: Iterable[Workload], environment: str) -> set[str]:
    return {name for workload in workloads if workload.environment == environment for name in workload.machines}


def _names(assessment: Assessment) -> list[str]:
    return sorted({machine.environment for machine in assessment.machines})


def _odd(assessment: Assessment, environment: str) -> list[Odd]:
    machines = [machine for machine in assessment.machines if machine.environment == environment]
    found = (
        (UNMANAGED, [each for each in machines if each.seen_by and not each.in_inventory]),
        (WITHOUT_VM, _without_vm(machines)),
        (STOPPED, [each for each in machines if each.power is Power.STOPPED]),
        (PAUSED, [each for each in machines if each.power is Power.PAUSED]),
    )
    return [replace(odd, environment=environment, machines=_sorted(group)) for odd, group in found if group]


def _sorted(machines: Iterable[Machine]) -> tuple[str, ...]:
    return tuple(sorted((machine.name for machine in machines), key=natural))


def _without_vm(machines: list[Machine]) -> list[Machine]:
    """Where no hypervisor was asked, no host has a VM, and saying so of each would be noise."""
    asked = any(source != "inventory" for machine in machines for source in machine.seen_by)
    return [machine for machine in machines if asked and machine.seen_by == ("inventory",)]
