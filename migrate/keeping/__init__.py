# SPDX-License-Identifier: Apache-2.0
"""Bring generated files up to date without losing what people changed in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from migrate.errors import UsageError
from migrate.keeping import disk, memory, told
from migrate.keeping.deciding import Act, Merge, Step, decide
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding


class Conflict(msgspec.Struct, frozen=True):
    """A file that both a person and we changed in the same place; `text` has both sides between marks."""

    path: str
    text: str


class Written(msgspec.Struct, frozen=True):
    """What `write_all` did, as paths below the folder; `findings` tell of what a person has to look at."""

    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    findings: tuple[Finding, ...] = ()


def write_all(
    artifacts: Iterable[Artifact],
    folder: Path,
    *,
    merge: Merge | None = None,
    keep: Collection[str] = (),
    take: Collection[str] = (),
) -> Written:
    """Bring `folder` up to date. What a person changed since the last run is merged with what is new.

    Where both changed the same lines the person's file stays and the conflict is told; `keep` names files that are to
    stay as they are from now on, `take` files that are to become what is generated. Raises FileError before anything
    is written when a path leaves the folder, appears twice or the memory of the former run can't be read.
    """
    wanted = disk.by_path(artifacts, folder)
    known = memory.read(folder)
    _must_be_known([*keep, *take], {*wanted, *known})
    if not any(disk.is_there(folder / path) for path in known):
        known = {}  # the folder was emptied, which is no edit of each file
    steps = {
        path: decide(
            known.get(path),
            disk.read(folder / path),
            wanted[path].text if path in wanted else None,
            merge=merge,
            path=path,
            keep=path in keep,
            take=path in take,
        )
        for path in sorted({*wanted, *known})
    }
    written = tuple(path for path, step in steps.items() if _perform(folder, path, step, wanted))
    memory.write(folder, {path: step.remembered for path, step in steps.items() if step.remembered is not None})
    return _summary(steps, set(written), wanted)


def _must_be_known(paths: Iterable[str], known: Collection[str]) -> None:
    if strange := sorted(set(paths) - set(known)):
        hint = "Give paths below the output folder, as they are listed."
        raise UsageError(f"{', '.join(strange)}: not generated, now or before", hint=hint)


def _perform(folder: Path, path: str, step: Step, wanted: dict[str, Artifact]) -> bool:
    """Whether anything on disk had to change."""
    if step.act is Act.REMOVE:
        return disk.remove(folder, path)
    if step.act in (Act.WRITE, Act.MERGE) and step.text is not None:
        return disk.write(folder / path, step.text, executable=wanted[path].executable)
    if step.act is Act.SAME:
        return disk.write(folder / path, wanted[path].text, executable=wanted[path].executable)
    return False


def _summary(steps: dict[str, Step], changed: set[str], wanted: dict[str, Artifact]) -> Written:
    def those(*acts: Act) -> list[str]:
        return [path for path, step in steps.items() if step.act in acts]

    removed = those(Act.REMOVE)
    findings = [finding for path, step in steps.items() if (finding := told.of_step(path, step))]
    return Written(
        written=tuple(path for path in those(Act.WRITE, Act.SAME, Act.MERGE) if path in changed),
        unchanged=tuple(path for path in those(Act.WRITE, Act.SAME, Act.MERGE) if path not in changed),
        merged=tuple(path for path in those(Act.MERGE) if path in changed),
        removed=tuple(path for path in removed if path in changed),
        conflicts=tuple(Conflict(path, steps[path].text or "") for path in those(Act.CONFLICT)),
        findings=(*findings, *told.of_removed(removed, wanted)),
    )
