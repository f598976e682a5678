# SPDX-License-Identifier: Apache-2.0
"""What ports are asked, and what is made of their answers."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from migrate.clients import wire
from migrate.clients.wire import Page
from migrate.verify import talk
from tests.verify.test_neighbours import free_port

PAGE = b"HTTP/1.1 %d x\r\nServer: nginx/1.2 (x)\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def answers(reply: Callable[[bytes], bytes]) -> Callable[[socket.socket], None]:
    def handle(one: socket.socket) -> None:
        one.settimeout(1)
        if said := reply(one.recv(1000)):
            one.sendall(said)

    return handle


@pytest.mark.parametrize(
    ("reply", "question", "answer", "fine"),
    [
        (lambda said: PAGE % 200 if said.startswith(b"GET /") else b"", "GET /", "200 from nginx, 2 bytes", True),
        (lambda said: PAGE % 404 if said.startswith(b"GET /") else b"", "GET /", "404 from nginx, 2 bytes", True),
        (lambda said: PAGE % 502 if said.startswith(b"GET /") else b"", "GET /", "502 from nginx, 2 bytes", False),
        (lambda said: b"VERSION 1.6\r\n" if said == b"version\r\n" else b"ERROR\r\n", "memcached", "VERSION 1.6", True),
        (lambda said: b"-ERR what\r\n", "", "answers 11 bytes", True),
        (lambda said: b"", "", talk.SILENT, True),
    ],
)
def test_over_tcp(reply: Callable[[bytes], bytes], question: str, answer: str, fine: bool) -> None:
    port = free_port()
    name = "memcached" if question == "memcached" else ""
    with wire.listening("127.0.0.1", port, answers(reply)):
        found = talk.with_tcp("127.0.0.1", port, name)
    assert (found.answer, found.fine) == (answer, fine)
    assert question in found.question


def test_nobody() -> None:
    found = talk.with_tcp("127.0.0.1", free_port())
    assert (found.answer, found.fine) == ("nobody listens", False)


def test_dns_by_udp() -> None:
    port = free_port()
    with wire.answering("127.0.0.1", port, lambda said: said[:2] + b"\x81\x05" + said[4:]):
        found = talk.with_udp("127.0.0.1", port, "dns")
    assert (found.question, found.answer) == (f"udp {port} dns", "DNS REFUSED")


def test_udp_of_which_nothing_is_known() -> None:
    assert talk.with_udp("127.0.0.1", 8125).answer.startswith("not asked")


def test_readers_know_their_own() -> None:
    assert talk.read_dns(b"\0\x20" + talk.DNS_QUERY[:2] + b"\x81\x00" + bytes(8)) == "DNS NOERROR"
    assert not talk.read_dns(talk.DNS_QUERY)
    assert talk.read_fastcgi(bytes([1, 10, 0, 0])) and not talk.read_fastcgi(b"HTTP")
    assert talk.read_ntp(bytes([0x24]) + bytes(47)) and not talk.read_ntp(b"x")


def test_a_port_that_wants_tls_says_so() -> None:
    assert talk.is_for_tls(Page(400, (), b"The plain HTTP request was sent to HTTPS port"))
    assert not talk.is_for_tls(Page(400, (), b"Bad Request"))
