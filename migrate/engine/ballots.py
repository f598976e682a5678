# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of a class vote on what decides over a task; where they disagree the class falls into parts.

Each question is put once per class, and evaluated once per distinct answer sheet, with only the variables that it
mentions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from functools import partial
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task

from migrate.engine.conditions import closure, names_in, names_within, split
from migrate.engine.quickening import StableEngine
from migrate.model.machine import MachineClass

OWN_NAMES = frozenset(
    "inventory_hostname inventory_hostname_short ansible_host ansible_hostname ansible_fqdn ansible_nodename "
    "ansible_default_ipv4"
    " ansible_all_ipv4_addresses".split()
)
BY_NAME = frozenset("ansible_hostname ansible_nodename ansible_fqdn".split())
DECIDING = ("include_vars", "ansible.builtin.include_vars")
Answer = Any


def telling_names(made: MachineClass) -> frozenset[str]:
    """Variables whose values tell the members of a class apart."""
    return OWN_NAMES.union(made.differing)


class Ballots:
    """All votes of one round."""

    def __init__(self, reader: DataLoader) -> None:
        self.reader = reader
        self.votes: dict[int, list[dict[str, Answer]]] = defaultdict(list)
        self.asked: dict[tuple[Any, ...], Any] = {}

    def note(self, made: MachineClass, answers: dict[str, Answer]) -> None:
        if len(set(answers.values())) > 1:
            self.votes[made.number].append(answers)

    def hold(
        self,
        made: MachineClass,
        task: Task,
        variables: dict[str, Any],
        members: dict[str, dict[str, Any]],
        unknown: Set[str],
    ) -> None:
        """Put every question of a task that touches what differs."""
        telling = telling_names(made)
        for kind, text, names, ask in questions(task, self.reader):
            around = closure(names, variables)
            if around & telling and not around & unknown:
                self._put(made, (kind, str(text)), around, ask, variables, members)

    def _put(
        self, made: MachineClass, question: tuple[str, str], around: frozenset[str],
        ask: Callable[[dict[str, Any]], Answer], variables: dict[str, Any], members: dict[str, dict[str, Any]],
    ) -> None:  # fmt: skip
        telling = telling_names(made)
        common = {name: variables[name] for name in sorted(around - telling) if name in variables}
        # Identity of the values is enough to know a question again; keeping them keeps their identity.
        key = (made.number, *question, *((name, id(value)) for name, value in common.items()))
        if key in self.asked:
            return
        self.asked[key] = common
        known: dict[Any, Answer] = {}
        answers = {}
        for name in made.members:
            own = own_values(name, members.get(name, {}), around & telling, variables)
            sheet = tuple(sorted((k, repr(v)) for k, v in own.items()))
            if sheet not in known:
                known[sheet] = ask({**common, **own})
            answers[name] = known[sheet]
        self.note(made, answers)

    def parts(self, classes: Iterable[MachineClass], first_number: int) -> tuple[MachineClass, ...]:
        found = []
        for made in list(classes):
            ballots: dict[tuple[Answer, ...], list[str]] = defaultdict(list)
            for name in made.members:
                ballots[tuple(answers.get(name) for answers in self.votes[made.number])].append(name)
            own = tuple(answers.get(made.representative) for answers in self.votes[made.number])
            found += [(made, names) for ballot, names in ballots.items() if ballot != own]
        return tuple(
            MachineClass(
                number=first_number + index, representative=names[0], members=tuple(names), differing=made.differing
            )
            for index, (made, names) in enumerate(found)
        )


def questions(
    task: Task, reader: DataLoader
) -> Iterator[tuple[str, Any, frozenset[str], Callable[[dict[str, Any]], Answer]]]:
    """What decides whether and which tasks run: conditions, loops, names of includes; and the variables in them."""
    for condition in task.when or ():
        for part in split(condition):
            if isinstance(part, str) and (names := names_in(str(part))):
                yield "when", part, names, partial(truth, reader, part)
    includes = task.action in C._ACTION_ALL_INCLUDES or task.action in DECIDING
    if task.loop is not None and (names := names_within(task.loop)):
        # With other modules a loop over the peers of a host differs for each: only how long it is tells kinds apart.
        yield "loop", task.loop, names, lambda variables: value(reader, task.loop, variables, length=not includes)
    if includes and (names := names_within(task.args)):
        yield "include", task.args, names, lambda variables: value(reader, dict(task.args), variables)


def own_values(name: str, own: dict[str, Any], wanted: frozenset[str], variables: dict[str, Any]) -> dict[str, Any]:
    """What a member would see under the names that tell members apart."""
    short = name.split(".", maxsplit=1)[0]
    made = {"inventory_hostname": name, "inventory_hostname_short": short, "ansible_host": name, "ansible_fqdn": name}
    made |= {"ansible_hostname": short, "ansible_nodename": short}
    values = {key: own.get(key, made.get(key, variables.get(key))) for key in wanted}
    return {key: value for key, value in values.items() if value is not None}


def truth(reader: DataLoader, part: Any, variables: dict[str, Any]) -> Answer:
    try:
        return bool(StableEngine(reader, variables).evaluate_conditional(part))
    except AnsibleError:
        return None


def value(reader: DataLoader, template: Any, variables: dict[str, Any], *, length: bool = False) -> Answer:
    try:
        found = StableEngine(reader, variables).template(template)
    except AnsibleError:
        return None
    return str(len(found)) if length and isinstance(found, (list, dict)) else repr(found)
