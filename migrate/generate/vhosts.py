# SPDX-License-Identifier: Apache-2.0
"""Virtual hosts of nginx and Apache: which names a server answers to, on which port, with TLS or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

TOKEN = re.compile(r"\"(?:\\.|[^\"])*\"|'(?:\\.|[^'])*'|[{};]|#[^\n]*|[^\s{};\"']+")
HOST = re.compile(r"(?:\*\.)?(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
VIRTUAL_HOST = re.compile(r"<VirtualHost\s+([^>]+)>(.*?)</VirtualHost>", re.DOTALL | re.IGNORECASE)
DIRECTIVE = re.compile(r"^\s*(\w+)\s+(.+?)\s*$", re.MULTILINE)

Statement = tuple[list[str], "list[Statement] | None"]


class VirtualHost(msgspec.Struct, frozen=True):
    """Names that one server answers to on one port. `redirects`: it sends everybody elsewhere and serves nothing."""

    hosts: tuple[str, ...]
    port: int
    tls: bool = False
    redirects: bool = False
    certificate: str = ""


def parse(text: str) -> list[VirtualHost]:
    """All virtual hosts in a configuration, of nginx or of Apache."""
    if "<VirtualHost" in text:
        return list(_of_apache(text))
    if "server_name" not in text:
        return []
    return [one for block in _servers(_statements(text)) for one in _of_server(block)]


def hosts_in(names: list[str]) -> tuple[str, ...]:
    """Names that Kubernetes takes as hosts: no regular expressions, no catch-all, a wildcard only in front."""
    usual = {("*" + name if name.startswith(".") else name).lower() for name in names}
    return tuple(sorted(name for name in usual if HOST.fullmatch(name)))


def _statements(text: str) -> list[Statement]:
    """nginx's grammar: words up to `;` or `{`, blocks inside one another. What is not closed ends with the text."""
    found: list[Statement] = []
    stack = [found]
    words: list[str] = []
    for match in TOKEN.finditer(text):
        token = match[0]
        if token.startswith("#"):
            continue
        if token == "{":
            block: list[Statement] = []
            stack[-1].append((words, block))
            stack.append(block)
        elif token == ";" and words:
            stack[-1].append((words, None))
        elif token == "}" and len(stack) > 1:
            stack.pop()
        elif token not in "{};":
            words.append(token.strip("\"'"))
            continue
        words = []
    return found


def _servers(statements: list[Statement]) -> Iterator[list[Statement]]:
    for words, block in statements:
        if block is None:
            continue
        if words[:1] == ["server"]:
            yield block
        elif words[:1] in (["http"], ["events"], []):
            yield from _servers(block)


def _of_server(block: list[Statement]) -> Iterator[VirtualHost]:
    said = [words for words, inner in block if inner is None and words]
    hosts = hosts_in([name for words in said if words[0] == "server_name" for name in words[1:]])
    listens = [words[1:] for words in said if words[0] == "listen" and len(words) > 1] or [["80"]]
    redirects = any(words[0] == "return" and words[1:2] and words[1].startswith("30") for words in said)
    certificate = next((words[1] for words in said if words[0] == "ssl_certificate" and len(words) > 1), "")
    seen = set()
    for words in listens:
        port = words[0].rpartition(":")[2] if not words[0].startswith("unix:") else ""
        number = int(port) if port.isdecimal() else 80 if port and "." in port else 0
        if hosts and number and number not in seen:
            seen.add(number)
            yield VirtualHost(hosts, number, "ssl" in words, redirects, certificate)


def _of_apache(text: str) -> Iterator[VirtualHost]:
    for address, inside in VIRTUAL_HOST.findall(text):
        said = [(name.lower(), value) for name, value in DIRECTIVE.findall(inside)]
        names = [word for name, value in said if name in ("servername", "serveralias") for word in value.split()]
        port = address.split()[0].rpartition(":")[2]
        hosts = hosts_in([name.partition(":")[0] for name in names])
        if not hosts or not port.isdecimal():
            continue
        told = dict(said)
        redirects = any(name == "redirect" and "https://" in value for name, value in said)
        certificate = told.get("sslcertificatefile", "").strip("\"'")
        yield VirtualHost(hosts, int(port), told.get("sslengine", "").lower() == "on", redirects, certificate)
