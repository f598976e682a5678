# SPDX-License-Identifier: Apache-2.0
"""How far the evidence of a verdict carries, and the sentence that says why: a word is never given alone."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.model.workload import Confidence, Evidence, Kind, Nature, Points

GUESSES = ("local-path", "store-directory", "extra-disk")
"""Rules that see a place where data may be, rather than data."""
CONDITION = " (only if "
AGAINST = {Nature.STATEFUL: Points.STATELESS, Nature.STATELESS: Points.STATEFUL}


def confidence(kind: Kind, nature: Nature, evidence: Sequence[Evidence]) -> tuple[Confidence, str]:
    """High when something plain points this way and nothing against it; low when nothing was seen."""
    if kind in (Kind.PLUMBING, Kind.LIBRARY, Kind.BUILD_AGENT):
        return Confidence.HIGH, "it is known what its tasks are about"
    if nature is Nature.UNKNOWN:
        return Confidence.LOW, "nothing seen points to state or away from it"
    wanted = Points(nature.value)
    own = [one for one in evidence if one.points is wanted]
    against = [one for one in evidence if one.points is AGAINST[nature]]
    plain = [one for one in own if CONDITION not in one.saw]
    sure = [one for one in plain if one.rule not in GUESSES]
    told = f"{count(len(own))} to {nature}, {count(len(against)) if against else 'none'} against it"
    if against or not sure:
        why = "" if against else "; only under conditions" if not plain else "; only by the name of a place"
        return Confidence.MEDIUM, told + why
    return Confidence.HIGH, told


def count(number: int) -> str:
    return "1 sign points" if number == 1 else f"{number} signs point"
