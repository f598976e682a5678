# SPDX-License-Identifier: Apache-2.0
"""Findings of the generators: what a person has to look at, and what became of workloads that get no files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from migrate.generate.estate import Estate
from migrate.generate.tasks import Left
from migrate.model.finding import Finding, Severity
from migrate.model.place import Place
from migrate.model.workload import Placement, Workload

SHOWN = 6

NOT_GENERATED = {
    Placement.DROP: "nothing is generated, because the cluster has it already",
    Placement.OUT_OF_SCOPE: "nothing is generated, because it belongs to the host",
    Placement.DAEMONSET: "nothing is generated yet for what runs on every node",
    Placement.BUILD_AGENT: "nothing is generated yet for build agents",
    Placement.DECIDE: "nothing is generated until its placement is decided",
}
REMEDIES = {
    Placement.DROP: "Leave it behind with the VM once its users have moved to {replacement}.",
    Placement.OUT_OF_SCOPE: "Keep it in Ansible for VMs that stay; nodes of the cluster have their own.",
    Placement.DAEMONSET: "Use the DaemonSet that its makers publish ({replacement}).",
    Placement.BUILD_AGENT: "Let its controller start agents as pods ({replacement}), or keep the VMs.",
    Placement.DECIDE: "Read its evidence with `migrate assess --explain {name}` and choose a placement.",
}
LEFT = {
    "review": ("task-left-for-review", "", "Add what the process needs to the Dockerfile by hand."),
    "conditional": (
        "task-conditional",
        " because only a real run knows whether to do it",
        "Find out whether they run on the machines, then add them to the Dockerfile.",
    ),
    "unresolved": (
        "task-unresolved",
        " because an argument is not known",
        "Give the missing variables in the inventory and generate again.",
    ),
}


def finding(
    workload: Workload,
    check: str,
    message: str,
    remedy: str,
    *,
    severity: Severity = Severity.WARNING,
    place: Place | None = None,
) -> Finding:
    """A finding about one workload."""
    return Finding(check, workload.name, message, remedy, severity, place, workload.environment)


def not_generated(workload: Workload, estate: Estate) -> Finding:
    """Why a workload has no files, and what to do instead."""
    product = estate.product(workload)
    replacement = workload.replaced_by or (product.replaced_by if product else "") or "what the cluster offers"
    severity = Severity.WARNING if workload.placement is Placement.DECIDE else Severity.NOTE
    reason = f" ({workload.reason.rstrip('.')})" if workload.reason else ""
    message = f"{workload.name}: {NOT_GENERATED[workload.placement]}{reason}."
    remedy = REMEDIES[workload.placement].format(replacement=replacement, name=workload.name)
    return finding(workload, "not-generated", message, remedy, severity=severity)


def left_out(workload: Workload, left: Iterable[Left]) -> list[Finding]:
    """One finding for each kind of task that is not in the image."""
    kinds: defaultdict[str, list[Left]] = defaultdict(list)
    for one in left:
        kinds[one.kind].append(one)
    return [_left(workload, kind, kinds[kind]) for kind in sorted(kinds)]


def _left(workload: Workload, kind: str, left: list[Left]) -> Finding:
    check, why, remedy = LEFT[kind]
    where = listed(f"{one.task.place} ({one.task.module})" for one in left)
    count = f"{len(left)} tasks" if len(left) > 1 else "1 task"
    message = f"{count} of {workload.name} left out of the image{why}: {where}."
    return finding(workload, check, message, remedy, place=left[0].task.place)


def listed(things: Iterable[str]) -> str:
    """The first few, each once, and how many more."""
    unique = list(dict.fromkeys(things))
    more = f" and {len(unique) - SHOWN} more" if len(unique) > SHOWN else ""
    return ", ".join(unique[:SHOWN]) + more
