# SPDX-License-Identifier: Apache-2.0
"""A pod under trial: its containers by name, in one network, over volumes of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from migrate.clients.builder import Builder
from migrate.verify import volumes
from migrate.verify.folder import Subject
from migrate.verify.translate import Run

FIRST = "initContainers"


class Pod:
    """What has been started so far; `remove` takes all of it away, at any time."""

    def __init__(self, tool: Builder, name: str, image: str, scratch: Path, subject: Subject) -> None:
        self.tool, self.name, self.image, self.scratch = tool, name, image, scratch
        self.gateway = self.address = ""
        self.group = (subject.pod.get("securityContext") or {}).get("fsGroup")
        self.own = subject.image
        inits = subject.pod.get(FIRST) or ()
        self.first = {str(one["name"]) for one in inits if one.get("restartPolicy") != "Always"}
        self.containers: list[str] = []
        self.others: Mapping[str, str] = {}

    def container(self, name: str) -> str:
        """The tool's name of a container."""
        return f"{self.name}-{name}"

    def run(self, run: Run) -> None:
        """Start one container as it is described; the image that was built takes the place of the one that is named."""
        image = self.image if run.image == self.own else self.others.get(run.image, run.image)
        self.containers.append(run.name)
        flags = (*run.flags, *volumes.flags(run.mounts, self.scratch, self.group))
        self.tool.run(self.name, self.container(run.name), image, flags, run.words, run.environment)

    def state(self, name: str) -> tuple[str, int]:
        return self.tool.state(self.container(name))

    def restart(self, name: str) -> None:
        self.tool.restart(self.container(name))

    def runs(self, name: str, command: Sequence[str], timeout: float) -> bool:
        return self.tool.runs(self.container(name), command, timeout)

    def logs(self, lines: int) -> list[str]:
        """The last words of each container, led by its name where there are several."""
        found = []
        for name in self.containers:
            lead = f"{name}: " if len(self.containers) > 1 else ""
            told = [line.rstrip() for line in self.tool.logs(self.container(name), 4 * lines).splitlines()]
            # After restarts the same is said again.
            latest = list(dict.fromkeys(line for line in reversed(told) if line))[:lines]
            found += [lead + line for line in reversed(latest)]
        return found

    def remove(self) -> None:
        self.tool.remove(self.name, [self.container(name) for name in self.containers], self.name)
