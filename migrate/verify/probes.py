# SPDX-License-Identifier: Apache-2.0
"""The probes of a pod, asked as a kubelet asks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from migrate.clients import wire
from migrate.model.trial import Answer
from migrate.verify.talk import why

Object = dict[str, Any]
KINDS = ("startupProbe", "readinessProbe", "livenessProbe")
# A kubelet would wait for initial delays and periods; a trial asks at once, and often.
GATES = ("startupProbe", "readinessProbe")
Exec = Callable[[str, Sequence[str], float], bool]


class Probe(msgspec.Struct, frozen=True):
    """One probe: `ask` is httpGet, tcpSocket, exec or grpc."""

    container: str
    kind: str
    ask: str
    spec: Object
    port: int = 0
    timeout: float = 1.0


def of_pod(pod: Object) -> list[Probe]:
    """All its probes, startup first."""
    return sorted(_all(pod), key=lambda probe: KINDS.index(probe.kind))


def _all(pod: Object) -> Iterator[Probe]:
    for container in pod.get("containers") or ():
        named = {str(port.get("name")): int(port["containerPort"]) for port in container.get("ports") or ()}
        for kind in KINDS:
            spec = container.get(kind)
            if not spec:
                continue
            ask = next((one for one in ("httpGet", "tcpSocket", "exec", "grpc") if one in spec), "")
            port = str((spec.get(ask) or {}).get("port", 0))
            number = int(port) if port.isdecimal() else named.get(port, 0)
            timeout = float(spec.get("timeoutSeconds") or 1)
            yield Probe(str(container.get("name")), kind, ask, spec.get(ask) or {}, number, timeout)


def ask(probe: Probe, address: str, run: Exec) -> Answer:
    """One attempt."""
    question = f"{probe.kind} {describe(probe)}"
    if probe.ask == "exec":
        fine = run(probe.container, [str(word) for word in probe.spec.get("command") or ()], probe.timeout)
        return Answer(question, "exit code 0" if fine else "it failed", fine)
    if probe.ask not in {"httpGet", "tcpSocket"} or not probe.port:
        return Answer(question, "not asked: no way to ask it is known here")
    try:
        return Answer(question, *_over_the_wire(probe, address))
    except OSError as error:
        return Answer(question, why(error), fine=False)


def describe(probe: Probe) -> str:
    """`GET :8080/healthz`, `tcp 11211`, `pg_isready -q`."""
    if probe.ask == "httpGet":
        return f"GET :{probe.port}{path(probe)}"
    if probe.ask == "exec":
        return " ".join(map(str, probe.spec.get("command") or ()))
    return f"{'tcp' if probe.ask == 'tcpSocket' else probe.ask} {probe.port}"


def path(probe: Probe) -> str:
    return "/" + str(probe.spec.get("path") or "").lstrip("/")


def _over_the_wire(probe: Probe, address: str) -> tuple[str, bool]:
    if probe.ask == "tcpSocket":
        wire.connect(address, probe.port, timeout=probe.timeout)
        return "connected", True
    headers = {str(one["name"]): str(one["value"]) for one in probe.spec.get("httpHeaders") or ()}
    scheme = str(probe.spec.get("scheme") or "HTTP").lower()
    host = f"[{address}]" if ":" in address else address
    page = wire.get(f"{scheme}://{host}:{probe.port}{path(probe)}", headers=headers, timeout=probe.timeout)
    return str(page.status), 200 <= page.status < 400
