# SPDX-License-Identifier: Apache-2.0
"""Asking a pod that is ready: its probes, its ports, its routes, and the same of the VM that it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from migrate.clients import wire
from migrate.clients.wire import Page
from migrate.model.trial import Answer, Difference, Passed
from migrate.verify import probes, talk
from migrate.verify.compare import differences
from migrate.verify.folder import Route, Subject
from migrate.verify.running import Pod
from migrate.verify.waiting import Log, eventually

PATIENCE = 10.0
WAYS = {"https": 443}


class Asked(Protocol):
    """The options that matter here."""

    @property
    def paths(self) -> tuple[str, ...]: ...
    @property
    def against(self) -> Mapping[str, str]: ...


def ask(subject: Subject, pod: Pod, options: Asked, found: Log) -> None:
    """Everything, once; a server may need a moment for its second port."""
    answers = [probes.ask(probe, pod.address, pod.runs) for probe in probes.of_pod(subject.pod)]
    base = ""
    for port, protocol, name in _ports(subject.pod):
        answer = eventually(lambda: _port(pod.address, port, protocol, name), PATIENCE)  # noqa: B023
        answers.append(answer)
        if not base and " GET" in answer.question:
            base = f"{'https' if answer.question.endswith('tls') else 'http'}://{_host(pod.address)}:{port}"
    routes = _routes(subject, options) if base else []
    answers += [_route(base, route) for route in routes]
    fine = all(answer.fine for answer in answers)
    found.note(answers=tuple(answers), answered=(Passed.YES if fine else Passed.NO) if answers else Passed.UNTRIED)
    vm = options.against.get(subject.id) or options.against.get(subject.name) or options.against.get("")
    if vm:
        asked = sorted({*routes, Route("/"), *_probed(subject)})
        found.note(differences=tuple(one for route in asked for one in _compared(route, base, vm, found)))


def _ports(pod: dict[str, Any]) -> list[tuple[int, str, str]]:
    """(number, protocol, name) of every port, once."""
    every = (port for container in pod["containers"] for port in container.get("ports") or ())
    return sorted({(int(one["containerPort"]), one.get("protocol", "TCP"), one.get("name", "")) for one in every})


def _port(address: str, port: int, protocol: str, name: str) -> Answer:
    if protocol == "UDP":
        return talk.with_udp(address, port, name)
    return talk.with_tcp(address, port, name) if protocol == "TCP" else Answer(f"{protocol} {port}", "not asked")


def _routes(subject: Subject, options: Asked) -> list[Route]:
    """Of Ingress and HTTPRoute, and those of the command line."""
    return sorted({*subject.routes, *(Route("/" + path.lstrip("/")) for path in options.paths)})


def _probed(subject: Subject) -> list[Route]:
    return [Route(probes.path(probe)) for probe in probes.of_pod(subject.pod) if probe.ask == "httpGet"]


def _route(base: str, route: Route) -> Answer:
    try:
        return talk.of_page(_name(route), wire.get(base + route.path, headers=_headers(route.host)))
    except OSError as error:
        return Answer(_name(route), talk.why(error), fine=False)


def _compared(route: Route, base: str, vm: str, found: Log) -> Iterator[Difference]:
    """The same question to both, with the same Host."""
    there = urlsplit(vm if "://" in vm else f"http://{vm}")
    headers = _headers(route.host or there.netloc)
    pages: list[Page] = []
    for root in (base, f"{there.scheme}://{there.netloc}"):
        try:
            pages.append(wire.get(root + route.path, headers=headers, timeout=10.0))
        except OSError as error:
            found.problem(f"{_name(route)}: {'the pod' if root == base else vm}: {talk.why(error)}")
            return
    own = {urlsplit(base).netloc: "HOST", urlsplit(base).hostname or base: "HOST", there.netloc: "HOST"}
    yield from differences(_name(route), pages[0], pages[1], own)


def _name(route: Route) -> str:
    return f"GET {route.host}{route.path}"


def _headers(host: str) -> dict[str, str]:
    return {"Host": host} if host else {}


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
