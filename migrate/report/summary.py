# SPDX-License-Identifier: Apache-2.0
"""The whole answer in one line that a manager can repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from migrate.model.assessment import Assessment
from migrate.model.finding import Severity
from migrate.model.workload import Kind, Nature, Workload
from migrate.report.clean import clean
from migrate.report.groups import Answer, answer, serving

MOST_NAMED = 4
LONGEST = 60


def sentence(assessment: Assessment) -> str:
    """One line: machines, workloads and what becomes of them; what is missing is said first, in capitals."""
    return " ".join((*alarms(assessment), outcome(assessment))).strip()


def alarms(assessment: Assessment) -> list[str]:
    """What makes the answer less than whole, or its use dangerous: nothing in the good case."""
    told = (_partial(assessment), _empty(assessment), _roleless(assessment), _risky(assessment))
    return [text for text in told if text]


def counted(number: int, noun: str) -> str:
    """`1 machine`, `2 machines`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _partial(assessment: Assessment) -> str:
    if not assessment.partial:
        return ""
    errors = [finding for finding in assessment.findings if finding.severity is Severity.ERROR]
    names = sorted({clean(finding.subject)[:LONGEST] for finding in errors})
    named = f" ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})" if names else ""
    unread = f"{counted(len(names), 'input')} could not be read{named}" if names else "a source gave no answer"
    return f"PARTIAL: {unread}, so machines and workloads are missing here."


def _roleless(assessment: Assessment) -> str:
    """Roles that were only named: whatever they run is not in the table."""
    names = sorted(
        {clean(finding.subject)[:LONGEST] for finding in assessment.findings if finding.check == "missing-role"}
    )
    if not names:
        return ""
    are = "is" if len(names) == 1 else "are"
    listed = f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
    return f"INCOMPLETE: {counted(len(names), 'role')} {are} not in the project ({listed}): workloads are missing."


def _risky(assessment: Assessment) -> str:
    """Decisions of people against evidence of state: allowed, but nobody may overlook them."""
    found = [one for one in assessment.findings if one.check == "override-loses-state"]
    names = sorted({clean(finding.subject)[:LONGEST] for finding in found})
    if not names:
        return ""
    listed = f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
    return f"RISK: people decided to move {listed} although evidence says that state is kept; data may be lost."


def _empty(assessment: Assessment) -> str:
    """A whole estate or a whole environment without hosts is more often a mistake than the truth."""
    known = [machine for machine in assessment.machines if machine.in_inventory or not machine.seen_by]
    if not known and not assessment.workloads:
        return "0 HOSTS: the inventory holds none, so there is nothing to assess; check what -i names."
    alive = {machine.environment for machine in known} | {workload.environment for workload in assessment.workloads}
    empty = [clean(name) for name in assessment.environments if name not in alive]
    return f"0 HOSTS in {_listed(empty)}." if empty else ""


def outcome(assessment: Assessment) -> str:
    """The sentence without its alarms; "" where nothing was read."""
    busy = serving(assessment)
    known = busy | {(machine.environment, machine.name) for machine in assessment.machines}
    total = counted(len(known), "machine")
    if not assessment.workloads:
        return f"No workload was found on {total}." if known else ""
    machines = total if len(busy) == len(known) else f"{len(busy):,} of {total}"
    runs = "runs" if len(busy) == 1 else "run"
    workloads = counted(len(assessment.workloads), "workload")
    return f"{machines}{_where(known)} {runs} {workloads}: {_shares(assessment.workloads)}."


def _where(machines: Collection[tuple[str, str]]) -> str:
    names = sorted({clean(environment) for environment, _ in machines if environment})
    if len(names) < 2:
        return ""
    return f" in {_listed(names)}" if len(names) <= MOST_NAMED else f" in {len(names)} environments"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _shares(workloads: Sequence[Workload]) -> str:
    count = Counter(answer(workload) for workload in workloads)
    moves = _moves(count[Answer.MOVES])
    main = [moves, _stays(workloads), _share(count[Answer.DECIDE], "needs a decision", "need a decision")]
    rest = [_replaced(workloads), _share(count[Answer.OUT_OF_SCOPE], "is out of scope", "are out of scope")]
    return "; ".join(text for text in (", ".join(filter(None, main)), " and ".join(filter(None, rest))) if text)


def _share(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}" if count else ""


def _moves(count: int) -> str:
    return f"{count:,} can move to Kubernetes now" if count else "none can move to Kubernetes yet"


def _stays(workloads: Sequence[Workload]) -> str:
    staying = [workload for workload in workloads if answer(workload) is Answer.STAYS]
    keeping = [each for each in staying if each.nature is Nature.STATEFUL or each.kind in (Kind.STATEFUL, Kind.MIXED)]
    one = "stays on its VMs" if any(len(each.machines) > 1 for each in staying) else "stays on its VM"
    text = _share(len(staying), one, "stay on their VMs")
    if not keeping:
        return text
    if len(keeping) < len(staying):
        return f"{text} ({len(keeping)} with data)"
    return f"{text} with {'its' if len(staying) == 1 else 'their'} data"


def _replaced(workloads: Sequence[Workload]) -> str:
    dropped = [workload for workload in workloads if answer(workload) is Answer.REPLACED]
    if all(workload.kind is Kind.PLUMBING for workload in dropped):
        return _share(len(dropped), "is plumbing that Kubernetes replaces", "are plumbing that Kubernetes replaces")
    one = "is a library or plumbing that the image or Kubernetes replaces"
    return _share(len(dropped), one, "are plumbing and libraries that Kubernetes and images replace")
