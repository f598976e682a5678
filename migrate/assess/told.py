# SPDX-License-Identifier: Apache-2.0
"""What a task says of other machines: addresses in its text, and the peers that the engine saw it name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from migrate.assess import actions
from migrate.assess.mentions import HOST_KEY, Mention, mentions, plain_lines
from migrate.model.task import Peer, RecordedTask

LINE = "line "
FIREWALLS = frozenset("ufw iptables ip6tables firewalld nftables_rule postgresql_pg_hba ferm shorewall".split())
"""Modules whose hosts are those that may come, not those that are needed."""


def in_text(text: str, peers: Iterable[Peer]) -> Iterator[Mention]:
    """Mentions of a file's text, with the variable that a peer came from; and peers that are named in other ways."""
    by_line = lines_of(peers)
    found = mentions(text)
    for one in found:
        peer = next((p for p in by_line.get(one.line, ()) if one.host in (p.value, p.machine)), None)
        yield msgspec.structs.replace(one, via=f"{one.via}, from {peer.variable}") if peer and peer.variable else one
    known = {(one.line, one.host) for one in found}
    lines = dict(plain_lines(text)) if by_line else {}
    for number, named in by_line.items():
        for peer in named:
            if (number, peer.value) not in known and peer.value in lines.get(number, ""):
                yield mention(peer, number)


def in_arguments(task: RecordedTask) -> Iterator[Mention]:
    """Peers in arguments that name a host, or in a command."""
    shell = task.module in actions.SHELL_MODULES
    for peer in task.peers if task.module not in FIREWALLS else ():
        if not peer.at.startswith(LINE) and (shell or HOST_KEY.search(peer.at.rsplit(".", 1)[-1])):
            yield mention(peer, 0)


def mention(peer: Peer, line: int) -> Mention:
    return Mention(peer.machine, peer.port, line, peer.variable or f"its {peer.what}")


def lines_of(peers: Iterable[Peer]) -> Mapping[int, list[Peer]]:
    found: dict[int, list[Peer]] = {}
    for peer in peers:
        if peer.at.startswith(LINE) and peer.at[len(LINE) :].isdigit():
            found.setdefault(int(peer.at[len(LINE) :]), []).append(peer)
    return found
