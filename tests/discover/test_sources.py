# SPDX-License-Identifier: Apache-2.0
"""The table of sources: ours, and one that another package brings."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from migrate.discover import sources
from migrate.errors import SourceError, UsageError
from migrate.model.config import Environment, Policy
from migrate.model.finding import Severity
from migrate.model.machine import Machine


def datacentre(names: Sequence[str], base: Path, policy: Policy) -> sources.Answer:
    """What a third party's package would hold: one function in one file."""
    if "down" in names:
        raise SourceError("nobody answers", hint="call them")
    return [Machine(f"{name}-vm", seen_by=(f"datacentre:{name}",)) for name in names], []


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("datacentre", f"{__name__}:datacentre", sources.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _: datacentre)
    monkeypatch.setattr(sources, "entry_points", lambda **_: [point])


def ask(**asked: tuple[str, ...]) -> sources.Answer:
    return sources.ask(Environment(sources=asked), Path(), Policy())


def test_a_source_of_another_package() -> None:
    machines, findings = ask(datacentre=("north", "south"))
    assert [machine.name for machine in machines] == ["north-vm", "south-vm"]
    assert findings == []


def test_nobody_is_asked_for_nothing() -> None:
    assert ask() == ask(datacentre=()) == ([], [])


def test_one_that_fails_costs_only_itself() -> None:
    machines, findings = ask(datacentre=("down",))
    assert (machines, [(one.check, one.severity) for one in findings]) == (
        [],
        [("datacentre-unreachable", Severity.ERROR)],
    )
    assert sources.silent(findings) == ["down"]


def test_an_unknown_name_lists_those_that_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        ask(vsphere=("x",))
    assert caught.value.hint == "There are: datacentre, libvirt, openstack."


def test_a_name_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("libvirt", "their.module:ask", sources.GROUP)
    monkeypatch.setattr(sources, "entry_points", lambda **_: [point])
    with pytest.raises(UsageError, match="two sources are called libvirt"):
        ask(libvirt=("x",))
