# SPDX-License-Identifier: GPL-3.0-or-later
"""The second templating of a task that names other machines, with marks after their names and addresses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils._internal import _datatag
from ansible.playbook.task import Task
from ansible.vars.hostvars import HostVars, HostVarsVars

from migrate.engine.conditions import closure, names_in, names_within
from migrate.engine.inventory import plain
from migrate.engine.peers import MARK, MOST, Peers
from migrate.engine.quickening import StableEngine, lazied
from migrate.engine.rendering import rendered
from migrate.model.task import Peer, RenderedFile

FLEET = frozenset("groups hostvars play_hosts ansible_play_hosts ansible_play_batch ansible_play_hosts_all".split())
"""Variables that hold names of machines and nothing else."""
IDENTITY = frozenset(
    "inventory_hostname inventory_hostname_short ansible_host ansible_ssh_host ansible_fqdn ansible_hostname "
    "ansible_nodename ansible_default_ipv4 ansible_default_ipv6 ansible_all_ipv4_addresses ansible_all_ipv6_addresses "
    "fqdn hostname nodename default_ipv4 default_ipv6 all_ipv4_addresses all_ipv6_addresses".split()
)
UNMARKED = frozenset(("vars", "ansible_facts", "ansible_search_path", "role_path", "role_names", "ansible_role_names"))


class MarkedVars(Mapping[str, Any]):
    """`hostvars` whose names and addresses are marked; it is asked by marked names, too."""

    def __init__(self, hostvars: HostVars, peers: Peers, own: str) -> None:
        self.hostvars, self.peers, self.own = hostvars, peers, own
        self.made: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        name = MARK.sub("", str(key))
        if name not in self.made:
            data = self.hostvars.raw_get(name)
            if not isinstance(data, dict):
                return data
            identity = self._identity(data, f"hostvars.{name}")
            if isinstance(data.get("ansible_facts"), dict):
                facts = data["ansible_facts"]
                identity["ansible_facts"] = {**facts, **self._identity(facts, f"hostvars.{name}.ansible_facts")}
            self.made[name] = HostVarsVars({**data, **identity}, loader=self.hostvars._loader, host=name)
        return self.made[name]

    def _identity(self, data: Mapping[str, Any], variable: str) -> dict[str, Any]:
        return {
            field: self.peers.mark(data[field], f"{variable}.{field}", self.own, all_names=True)
            for field in IDENTITY.intersection(data)
        }

    def __contains__(self, key: object) -> bool:
        return MARK.sub("", str(key)) in self.hostvars

    def __iter__(self) -> Iterator[str]:
        for name in self.hostvars:
            yield self.peers.marked(name, "hostvars", self.own)

    def __len__(self) -> int:
        return len(self.hostvars)

    def __deepcopy__(self, memo: Any) -> MarkedVars:
        return self


_datatag._untaggable_types.update({MarkedVars})


def peers_of(
    peers: Peers, own: str, task: Task, raw: Mapping[str, Any], engine: StableEngine, variables: dict[str, Any],
    files: Sequence[RenderedFile],
) -> list[tuple[Peer, ...]]:  # fmt: skip
    """For each file of a task (or for the task without one) the peers in it and in the arguments."""
    args = {key: value for key, value in task.args.items() if not (files and key == "content")}
    plainly = dict(leaves(plain(args)))
    if not any(peers.named_in(text, own) for text in [*plainly.values(), *(file.text or "" for file in files)]):
        return [()] * max(1, len(files))
    marked, again = Marking(peers, own, engine, variables).both(task, raw, files)
    inside = [peer for at, text in plainly.items() for peer in peers.found(text, marked.get(at), at, own)]
    found = []
    for index, file in enumerate(files):
        other = again[index].text if index < len(again) else None
        found.append([*inside, *peers.found(file.text or "", other, "", own, lines=True)])
    return [tuple(dict.fromkeys(one))[:MOST] for one in (found or [inside])]


class Marking:
    """The second templating of one task."""

    def __init__(self, peers: Peers, own: str, engine: StableEngine, variables: dict[str, Any]) -> None:
        self.peers, self.own, self.engine, self.variables = peers, own, engine, variables

    def both(
        self, task: Task, raw: Mapping[str, Any], files: Sequence[RenderedFile]
    ) -> tuple[dict[str, str], list[RenderedFile]]:
        """Arguments and files with marks; empty where they can't be templated so."""
        names = names_within(raw).union(*(self._names_in(file) for file in files))
        changed = self._changed(closure(names, self.variables), task)
        variables = {**self.variables, **changed}
        engine = StableEngine(self.engine._loader, variables, self.engine.marker_behavior)
        if self.engine.lazied is not None:
            engine.lazied = {**self.engine.lazied, **lazied(changed)}
        args: dict[str, Any] = {}
        for key, value in raw.items():
            with contextlib.suppress(AnsibleError):
                args[key] = plain(engine.template(value))
        again: list[RenderedFile] = []
        if files:
            kept = {**plain(dict(task.args)), **({"content": args["content"]} if "content" in args else {})}
            with contextlib.suppress(AnsibleError, OSError):
                again = rendered(str(task.action).rsplit(".", 1)[-1], task, kept, engine, variables)
        return dict(leaves(args)), again

    def _names_in(self, file: RenderedFile) -> frozenset[str]:
        if not file.source.endswith(".j2") and "templates" not in file.source:
            return frozenset()
        with contextlib.suppress(AnsibleError, OSError):
            return names_in(str(self.engine._loader.get_text_file_contents(file.source)))
        return frozenset()

    def _changed(self, names: frozenset[str], task: Task) -> dict[str, Any]:
        """Those variables that name a peer, with marks; a loop over the fleet has names for its items."""
        over = task.loop is not None and FLEET & closure(names_within(task.loop), self.variables)
        item = {str(task.loop_control.loop_var or "item")} if over else set()
        changed: dict[str, Any] = {}
        for name in sorted(names & self.variables.keys()):
            value = self.variables[name]
            if isinstance(value, HostVars):
                changed[name] = MarkedVars(value, self.peers, self.own)
            elif name not in UNMARKED:
                marked = self.peers.mark(value, name, self.own, all_names=name in FLEET or name in item)
                if marked is not value:
                    changed[name] = marked
        return changed


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of all strings in nested arguments."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{at}.{index}")
