# SPDX-License-Identifier: Apache-2.0
"""NetworkPolicies: nothing goes in or out but what an edge of the estate needs, and the questions to DNS."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

from migrate.generate import names, notes
from migrate.generate.estate import Estate, addresses, ports
from migrate.generate.manifest import LABEL_SOURCES, NAME, Manifest, Object, labels
from migrate.model.config import Routes
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Machine
from migrate.model.workload import Edge, Placement, Reach, Workload

IN_PODS = (Placement.DEPLOYMENT, Placement.CRONJOB, Placement.DAEMONSET)
DNS: Object = {
    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}
ANYWHERE = ("0.0.0.0/0", "::/0")
WEB = (80, 443)


class Rule(msgspec.Struct, frozen=True):
    """One ingress or egress rule: who, on which (port, protocol) pairs (none: all), and why."""

    peers: tuple[Object, ...]
    ports: tuple[tuple[int, str], ...]
    source: str

    @property
    def sort_key(self) -> tuple[str, str]:
        return str(self.peers), str(self.ports)


def policy(workload: Workload, estate: Estate) -> Manifest:
    """`networkpolicy.yaml` of the pods of a workload. Addresses are of one environment, so it is never shared."""
    going = [rule for edge in _outgoing(workload) if (rule := _egress(edge, workload, estate))]
    coming = _ingress(workload, estate)
    going, coming = _joined(going), _joined(coming)
    sources = {
        **LABEL_SOURCES,
        "spec.podSelector": "name of the workload",
        "spec.policyTypes": "default: what no rule allows is denied",
        "spec.egress[0]": "default: names are looked up in DNS",
        "spec.ingress": "nobody is known to call it",
        **{f"spec.egress[{number}]": rule.source for number, rule in enumerate(going, start=1)},
        **{f"spec.ingress[{number}]": rule.source for number, rule in enumerate(coming)},
    }
    found: Object = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": estate.name(workload), "labels": labels(workload, estate)},
        "spec": {
            "podSelector": {"matchLabels": {NAME: estate.name(workload)}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [_written("from", rule) for rule in coming],
            "egress": [DNS, *(_written("to", rule) for rule in going)],
        },
    }
    return Manifest("networkpolicy.yaml", found, sources, apart=_has_addresses([*going, *coming]))


def findings(workload: Workload, estate: Estate) -> list[Finding]:
    """What a policy can't say: names outside of the cluster, ports that nobody told, callers that nobody saw."""
    told = []
    outside = [edge for edge in _outgoing(workload) if edge.reach is Reach.EXTERNAL and not _block(edge.target)]
    if wide := [f"{edge.target}:{edge.port}" for edge in outside if edge.port]:
        message = (
            f"{workload.name} calls {notes.listed(wide)}; a NetworkPolicy knows no names, so any address is allowed."
        )
        remedy = "Narrow the egress to addresses, or use a policy of your network plugin that knows names."
        told.append(notes.finding(workload, "egress-by-name", message, remedy, severity=Severity.NOTE))
    if silent := [edge.target for edge in outside if not edge.port]:
        message = f"{workload.name} calls {notes.listed(silent)} on a port that is not known, so its policy denies it."
        remedy = "Add an egress rule with the port to networkpolicy.yaml."
        told.append(notes.finding(workload, "egress-unknown", message, remedy))
    coming = _ingress(workload, estate)
    if door := [rule for rule in _front_door(workload, estate) if rule in coming]:
        opened = notes.listed([str(number) for number, _ in door[0].ports])
        message = f"{workload.name} is taken for the way in from outside: its policy lets anyone in on {opened}."
        remedy = "Narrow the ingress in networkpolicy.yaml where only some may come."
        told.append(notes.finding(workload, "front-door", message, remedy, severity=Severity.NOTE))
    if ports(workload) and not coming:
        message = f"Nobody is known to call {workload.name}, so its policy lets nobody in."
        remedy = "Add an ingress rule for its callers to networkpolicy.yaml, or a route."
        told.append(notes.finding(workload, "no-caller", message, remedy, severity=Severity.NOTE))
    return told


def _has_addresses(rules: Iterable[Rule]) -> bool:
    """Whether machines of this one environment are named."""
    blocks = (peer["ipBlock"]["cidr"] for rule in rules for peer in rule.peers if "ipBlock" in peer)
    return any(block not in ANYWHERE for block in blocks)


def _outgoing(workload: Workload) -> list[Edge]:
    """Edges that begin at the workload itself and cross the network."""
    own = {workload.name, workload.id}
    return [edge for edge in workload.edges if edge.source in own and edge.protocol in ("tcp", "udp")]


def _egress(edge: Edge, workload: Workload, estate: Estate) -> Rule | None:
    target = estate.workloads.get((workload.environment, edge.target))
    told = f"{edge.seen or 'assessment'}: it calls {edge.target}"
    if target and target.placement in IN_PODS:
        return Rule((_pods(target, estate),), _wanted(edge, target), told) if ports(target) else None
    if target:
        blocks = _blocks(estate.machines_of(target))
        return Rule(blocks, _wanted(edge, target), f"{told}, which stays on its VM") if blocks else None
    machine = estate.hosts.get((workload.environment, edge.target.lower()))
    if machine:
        blocks = _blocks([machine])
        return Rule(blocks, _wanted(edge, None), told) if blocks else None
    return _outside(edge, told)


