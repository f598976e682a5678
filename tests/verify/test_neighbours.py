# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for other services: they answer enough to start against, and tell who was asked for."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from migrate.clients import wire
from migrate.errors import UsageError
from migrate.verify import neighbours
from migrate.verify.folder import Neighbour
from migrate.verify.neighbours import Given, Seen


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_http_is_answered_and_noted() -> None:
    port, seen = free_port(), Seen()
    with neighbours.standing_in("127.0.0.1", [Neighbour("shop", (port,))], [], seen) as names:
        assert names == {"shop": "127.0.0.1"}
        page = wire.get(f"http://127.0.0.1:{port}/")
    assert (page.status, page.body) == (200, neighbours.PAGE)
    assert seen.asked == {f"shop:{port}": 1}


def test_anything_else_is_hung_up_on() -> None:
    port, seen = free_port(), Seen()
    with (
        neighbours.standing_in("127.0.0.1", [Neighbour("postgresql", (port,))], [], seen),
        pytest.raises(ConnectionResetError),
    ):
        wire.tcp("127.0.0.1", port, b"\0\0\0\x08\x04\xd2\x16\x2f")
    assert list(seen.asked) == [f"postgresql:{port}"]


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    port = free_port()
    with wire.listening("127.0.0.1", port, lambda talk: talk.sendall(talk.recv(100) + answer)):
        yield port


def test_the_real_one_takes_its_place() -> None:
    port, seen = free_port(), Seen()
    with server(b"!") as real:
        given = [Given("redis", "127.0.0.1", real)]
        with neighbours.standing_in("127.0.0.1", [Neighbour("redis", (port,))], given, seen):
            assert wire.tcp("127.0.0.1", port, b"PING") == b"PING!"
    assert not seen.asked


def test_a_real_one_that_is_not_there_is_told() -> None:
    port, seen, gone = free_port(), Seen(), free_port()
    with (
        neighbours.standing_in("127.0.0.1", [Neighbour("redis", (port,))], [Given("redis", "127.0.0.1", gone)], seen),
        pytest.raises(OSError),
    ):
        wire.tcp("127.0.0.1", port, b"PING")
    assert "does not answer" in str(seen.asked)


def test_a_server_of_this_machine_is_never_taken_for_it() -> None:
    seen = Seen()
    with socket.socket() as own:
        own.bind(("0.0.0.0", 0))
        own.listen()
        with neighbours.standing_in("127.0.0.1", [Neighbour("db", (own.getsockname()[1],))], [], seen) as names:
            assert names == {"db": neighbours.nobody("127.0.0.1")}
    assert "db" in seen.taken[0]


def query(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return b"\x12\x34" + struct.pack(">5H", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)


def test_every_name_resolves() -> None:
    seen = Seen()
    answer = neighbours.resolve(query("smtp.example.com", 1), {}, "10.9.8.250", seen)
    assert answer[:2] == b"\x12\x34" and answer.endswith(socket.inet_aton("10.9.8.250"))
    assert seen.names == {"smtp.example.com"}


@pytest.mark.parametrize("name", ["db", "db.production.svc", "db.production.svc.cluster.local"])
def test_names_of_services(name: str) -> None:
    answer = neighbours.resolve(query(name, 1), {"db": "10.9.8.1"}, "10.9.8.250", Seen())
    assert answer.endswith(socket.inet_aton("10.9.8.1"))


def test_other_kinds_are_empty() -> None:
    answer = neighbours.resolve(query("smtp.example.com", 28), {}, "10.9.8.250", Seen())
    assert struct.unpack(">H", answer[6:8]) == (0,)


@pytest.mark.parametrize("nonsense", [b"", b"\0" * 12, b"\0" * 12 + b"\x3fabc", b"\0" * 12 + b"\xff" * 90])
def test_nonsense_is_not_answered(nonsense: bytes) -> None:
    assert neighbours.resolve(nonsense, {}, "10.9.8.250", Seen()) == b""


def test_given() -> None:
    assert neighbours.parse("db=10.0.0.1:5432") == Given("db", "10.0.0.1", 5432)
    for wrong in ("db", "db=x", "=a:1", "db=a:0", "db=a:99999", "db=:1"):
        with pytest.raises(UsageError):
            neighbours.parse(wrong)
