# SPDX-License-Identifier: Apache-2.0
"""Try what was generated: podman or docker builds and starts it, and it is asked."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from migrate.clients import builder, kustomize
from migrate.commands.sources import watching
from migrate.errors import DECISION_NEEDED, FINE, UsageError
from migrate.model.trial import Verification
from migrate.verify import folder, neighbours
from migrate.verify.trial import Options
from migrate.verify.verify import verify


def verified(options: Mapping[str, Any]) -> int:
    """Try the chosen workloads and print what came of it; returns the exit code."""
    root: Path = options["output"]
    every = folder.places(root)
    chosen = folder.choose(every, options["workloads"] or ())
    settings = given_as(options, [place.id for place in chosen])
    tool = builder.find(options["builder"] or "")
    subjects = folder.read(chosen, every, root, kustomize.build)
    with interruptible(), watching() as watch:
        done = verify(subjects, tool, settings, watch)
    show(done, options["format"].value)
    return FINE if all(trial.is_fine for trial in done.trials) else DECISION_NEEDED


def given_as(options: Mapping[str, Any], names: list[str]) -> Options:
    """The options of the command line, understood. Raises UsageError."""
    return Options(
        timeout=options["timeout"],
        keep=options["keep"],
        closed=not options["allow_outside"],
        given=tuple(neighbours.parse(text) for text in options["given"] or ()),
        against=vms(options["against"] or (), names),
        paths=tuple(options["path"] or ()),
        build_options=tuple(options["build_option"] or ()),
    )


def vms(texts: tuple[str, ...], names: list[str]) -> dict[str, str]:
    """Workload → URL of its VM; "" stands for the only one."""
    found = {}
    for text in texts:
        name, sign, url = text.partition("=")
        name, url = (name, url) if sign and "://" not in name else ("", text)
        if not name and len(names) != 1:
            hint = "Name one workload, or say --against WORKLOAD=URL."
            raise UsageError(f"--against {url}: for which of {len(names)} workloads?", hint=hint)
        found[name] = url
    return found


@contextmanager
def interruptible() -> Iterator[None]:
    """The first SIGINT or SIGTERM unwinds, so that everything is taken away; later ones wait for that."""

    def stop(number: int, frame: FrameType | None) -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_IGN)
        print("migrate: interrupted, taking everything away", file=sys.stderr, flush=True)
        raise KeyboardInterrupt

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def show(done: Verification, format: str) -> None:
    if format == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(done), indent=2).decode() + "\n")
        return
    from migrate.report import trials

    sys.stdout.write(trials.render(done, color=sys.stdout.isatty()))
