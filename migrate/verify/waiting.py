# SPDX-License-Identifier: Apache-2.0
"""Waiting for a pod: init containers to their end, probes until they answer, jobs until they exit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from migrate.model.trial import Answer, Passed, Trial
from migrate.verify import probes
from migrate.verify.running import Pod
from migrate.verify.translate import Run

PAUSE = 0.25
STILL = 3.0
"""Seconds of running without an end that stand for readiness where nothing can be asked."""
RESTARTS = 3
ENDED = {"exited", "stopped", "dead"}


class Log(Protocol):
    """Where findings go."""

    trial: Trial

    def note(self, **changes: Any) -> None: ...

    def problem(self, *texts: str) -> None: ...


def initialise(pod: Pod, runs: Sequence[Run], timeout: float, found: Log) -> None:
    """One init container after the other."""
    for run in runs:
        pod.run(run)
        code = _end(pod, run.name, time.monotonic() + timeout)
        if code != 0:
            found.problem(f"init container {run.name}: " + ("no end in time" if code is None else f"exit code {code}"))
            return


def until_end(pod: Pod, timeout: float, found: Log) -> None:
    """A job's exit code."""
    found.note(started=Passed.YES)
    code = _end(pod, pod.containers[-1], time.monotonic() + timeout)
    found.note(exit_code=code)
    if code != 0:
        found.problem(f"no end after {timeout:.0f} s" if code is None else f"the job ends with exit code {code}")


def until_ready(pod: Pod, spec: dict[str, Any], timeout: float, found: Log) -> bool:
    """Whether all containers run and their startup and readiness probes have answered."""
    begun = time.monotonic()
    gates = [probe for probe in probes.of_pod(spec) if probe.kind in probes.GATES]
    last: list[Answer] = []
    alive_since = begun
    while time.monotonic() - begun < timeout:
        gone = [(name, code) for name in pod.containers if (code := _exit(pod, name)) is not None]
        gone = [(name, code) for name, code in gone if name not in pod.first]
        if gone and found.trial.restarts >= RESTARTS:
            return _crashed(gone, found)
        if gone:
            alive_since = _again(pod, gone, found)
            continue
        last = [probes.ask(probe, pod.address, pod.runs) for probe in gates]
        if all(answer.fine for answer in last) and (gates or time.monotonic() - alive_since >= STILL):
            found.note(started=Passed.YES, ready=Passed.YES, ready_seconds=round(time.monotonic() - begun, 1))
            return True
        time.sleep(PAUSE)
    found.note(started=Passed.YES, ready=Passed.NO, ready_seconds=round(timeout, 1))
    bad = "; ".join(f"{one.question}: {one.answer}" for one in last if not one.fine)
    found.problem(f"not ready after {timeout:.0f} s: {bad or 'a container kept ending'}")
    return False


def eventually(question: Callable[[], Answer], timeout: float) -> Answer:
    """Ask until the answer is fine, or time is up."""
    deadline = time.monotonic() + timeout
    while not (answer := question()).fine and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return answer


def _again(pod: Pod, gone: list[tuple[str, int]], found: Log) -> float:
    """Start ended containers once more, each time a bit later, as a kubelet does; returns the moment."""
    restarts = found.trial.restarts + 1
    found.note(restarts=restarts)
    time.sleep(restarts)
    for name, _ in gone:
        pod.restart(name)
    return time.monotonic()


def _crashed(gone: list[tuple[str, int]], found: Log) -> bool:
    told = ", ".join(f"{name} ends with exit code {code}" for name, code in gone)
    found.note(started=Passed.NO)
    found.problem(f"{told}, also after {RESTARTS} restarts")
    return False


def _exit(pod: Pod, name: str) -> int | None:
    status, code = pod.state(name)
    return code if status in ENDED else None


def _end(pod: Pod, name: str, deadline: float) -> int | None:
    """The exit code; None where there is none in time."""
    while time.monotonic() < deadline:
        code = _exit(pod, name)
        if code is not None:
            return code
        time.sleep(PAUSE)
    return None
