# SPDX-License-Identifier: Apache-2.0
"""Two answers to one question: where the pod's differs from the VM's in a way that a client could notice."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator

from migrate.clients.wire import Page
from migrate.model.trial import Difference
from migrate.verify.standins import redact

HEADERS = (
    "access-control-allow-credentials access-control-allow-headers access-control-allow-methods "
    "access-control-allow-origin allow cache-control content-disposition content-encoding content-language "
    "content-security-policy content-type link location permissions-policy referrer-policy retry-after "
    "strict-transport-security vary www-authenticate x-content-type-options x-frame-options"
).split()
TEXT = re.compile(r"^(text/|application/(\w+\+)?(json|xml|javascript|xhtml|x-ndjson))", re.IGNORECASE)
CHANGING = (
    (
        re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2}[ -]\w{3}[ -]\d{2,4} \d\d:\d\d:\d\d( GMT| [+-]\d{4})?"),
        "DATE",
    ),
    (re.compile(r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?"), "DATE"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "UUID"),
    (re.compile(r"\b\d{2}:\d{2}:\d{2}(\.\d+)?\b"), "TIME"),
    (re.compile(r"\b1[5-9]\d{8}(\.\d+|\d{3})?\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{16,}\b", re.IGNORECASE), "ID"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|µs|us|seconds)\b"), "TIME"),
)
SHOWN_LINES, SHOWN_LENGTH = 6, 160


def differences(route: str, pod: Page, vm: Page, own: dict[str, str]) -> Iterator[Difference]:
    """Status, headers that matter, cookies by name, body. `own`: names of either side → one word for both."""
    if pod.status != vm.status:
        yield Difference(route, "status", str(pod.status), str(vm.status))
    for name in HEADERS:
        here, there = (settled(_header(page, name), own) for page in (pod, vm))
        if _as_set(here, name) != _as_set(there, name):
            yield Difference(route, name, _shown(here) or "absent", _shown(there) or "absent")
    here, there = _cookies(pod), _cookies(vm)
    if here != there:
        yield Difference(route, "set-cookie", here or "absent", there or "absent")
    yield from _bodies(route, pod, vm, own)


def settled(text: str, own: dict[str, str]) -> str:
    """A text without what differs from one moment, or one machine, to the next."""
    for name in sorted(own, key=len, reverse=True):
        text = text.replace(name, own[name])
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text


def _bodies(route: str, pod: Page, vm: Page, own: dict[str, str]) -> Iterator[Difference]:
    if pod.body == vm.body:
        return
    if not all(TEXT.match(_header(page, "content-type") or "text/") for page in (pod, vm)):
        yield Difference(route, "body", _digest(pod.body), _digest(vm.body))
        return
    here, there = (settled(page.body.decode(errors="replace"), own).splitlines() for page in (pod, vm))
    if [line.strip() for line in here if line.strip()] == [line.strip() for line in there if line.strip()]:
        return
    changed = [line for line in difflib.unified_diff(there, here, lineterm="", n=0) if line[:1] in "+-"][2:]
    mine = [line[1:].strip() for line in changed if line.startswith("+")]
    theirs = [line[1:].strip() for line in changed if line.startswith("-")]
    yield Difference(route, "body", _lines(mine), _lines(theirs))


def _lines(lines: list[str]) -> str:
    more = f" … and {len(lines) - SHOWN_LINES} more lines" if len(lines) > SHOWN_LINES else ""
    return (" ⏎ ".join(_shown(line) for line in lines[:SHOWN_LINES]) or "no such lines") + more


def _shown(text: str) -> str:
    text = redact(text, ())
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"


def _header(page: Page, name: str) -> str:
    return ", ".join(value for key, value in page.headers if key == name)


def _as_set(text: str, name: str) -> object:
    """Order and case matter to nobody in lists such as Vary."""
    if name in {"vary", "allow", "cache-control", "access-control-allow-methods", "access-control-allow-headers"}:
        return frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    return re.sub(r"\s*;\s*", ";", text).lower() if name == "content-type" else text


def _cookies(page: Page) -> str:
    """Names and attributes; values are secrets, or differ anyway."""
    found = []
    for key, value in page.headers:
        if key == "set-cookie":
            name, *attributes = (part.strip() for part in value.split(";"))
            kept = [one for one in attributes if not one.lower().startswith(("expires", "max-age"))]
            found.append("; ".join([name.partition("=")[0], *sorted(kept)]))
    return ", ".join(sorted(found))


def _digest(body: bytes) -> str:
    return f"{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()[:12]}"
