# SPDX-License-Identifier: Apache-2.0
"""Conversations: what to say to a port so that a healthy server answers, and what the answer shows."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

import msgspec

from migrate.clients import wire
from migrate.clients.wire import Page
from migrate.model.trial import Answer

SILENT = "accepts connections, and says nothing that we understand"
SERVER_ERROR = 500
FASTCGI = bytes([1, 9, 0, 0, 0, 16, 0, 0, 14, 0]) + b"FCGI_MAX_CONNS"
DNS_QUERY = struct.pack(">6H", 0x6D67, 0x0100, 1, 0, 0, 0) + b"\x07version\x04bind\x00" + struct.pack(">2H", 16, 3)
NTP_QUERY = bytes([0x23]) + bytes(47)


class Talk(msgspec.Struct, frozen=True):
    """One protocol: the ports that usually speak it, the question, and a reader that yields "" for another protocol."""

    name: str
    ports: frozenset[int]
    question: bytes
    read: Callable[[bytes], str]


def starts(*signs: bytes) -> Callable[[bytes], str]:
    """A reader of protocols whose answer is a line of text."""

    def read(answer: bytes) -> str:
        line = answer.splitlines()[0][:80] if answer else b""
        return line.decode("ascii", "replace") if line.startswith(signs) else ""

    return read


def read_dns(answer: bytes) -> str:
    """Any answer to our question is a sign of life, also a refusal."""
    body = answer[2:] if answer[:2] != DNS_QUERY[:2] else answer
    if len(body) < 12 or body[:2] != DNS_QUERY[:2] or not body[2] & 0x80:
        return ""
    codes = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
    return f"DNS {codes.get(body[3] & 15, body[3] & 15)}"


def read_fastcgi(answer: bytes) -> str:
    return "FastCGI values" if answer[:2] == bytes([1, 10]) else ""


def read_ntp(answer: bytes) -> str:
    return "NTP time" if len(answer) >= 48 and answer[0] & 7 == 4 else ""


TCP: tuple[Talk, ...] = (
    Talk("memcached", frozenset({11211}), b"version\r\n", starts(b"VERSION")),
    Talk("redis", frozenset({6379, 26379}), b"PING\r\n", starts(b"+PONG", b"-NOAUTH", b"-DENIED", b"-ERR")),
    Talk("fastcgi", frozenset({9000}), FASTCGI, read_fastcgi),
    Talk("dns", frozenset({53, 5353}), struct.pack(">H", len(DNS_QUERY)) + DNS_QUERY, read_dns),
    Talk("smtp", frozenset({25, 465, 587}), b"", starts(b"220")),
    Talk("imap", frozenset({143}), b"", starts(b"* OK")),
    Talk("pop3", frozenset({110}), b"", starts(b"+OK")),
    Talk("ftp", frozenset({21}), b"", starts(b"220")),
    Talk("ssh", frozenset({22}), b"", starts(b"SSH-")),
    Talk("nntp", frozenset({119}), b"", starts(b"20")),
    Talk("zookeeper", frozenset({2181}), b"ruok", starts(b"imok")),
    Talk("beanstalk", frozenset({11300}), b"stats\r\n", starts(b"OK")),
)
UDP: tuple[Talk, ...] = (
    Talk("dns", frozenset({53, 5353}), DNS_QUERY, read_dns),
    Talk("ntp", frozenset({123}), NTP_QUERY, read_ntp),
)


def with_tcp(host: str, port: int, name: str = "") -> Answer:
    """HTTP first, because most speak it; then what the port's number or name suggests; then whether it listens."""
    question = f"tcp {port}"
    likely = [talk for talk in TCP if port in talk.ports or talk.name in name]
    try:
        for talk in likely:
            if found := talk.read(_said(host, port, talk.question)):
                return Answer(f"{question} {talk.name}", found)
        if page := _page(host, port):
            return of_page(f"{question} GET /", page)
        said = _said(host, port, b"\r\n\r\n")
    except OSError as error:
        return Answer(question, why(error), fine=False)
    return Answer(question, f"answers {len(said)} bytes" if said else SILENT)


def with_udp(host: str, port: int, name: str = "") -> Answer:
    """Only protocols that we know; for others silence says nothing."""
    likely = [talk for talk in UDP if port in talk.ports or talk.name in name]
    if not likely:
        return Answer(f"udp {port}", "not asked: no question is known for it")
    try:
        answer = wire.udp(host, port, likely[0].question)
    except OSError as error:
        return Answer(f"udp {port} {likely[0].name}", why(error), fine=False)
    return Answer(f"udp {port} {likely[0].name}", likely[0].read(answer) or f"answers {len(answer)} bytes")


def of_page(question: str, page: Page) -> Answer:
    """A server's own error is no good answer; a refusal is one."""
    server = re.sub(r"[/ (].*", "", dict(page.headers).get("server", ""))
    told = f"{page.status}{f' from {server}' if server else ''}, {len(page.body)} bytes"
    return Answer(question, told, fine=page.status < SERVER_ERROR)


def why(error: OSError) -> str:
    """What an OSError means to a person."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens"
    return str(error.strerror or error)


def _page(host: str, port: int) -> Page | None:
    """Over TLS where plain HTTP is refused."""
    address = f"[{host}]" if ":" in host else host
    for scheme in ("http", "https"):
        try:
            page = wire.get(f"{scheme}://{address}:{port}/")
        except OSError:
            continue
        if scheme == "https" or page.status != 400 or not is_for_tls(page):
            return page
    return None


def is_for_tls(page: Page) -> bool:
    """Whether a server says that it wants TLS."""
    return b"HTTPS" in page.body.upper() or b"SSL" in page.body.upper() or b"TLS" in page.body.upper()


def _said(host: str, port: int, question: bytes) -> bytes:
    try:
        return wire.tcp(host, port, question)
    except ConnectionResetError:
        return b""
