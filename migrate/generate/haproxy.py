# SPDX-License-Identifier: Apache-2.0
"""haproxy.cfg, as far as it tells which hosts lead where, and how servers are asked whether they are well."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Mapping

import msgspec

SECTIONS = ("global", "defaults", "frontend", "backend", "listen", "userlist", "peers", "resolvers", "cache", "program")
HOST_OF = re.compile(r"(?:req\.)?(?:hdr|ssl_fc_sni|req_ssl_sni)(?:\(host\)|_dom\(host\)|_end\(host\))?(?:,lower)?")
METHODS = {"OPTIONS", "HEAD", "GET", "POST"}
PATH = re.compile(r"/[^\s\"']*")


class Check(msgspec.Struct, frozen=True):
    """What `httpchk` asks: a path, and the Host header ("" for none)."""

    path: str
    host: str = ""


class Section(msgspec.Struct, frozen=True):
    """A frontend, backend or listen. `hosts`: backend → hosts that a rule sends there."""

    kind: str
    name: str
    is_http: bool
    binds: tuple[tuple[int, bool], ...] = ()
    hosts: Mapping[str, tuple[str, ...]] = {}
    default: str = ""
    servers: tuple[str, ...] = ()
    check: Check | None = None


def parse(text: str) -> list[Section]:
    """All frontends, backends and listens of a configuration; lines that can't be read are passed over."""
    found = []
    defaults: list[list[str]] = []
    for head, lines in _sections(text):
        if head[0] == "defaults":
            defaults = lines
        elif head[0] in ("frontend", "backend", "listen") and len(head) > 1:
            found.append(_section(head, lines, defaults))
    return found


def _sections(text: str) -> list[tuple[list[str], list[list[str]]]]:
    found: list[tuple[list[str], list[list[str]]]] = []
    for line in text.splitlines():
        words = _words(line)
        if words and words[0] in SECTIONS:
            found.append((words, []))
        elif words and found:
            found[-1][1].append(words)
    return found


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.partition("#")[0].split()


def _section(head: list[str], lines: list[list[str]], defaults: list[list[str]]) -> Section:
    mode = next((words[1] for words in (*lines[::-1], *defaults[::-1]) if words[0] == "mode" and len(words) > 1), "tcp")
    hosts = _hosts(lines)
    default = next((words[1] for words in lines if words[0] == "default_backend" and len(words) > 1), "")
    return Section(
        kind=head[0],
        name=head[1],
        is_http=mode == "http",
        binds=tuple(bind for words in lines if words[0] == "bind" for bind in _binds(words)),
        hosts={backend: tuple(sorted(names)) for backend, names in sorted(hosts.items())},
        default=default,
        servers=tuple(words[2] for words in lines if words[0] == "server" and len(words) > 2),
        check=_check(lines) or _check(defaults),
    )


def _binds(words: list[str]) -> list[tuple[int, bool]]:
    ports = (part.rpartition(":")[2] for part in (words[1] if len(words) > 1 else "").split(","))
    return [(int(port), "ssl" in words[2:]) for port in ports if port.isdecimal()]


def _hosts(lines: list[list[str]]) -> dict[str, set[str]]:
    """Backend → hosts, by `use_backend X if ACL` and `use_backend X if { hdr(host) -i NAME }`."""
    named: defaultdict[str, set[str]] = defaultdict(set)
    for words in lines:
        if words[0] == "acl" and len(words) > 3 and HOST_OF.match(words[2]):
            named[words[1]] |= _names(words[3:])
    found: defaultdict[str, set[str]] = defaultdict(set)
    for words in lines:
        if words[0] != "use_backend" or len(words) < 4 or words[2] != "if":
            continue
        condition = words[3:]
        if condition[0] == "{" and len(condition) > 2 and HOST_OF.match(condition[1]):
            found[words[1]] |= _names(condition[2 : condition.index("}") if "}" in condition else None])
        for word in condition:
            found[words[1]] |= named.get(word, set())
    return {backend: names for backend, names in found.items() if names}


def _names(words: list[str]) -> set[str]:
    return {word.lower().partition(":")[0] for word in words if not word.startswith("-") and "." in word}


def _check(lines: list[list[str]]) -> Check | None:
    """`option httpchk [METHOD] URI …` and the newer `http-check send … uri URI … hdr Host NAME`."""
    found = None
    for words in lines:
        if words[:2] == ["option", "httpchk"]:
            rest = [word for word in words[2:] if word not in METHODS]
            found = found or Check(rest[0] if rest and PATH.fullmatch(rest[0]) else "/", _host_in(" ".join(rest[1:])))
        elif words[:2] == ["http-check", "send"] and found:
            path = _after(words, "uri") or found.path
            host = _after(words, "Host") if "hdr" in words else found.host
            found = Check(path if PATH.fullmatch(path) else found.path, host)
    return found


def _after(words: list[str], word: str) -> str:
    """The word behind another; "" where there is none."""
    return words[words.index(word) + 1] if word in words[:-1] else ""


def _host_in(text: str) -> str:
    match = re.search(r"Host:\s*([\w.-]+)", text.replace("\\r\\n", " ").replace("\\", ""))
    return match[1] if match else ""
