# SPDX-License-Identifier: Apache-2.0
"""One image for each build of software: whatever runs the same code shares it, with commands of its own."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from migrate.generate import bases, fetching, joining, names
from migrate.generate.estate import Estate
from migrate.generate.tasks import is_below, representative, target
from migrate.model.task import RecordedTask
from migrate.model.workload import Placement, Unit, Workload

FOLDER = "images"
IN_CONTAINERS = {Placement.DEPLOYMENT, Placement.CRONJOB, Placement.DAEMONSET}
FETCHED = {"git", "unarchive", "get_url", "subversion", "hg"}
COPIED = {"copy", "template", "synchronize"}
# What is here belongs to the system, and says nothing of an application.
OF_THE_SYSTEM = (
    *("/etc", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/share", "/usr/lib", "/lib", "/root"),
    *("/tmp", "/var/tmp", "/run", "/var/run", "/var/log", "/var/cache", *fetching.OF_SOURCES),
)
# Below these an application has a folder of its own one level deeper.
DEEPER = ("/home", "/usr", "/var")


class Build(msgspec.Struct, frozen=True):
    """An image that has a folder of its own; `workload` stands for all `members`, the ids of those that use it."""

    name: str
    workload: Workload
    members: tuple[str, ...]


def shared(members: Mapping[str, tuple[Workload, ...]], estate: Estate) -> list[Build]:
    """The images that are not built beside the manifests of one workload."""
    every = _pieces(members, estate)
    apart = {one.id for group in members.values() if len(_split(group)) > 1 for one in group}
    taken = {(one.environment, names.label(one.name)) for one in every}
    found = []
    for group in _same_code(every, estate):
        if len(group) == 1 and group[0].id not in apart:
            continue
        found.append(_build(group, taken))
    return found


def _pieces(members: Mapping[str, tuple[Workload, ...]], estate: Estate) -> list[Workload]:
    """What an image may be made for: each workload, and each part of a joined one that needs no other's files."""
    pieces = []
    for workload in estate.assessment.workloads:
        if workload.placement in IN_CONTAINERS and not any(unit.image for unit in workload.units):
            pieces += _split(members.get(workload.id, (workload,))) if workload.id in members else [workload]
    return pieces


def _split(group: tuple[Workload, ...]) -> list[Workload]:
    """One image for each of them, unless one reads files that another brings."""
    tables = [_brings(one) for one in group]
    said = [
        json.dumps([[task.file.text for task in one.tasks if task.file], [u.command for u in one.units]])
        for one in group
    ]
    for number, text in enumerate(said):
        others = [path for other, paths in enumerate(tables) if other != number for path in paths]
        if any(path in text for path in others):
            return [joining.merge(group)]
    return list(group)


def _brings(workload: Workload) -> set[str]:
    """Folders of the application that its tasks fill."""
    return {path for task in workload.tasks if (path := _code(task))}


def _code(task: RecordedTask) -> str:
    """The folder of an application that a task fills; "" for others."""
    if task.handler or (task.conditional and task.unresolved):
        return ""
    if task.module in FETCHED:
        path = fetching.target(task) if task.module == "get_url" else str(task.args.get("dest") or "")
    elif task.module in COPIED:
        path = target(task).rpartition("/")[0]
    elif task.module in {"pip", "npm"}:
        path = str(task.args.get("virtualenv") or task.args.get("path") or "")
    else:
        return ""
    path = path.rstrip("/")
    return path if _home(path) and not is_below(path, OF_THE_SYSTEM) else ""


def _home(path: str) -> str:
    """The folder of an application that a path is in: `/srv/shop`, `/var/www/shop`; "" where it is in none."""
    count = 4 if is_below(path, DEEPER) else 3
    parts = path.split("/")
    return "/".join(parts[:count]) if len(parts) >= count else ""


