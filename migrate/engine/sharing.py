# SPDX-License-Identifier: GPL-3.0-or-later
"""Several players of one project: processes forked once the inventory is read, each of which records some steps.

Every player goes through the same plays, since what one host does (`set_fact`, `group_by`, includes) may decide over
another; but a task that only needs to be noted is left to the player whose turn it is. All count the same steps, so
that their notes can be laid together in the order in which one player would have made them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ansible import constants as C
from ansible.playbook.handler import Handler

from migrate.engine.confine import Lock

NEEDED = frozenset("set_fact include_vars add_host group_by meta package_facts service_facts".split())
"""Actions that change what later tasks see."""


class Share:
    """Which steps a player records. A step is one task for all its hosts: code compiled for one serves all."""

    def __init__(self, number: int = 0, players: int = 1) -> None:
        self.number, self.players = number, players

    def has(self, step: int) -> bool:
        return step % self.players == self.number


def fork(players: int, outputs: Sequence[int], lock: Lock | None) -> Share:
    """Become so many processes; each learns which it is. The descriptors that it does not write to are closed."""
    number = 0
    for other in range(1, min(players, len(outputs) + 1)):
        if not spawned(lock):
            number = other
            break
    for index, descriptor in enumerate(outputs, 1):
        if index != number:
            os.close(descriptor)
    return Share(number, min(players, len(outputs) + 1))


def spawned(lock: Lock | None) -> int:
    """As os.fork, which is closed to all others."""
    if lock is None:
        return os.fork()
    lock.forking = True
    try:
        return os.fork()
    finally:
        lock.forking = False


def noted_only(task: Any) -> bool:
    """True for a task that changes nothing for any other."""
    action = task.action
    if not isinstance(action, str) or "{" in action or action in C._ACTION_ALL_INCLUDES:
        return False
    quiet = not (task.register or task.notify or task.run_once or isinstance(task, Handler))
    return quiet and action.rsplit(".", 1)[-1] not in NEEDED
