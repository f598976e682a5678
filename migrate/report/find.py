# SPDX-License-Identifier: Apache-2.0
"""The workload that a person means by a name, and the names that she may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from migrate.errors import UsageError
from migrate.model.workload import Workload
from migrate.report.clean import clean
from migrate.report.names import natural

MOST_NEAR = 5


def find(workloads: Sequence[Workload], name: str) -> list[Workload]:
    """Workloads of this name, id or unique start of one; several where environments share it. Else UsageError."""
    for fits in (_same, _starts):
        found = [workload for workload in workloads if fits(workload, name)]
        names = sorted({workload.name for workload in found}, key=natural)
        if len(names) > 1:
            raise UsageError(f"'{clean(name)}' fits {len(names)} workloads.", hint=f"Say which: {_some(names)}.")
        if found:
            return sorted(found, key=lambda workload: natural(workload.id))
    raise UsageError(f"There is no workload '{clean(name)}'.", hint=_near(workloads, name))


def _same(workload: Workload, name: str) -> bool:
    return name in (workload.id, workload.name)


def _starts(workload: Workload, name: str) -> bool:
    start = name.casefold()
    return bool(start) and any(each.casefold().startswith(start) for each in (workload.id, workload.name))


def _near(workloads: Sequence[Workload], name: str) -> str:
    names = sorted({workload.name for workload in workloads}, key=natural)
    if not names:
        return "No workload was found at all; `migrate assess` says why."
    known = sorted({workload.id for workload in workloads}) if "/" in name else names
    near = difflib.get_close_matches(name, known, n=MOST_NEAR, cutoff=0.6)
    return f"Did you mean {_some(near)}?" if near else f"There are {_some(names)}."


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(clean(name) for name in names[:MOST_NEAR])
    return shown + (f" and {len(names) - MOST_NEAR} more" if len(names) > MOST_NEAR else "")
