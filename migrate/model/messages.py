# SPDX-License-Identifier: Apache-2.0
"""The conversation with the recording child: a JSON object a line, requests in, messages out, `Done` after each."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.model.finding import Finding
from migrate.model.machine import Host, MachineClass
from migrate.model.task import RecordedTask, Token


class Open(msgspec.Struct, frozen=True, tag=True):
    """Read these inventories of the project (absolute paths); answers `Inventory`.

    `extra_vars` are as ansible-playbook's -e takes them. `outputs` are open descriptors, one for each player but the
    first, who answers as ever. `task_seconds` of processor time is what one task may take
    before it is given up.
    """

    project: str
    inventories: tuple[str, ...]
    playbooks: tuple[str, ...] = ()
    extra_vars: tuple[str, ...] = ()
    task_seconds: int = 60
    trusted: bool = False
    outputs: tuple[int, ...] = ()


class Play(msgspec.Struct, frozen=True, tag=True):
    """Play on one representative per class, with these facts per class number; answers `Recorded` and `Progress`.

    `known` are addresses and further names of each machine that the inventory itself does not tell.
    So many `players` share the classes, once in a conversation; each answers on an output of its own.
    """

    playbooks: tuple[str, ...]
    facts: dict[int, dict[str, Any]]
    known: dict[str, tuple[str, ...]] = {}
    players: int = 1


class PlayRole(msgspec.Struct, frozen=True, tag=True):
    """Play one role (an absolute folder) on every class with these facts; what was learnt of others is forgotten.

    Its dependencies are looked for in the project's folder, and answered as for `Play`. With `anyway`, tasks that its
    defaults leave out are recorded too, under that condition.
    """

    folder: str
    facts: dict[str, Any]
    anyway: bool = False


class Inventory(msgspec.Struct, frozen=True, tag=True):
    """All hosts, and the classes they form."""

    hosts: tuple[Host, ...]
    classes: tuple[MachineClass, ...]


class Recorded(msgspec.Struct, frozen=True, tag=True):
    """A batch of recorded tasks, and the tokens that are new with them; `steps` order those of several players."""

    tasks: tuple[RecordedTask, ...]
    tokens: tuple[Token, ...] = ()
    steps: tuple[int, ...] = ()


class Progress(msgspec.Struct, frozen=True, tag=True):
    """A play has begun."""

    play: str
    hosts: int


class Looked(msgspec.Struct, frozen=True):
    """What an answer hangs on: absolute paths of files read, folders listed, and whatever was looked for."""

    read: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    sought: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, tag=True):
    """The request is answered; `classes` as refined while playing: one splits where a condition tells members apart.

    `looked` is of the whole conversation so far; None where it can't be told. `numbered`: for secrets of one name that
    are told apart by a number, marks of their values in order; equal for equal values among players, and else random.
    """

    findings: tuple[Finding, ...] = ()
    tokens: tuple[Token, ...] = ()
    classes: tuple[MachineClass, ...] = ()
    plays: int = 0
    looked: Looked | None = None
    numbered: dict[str, tuple[str, ...]] = {}


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The child can't go on."""

    message: str
    hint: str = ""


Request = Open | Play | PlayRole
Answer = Inventory | Recorded | Progress | Done | Failed
