# SPDX-License-Identifier: Apache-2.0
"""A graceful end, as the unit has it: the signal that the process wants, and the time that it may take."""

from __future__ import annotations

import re

import msgspec

from migrate.generate import unitfile
from migrate.generate.draft import Draft, Process
from migrate.generate.estate import Estate, ports
from migrate.generate.manifest import Object

USUAL = 30  # what Kubernetes grants by itself
WITHDRAWING = 5  # until no node sends new connections to a pod that ends
KILL = re.compile(r"kill\s+(?:-s\s+|-)(?:SIG)?([A-Z]+[0-9]*)\s+\$\{?MAINPID\}?")
SIGNAL = re.compile(r"(?:SIG)?([A-Z]+[0-9]*)")
FIRST_WITH_SLEEP = (1, 30)


class Stop(msgspec.Struct, frozen=True):
    """How a container ends: `grace` in seconds, `signal` ("" for TERM), and where both come from."""

    grace: int = USUAL
    signal: str = ""
    grace_source: str = "default of Kubernetes"
    signal_source: str = ""


def of(draft: Draft, process: Process) -> Stop:
    """TimeoutStopSec, KillSignal and ExecStop of the unit's file."""
    told, place = unitfile.settings(draft.workload, process.unit)
    signal = SIGNAL.fullmatch(told.get("KillSignal", ""))
    killed = KILL.search(told.get("ExecStop", ""))
    name = killed[1] if killed else signal[1] if signal else ""
    what = "ExecStop" if killed else "KillSignal"
    limit = told.get("TimeoutStopSec") or told.get("TimeoutSec") or ""
    found = Stop(signal="" if name == "TERM" else name, signal_source=f"{what} of {process.unit.name} ({place})")
    if not unitfile.seconds(limit):
        return found
    source = f"TimeoutStopSec={limit} of {process.unit.name} ({place})"
    return msgspec.structs.replace(found, grace=unitfile.seconds(limit), grace_source=source)


def grace(draft: Draft) -> tuple[int, str]:
    """terminationGracePeriodSeconds of the pod: what its slowest container needs, after nobody calls it any more."""
    slowest = max((of(draft, process) for process in draft.processes), key=lambda stop: stop.grace, default=Stop())
    if not ports(draft.workload) or slowest.grace == USUAL:
        return slowest.grace, slowest.grace_source
    return slowest.grace + WITHDRAWING, f"{slowest.grace_source}, and {WITHDRAWING} until nobody calls it any more"


def hook(draft: Draft, process: Process, estate: Estate) -> tuple[Object, str]:
    """`lifecycle` of a container, and why; empty where TERM at once is right, or where no shell is sure to be there."""
    stop, wait = of(draft, process), WITHDRAWING if ports(draft.workload) else 0
    if stop.signal and not process.unit.image:
        words = f"sleep {wait}; " if wait else ""
        words += f"kill -{stop.signal} 1; while kill -0 1 2>/dev/null; do sleep 1; done"
        return {"preStop": {"exec": {"command": ["/bin/sh", "-c", words]}}}, stop.signal_source
    told = "default: no new connections come before it ends"
    if not wait:
        return {}, ""
    if _minor(estate.target.kubernetes) >= FIRST_WITH_SLEEP:
        return {"preStop": {"sleep": {"seconds": wait}}}, told
    return ({}, "") if process.unit.image else ({"preStop": {"exec": {"command": ["/bin/sleep", str(wait)]}}}, told)


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
