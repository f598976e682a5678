# SPDX-License-Identifier: Apache-2.0
"""Checks: each sees one kind of mistake, and says what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from migrate.check.scene import Container, Object, Pod, Scene
from migrate.model.finding import Severity
from migrate.registry import Registry


class Fault(msgspec.Struct, frozen=True):
    """What a check yields: the object, the field path in it, and a sentence without a full stop."""

    where: Object
    at: str
    message: str


Looking = Callable[[Scene], Iterator[Fault]]


class Check(msgspec.Struct, frozen=True):
    """One row: name, how bad it is, what a person should do, which checks of other linters ask the same."""

    name: str
    severity: Severity
    remedy: str
    asked_by: tuple[str, ...]
    look: Looking


CHECKS: Registry[Check] = Registry("check")


def check(severity: Severity, *, remedy: str, asked_by: str = "") -> Callable[[Looking], Looking]:
    """Register a function as a check; its name is the function's. `asked_by`: names in other linters."""

    def register(look: Looking) -> Looking:
        name = look.__name__.replace("_", "-")
        CHECKS.add(name, Check(name, severity, remedy, tuple(asked_by.split()), look))
        return look

    return register


def of_pod(pod: Pod, at: str, message: str) -> Fault:
    """A fault in a pod's template; `at` is the path below its spec."""
    return Fault(pod.owner, f"{pod.spec_at}.{at}" if at else pod.spec_at, message)


def of_container(pod: Pod, container: Container, at: str, message: str) -> Fault:
    """A fault in one container; `at` is the path below it."""
    return Fault(pod.owner, f"{container.at}.{at}" if at else container.at, f"container {container.name}: {message}")
