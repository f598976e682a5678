# SPDX-License-Identifier: GPL-3.0-or-later
"""What the strategy and its executors share while plays go by: recorded tasks, unknown results, and who votes how."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from ansible._internal._templating._jinja_common import Marker, TruncationMarker, UndefinedMarker
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.task import Task

from migrate.engine.ballots import Ballots, telling_names
from migrate.engine.conditions import closure
from migrate.engine.gaps import Gaps
from migrate.engine.peers import Peers
from migrate.engine.plugins import Knowing
from migrate.engine.sharing import Share
from migrate.engine.taint import Taint
from migrate.model.finding import Severity
from migrate.model.machine import MachineClass
from migrate.model.messages import Recorded
from migrate.model.place import Place
from migrate.model.task import RecordedTask, TokenKind

FACTS = ("setup", "gather_facts", "validate_argument_spec")
"""Actions that a play brings along by itself."""
ALWAYS_UNKNOWN = {"ansible_failed_task": "a failure", "ansible_failed_result": "a failure"}


class Notebook:
    """State of one round of a `Play` request. `classes` are due in this round, `numbers` has every host's class."""

    def __init__(
        self, gaps: Gaps, taint: Taint, reader: DataLoader, classes: Iterable[MachineClass], numbers: dict[str, int],
        peers: Peers | None = None,
    ) -> None:  # fmt: skip
        self.gaps, self.taint, self.reader, self.numbers, self.peers = gaps, taint, reader, numbers, peers
        self.classes = {made.representative: made for made in classes}
        self.unknown: dict[str, dict[str, str]] = defaultdict(lambda: dict(ALWAYS_UNKNOWN))
        self.doubtful: dict[str, dict[str, str]] = defaultdict(dict)
        self.derived: dict[str, dict[str, Any]] = defaultdict(dict)
        self.ballots = Ballots(reader)
        self.first = True
        """False in later rounds: what plays on localhost was recorded in the first."""
        self.once = True
        """False where what runs once was recorded in an earlier round: the first host of the play was due then."""
        self.anyway = False
        """True where tasks that conditions and empty loops leave out are recorded too, under that condition."""
        self.loaded: dict[str, Task] = {}
        """Tasks of the play that have not come up so far, and includes whose tasks have not been loaded so far."""
        self.ended = False
        """True where a `meta` ended the play or a host before all its tasks came up."""
        self.given: frozenset[str] = frozenset()
        """Names of extra variables: no result and no set_fact has a say over them."""
        self.play = ("", "")
        self.tasks: list[RecordedTask] = []
        self.steps: list[int] = []
        self.share, self.step, self.mine = Share(), 0, True
        """Which steps are ours to record; the step that the play is at, the same for all players; if it is ours."""

    def class_of(self, host: str) -> int:
        return self.numbers.get(host, -1)

    def note(self, task: RecordedTask) -> None:
        self.tasks.append(task)
        self.steps.append(self.step)

    def load(self, blocks: Iterable[Block]) -> None:
        """These are to come up in this play."""
        for block in blocks:
            for part in (*block.block, *block.rescue, *block.always):
                if isinstance(part, Block):
                    self.load([part])
                elif not part.implicit and str(part.action).rsplit(".", 1)[-1] not in FACTS:
                    self.loaded[part._uuid] = part

    def close(self) -> list[Task]:
        """The play is over: which tasks were loaded and never came up, though nothing ended it early."""
        left = [] if self.ended else list(self.loaded.values())
        self.loaded, self.ended = {}, False
        return left

    def next_step(self) -> None:
        """All hosts go on to their next task."""
        self.step += 1
        self.mine = self.share.has(self.step)

    def take(self) -> Recorded:
        taken = Recorded(tasks=tuple(self.tasks), steps=tuple(self.steps))
        self.tasks, self.steps = [], []
        return taken

    def unknown_in(self, host: str, names: frozenset[str], variables: dict[str, Any]) -> list[str]:
        """Of these variables and what their values mention: those that only a real run sets."""
        return self._mentioned(self.unknown[host], names, variables)

    def doubtful_in(self, host: str, names: frozenset[str], variables: dict[str, Any]) -> list[str]:
        """Of these variables and what their values mention: those that a real run may set otherwise."""
        return self._mentioned(self.doubtful[host], names, variables)

    def doubts(self, host: str, names: frozenset[str], variables: dict[str, Any]) -> list[str]:
        return self.unknown_in(host, names, variables) or self.doubtful_in(host, names, variables)

    def _mentioned(self, known: dict[str, str], names: frozenset[str], variables: dict[str, Any]) -> list[str]:
        return sorted((closure(names, variables) - self.given) & known.keys()) if names and known else []

    def remember(self, host: str, name: str, raw: Any, mentions: frozenset[str], variables: dict[str, Any]) -> None:
        """A fact set from what differs between members keeps its template, so that each member can be asked."""
        made = self.classes.get(host)
        self.derived[host].pop(name, None)
        if made is None or len(made.members) < 2:
            return
        if closure(mentions, {**variables, **self.derived[host]}) & telling_names(made) and name not in mentions:
            self.derived[host][name] = raw

    def vote(self, task: Task, host: str, variables: dict[str, Any], members: dict[str, dict[str, Any]]) -> None:
        """Ask each member of a class how it would answer what decides over a task."""
        made = self.classes.get(host)
        if made is not None and len(made.members) > 1:
            derived = self.derived[host]
            self.ballots.hold(
                made, task, {**variables, **derived} if derived else variables, members, self.unknown[host].keys()
            )

    def refined(self, first_number: int) -> tuple[MachineClass, ...]:
        """Parts of classes whose members voted otherwise than their representative; numbered from `first_number`."""
        return self.ballots.parts(self.classes.values(), first_number)


class Placeholders(Knowing):
    """Undefined values become tokens instead of errors; anything else that fails is kept in `problems`."""

    def __init__(self, notebook: Notebook, host: str) -> None:
        self.notebook, self.host = notebook, host
        self.unknown = {"item"}
        self.problems: list[str] = []
        self.place: Callable[[], Place | None] = lambda: None

    def handle_marker(self, value: Marker) -> Any:
        if isinstance(value, UndefinedMarker):
            return self._token(str(getattr(value, "_undefined_name", "") or "value"))
        if isinstance(value, TruncationMarker):  # it only says that another marker came first
            return ""
        self.problems.append(value._as_message())
        return self.notebook.taint.token("unresolved", TokenKind.UNKNOWN)

    def is_unknown(self, name: str) -> bool:
        return name in self.unknown or name in self.notebook.unknown[self.host] or name.startswith(("filter ", "test "))

    def _token(self, name: str) -> str:
        unknown = self.is_unknown(name)
        if not unknown and name != "value":
            self.notebook.gaps.add(
                "undefined-variable",
                name,
                f"{name} is not defined in what was read",
                place=self.place(),
                severity=Severity.NOTE,
            )
        return self.notebook.taint.token(name, TokenKind.UNKNOWN if unknown else TokenKind.NEEDED)
