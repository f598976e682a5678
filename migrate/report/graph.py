# SPDX-License-Identifier: Apache-2.0
"""The dependency graph: for Graphviz, for Mermaid in Markdown, and as nodes and ways for the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from migrate.model.assessment import Assessment
from migrate.model.workload import Edge, Kind, Reach, Workload
from migrate.report.clean import clean
from migrate.report.details import wave_of
from migrate.report.groups import Answer, answer
from migrate.report.names import natural

MOST_EDGES = 250
"""More than this no one can read as Mermaid, and what draws it refuses (500, or 50,000 characters)."""

COLORS = {
    Answer.MOVES: ("#dcfce7", "#15803d"),
    Answer.STAYS: ("#dbeafe", "#1d4ed8"),
    Answer.DECIDE: ("#fef9c3", "#a16207"),
    Answer.REPLACED: ("#f3f4f6", "#6b7280"),
    Answer.OUT_OF_SCOPE: ("#f3f4f6", "#6b7280"),
}
OUTSIDE = ("#ffffff", "#6b7280")


class Node(msgspec.Struct, frozen=True):
    """A workload, or a machine, address or group that one needs; `key` is unique, `wave` as people read it."""

    key: str
    label: str
    environment: str
    reach: Reach
    answer: Answer | None = None
    wave: str = ""


class Link(msgspec.Struct, frozen=True):
    """From one node's key to another's, with its ports."""

    source: str
    target: str
    label: str


class Graph(msgspec.Struct, frozen=True):
    """Workloads without plumbing, and what they need."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


def graph(assessment: Assessment) -> Graph:
    """Nodes and links of all environments, in reading order."""
    shown = [one for one in assessment.workloads if one.edges or one.kind is not Kind.PLUMBING]
    nodes = {node.key: node for node in map(_node, shown)}
    labels: dict[tuple[str, str], list[str]] = {}
    for workload in shown:
        for edge in workload.edges:
            source, target = (_end(workload, name, edge, nodes) for name in (edge.source, edge.target))
            labels.setdefault((source, target), []).append(_label(edge))
    links = [Link(*ends, ", ".join(dict.fromkeys(filter(None, told)))) for ends, told in sorted(labels.items())]
    ordered = sorted(nodes.values(), key=lambda node: (node.environment, node.reach.value, natural(node.label)))
    return Graph(tuple(ordered), tuple(links))


def dot(assessment: Assessment) -> str:
    """For Graphviz: `dot -Tsvg`."""
    found = graph(assessment)
    lines = [
        "digraph estate {",
        '  graph [rankdir="LR", fontname="sans-serif", newrank="true"];',
        '  node [shape="box", style="rounded,filled", fontname="sans-serif", fontsize="11"];',
        '  edge [fontname="sans-serif", fontsize="9", color="#6b7280"];',
    ]
    for number, environment in enumerate(dict.fromkeys(node.environment for node in found.nodes)):
        inside = [node for node in found.nodes if node.environment == environment]
        lines += [
            f"  subgraph cluster_{number} {{",
            f"    label={_quoted(environment)};",
            *map(_dot_node, inside),
            "  }",
        ]
    lines += [f"  {_quoted(one.source)} -> {_quoted(one.target)} [label={_quoted(one.label)}];" for one in found.links]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(assessment: Assessment, environment: str) -> str:
    """A flowchart of one environment; "" where nothing is tied to anything, or too much to be read."""
    found = graph(assessment)
    mine = {node.key: node for node in found.nodes if node.environment == environment}
    links = [link for link in found.links if link.source in mine]
    if not links or len(links) > MOST_EDGES:
        return ""
    tied = {key for link in links for key in (link.source, link.target)}
    ids = {key: f"n{number}" for number, key in enumerate(key for key in mine if key in tied)}
    return "\n".join(["flowchart LR", *_mermaid_lines(mine, links, ids)])


def _mermaid_lines(mine: dict[str, Node], links: Iterable[Link], ids: dict[str, str]) -> Iterator[str]:
    for key, name in ids.items():
        node = mine[key]
        text = _entities(f"{node.label} · {node.wave}" if node.wave else node.label)
        left, right = ("[", "]") if node.reach is Reach.WORKLOAD else ("([", "])")
        yield f'  {name}{left}"{text}"{right}:::{_style(node)}'
    for link in links:
        told = f'|"{_entities(link.label)}"|' if link.label else ""
        yield f"  {ids[link.source]} -->{told} {ids[link.target]}"
    for each in Answer:
        fill, line = COLORS[each]
        yield f"  classDef {each.name.lower()} fill:{fill},stroke:{line},color:#111827"
    yield f"  classDef outside fill:{OUTSIDE[0]},stroke:{OUTSIDE[1]},color:#111827,stroke-dasharray:4"


def _node(workload: Workload) -> Node:
    return Node(workload.id, workload.name, workload.environment, Reach.WORKLOAD, answer(workload), wave_of(workload))


def _end(workload: Workload, name: str, edge: Edge, nodes: dict[str, Node]) -> str:
    """The key of one end of an edge; what is no workload becomes a node of its environment."""
    environment = workload.environment
    id = f"{environment}/{name}" if environment else name
    if id in nodes and (name == edge.source or edge.reach is Reach.WORKLOAD):
        return id
    reach = edge.reach if name == edge.target else Reach.MACHINE
    key = f"{reach.value}:{environment}:{name}:{edge.via if reach is Reach.UNKNOWN else ''}"
    label = f"? {edge.via}" if reach is Reach.UNKNOWN else name
    nodes.setdefault(key, Node(key, label, environment, reach))
    return key


def _label(edge: Edge) -> str:
    if edge.protocol == "unix":
        return "unix socket"
    return f"{edge.port}{'' if edge.protocol == 'tcp' else '/' + edge.protocol}" if edge.port else ""


def _style(node: Node) -> str:
    return node.answer.name.lower() if node.answer else "outside"


def _dot_node(node: Node) -> str:
    fill, line = COLORS[node.answer] if node.answer else OUTSIDE
    dashed = "" if node.reach is Reach.WORKLOAD else ', style="rounded,filled,dashed"'
    return (
        f'    {_quoted(node.key)} [label={_quoted(node.label, node.wave)}, fillcolor="{fill}", color="{line}"{dashed}];'
    )


def _quoted(*lines: str) -> str:
    """A string of DOT, quotes and backslashes escaped."""
    escaped = (clean(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines if line)
    return '"' + "\\n".join(escaped) + '"'


def _entities(text: str) -> str:
    """Mermaid's own entities for all that could mean something to it, to Markdown or to HTML."""
    return re.sub(r"[^\w .,/?·\-]", lambda found: f"#{ord(found[0])};", clean(text))
