# SPDX-License-Identifier: GPL-3.0-or-later
"""From playbooks to plays: imports in their place, old syntax rewritten, fields that would end a play set aside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible._internal._templating._engine import TemplateEngine
from ansible.errors import AnsibleError
from ansible.playbook.play import Play
from ansible.vars.manager import VariableManager

from migrate.engine.finalizing import templated
from migrate.engine.gaps import Gaps
from migrate.engine.legacy import changed, modern_play
from migrate.engine.reader import Reader
from migrate.engine.taint import Taint
from migrate.model.finding import Severity
from migrate.model.task import TokenKind

IMPORTS = ("import_playbook", "ansible.builtin.import_playbook", "include")
DEEPEST_IMPORT = 20
MOST_PLAYS = 2000
MOST_PLAYBOOKS = 500


@dataclass(frozen=True)
class Entry:
    """A play as written, and what the imports around it add."""

    path: str
    number: int
    data: dict[str, Any]
    vars: dict[str, Any] = field(default_factory=dict)
    when: tuple[Any, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.data.get("name") or f"play {self.number}")


class Playbooks:
    """Reads playbooks of one project."""

    def __init__(self, reader: Reader, gaps: Gaps, taint: Taint, extra_vars: dict[str, Any]) -> None:
        self.reader, self.gaps, self.taint, self.extra_vars = reader, gaps, taint, extra_vars
        self.imported = 0

    def entries(self, playbook: str, around: Entry | None = None, depth: int = 0) -> Iterator[Entry]:
        """Plays in order, imported playbooks in their place."""
        around = around or Entry(path="", number=0, data={})
        self.reader.set_basedir(os.path.dirname(os.path.abspath(playbook)))
        for number, data in enumerate(self._listed(playbook), 1):
            key = next((name for name in IMPORTS if name in data), None)
            if key is None:
                yield Entry(
                    path=playbook,
                    number=number,
                    data=modern_play(data),
                    vars=around.vars,
                    when=around.when,
                    tags=around.tags,
                )
            elif depth < DEEPEST_IMPORT and self._affordable():
                yield from self._imported(playbook, data, key, around, depth)
            else:
                self.gaps.add(
                    "limit",
                    playbook,
                    f"playbooks imported more than {DEEPEST_IMPORT} deep, or more than {MOST_PLAYBOOKS} in all",
                    place=self.gaps.place_in(data),
                )
            self.reader.set_basedir(os.path.dirname(os.path.abspath(playbook)))

    def _affordable(self) -> bool:
        self.imported += 1
        return self.imported <= MOST_PLAYBOOKS

    def _imported(self, playbook: str, data: dict[str, Any], key: str, around: Entry, depth: int) -> Iterator[Entry]:
        own = data.get("vars") if isinstance(data.get("vars"), dict) else {}
        tags = data.get("tags") or ()
        within = Entry(
            path=playbook, number=0, data={}, vars={**(own or {}), **around.vars},
            when=(*around.when, *as_list(data.get("when"))), tags=(*around.tags, *as_list(tags)),
        )  # fmt: skip
        try:
            engine = TemplateEngine(loader=self.reader, variables={**within.vars, **self.extra_vars})
            target = str(engine.template(data[key])).split(" ")[0]
        except AnsibleError as error:
            self.gaps.of_error("missing-file", str(data[key]), error, place=self.gaps.place_in(data))
            return
        path = os.path.normpath(os.path.join(os.path.dirname(playbook), target))
        if not os.path.exists(path):
            self.gaps.add(
                "missing-file", target, f"imported playbook {target} is not there", place=self.gaps.place_in(data)
            )
            return
        yield from self.entries(path, within, depth + 1)

    def _listed(self, playbook: str) -> list[dict[str, Any]]:
        try:
            data = self.reader.load_from_file(playbook, trusted_as_template=True)
        except (AnsibleError, OSError) as error:
            self.gaps.of_error("missing-file", playbook, error, severity=Severity.ERROR)
            return []
        if data is None and self.reader.was_bad(playbook):
            return []
        if not isinstance(data, list):
            where = self.gaps.place(playbook)
            self.gaps.add(
                "broken-play", playbook, "a playbook is a list of plays", place=where, severity=Severity.ERROR
            )
            return []
        return [entry for entry in data[:MOST_PLAYS] if self._is_play(entry, playbook)]

    def _is_play(self, entry: Any, playbook: str) -> bool:
        if isinstance(entry, dict):
            return True
        where = self.gaps.place_in(entry) or self.gaps.place(playbook)
        self.gaps.add("broken-play", playbook, "a play is a mapping", place=where, severity=Severity.ERROR)
        return False

    def load(self, entry: Entry, variables: VariableManager) -> Play:
        """Raises AnsibleError for a play that can't be understood at all."""
        self._check_hosts(entry)
        unknown = [key for key in entry.data if key not in Play.fattributes and key != "user"]
        for key in unknown:
            self.gaps.add("broken-play", entry.name, f"a play has no field {key}", place=self.gaps.place_in(key))
        data = changed(entry.data) if unknown else entry.data
        for key in unknown:
            del data[key]
        play = Play.load(data, variable_manager=variables, loader=self.reader, vars={})
        play.vars = {**play.vars, **entry.vars, **self._prompted(play)}
        play.tags = list({*play.tags, *entry.tags})
        for part in (*play.pre_tasks, *play.roles, *play.tasks, *play.post_tasks) if entry.when else ():
            part._when = [*entry.when, *part.when]
        play.vars_files = [item for item in as_list(play.vars_files) if self._found(item, play, entry)]
        self._finalize(play, variables)
        return play

    def _check_hosts(self, entry: Entry) -> None:
        hosts = entry.data.get("hosts")
        if not isinstance(hosts, (str, list)) or not hosts:
            raise AnsibleError("the play names no hosts", obj=entry.data)

    def _prompted(self, play: Play) -> dict[str, Any]:
        """What a person would be asked for is needed; ansible-playbook hides what it asks for unless told otherwise."""
        found: dict[str, Any] = {}
        for asked in as_list(play.vars_prompt):
            name = str(asked.get("name", "")) if isinstance(asked, dict) else ""
            if name and name not in self.extra_vars:
                secret = str(asked.get("private", True)).lower() not in ("no", "false")
                default = None if secret else asked.get("default")
                kind = TokenKind.SECRET if secret else TokenKind.NEEDED
                found[name] = default if default is not None else self.taint.token(name, kind)
        return found

    def _found(self, item: Any, play: Play, entry: Entry) -> bool:
        """A literal vars_files item that is nowhere is a gap; one that is templated is looked up host by host."""
        names = as_list(item)
        if not all(isinstance(name, str) for name in names):
            self.gaps.add("broken-play", entry.name, "vars_files holds names of files", place=self.gaps.place_in(item))
            return False
        if any(templated(name) for name in names) or any(self._exists(play, name) for name in names):
            return True
        where = self.gaps.place_in(names[0] if names else item) or self.gaps.place(entry.path)
        self.gaps.add("missing-file", ", ".join(names), f"vars_files {', '.join(names)} is not there", place=where)
        return False

    def _exists(self, play: Play, name: str) -> bool:
        try:
            self.reader.path_dwim_relative_stack(play.get_search_path(), "vars", name)
        except AnsibleError:
            return False
        return True

    def _finalize(self, play: Play, variables: VariableManager) -> None:
        """ansible-core gives the play up when one of its own fields can't be templated; here the field falls back."""
        engine: TemplateEngine | None = None
        for name, attribute in play.fattributes.items():
            if name in ("name", "hosts") or not attribute.always_post_validate or not templated(getattr(play, name)):
                continue
            engine = engine or TemplateEngine(loader=self.reader, variables=variables.get_vars(play=play))
            try:
                play.post_validate_attribute(name, templar=engine)
            except AnsibleError as error:
                self.gaps.of_error("broken-play", play.get_name(), error, place=self.gaps.place_in(getattr(play, name)))
                setattr(play, name, attribute.default() if callable(attribute.default) else attribute.default)


def as_list(value: Any) -> list[Any]:
    if value is None or value == ():
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
