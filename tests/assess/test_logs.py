# SPDX-License-Identifier: Apache-2.0
"""A log daemon that takes in the logs of others is a workload; one that only sends its own is plumbing."""

from __future__ import annotations

import pytest

from migrate.assess.rules.logs import ONLY_HERE, TAKES_IN, WRITES


@pytest.mark.parametrize(
    "text", ['module(load="imudp")', "$ModLoad imtcp", "$UDPServerRun 514", "source s_net { network(port(514)); };"]
)
def test_servers(text: str) -> None:
    assert TAKES_IN.search(text)
    assert not ONLY_HERE.search(text)


@pytest.mark.parametrize(
    "text", ["*.* @@logs:514", 'module(load="imuxsock")', 'destination d { tcp("logs" port(514)); };']
)
def test_clients(text: str) -> None:
    assert not TAKES_IN.search(text)


def test_listening_to_this_machine_only() -> None:
    assert ONLY_HERE.search('input(type="imudp" port="514" address="127.0.0.1")')


def test_collectors_that_write_files() -> None:
    assert WRITES.search("<match **>\n  @type file\n  path /srv/logs\n</match>")
    assert not WRITES.search("<match **>\n  @type forward\n  <buffer>\n    @type file\n  </buffer>\n</match>")