def _outside(edge: Edge, told: str) -> Rule | None:
    if edge.reach is not Reach.EXTERNAL:
        return None
    if block := _block(edge.target):
        return Rule((block,), _wanted(edge, None), told)
    if not edge.port:
        return None
    anywhere: tuple[Object, ...] = tuple({"ipBlock": {"cidr": cidr}} for cidr in ANYWHERE)
    return Rule(anywhere, _wanted(edge, None), f"{told}; a NetworkPolicy knows no names")


def _ingress(workload: Workload, estate: Estate) -> list[Rule]:
    found = []
    for edge in estate.callers.get((workload.environment, workload.name), ()):
        peers = _callers(edge, workload, estate) if edge.protocol in ("tcp", "udp") else ()
        if peers:
            found.append(Rule(peers, _wanted(edge, workload), f"{edge.seen or 'assessment'}: {edge.source} calls it"))
    found += _from_outside(workload, estate)
    served = {pair for rule in found for pair in rule.ports}
    return found + [rule for rule in _front_door(workload, estate) if not served & set(rule.ports)]


def _front_door(workload: Workload, estate: Estate) -> list[Rule]:
    """A balancer that nobody in the estate calls, and that forwards to others, is where the world comes in."""
    product = estate.product(workload)
    forwards = any((workload.environment, edge.target) in estate.workloads for edge in _outgoing(workload))
    if product is None or product.category != "proxy" or not forwards:
        return []
    known = [(port.number, port.protocol.upper()) for port in ports(workload)]
    web = tuple(pair for pair in known if pair[0] in WEB)
    anywhere: tuple[Object, ...] = tuple({"ipBlock": {"cidr": cidr}} for cidr in ANYWHERE)
    told = "it forwards to others and nobody here calls it, so it is where users come in"
    return [Rule(anywhere, web or tuple(known), told)] if known else []


def _from_outside(workload: Workload, estate: Estate) -> list[Rule]:
    """Where a route ends, the ingress controller comes in, from whichever namespace it lives in."""
    if estate.target.routes is Routes.NONE:
        return []
    return [
        Rule(({"namespaceSelector": {}},), ((route.port, "TCP"),), f"route of {route.host} ({route.source})")
        for route in estate.routes_to(workload)
    ]


def _callers(edge: Edge, workload: Workload, estate: Estate) -> tuple[Object, ...]:
    """The pods or machines at the beginning of an edge; a group of the inventory is all its machines."""
    source = estate.workloads.get((workload.environment, edge.source))
    if source and source.id == workload.id:
        return ()
    if source:
        in_pods = source.placement in IN_PODS
        return (_pods(source, estate),) if in_pods else _blocks(estate.machines_of(source))
    if machine := estate.hosts.get((workload.environment, edge.source.lower())):
        return _blocks([machine])
    group = [
        machine
        for (environment, _), machine in estate.machines.items()
        if environment == workload.environment and edge.source.removeprefix("group ") in machine.groups
    ]
    return _blocks(group)


def _joined(rules: Iterable[Rule]) -> list[Rule]:
    """Each rule once, in a fixed order, with all its reasons; rules of the same peers become one."""
    found: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda one: one.sort_key):
        known = found.get(str(rule.peers))
        if known is None:
            found[str(rule.peers)] = rule
            continue
        both = tuple(sorted({*known.ports, *rule.ports})) if known.ports and rule.ports else ()
        reasons = "; ".join(dict.fromkeys((known.source, rule.source)))
        found[str(rule.peers)] = Rule(rule.peers, both, reasons)
    return list(found.values())


def _written(side: str, rule: Rule) -> Object:
    found: Object = {side: list(rule.peers)}
    if rule.ports:
        found["ports"] = [{"port": number, "protocol": protocol} for number, protocol in rule.ports]
    return found


def _wanted(edge: Edge, target: Workload | None) -> tuple[tuple[int, str], ...]:
    """The port of an edge; all that the target listens on where that is not known, or was one that the VM published."""
    listening = {port.number for port in ports(target)} if target and target.placement in IN_PODS else set()
    if edge.port and (edge.port in listening or not listening):
        return ((edge.port, "UDP" if edge.protocol == "udp" else "TCP"),)
    return tuple((port.number, names.protocol(port)) for port in ports(target)) if target else ()


def _pods(workload: Workload, estate: Estate) -> Object:
    return {"podSelector": {"matchLabels": {NAME: estate.name(workload)}}}


def _blocks(machines: Iterable[Machine]) -> tuple[Object, ...]:
    """Exactly the addresses of machines; a VM may answer from any that it has."""
    found = {address for machine in machines for address in addresses(machine)}
    ordered = sorted(map(ipaddress.ip_address, found), key=lambda address: (address.version, int(address)))
    return tuple({"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}} for address in ordered)


def _block(target: str) -> Object | None:
    """The block of a target that is an address or a network itself."""
    try:
        return {"ipBlock": {"cidr": str(ipaddress.ip_network(target.strip("[]"), strict=False))}}
    except ValueError:
        return None
