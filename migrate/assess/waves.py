# SPDX-License-Identifier: Apache-2.0
"""In which order workloads move: a wave needs nothing that moves after it; what needs one another moves together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from migrate.assess.deciding import MOVES
from migrate.model.workload import Edge, Placement, Workload

if TYPE_CHECKING:
    import networkx

NAMED = 3
WITHOUT = {
    Placement.DECIDE: "no wave before someone decides where it goes",
    Placement.DROP: "goes away with the VMs",
    Placement.OUT_OF_SCOPE: "out of scope",
}


class Order(msgspec.Struct, frozen=True):
    """Workloads by name, what each needs, the wave of those that move, and the others of its co-migration set."""

    named: Mapping[str, Workload]
    needs: Mapping[str, Sequence[Edge]]
    wave: Mapping[str, int]
    together: Mapping[str, tuple[str, ...]]


def with_waves(workloads: Sequence[Workload]) -> tuple[Workload, ...]:
    """The workloads of one environment, each with its wave and the reason for it."""
    order = order_of(workloads)
    return tuple(placed(one, order) for one in workloads)


def order_of(workloads: Sequence[Workload]) -> Order:
    import networkx

    named = {one.name: one for one in workloads}
    needs = outgoing(workloads)
    dense = networkx.condensation(moving(named, needs))
    level: dict[int, int] = {}
    for node in reversed(list(networkx.topological_sort(dense))):
        level[node] = 1 + max((level[other] for other in dense.successors(node)), default=0)
    wave, together = {}, {}
    for node, data in dense.nodes(data=True):
        members = tuple(sorted(data["members"]))
        for name in members:
            wave[name], together[name] = level[node], tuple(other for other in members if other != name)
    return Order(named, needs, wave, together)


def outgoing(workloads: Iterable[Workload]) -> Mapping[str, list[Edge]]:
    """Edges by who needs; those that a firewall told stand with whom they lead to."""
    found: dict[str, list[Edge]] = defaultdict(list)
    for workload in workloads:
        for edge in workload.edges:
            found[edge.source].append(edge)
    return found


def moving(named: Mapping[str, Workload], needs: Mapping[str, Sequence[Edge]]) -> networkx.DiGraph[str]:
    """Who needs whom among what moves; a unix socket ties both ways, because both ends share a pod."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(name for name, one in named.items() if one.placement in MOVES)
    for edge in (edge for edges in needs.values() for edge in edges):
        if edge.source in graph and edge.target in graph:
            graph.add_edge(edge.source, edge.target)
            if edge.protocol == "unix":
                graph.add_edge(edge.target, edge.source)
    return graph


def placed(workload: Workload, order: Order) -> Workload:
    if workload.placement in WITHOUT:
        return msgspec.structs.replace(workload, wave_reason=WITHOUT[workload.placement])
    if workload.placement is Placement.VM:
        reason = "; ".join(filter(None, ("stays where it is", live(order.needs.get(workload.name, ())))))
        return msgspec.structs.replace(workload, wave=0, wave_reason=reason)
    return msgspec.structs.replace(
        workload,
        wave=order.wave[workload.name],
        wave_reason=why(workload.name, order),
        together=order.together[workload.name],
    )


def why(name: str, order: Order) -> str:
    """What it waits for, what it leaves behind, and whom it can't be parted from."""
    edges, together = order.needs.get(name, ()), order.together[name]
    needed = sorted({edge.target for edge in edges if edge.target in order.named} - {name, *together})
    stays = [other for other in needed if order.named[other].placement is Placement.VM]
    undecided = [other for other in needed if order.named[other].placement is Placement.DECIDE]
    parts = (
        beginning(name, needed, order),
        joined(together, edges),
        f"reaches {some(stays)} on {'its VM' if len(stays) == 1 else 'their VMs'}" if stays else "",
        f"needs {some(undecided)}, which nobody has decided yet" if undecided else "",
        live(edges),
    )
    return "; ".join(filter(None, parts))


def beginning(name: str, needed: Iterable[str], order: Order) -> str:
    """What of its own needs moves before it, else what the others of its set wait for."""
    together = order.together[name]
    if first := [other for other in needed if other in order.wave]:
        return f"after {some(first)}, which it needs"
    theirs = {edge.target for other in together for edge in order.needs.get(other, ()) if edge.target in order.wave}
    if waits := sorted(theirs - {name, *together}):
        return f"after {some(waits)}, which {some(together)} need{'s' if len(together) == 1 else ''}"
    return "" if together else "needs nothing that moves"


def joined(together: Sequence[str], edges: Iterable[Edge]) -> str:
    if not together:
        return ""
    sockets = any(edge.protocol == "unix" for edge in edges if edge.target in together)
    return f"together with {some(together)}: {'they share a unix socket' if sockets else 'they need each other'}"


def live(edges: Iterable[Edge]) -> str:
    """The chattiest of its needs, where sockets are known: what talks much should not be far apart for long."""
    talking = sorted((edge for edge in edges if edge.connections), key=lambda edge: (-edge.connections, edge.target))
    told = ", ".join(f"{edge.connections:,} to {edge.target}" for edge in talking[:NAMED])
    return f"live connections: {told}" if told else ""


def some(names: Sequence[str]) -> str:
    shown = list(names[:NAMED])
    if len(names) > NAMED:
        return f"{', '.join(shown)} and {len(names) - NAMED} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
