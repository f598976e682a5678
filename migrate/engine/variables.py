# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a task as ansible-core joins them; facts come from the class of the host."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.vars.manager import VariableManager

from migrate.engine.gaps import Gaps
from migrate.model.machine import MachineClass


class Facts:
    """A fact cache that answers for every host with the facts of its class; what it hands out is not to be changed."""

    def __init__(self, of_class: dict[int, dict[str, Any]], classes: tuple[MachineClass, ...]) -> None:
        self.facts = {name: of_class.get(made.number, {}) for made in classes for name in made.members}
        self.any = next((facts for facts in of_class.values() if facts), {})

    def get(self, host: str) -> dict[str, Any]:
        """A host that no class knows (localhost, or one made by add_host) is taken to be like the first."""
        return self.facts.get(host, self.any)

    def set(self, host: str, facts: dict[str, Any]) -> None:
        self.facts[host] = facts

    def delete(self, host: str) -> None:
        self.facts.pop(host, None)


class Variables(VariableManager):  # type: ignore[misc]  # ansible ships no types
    """A VariableManager that leaves out the one thing that can't be joined: vars_files of a bad shape."""

    gaps: Gaps

    def get_vars(self, play: Any = None, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            found: dict[str, Any] = super().get_vars(play, *args, **kwargs)
        except AnsibleError as error:
            if play is None or not play.vars_files:
                raise
            self.gaps.of_error("broken-yaml", "vars_files", error)
            play.vars_files = [item for item in play.vars_files if self._good(play, item)]
            found = super().get_vars(play, *args, **kwargs)
        return found

    def set_host_facts(self, host: str, facts: dict[str, Any]) -> None:
        """Facts of one host more, without touching those of its class."""
        self._fact_cache.set(host, {**self._fact_cache.get(host), **facts})

    def _good(self, play: Any, item: Any) -> bool:
        probe = play.copy()
        probe.vars_files = [item]
        try:
            super().get_vars(probe)
        except AnsibleError:
            return False
        return True
