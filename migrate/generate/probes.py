# SPDX-License-Identifier: Apache-2.0
"""Probes: what the role, the balancer in front or the catalog ask to learn whether it is well; else TCP."""

from __future__ import annotations

import math
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from migrate.generate import names, unitfile
from migrate.generate.draft import Draft
from migrate.generate.estate import Estate, addresses, ports
from migrate.generate.manifest import Object
from migrate.generate.peers import LOOPBACK
from migrate.model.task import RecordedTask

USUAL_START = 120
PERIOD = 2
FINE = range(200, 400)  # what a kubelet takes for an answer of somebody who is well


class Question(msgspec.Struct, frozen=True):
    """What is asked, on which port. Without a path it is whether somebody listens."""

    port: int
    source: str
    path: str = ""
    host: str = ""
    is_tls: bool = False

    def handler(self, port: str) -> Object:
        if not self.path:
            return {"tcpSocket": {"port": port}}
        found: Object = {"path": self.path, "port": port}
        if self.is_tls:
            found["scheme"] = "HTTPS"
        if self.host:
            found["httpHeaders"] = [{"name": "Host", "value": self.host}]
        return {"httpGet": found}


def probes(draft: Draft, estate: Estate) -> tuple[Object, dict[str, str]]:
    """The three probes and where each comes from; none where nothing listens on TCP."""
    question = ask(draft, estate)
    if question is None:
        return {}, {}
    name = names.port_names(ports(draft.workload))[question.port, "TCP"]
    alive = Question(question.port, question.source)
    patience, why = _patience(draft)
    found = {
        "startupProbe": {
            **question.handler(name),
            "periodSeconds": PERIOD,
            "failureThreshold": math.ceil(patience / PERIOD),
        },
        "readinessProbe": {**question.handler(name), "periodSeconds": 5},
        # Others may be ill without that this one has to start again, so it only has to listen.
        "livenessProbe": {**alive.handler(name), "periodSeconds": 10, "failureThreshold": 6},
    }
    sources = dict.fromkeys(found, question.source) | {"startupProbe.failureThreshold": why}
    return found, sources | {"livenessProbe": "default: whether it listens, asked with more patience"}


def ask(draft: Draft, estate: Estate) -> Question | None:
    """The best question that is known, on a port that is really used."""
    open_ports = [port.number for port in ports(draft.workload) if names.protocol(port) == "TCP"]
    if not open_ports:
        return None
    asked = (*_of_role(draft, estate), *_of_balancer(draft, estate), *_of_catalog(draft), *_waits(draft))
    fitting = (question for question in asked if question.port in open_ports)
    return next(fitting, Question(open_ports[0], "default: TCP to the first port"))


def _of_role(draft: Draft, estate: Estate) -> Iterator[Question]:
    """`uri` tasks that ask the machine itself."""
    for task in draft.workload.tasks:
        url = str(task.args.get("url") or "")
        if task.module != "uri" or estate.tokens.inside(task.args) or not _is_fine(task):
            continue
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            continue
        if (parts.hostname or "") in _own_names(draft, estate) and str(task.args.get("method", "GET")) == "GET":
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            yield Question(port, f"{task.place} asks for {path}", path, _host_header(task), parts.scheme == "https")


def _own_names(draft: Draft, estate: Estate) -> set[str]:
    machines = estate.machines_of(draft.workload)
    return {*LOOPBACK, *(name for one in machines for name in (one.name, *one.aliases, *addresses(one)))}


def _is_fine(task: RecordedTask) -> bool:
    """Whether the role, too, expects an answer that a kubelet is content with."""
    wanted = task.args.get("status_code", 200)
    codes = wanted if isinstance(wanted, list) else str(wanted).split(",")
    return all(str(code).strip().isdecimal() and int(str(code)) in FINE for code in codes)


def _host_header(task: RecordedTask) -> str:
    headers = task.args.get("headers")
    return str(headers.get("Host", "")) if isinstance(headers, dict) else ""


def _of_balancer(draft: Draft, estate: Estate) -> Iterator[Question]:
    """`httpchk` of a haproxy in front, on the first port that speaks HTTP."""
    known = estate.routing.checks.get((draft.workload.environment, draft.name))
    if known:
        check, source = known
        for port in ports(draft.workload):
            if names.protocol(port) == "TCP":
                yield Question(port.number, source, check.path, check.host)


def _of_catalog(draft: Draft) -> Iterator[Question]:
    asked = draft.product.run.probe if draft.product and draft.product.run else {}
    port = asked.get("port") or asked.get("tcp")
    if port:
        yield Question(int(port), f"catalog entry {draft.workload.software}", str(asked.get("path", "")))


def _waits(draft: Draft) -> Iterator[Question]:
    """`wait_for` tasks: the port that tells when it is there."""
    for task in draft.workload.tasks:
        port = str(task.args.get("port") or "")
        if (
            task.module == "wait_for"
            and port.isdecimal()
            and task.args.get("state", "started") in ("started", "present")
        ):
            yield Question(int(port), f"{task.place} waits for port {port}")


def _patience(draft: Draft) -> tuple[int, str]:
    """Seconds that a start may take, by its unit; Type=notify says that systemd waited for it so long."""
    for process in draft.processes[:1]:
        told, place = unitfile.settings(draft.workload, process.unit)
        limit = unitfile.seconds(told.get("TimeoutStartSec") or told.get("TimeoutSec") or "")
        if limit:
            return max(limit, 10), f"TimeoutStartSec of {process.unit.name} ({place})"
        if told.get("Type", "").startswith("notify"):
            return 90, f"Type=notify of {process.unit.name} ({place}): systemd waits 90 seconds for its word"
    return USUAL_START, "default: two minutes to start"
