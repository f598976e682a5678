# SPDX-License-Identifier: Apache-2.0
"""A tool that starts nothing: the pod is this machine, and what it was told to do can be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from migrate.clients.builder import Builder, BuilderError


class FakeTool(Builder):
    """`states` are the answers of `state`, in turn; the last one stays."""

    def __init__(self, *states: tuple[str, int], name: str = "podman", broken: str = "") -> None:
        super().__init__(name, "/nowhere", "1.0")
        self.states = list(states) or [("running", 0)]
        self.broken = broken
        self.done: list[str] = []
        self.variables: dict[str, str] = {}
        self.flags: dict[str, tuple[str, ...]] = {}
        self.said = ""

    def _do(self, what: str) -> None:
        self.done.append(what)
        if what == self.broken:
            raise BuilderError(f"podman {what}: exit code 125", "no space left\nreally")

    def build(self, context: Path, tag: str, options: Sequence[str] = ()) -> None:
        self._do("build")

    def size(self, image: str) -> int:
        return 1 << 20

    def has_image(self, image: str) -> bool:
        return True

    def make_network(self, name: str, *, closed: bool) -> str:
        self._do("network" if closed else "open network")
        return "127.0.0.1"

    def hold(self, name: str, image: str, flags: Sequence[str]) -> str:
        self._do("hold")
        return "127.0.0.1"

    def run(
        self, pod: str, name: str, image: str, flags: Sequence[str], words: Sequence[str], variables: Mapping[str, str]
    ) -> None:
        self._do("run")
        self.variables |= variables
        self.flags[name.removeprefix(f"{pod}-")] = tuple(flags)
        self.said = " ".join(variables.values())

    def state(self, name: str) -> tuple[str, int]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def restart(self, name: str) -> None:
        self._do("restart")

    def logs(self, name: str, lines: int) -> str:
        return f"last words: {self.said}\n"

    def runs(self, name: str, command: Sequence[str], timeout: float) -> bool:
        return True

    def remove(self, pod: str, containers: Sequence[str], network: str) -> None:
        self._do("remove")

    def delete_below(self, folder: Path, image: str) -> None:
        self._do("delete")
