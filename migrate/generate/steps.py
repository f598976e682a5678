# SPDX-License-Identifier: Apache-2.0
"""Steps of an image build, in segments: inside one, what may be grouped is grouped; between them the order is kept."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import msgspec

from migrate.generate.accounts import Account
from migrate.generate.file import File
from migrate.model.task import RecordedTask


class Phase(IntEnum):
    """The order inside a segment. From COMMANDS on, what comes later in the play starts a new segment."""

    SOURCES = 1
    PACKAGES = 2
    ACCOUNTS = 3
    FOLDERS = 4
    COPIES = 5
    INSTALLS = 6
    MODES = 7
    SETTINGS = 8
    COMMANDS = 9
    ANSIBLE = 10


class Step(msgspec.Struct, frozen=True):
    """What one task comes to: `packages` and `commands` of a RUN, `files` of a COPY, and for what is fetched `fetch`,
    the commands of the stage that fetches, and `fetched`, the paths copied from there. `foreign` says that commands are
    the role's own text; `ignored` are hadolint rules that they can't obey; `doubt` is what a person should look at.
    """

    phase: Phase
    task: RecordedTask | None = None
    packages: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    fetch: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    foreign: bool = False
    needs: tuple[str, ...] = ()
    doubt: str = ""


class Impossible(str):
    """Why a task can be in no image, in whatever way; other reasons leave it to Ansible."""

    __slots__ = ()


class Scene(msgspec.Struct, frozen=True):
    """What those who express a task may look at: package family, whom the image is for, and what is there already."""

    family: str
    account: Account
    user: str
    volumes: tuple[str, ...]
    paths: frozenset[str]
    downloads: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()


def segments(steps: Iterable[Step]) -> list[list[Step]]:
    """Steps by segment, each sorted by phase; tasks of one phase keep their order."""
    found: list[list[Step]] = [[]]
    for step in steps:
        highest = max((one.phase for one in found[-1]), default=Phase.SOURCES)
        if highest >= Phase.COMMANDS and step.phase != highest:
            found.append([])
        found[-1].append(step)
    return [sorted(segment, key=lambda step: step.phase) for segment in found if segment]


def with_tools_first(steps: list[Step]) -> list[Step]:
    """What installers and settings need of the distribution itself is installed once, with the first packages."""
    later = [step for step in steps if step.phase > Phase.PACKAGES]
    needed = {package for step in later for package in (*step.needs, *step.packages)}
    wanted = {package for step in steps if step.phase is Phase.PACKAGES for package in step.packages}
    if "nodejs" in wanted and any(step.phase is Phase.SOURCES and step.files for step in steps):
        needed.discard("npm")  # a repository of its own brings both in one package
    if not needed:
        return steps
    rest = [step if step not in later else msgspec.structs.replace(step, needs=(), packages=()) for step in steps]
    return [Step(Phase.PACKAGES, packages=tuple(sorted(needed - wanted))), *rest]


def each_file_once(steps: list[Step]) -> list[Step]:
    """Repositories that go to one file are written together, where the first of them was; of other files the last."""
    texts: dict[str, str] = {}
    for step in steps:
        for file in step.files:
            lines = texts.get(file.path, "")
            joins = step.phase is Phase.SOURCES and file.path.endswith((".list", ".repo")) and file.text not in lines
            texts[file.path] = lines + file.text if joins else lines if file.text in lines else file.text
    found = []
    for step in steps:
        files = tuple(msgspec.structs.replace(one, text=texts.pop(one.path)) for one in step.files if one.path in texts)
        found.append(msgspec.structs.replace(step, files=files) if step.files else step)
    return found


def one_playbook(steps: list[Step]) -> list[Step]:
    """What must be run by Ansible, and all that was to run between the first and the last of it, moved together."""
    at = [number for number, step in enumerate(steps) if step.phase is Phase.ANSIBLE]
    if not at:
        return steps
    first, last = at[0], at[-1]
    inner = steps[first : last + 1]
    before = [step for step in inner if step.phase < Phase.COMMANDS and step.phase is not Phase.SETTINGS]
    within = [step for step in inner if step not in before]
    moved = [msgspec.structs.replace(step, phase=Phase.ANSIBLE, commands=()) if step.task else step for step in within]
    return [*steps[:first], *before, *moved, *steps[last + 1 :]]