class _Group:
    """Workloads that may share an image: what their files say outside `/etc`, and what they enable there."""

    def __init__(self, first: Workload) -> None:
        self.members = [first]
        self.texts = _texts(first)
        self.links = frozenset(_links(first))

    def takes(self, other: Workload) -> bool:
        """Adds it, unless a file would have to be two things at once."""
        texts = _texts(other)
        if self.links != frozenset(_links(other)) or any(
            self.texts.get(path, text) != text for path, text in texts.items()
        ):
            return False
        self.members.append(other)
        self.texts |= texts
        return True


def _same_code(every: Iterable[Workload], estate: Estate) -> list[list[Workload]]:
    """Workloads of one environment and base that the same tasks bring the same code to."""
    every = list(every)
    neighbours = _by_home(every)
    groups: list[_Group] = []
    by_key: dict[tuple[str, str, bytes], int] = {}
    for one in every:
        base = bases.of(one, estate).image
        keys = [(one.environment, base, key) for key in _keys(one) or _borrowed(one, neighbours)]
        known = sorted({by_key[key] for key in keys if key in by_key})
        number = next((number for number in known if groups[number].takes(one)), len(groups))
        if number == len(groups):
            groups.append(_Group(one))
        by_key |= dict.fromkeys(keys, number)
    return [group.members for group in groups]


def _by_home(every: Iterable[Workload]) -> dict[tuple[str, str], list[Workload]]:
    """Workloads by environment and by the folder of an application that they fill."""
    found: defaultdict[tuple[str, str], list[Workload]] = defaultdict(list)
    for one in every:
        for home in {_home(path) for path in _brings(one)}:
            found[one.environment, home].append(one)
    return found


def _keys(workload: Workload) -> set[bytes]:
    """What its code is: place, arguments and text of the tasks that bring it."""
    machine = representative(workload)
    return {
        msgspec.json.encode([task.place, task.args, task.file], order="sorted")
        for task in workload.tasks
        if task.machine == machine and _code(task)
    }


def _borrowed(workload: Workload, neighbours: Mapping[tuple[str, str], list[Workload]]) -> set[bytes]:
    """The code of a neighbour on the same machines, where only its folder is named: a script of cron, say."""
    said = json.dumps([[task.file.text for task in workload.tasks if task.file], [_said(u) for u in workload.units]])
    here = set(workload.machines)
    return {
        key
        for (environment, home), others in neighbours.items()
        if environment == workload.environment and re.search(rf"{re.escape(home)}(?![\w.-])", said)
        for other in others
        if here <= set(other.machines)
        for key in _keys(other)
    }


def _said(unit: Unit) -> list[str]:
    return [unit.command, unit.directory, *unit.environment.values()]


def _texts(workload: Workload) -> dict[str, str]:
    """Its files but those of `/etc`, which each workload gets for itself."""
    machine = representative(workload)
    written = {target(task): task.file for task in workload.tasks if task.file and task.machine == machine}
    return {path: file.text or "" for path, file in written.items() if not is_below(path, ["/etc"])}


def _links(workload: Workload) -> Iterable[tuple[str, str]]:
    """What one enables in the configuration of its software, the other would enable, too."""
    for task in workload.tasks:
        if task.module == "file" and task.args.get("state") == "link" and is_below(target(task), ["/etc"]):
            yield target(task), str(task.args.get("src"))


def _build(group: list[Workload], taken: set[tuple[str, str]]) -> Build:
    """Named after the role that brings the code; the longest-running workload stands first."""
    lead = min(group, key=lambda one: (one.placement is not Placement.DEPLOYMENT, one.id))
    ordered = [lead, *(one for one in group if one is not lead)]
    if len(group) == 1:
        return Build(names.label(lead.name), lead, (lead.id,))
    roles = Counter(task.role for one in group for task in one.tasks if _code(task))
    role = min((role for role in roles if role), key=lambda role: (-roles[role], role), default=lead.name)
    name = names.label(role)
    if (lead.environment, name) in taken - {(one.environment, names.label(one.name)) for one in group}:
        name = names.label(f"{role}-image")
    units = tuple(unit for one in ordered for unit in one.units)
    whole = msgspec.structs.replace(
        lead, name=f"{name}", role=role, units=units, tasks=joining.united(ordered), ports=()
    )
    return Build(name, whole, tuple(sorted(one.id for one in group)))
