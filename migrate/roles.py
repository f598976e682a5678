# SPDX-License-Identifier: Apache-2.0
"""The stages for roles alone: find them, record each on a machine of its own, and say what would become of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from migrate.assess.role import Role, answer, says_nothing
from migrate.discover.roles import dependencies, roles_below
from migrate.errors import UsageError
from migrate.model.finding import Finding
from migrate.model.role import RoleAnswer
from migrate.record.facts import DEFAULT, profiles
from migrate.record.record import Recording
from migrate.record.roles import record_roles

Watch = Callable[[str], None]
OTHERS = ("rhel9", "ubuntu24.04", "alpine3.20", "sles15")
"""Systems to try, in this order, when a role does nothing on the one that was asked for."""
ANYWAY = "and tasks that its defaults leave out"


class Answers(msgspec.Struct, frozen=True):
    """The answers about all roles of a folder, in the order of their paths."""

    roles: tuple[RoleAnswer, ...]
    findings: tuple[Finding, ...] = ()


def assess_roles(root: Path, *, profile: str = DEFAULT, watch: Watch = lambda _: None) -> Answers:
    """Every role below a folder. Raises UsageError when there is none, or no such profile."""
    found, findings = roles_below(root)
    return Answers(tuple(answers(found, root, system(profile), watch)), tuple(findings))


def assess_role(folder: Path, *, profile: str = DEFAULT, watch: Watch = lambda _: None) -> RoleAnswer:
    """One role; the roles beside it are where its dependencies are looked for."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", hint="Give the folder of a role with --role.")
    real = folder.resolve()
    root = real.parent if real.parent.name == "roles" else real
    (told,) = answers([real], root, system(profile), watch)
    return msgspec.structs.replace(told, path=str(folder))


def system(profile: str) -> str:
    """A profile's name, written with or without a hyphen. Raises UsageError for one that there is not."""
    plain = profile.replace("-", "").lower()
    for name in profiles():
        if name.replace("-", "") == plain:
            return name
    raise UsageError(f"there is no profile {profile}", hint=f"There are: {', '.join(profiles())}.")


def answers(found: Sequence[Path], root: Path, os: str, watch: Watch) -> Iterable[RoleAnswer]:
    """What each does on the system; of those that do nothing there, on others, or what its defaults leave out."""
    known: dict[Path, RoleAnswer] = {}
    tries = [(os, False), *((other, False) for other in OTHERS[:1] if other != os), (os, True)]
    tries += [(other, True) for other in OTHERS if other != os]
    due = list(found)
    for name, anyway in tries:
        real = {path.resolve(): path for path in due}
        for path, recording in record_roles(real, os=name, root=root.resolve(), anyway=anyway):
            watch(f"judging {path.name}")
            told = judged(real[path], root, recording, anyway=anyway)
            if better(told, known.get(real[path])):
                known[real[path]] = told
        due = [path for path in due if says_nothing(known[path]) and known[path].has_tasks]
        if not due:
            break
    return [known[path] for path in found]


def judged(path: Path, root: Path, recording: Recording, *, anyway: bool) -> RoleAnswer:
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) and path != root else path.name
    has_tasks = any((path / "tasks").glob("*.y*ml")) if (path / "tasks").is_dir() else False
    role = Role(shown, dependencies(path), has_tasks)
    told = answer(role, recording.tasks, recording.machines, recording.findings)
    facts = f"{told.facts_from}, {ANYWAY}" if anyway else told.facts_from
    return msgspec.structs.replace(told, facts_from=facts, has_tasks=has_tasks)


def better(new: RoleAnswer, old: RoleAnswer | None) -> bool:
    """The first answer counts, unless it says nothing and the new one does, or has at least seen something."""
    if old is None:
        return True
    return says_nothing(old) and (not says_nothing(new) or (new.tasks > 0 and old.tasks == 0))
