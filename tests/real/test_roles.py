# SPDX-License-Identifier: Apache-2.0
"""Every role of public content plays alone: none ends the child, and nothing of one is lost without a word."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from migrate.model.finding import Finding
from migrate.record.record import Recording
from migrate.record.roles import record_roles
from tests.real.content import roles_of

pytestmark = pytest.mark.real

# How many folders with tasks each package has, and the least that are known to leave something recorded.
PACKAGES = {
    "debops": (201, 190),
    "kolla-ansible": (70, 60),
    "tripleo-ansible": (75, 60),
    "kayobe": (45, 35),
    "ansible": (100, 80),
}
CRASHES = ("Unexpected", "Traceback", "object has no attribute", "internal error")


def folders(name: str) -> list[tuple[Path, list[Path]]]:
    """(root, roles) of a package; a collection is a root of its own."""
    top = roles_of(name)
    roots = sorted(top.glob("*/*/roles")) if name == "ansible" else [top]
    return [(root, sorted({path.parent for path in root.glob("*/tasks")})) for root in roots]


@pytest.mark.parametrize("name", PACKAGES)
def test_all_roles_play(name: str) -> None:
    played: dict[str, Recording] = {}
    for root, roles in folders(name):
        played |= {str(role): recording for role, recording in record_roles(roles, root=root)}
    findings = [finding for recording in played.values() for finding in recording.findings]
    told(name, played, findings)
    assert len(played) >= PACKAGES[name][0]
    assert sum(bool(recording.tasks) for recording in played.values()) >= PACKAGES[name][1]
    assert not [finding for finding in findings if finding.check in ("engine-failed", "lost-task", "limit")]
    assert not [finding for finding in findings if any(word in finding.message for word in CRASHES)]


def told(name: str, played: dict[str, Recording], findings: list[Finding]) -> None:
    """Counts, and the commonest reasons for gaps, for whoever reads the log."""
    tasks = [task for recording in played.values() for task in recording.tasks]
    conditional, unresolved = (
        sum(map(bool, (getattr(task, field) for task in tasks))) for field in ("conditional", "unresolved")
    )
    gaps = Counter(finding.check for finding in findings if finding.check != "undefined-variable")
    print(
        f"\n{name}: roles={len(played)} tasks={len(tasks)} conditional={conditional} unresolved={unresolved} "
        f"gaps={sum(gaps.values())}: {', '.join(f'{check} {count}' for check, count in gaps.most_common(5))}"
    )
