# SPDX-License-Identifier: Apache-2.0
"""Questions over a network: one HTTP request, a few bytes by TCP or UDP, and ports on which this machine answers."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from http import client
from urllib.parse import urlsplit

import msgspec

MOST = 1 << 20
FREE_BIND = 15  # IP_FREEBIND of Linux: the address comes with the first container
Talk = Callable[[socket.socket], None]
Reply = Callable[[bytes], bytes]


class Page(msgspec.Struct, frozen=True):
    """An HTTP answer; names of headers in lower case, in the order sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def get(url: str, *, headers: Mapping[str, str] | None = None, timeout: float = 5.0) -> Page:
    """One GET, no redirects, certificates unchecked, as a kubelet asks. Raises OSError where no HTTP comes back."""
    parts = urlsplit(url)
    talk = _connection(parts.scheme, parts.hostname or "", parts.port, timeout)
    try:
        query = f"?{parts.query}" if parts.query else ""
        talk.request("GET", (parts.path or "/") + query, headers=dict(headers or {}))
        answer = talk.getresponse()
        found = tuple((name.lower(), value) for name, value in answer.getheaders())
        return Page(answer.status, found, answer.read(MOST))
    except (client.HTTPException, ValueError) as error:
        raise OSError(f"no HTTP: {str(error) or type(error).__name__}") from error
    finally:
        talk.close()


def _connection(scheme: str, host: str, port: int | None, timeout: float) -> client.HTTPConnection:
    if scheme != "https":
        return client.HTTPConnection(host, port, timeout=timeout)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return client.HTTPSConnection(host, port, timeout=timeout, context=context)


def connect(host: str, port: int, *, timeout: float = 2.0) -> None:
    """Raises OSError where nobody listens."""
    socket.create_connection((host, port), timeout=timeout).close()


def tcp(host: str, port: int, said: bytes = b"", *, timeout: float = 2.0) -> bytes:
    """What comes back after some bytes, b"" for silence. Raises OSError where nobody listens or the line is cut."""
    with socket.create_connection((host, port), timeout=timeout) as talk:
        if said:
            talk.sendall(said)
        try:
            found = talk.recv(MOST)
        except TimeoutError:
            return b""
    if not found:
        raise ConnectionResetError("it closed the connection without a word")
    return found


def udp(host: str, port: int, said: bytes, *, timeout: float = 2.0) -> bytes:
    """One datagram for another. Raises OSError where none comes."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as talk:
        talk.settimeout(timeout)
        talk.connect((host, port))
        talk.send(said)
        return talk.recv(MOST)


@contextlib.contextmanager
def listening(address: str, port: int, talk: Talk) -> Iterator[None]:
    """Answer TCP connections to one address. Raises OSError where the port is taken, be it for all addresses."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                talk(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True  # also after the pod before this one; never beside a server that listens

        def server_bind(self) -> None:
            self.socket.setsockopt(socket.IPPROTO_IP, FREE_BIND, 1)
            super().server_bind()

    yield from _serving(Server((address, port), Handler))


@contextlib.contextmanager
def answering(address: str, port: int, reply: Reply) -> Iterator[None]:
    """Answer UDP datagrams to one address; an empty reply is not sent. Raises OSError where the port is taken."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, talk = self.request
            with contextlib.suppress(OSError):
                if answer := reply(data):
                    talk.sendto(answer, self.client_address)

    class Server(socketserver.ThreadingUDPServer):
        daemon_threads = True

        def server_bind(self) -> None:
            self.socket.setsockopt(socket.IPPROTO_IP, FREE_BIND, 1)
            super().server_bind()

    yield from _serving(Server((address, port), Handler))


def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def pass_on(talk: socket.socket, host: str, port: int) -> None:
    """Copy bytes both ways between a connection and a server elsewhere, until either ends."""
    with socket.create_connection((host, port), timeout=10.0) as other:
        other.settimeout(None)
        talk.settimeout(None)
        back = threading.Thread(target=_copy, args=(other, talk), daemon=True)
        back.start()
        _copy(talk, other)
        back.join(timeout=60.0)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
