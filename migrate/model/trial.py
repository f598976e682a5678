# SPDX-License-Identifier: Apache-2.0
"""What came of building and starting a generated workload."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Passed(StrEnum):
    """`untried` where there is nothing to try, or where an earlier step failed."""

    YES = "yes"
    NO = "no"
    UNTRIED = "untried"


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question and what came back; `fine` is what a kubelet, or a client, would make of it."""

    question: str
    answer: str
    fine: bool = True


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the pod answers otherwise than the VM. `part` is status, body, or the name of a header."""

    route: str
    part: str
    pod: str
    vm: str


class Trial(msgspec.Struct, frozen=True, omit_defaults=True):
    """One workload. `needs` are the services that it asked for and that were not there (`postgresql:5432`).

    `size` is the image in bytes; seconds are of the build, until ready, and in all. `exit_code` is a job's.
    """

    workload: str
    environment: str = ""
    kind: str = "Deployment"
    image: str = ""
    built: Passed = Passed.UNTRIED
    started: Passed = Passed.UNTRIED
    ready: Passed = Passed.UNTRIED
    answered: Passed = Passed.UNTRIED
    size: int = 0
    build_seconds: float = 0.0
    ready_seconds: float = 0.0
    seconds: float = 0.0
    exit_code: int | None = None
    restarts: int = 0
    answers: tuple[Answer, ...] = ()
    needs: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    kept: str = ""

    @property
    def id(self) -> str:
        """`environment/workload`, or the workload where there is one unnamed environment."""
        return f"{self.environment}/{self.workload}" if self.environment else self.workload

    @property
    def is_fine(self) -> bool:
        """Whether nothing that was tried failed."""
        steps = (self.built, self.started, self.ready, self.answered)
        return Passed.NO not in steps and not self.differences and not self.problems


class Verification(msgspec.Struct, frozen=True, omit_defaults=True):
    """All trials of one run, and what they ran with (`podman 4.3.1`)."""

    builder: str
    trials: tuple[Trial, ...] = ()
