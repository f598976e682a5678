# SPDX-License-Identifier: Apache-2.0
"""What there is to say of one workload, as titled lists of places and texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from migrate.model.place import Place
from migrate.model.task import Token, TokenKind
from migrate.model.workload import Edge, Evidence, Nature, Placement, Points, Port, Reach, Size, Unit, Workload
from migrate.report.names import compact

VERDICTS = {
    Placement.DEPLOYMENT: "can move to Kubernetes as a Deployment",
    Placement.CRONJOB: "can move to Kubernetes as a CronJob",
    Placement.DAEMONSET: "can move to Kubernetes as a DaemonSet",
    Placement.BUILD_AGENT: "can move to Kubernetes as build agents that their controller starts",
    Placement.VM: "stays on its VMs",
    Placement.DROP: "goes away, because Kubernetes replaces it",
    Placement.OUT_OF_SCOPE: "is out of scope",
    Placement.DECIDE: "needs a decision",
}
NATURES = {
    Nature.STATELESS: "it keeps no state",
    Nature.STATEFUL: "it keeps state",
    Nature.UNKNOWN: "whether it keeps state is unknown",
}
WANTED = {
    TokenKind.SECRET: "a secret",
    TokenKind.NEEDED: "defined nowhere that may be read",
    TokenKind.UNKNOWN: "known only to a real run",
}


Naming = Callable[[str], str]


class Item(msgspec.Struct, frozen=True):
    """One line: a place or a name, and what there is to say of it."""

    label: str
    text: str


class Section(msgspec.Struct, frozen=True):
    title: str
    items: tuple[Item, ...]


def verdict(workload: Workload) -> str:
    """What becomes of it and what it is, to follow "it"."""
    placed = VERDICTS[workload.placement]
    if workload.placement is Placement.VM and len(workload.machines) == 1:
        placed = "stays on its VM"
    return f"{placed}; {NATURES[workload.nature]} (kind: {workload.kind.value})"


def reason(workload: Workload) -> str:
    """Why, in a sentence; what a person decided stands before what we would have said."""
    ours = workload.override
    if ours is None:
        return workload.reason
    who = f"Decided by {ours.owner}" if ours.owner else "Decided"
    return f"{who}: {workload.reason.rstrip('.')}. We would have said {ours.placement.value}: {ours.because}"


def wave_of(workload: Workload) -> str:
    """`wave 2`, `stays`, or nothing where there is none yet."""
    return "" if workload.wave is None else f"wave {workload.wave}" if workload.wave else "stays"


def sections(workload: Workload, everything: Sequence[Workload], wanted: Sequence[Token]) -> list[Section]:
    """All that is known, without empty sections; `everything` tells who needs it, `wanted` are the tokens in it."""
    tasks = workload.tasks
    drafts: tuple[tuple[str, Iterable[Item]], ...] = (
        ("It is", _about(workload)),
        ("Decided by a person", _decision(workload)),
        *_evidence(workload),
        ("Runs as", map(_unit, workload.units)),
        ("Listens on", map(_port, workload.ports)),
        ("Needs", (_edge(edge, edge.target) for edge in workload.edges if edge.source == workload.name)),
        ("Is needed by", (_edge(edge, edge.source) for edge in _incoming(workload, everything))),
        ("May not run: only a real run knows", (_task(t.place, t.name, t.module, t.conditional) for t in tasks)),
        ("Not resolved", (_task(t.place, t.name, t.module, t.unresolved) for t in tasks)),
        ("Values that it needs", map(_token, wanted)),
    )
    name = naming(wanted)
    kept = ((title, tuple(Item(name(i.label), name(i.text)) for i in items if i.text)) for title, items in drafts)
    return [Section(_titled(title, items), items) for title, items in kept if items]


def _titled(title: str, items: Sequence[Item]) -> str:
    return {"It is": "", "Decided by a person": title}.get(title, f"{title} ({len(items)})")


def needed(workload: Workload, tokens: Iterable[Token]) -> list[Token]:
    """Tokens that occur anywhere in the workload: in arguments, files, units."""
    known = _by_text(tokens)
    written = msgspec.json.encode(workload).decode()
    used = {found.lower() for found in _pattern(known).findall(written)} if known else set()
    return [token for text, token in known.items() if text in used]


def naming(wanted: Iterable[Token]) -> Naming:
    """Puts `<name>` where a token stands for the value of that name, because a person reads it."""
    known = _by_text(wanted)
    if not known:
        return str
    pattern = _pattern(known)
    return lambda text: pattern.sub(lambda match: f"<{known[match[0].lower()].name}>", text)


def _by_text(tokens: Iterable[Token]) -> dict[str, Token]:
    """By lower case: a filter such as `upper` may have changed it on the way into a file."""
    return {token.text.lower(): token for token in tokens if token.text}


def _pattern(texts: Iterable[str]) -> re.Pattern[str]:
    """All in one, the longest first: an estate has thousands of tokens, and a workload megabytes of rendered files."""
    return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))), re.IGNORECASE)


def _about(workload: Workload) -> Iterator[Item]:
    yield Item("machines", f"{len(workload.machines)}: {compact(workload.machines)}" if workload.machines else "none")
    yield Item("role", workload.role)
    yield Item("hosts", workload.hosts)
    yield Item("software", workload.software)
    yield Item("packages", ", ".join(workload.packages))
    yield Item("users", ", ".join(workload.users))
    yield Item("data in", ", ".join(workload.data_dirs))
    yield Item("replaced by", workload.replaced_by)
    number = "none" if workload.wave is None else str(workload.wave)
    yield Item("wave", f"{number}: {workload.wave_reason}" if workload.wave_reason else "")
    yield Item("size", _size(workload.size))


def _size(size: Size | None) -> str:
    """What a replica takes, and how that was worked out."""
    if size is None:
        return ""
    return f"{size.vcpus:g} vCPU{'' if size.vcpus == 1 else 's'} and {size.memory >> 20:,} MiB a replica; {size.source}"


def _decision(workload: Workload) -> Iterator[Item]:
    """What was decided, by whom and for how long, and what the evidence alone would have said."""
    ours = workload.override
    if ours is None:
        return
    until = ours.expires and f"until {ours.expires}"
    told = ", ".join(filter(None, (ours.owner, until)))
    yield Item(str(ours.place or ""), f"{ours.reason} ({told})" if told else ours.reason)
    placed = f"{VERDICTS[ours.placement]}; {NATURES[ours.nature]} (kind: {ours.kind.value})"
    yield Item("we would have said", f"it {placed}: {ours.because}")


def _evidence(workload: Workload) -> Iterator[tuple[str, Iterable[Item]]]:
    """What speaks for the verdict, then what speaks against it, then what says neither."""
    nature = workload.nature
    against = Points.STATEFUL if nature is not Nature.STATEFUL else Points.STATELESS
    supports = Points.STATELESS if nature is not Nature.STATEFUL else Points.STATEFUL
    # Where the nature is unknown neither side is the verdict's, so neither is counter-evidence.
    counter = "" if nature is Nature.UNKNOWN else "Counter-evidence: "
    for title, points in (
        (f"Points to {supports.value}", supports),
        (f"{counter}{'P' if not counter else 'p'}oints to {against.value}", against),
        ("Context, pointing neither way", Points.NEITHER),
    ):
        yield title, [_seen(each) for each in workload.evidence if each.points is points]


def _seen(evidence: Evidence) -> Item:
    on = f" on {evidence.machine}" if evidence.machine and evidence.machine not in evidence.saw else ""
    return Item(str(evidence.place or ""), f"{evidence.saw}{on} [{evidence.rule}]")


def _unit(unit: Unit) -> Item:
    parts = (
        unit.manager,
        unit.schedule and f"at {unit.schedule}",
        unit.image and f"image {unit.image}",
        unit.user and f"as {unit.user}",
        unit.directory and f"in {unit.directory}",
        f"environment from {', '.join(unit.environment_files)}" if unit.environment_files else "",
        f"variables {', '.join(sorted(unit.environment))}" if unit.environment else "",
        unit.command,
    )
    return Item(str(unit.place or ""), f"{unit.name}: {'; '.join(filter(None, parts))}")


def _port(port: Port) -> Item:
    name = f" ({port.name})" if port.name else ""
    return Item(port.source, f"{port.number}/{port.protocol}{name}")


def _incoming(workload: Workload, everything: Iterable[Workload]) -> list[Edge]:
    mine = (each for each in everything if each.environment == workload.environment)
    edges = {edge for each in mine for edge in each.edges if edge.target == workload.name}
    return sorted(edge for edge in edges if edge.source != workload.name)


def _edge(edge: Edge, other: str) -> Item:
    """Who, on which port, what kind of thing that is, and what told it."""
    if edge.reach is Reach.UNKNOWN:
        return Item(edge.seen, f"an address that nothing tells{_port_of(edge)} ({edge.via})")
    outside = {Reach.EXTERNAL: ", outside the fleet", Reach.MACHINE: ", a machine"}.get(edge.reach, "")
    live = f"{edge.connections:,} live connections" if edge.connections else ""
    told = "; ".join(filter(None, (edge.via, live)))
    return Item(edge.seen, f"{other}{_port_of(edge)}{outside}{f' ({told})' if told else ''}")


def _port_of(edge: Edge) -> str:
    if edge.protocol == "unix":
        return " by a unix socket"
    return f" on port {edge.port}{'' if edge.protocol == 'tcp' else '/' + edge.protocol}" if edge.port else ""


def _task(place: Place, name: str, module: str, why: str) -> Item:
    return Item(str(place), f"{name or module}: {why}" if why else "")


def _token(token: Token) -> Item:
    return Item(str(token.place or ""), f"{token.name}: {WANTED[token.kind]}")
