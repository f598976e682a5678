# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a task as ansible-core joins them; facts come from the class of the host."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.vars.manager import VariableManager

from migrate.engine.gaps import Gaps
from migrate.model.machine import MachineClass

ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}$")


class Facts:
    """A fact cache that answers for every host with the facts of its class, and its own name and address.

    What it hands out is not to be changed.
    """

    def __init__(
        self, of_class: dict[int, dict[str, Any]], classes: tuple[MachineClass, ...],
        words: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        self.facts = {name: of_class.get(made.number, {}) for made in classes for name in made.members}
        self.words = words or {}
        self.due = {name for made in classes for name in made.members if name != made.representative}
        self.any = next((facts for facts in of_class.values() if facts), {})

    def get(self, host: str) -> dict[str, Any]:
        """A host that no class knows (localhost, or one made by add_host) is taken to be like the first."""
        if host in self.due:
            self.due.remove(host)
            self.facts[host] = personal(self.facts[host], host, self.words.get(host, ()))
        return self.facts.get(host, self.any)

    def set(self, host: str, facts: dict[str, Any]) -> None:
        self.due.discard(host)
        self.facts[host] = facts

    def delete(self, host: str) -> None:
        self.facts.pop(host, None)


class Personal(dict[str, Any]):
    """Facts of a class (`common`) with some of one machine (`own`): what is worked out of the former serves all."""

    def __init__(self, common: dict[str, Any], own: dict[str, Any]) -> None:
        super().__init__({**common, **own})
        self.common, self.own = common, own


def personal(facts: dict[str, Any], host: str, words: Sequence[str]) -> dict[str, Any]:
    """Facts of a class with the name and the address of one member in the places where roles look for them."""
    short = host.split(".", maxsplit=1)[0]
    full = next((word for word in (host, *words) if word.startswith(f"{short}.")), short)
    told = {"fqdn": full, "hostname": short, "nodename": short, "domain": full.partition(".")[2]}
    own: dict[str, Any] = {f"ansible_{key}": value for key, value in told.items() if f"ansible_{key}" in facts}
    address = next((word for word in words if ADDRESS.match(word)), "")
    default = facts.get("ansible_default_ipv4")
    if address and isinstance(default, dict):
        card = f"ansible_{default.get('interface', '')}"
        own |= {"ansible_default_ipv4": {**default, "address": address}, "ansible_all_ipv4_addresses": [address]}
        if isinstance(facts.get(card), dict) and isinstance(facts[card].get("ipv4"), dict):
            own[card] = {**facts[card], "ipv4": {**facts[card]["ipv4"], "address": address}}
    return Personal(facts, own)


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
