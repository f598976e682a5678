# SPDX-License-Identifier: Apache-2.0
"""`make accuracy`: what we say of public roles against labels that were written by reading them before any run.

The labels fall into two halves by a hash of their names: rules and catalog were tuned while looking at the misses of
one half only, so that the other tells how well they do on what they were not made for.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from migrate import roles
from migrate.model.role import RoleAnswer
from migrate.model.workload import Kind
from tests.real.content import roles_of

LABELS = Path(__file__).with_name("labels.tsv")
CHILDREN = 2


class Label(msgspec.Struct, frozen=True):
    """What an operator says of a role after reading it; `sure` is false where reading alone does not decide."""

    package: str
    role: str
    kind: Kind
    software: str
    units: frozenset[str]
    ports: frozenset[int]
    sure: bool
    reason: str

    @property
    def tuned(self) -> bool:
        """True for the half whose misses were looked at."""
        return hashlib.sha256(f"{self.package}/{self.role}".encode()).digest()[0] % 2 == 0

    @property
    def folder(self) -> Path:
        """`community.mongodb.mongodb_linux` is a role of a collection."""
        root = roles_of(self.package)
        namespace, dot, rest = self.role.partition(".")
        collection, _, name = rest.partition(".")
        return root / namespace / collection / "roles" / name if dot else root / self.role


class Row(msgspec.Struct, frozen=True):
    """A label and our answer."""

    label: Label
    told: RoleAnswer

    @property
    def right(self) -> bool:
        return self.told.kind is self.label.kind

    @property
    def lost(self) -> bool:
        """The one mistake that must never be made."""
        return self.label.kind is Kind.STATEFUL and self.told.kind is Kind.STATELESS


def labels() -> list[Label]:
    with LABELS.open(encoding="utf-8", newline="") as file:
        return [label(row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def label(row: dict[str, str]) -> Label:
    units = frozenset(filter(None, row["units"].split(",")))
    ports = frozenset(int(port) for port in row["ports"].split(",") if port)
    sure = row["sure"] == "yes"
    return Label(row["package"], row["role"], Kind(row["kind"]), row["software"], units, ports, sure, row["reason"])


def measured(every: Sequence[Label]) -> list[Row]:
    """All answers; a child of its own for each package and half of it."""
    lots: dict[tuple[str, bool], list[Label]] = {}
    for one in every:
        lots.setdefault((one.package, one.tuned), []).append(one)
    with ThreadPoolExecutor(CHILDREN) as pool:
        return [row for found in pool.map(answered, lots.values()) for row in found]


def answered(lot: Sequence[Label]) -> list[Row]:
    folders = [one.folder for one in lot]
    told = roles.answers(folders, roles_of(lot[0].package), roles.DEFAULT, lambda _: None)
    return [Row(one, answer) for one, answer in zip(lot, told, strict=True)]


def report(rows: Sequence[Row], *, misses: bool) -> Iterator[str]:
    yield f"{len(rows)} labelled roles, {sum(row.label.sure for row in rows)} of them sure"
    for name, part in (
        ("all", rows),
        ("tuned half", [row for row in rows if row.label.tuned]),
        ("held-out half", [row for row in rows if not row.label.tuned]),
    ):
        yield f"{name}: {figures(part)}"
    yield ""
    yield from confusion(rows)
    lost = [row for row in rows if row.lost]
    yield ""
    yield f"stateful called stateless: {len(lost)}"
    shown = [row for row in rows if row.lost or (misses and not row.right and row.label.tuned)]
    yield from (miss(row) for row in shown)


def figures(rows: Sequence[Row]) -> str:
    sure = [row for row in rows if row.label.sure]
    units = recall((row.label.units, set(row.told.units)) for row in rows)
    ports = recall((row.label.ports, set(row.told.ports)) for row in rows)
    return f"kind {share(rows)}, sure rows {share(sure)}, units {units}, ports {ports}"


def share(rows: Sequence[Row]) -> str:
    right = sum(row.right for row in rows)
    return f"{right}/{len(rows)} = {right / max(1, len(rows)):.1%}"


def recall(pairs: Iterable[tuple[frozenset[str] | frozenset[int], set[str] | set[int]]]) -> str:
    held = list(pairs)
    wanted, found = sum(len(want) for want, _ in held), sum(len(want & got) for want, got in held)
    return f"{found}/{wanted} = {found / max(1, wanted):.1%}"


def confusion(rows: Sequence[Row]) -> Iterator[str]:
    """Labels down, answers across."""
    count = Counter((row.label.kind, row.told.kind) for row in rows)
    yield f"{'label':12}" + "".join(f"{kind:>12}" for kind in Kind)
    for kind in Kind:
        if any(count[kind, other] for other in Kind):
            yield f"{kind:12}" + "".join(f"{count[kind, other] or '·':>12}" for other in Kind)


def miss(row: Row) -> str:
    sure = "" if row.label.sure else " (not sure)"
    return (
        f"  {row.label.package}/{row.label.role}: {row.label.kind}{sure}, answered {row.told.kind}: {row.told.reason}\n"
        f"      label: {row.label.reason}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="show the misses of the tuned half")
    rows = measured(labels())
    for line in report(rows, misses=parser.parse_args().misses):
        print(line, flush=True)
    return 1 if any(row.lost for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
