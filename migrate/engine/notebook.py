# SPDX-License-Identifier: GPL-3.0-or-later
"""What the strategy and its executors share while plays go by: recorded tasks, unknown results, conditions that tell members apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ansible._internal._templating._jinja_common import Marker, UndefinedMarker
from ansible._internal._templating._marker_behaviors import MarkerBehavior
from ansible.errors import AnsibleError
from ansible.module_utils._internal._datatag import AnsibleTagHelper
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task

from migrate.engine.conditions import conjuncts, names_in
from migrate.engine.gaps import Gaps
from migrate.engine.quickening import StableEngine
from migrate.engine.taint import Taint
from migrate.model.machine import MachineClass
from migrate.model.task import RecordedTask, TokenKind

OWN_NAMES = frozenset(
    "inventory_hostname inventory_hostname_short ansible_host ansible_hostname ansible_fqdn ansible_nodename ansible_default_ipv4 ansible_facts"
    " ansible_all_ipv4_addresses".split()
)
BATCH = 200


class Notebook:
    """State of one `Play` request."""

    def __init__(self, gaps: Gaps, taint: Taint, reader: DataLoader, classes: tuple[MachineClass, ...]) -> None:
        self.gaps, self.taint, self.reader = gaps, taint, reader
        self.classes = {made.representative: made for made in classes}
        self.unknown: dict[str, dict[str, str]] = defaultdict(dict)
        self.votes: dict[int, dict[str, list[tuple[str, bool | None]]]] = defaultdict(lambda: defaultdict(list))
        self.play = ("", "")
        self.tasks: list[RecordedTask] = []

    def class_of(self, host: str) -> int:
        made = self.classes.get(host)
        return made.number if made else -1

    def note(self, task: RecordedTask) -> None:
        self.tasks.append(task)

    def take(self) -> tuple[RecordedTask, ...]:
        taken, self.tasks = tuple(self.tasks), []
        return taken

    def vote(self, task: Task, host: str, variables: dict[str, Any], members: dict[str, dict[str, Any]]) -> None:
        """Ask each member of a class how it would answer a condition that mentions what differs between them."""
        made = self.classes.get(host)
        if made is None or len(made.members) < 2:
            return
        for part in self._telling(task, made):
            for name in made.members:
                own: dict[str, Any] = {**variables, **members[name], "inventory_hostname": name, "inventory_hostname_short": name.split(".")[0]}
                self.votes[made.number][name].append((str(part), answer(self.reader, part, own)))

    def _telling(self, task: Task, made: MachineClass) -> Iterator[Any]:
        telling = (OWN_NAMES - {"ansible_facts"}) | set(made.differing)
        for condition in task.when:
            if isinstance(condition, str) and names_in(str(condition)) & telling:
                for part in conjuncts(str(condition)):
                    if names_in(part) & telling and not names_in(part) & set(self.unknown[made.representative]):
                        yield condition if part == condition else retag(condition, part)

    def refined(self, first_number: int) -> tuple[MachineClass, ...]:
        """Parts of classes whose members voted otherwise than their representative did; numbered from `first_number`."""
        parts = []
        for made in list(self.classes.values()):
            ballots: dict[tuple[tuple[str, bool | None], ...], list[str]] = defaultdict(list)
            for name in made.members:
                ballots[tuple(self.votes[made.number][name])].append(name)
            if len(ballots) < 2:
                continue
            own = tuple(self.votes[made.number][made.representative])
            for ballot, names in ballots.items():
                if ballot != own:
                    parts.append((made, names))
        return tuple(
            MachineClass(number=first_number + index, representative=names[0], members=tuple(names), differing=made.differing)
            for index, (made, names) in enumerate(parts)
        )


def answer(reader: DataLoader, part: Any, variables: dict[str, Any]) -> bool | None:
    try:
        return bool(StableEngine(reader, variables).evaluate_conditional(part))
    except AnsibleError:
        return None


def retag(condition: Any, part: str) -> Any:
    return AnsibleTagHelper.tag_copy(condition, part)


class Placeholders(MarkerBehavior):  # type: ignore[misc]  # ansible ships no types
    """Undefined values become tokens instead of errors; anything else that fails is kept in `problems`."""

    def __init__(self, notebook: Notebook, host: str) -> None:
        self.notebook, self.host = notebook, host
        self.problems: list[str] = []

    def handle_marker(self, value: Marker) -> Any:
        if isinstance(value, UndefinedMarker):
            return self._token(str(getattr(value, "_undefined_name", "") or "value"), value)
        self.problems.append(value._as_message())
        return self.notebook.taint.token("unresolved", TokenKind.UNKNOWN)

    def _token(self, name: str, value: Marker) -> str:
        known_unknown = name in self.notebook.unknown[self.host]
        return self.notebook.taint.token(name, TokenKind.UNKNOWN if known_unknown else TokenKind.NEEDED)
