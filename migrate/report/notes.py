# SPDX-License-Identifier: Apache-2.0
"""Findings and odd machines as plain lines with a style each; a terminal colours them, a log does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from migrate.model.finding import Finding, Severity
from migrate.report.clean import clean
from migrate.report.groups import Odd, by_check
from migrate.report.names import compact

SHOWN = {Severity.ERROR: 5, Severity.WARNING: 3, Severity.NOTE: 1}
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: ""}
PLACES = 3
LONGEST_NAMES = 120
LONGEST_TEXT = 300


# «Machines worth a look» tells these in a line each.
ODD_MACHINES = frozenset({"vm-not-in-inventory", "host-without-vm", "vm-stopped"})


def elsewhere(found: Sequence[Finding]) -> list[Finding]:
    """Findings without those that the list of odd machines tells already."""
    return [finding for finding in found if finding.check not in ODD_MACHINES]


class Line(msgspec.Struct, frozen=True):
    """A mark in the margin at `indent`, and text that wraps beside it."""

    text: str
    style: str = ""
    mark: str = ""
    indent: int = 0


def findings(found: Sequence[Finding]) -> Iterator[Line]:
    """Grouped by check, the worst first, a few of each."""
    if found:
        yield Line("Findings", "bold")
    several = len({finding.environment for finding in found} - {""}) > 1
    for group in by_check(found):
        yield from _check(group, several)
        yield Line("")


def worth_a_look(odd: Sequence[Odd]) -> Iterator[Line]:
    """Machines that stand out, one line for each reason and one for what to do."""
    if odd:
        yield Line("Machines worth a look", "bold")
    several = len({each.environment for each in odd}) > 1
    for each in odd:
        names = compact(map(clean, each.machines), limit=LONGEST_NAMES)
        inside = f" in {clean(each.environment)}" if several and each.environment else ""
        yield Line(f"{counted_odd(each)}{inside}: {names}", indent=2)
        yield Line(each.remedy, "dim", "→", 4)
    if odd:
        yield Line("")


def counted_odd(odd: Odd) -> str:
    return f"{len(odd.machines):,} {odd.one if len(odd.machines) == 1 else odd.many}"


def where(finding: Finding) -> str:
    """What the finding is about and the place, without saying one name twice."""
    subject, place = clean(finding.subject), clean(str(finding.place or ""))
    if not subject or not place:
        return subject or place
    path = clean(finding.place.path if finding.place else "")
    return place if subject in path else f"{subject} ({place})"


def shorten(text: str, limit: int = LONGEST_TEXT) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _check(group: list[Finding], several: bool) -> Iterator[Line]:
    severity = group[0].severity
    yield Line(f"{severity.value}: {clean(group[0].check)} ({len(group):,})", STYLES[severity], indent=2)
    alike = [list(same) for _, same in groupby(group, key=lambda finding: (finding.message, finding.remedy))]
    shown = [same[:PLACES] for same in alike[: SHOWN[severity]]]
    for same in shown:
        yield from _alike(same, several)
    hidden = len(group) - sum(map(len, shown))
    if hidden:
        yield Line(f"and {hidden:,} more; --format json has all", "dim", "…", 4)


def _alike(same: list[Finding], several: bool) -> Iterator[Line]:
    """One message, the places where it holds, and its remedy once."""
    message, remedy = (shorten(clean(text)) for text in (same[0].message, same[0].remedy))
    places = [shorten(text, LONGEST_NAMES) for text in (_where(finding, several) for finding in same) if text]
    if len(places) == 1:
        yield Line(f"{places[0]}: {message}", mark="-", indent=4)
    else:
        yield Line(message, mark="-", indent=4)
        yield from (Line(place, indent=6) for place in places)
    if remedy:
        yield Line(remedy, "dim", "→", 6)


def _where(finding: Finding, several: bool) -> str:
    environment = f"{clean(finding.environment)}: " if several and finding.environment else ""
    return environment + where(finding)
