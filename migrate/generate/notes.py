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
    "commands": (
        "command-in-build",
        "{count} of {name} run during the build: {where}.",
        "Check that they need nothing that runs, and that a second build does the same; TASKS.md lists them.",
    ),
    "unpinned": (
        "fetch-not-pinned",
        "{count} of {name} fetch what may change: {where}.",
        "Give a checksum, or a commit for git, in the role.",
    ),
    "ansible": (
        "task-by-ansible",
        "{count} of {name} are run by ansible-core during the build: {where}.",
        "Nothing needs to be done; TASKS.md says why for each, --image-mode=instructions leaves them out.",
    ),
    "review": (
        "task-left-for-review",
        "{count} of {name} left out of the image: {where}.",
        "Add what the process needs to the Dockerfile by hand; TASKS.md says why for each.",
    ),
    "conditional": (
        "task-conditional",
        "{count} of {name} left out of the image because only a real run knows whether to do it: {where}.",
        "Find out whether they run on the machines, then add them to the Dockerfile.",
    ),
    "unresolved": (
        "task-unresolved",
        "{count} of {name} left out of the image because an argument is not known: {where}.",
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


def joined(group: Iterable[Workload]) -> Finding:
    """Several workloads that became one pod."""
    lead, *others = group
    names = listed(one.name for one in others)
    message = f"{names} and {lead.name} meet at a unix socket, so they are containers of one pod, {lead.name}."
    remedy = "Nothing needs to be done; let them talk through a port where they should grow apart."
    return finding(lead, "joined-by-socket", message, remedy, severity=Severity.NOTE)


def left_out(workload: Workload, left: Iterable[Left]) -> list[Finding]:
    """One finding for each kind of task that a person should know of."""
    kinds: defaultdict[str, list[Left]] = defaultdict(list)
    for one in left:
        kinds[one.kind].append(one)
    return [_left(workload, kind, kinds[kind]) for kind in sorted(kinds)]


def _left(workload: Workload, kind: str, left: list[Left]) -> Finding:
    check, message, remedy = LEFT[kind]
    where = listed(f"{one.task.place} ({one.task.module})" for one in left)
    count = f"{len(left)} tasks" if len(left) > 1 else "1 task"
    severity = Severity.NOTE if kind == "ansible" else Severity.WARNING
    said = message.format(count=count, name=workload.name, where=where)
    return finding(workload, check, said, remedy, severity=severity, place=left[0].task.place)


def listed(things: Iterable[str]) -> str:
    """The first few, each once, and how many more."""
    unique = list(dict.fromkeys(things))
    more = f" and {len(unique) - SHOWN} more" if len(unique) > SHOWN else ""
    return ", ".join(unique[:SHOWN]) + more
