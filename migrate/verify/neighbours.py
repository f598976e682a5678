# SPDX-License-Identifier: Apache-2.0
"""What a pod finds where it expects others: names that resolve, a stand-in that notes who asked, or the real server."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from migrate.clients import wire
from migrate.errors import UsageError
from migrate.verify.folder import Neighbour

PATIENCE = 3.0
PAGE = b"a stand-in of migrate verify\n"
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(PAGE)
METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"OPTIONS ", b"DELETE ", b"PATCH ")
ADDRESS = 1
IN_SECONDS = 5
SERVICE = re.compile(r"\.svc(\.cluster\.local)?$")


class Given(msgspec.Struct, frozen=True):
    """`--with NAME=HOST:PORT`: where a neighbour really is."""

    name: str
    host: str
    port: int


class Seen:
    """Who was asked for while a pod ran; filled from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.asked: dict[str, int] = {}
        self.names: set[str] = set()
        self.taken: list[str] = []

    def call(self, who: str) -> None:
        with self._lock:
            self.asked[who] = self.asked.get(who, 0) + 1

    def name(self, name: str) -> None:
        with self._lock:
            self.names.add(name)


def parse(text: str) -> Given:
    """`postgresql=127.0.0.1:5432`. Raises UsageError."""
    name, sign, where = text.partition("=")
    host, colon, port = where.rpartition(":")
    if not (name and sign and host and colon and port.isdecimal() and 0 < int(port) < 65536):
        raise UsageError(f"--with {text}: not understood", hint="For example --with postgresql=127.0.0.1:5432.")
    return Given(name, host.strip("[]"), int(port))


@contextlib.contextmanager
def standing_in(
    address: str, neighbours: Iterable[Neighbour], given: Iterable[Given], seen: Seen
) -> Iterator[Mapping[str, str]]:
    """Listen on this machine's address on the pod's network; yields name → address for what is there.

    Ports are shared by all names, so one port leads to one place: where two neighbours have the same, the one that was
    given wins, else the first stands for both.
    """
    real = {one.name: one for one in given}
    ports: dict[int, list[str]] = {}
    for one in neighbours:
        for port in one.ports:
            ports.setdefault(port, []).append(one.name)
    for name, there in real.items():
        if not any(name in names for names in ports.values()):
            ports.setdefault(there.port, []).append(name)
    nowhere, lost = nobody(address), set[str]()
    with contextlib.ExitStack() as stack:
        for port, names in sorted(ports.items()):
            target = next((real[name] for name in names if name in real), None)
            try:
                stack.enter_context(wire.listening(address, port, _talk(names, port, target, seen)))
            except OSError as error:
                seen.taken.append(f"{'/'.join(names)}:{port} ({error.strerror})")
                lost.update(names)
        where = {name: nowhere if name in lost else address for names in ports.values() for name in names}
        with contextlib.suppress(OSError):  # without the right to it, names of this folder still resolve
            stack.enter_context(wire.answering(address, 53, lambda query: resolve(query, where, nowhere, seen)))
        yield where


def nobody(address: str) -> str:
    """An address of the pod's network that nobody has: led to this machine, strangers would meet its own servers."""
    head, _, tail = address.rpartition(".")
    return f"{head}.{251 if tail == '250' else 250}"


def _talk(names: list[str], port: int, target: Given | None, seen: Seen) -> wire.Talk:
    who = f"{'/'.join(names)}:{port}"

    def stand_in(talk: socket.socket) -> None:
        talk.settimeout(PATIENCE)
        seen.call(who)
        with contextlib.suppress(TimeoutError):
            if talk.recv(1 << 16).startswith(METHODS):
                talk.sendall(HTTP + PAGE)

    def forward(talk: socket.socket) -> None:
        try:
            wire.pass_on(talk, target.host, target.port) if target else None
        except OSError:
            seen.call(f"{who} (given, but {target.host}:{target.port} does not answer)" if target else who)

    return forward if target else stand_in


def resolve(query: bytes, where: Mapping[str, str], nowhere: str, seen: Seen) -> bytes:
    """A DNS answer. A name that is not known here may well be in the real network, so it leads to nobody; b"" for
    what is no query.
    """
    name, end = _asked(query)
    if not end or len(query) < end + 4:
        return b""
    (kind,) = struct.unpack(">H", query[end : end + 2])
    seen.name(name)
    head = query[:2] + struct.pack(">5H", 0x8580, 1, int(kind == ADDRESS), 0, 0) + query[12 : end + 4]
    if kind != ADDRESS:
        return head
    found = where.get(name) or where.get(name.partition(".")[0] if SERVICE.search(name) else "") or nowhere
    return head + struct.pack(">HHHIH", 0xC00C, ADDRESS, 1, IN_SECONDS, 4) + socket.inet_aton(found)


def _asked(query: bytes) -> tuple[str, int]:
    """The first name of a query, and where it ends; ("", 0) for nonsense."""
    labels, at = [], 12
    while at < len(query) and (size := query[at]):
        if size > 63 or at + size >= len(query):
            return "", 0
        labels.append(query[at + 1 : at + 1 + size].decode("ascii", "replace"))
        at += size + 1
    return ".".join(labels), at + 1 if labels and at < len(query) else 0
