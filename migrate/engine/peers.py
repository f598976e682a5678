# SPDX-License-Identifier: GPL-3.0-or-later
"""Which other machines of the fleet a task's arguments and files name, exactly where, and from which variable.

Conditions, comparisons and sorting must see plain values, or what is recorded would not be what Ansible does. So what
names a peer is templated twice: first with plain values, which is what is recorded; then with a mark after each name
and address of a peer. Where the second text is the first but for the marks, they tell provenance exactly; where it is
not (a filter or a comparison that minded), only what can be no chance, an address or a full name, is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from ansible.module_utils._internal._datatag import AnsibleTagHelper

from migrate.model.task import Peer

MARK = re.compile(r"mgpeer(\d+)q", re.IGNORECASE)
WORD = re.compile(r"(?<![\w.-])(?:(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}|\w(?:[\w.-]*\w)?)(?![\w-])", re.IGNORECASE)
JINJA = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
HOSTISH = re.compile(
    r"host|server|addr|node|peer|upstream|primary|master|replica|slave|endpoint|ur[li]$|dsn|broker|member|backend|seed",
    re.IGNORECASE,
)
PORT = re.compile(r"\]?:(\d{1,5})(?!\d)")
NOBODY = frozenset(("localhost", "127.0.0.1", "::1", "0.0.0.0", "::"))
SHARED = re.compile(
    r"gateway|dns|ntp|mask|network|broadcast|subnet|resolver|proxy|master|primary|peer|remote|server|vip"
)
"""Parts of names of host variables whose addresses are not the machine's own."""
DEEPEST = 12
MOST = 2000
"""Mentions kept of one task: a file that lists a whole fleet tells no more with more."""


class Peers:
    """Every name and address by which a machine is known, and the marks that stand for them."""

    def __init__(self, known: Mapping[str, Iterable[str]]) -> None:
        """`known` has the words of each machine, its own name first."""
        self.words = {machine.lower(): (machine, kind_of(machine)) for machine in known}
        names = frozenset(self.words)
        for machine, words in known.items():
            for word in {word.lower() for word in words if word} - names - NOBODY:
                same = self.words.setdefault(word, (machine, kind_of(word)))
                if same[0] != machine:  # what two machines share names neither
                    self.words[word] = ("", "")
        self._marks: list[tuple[str, str, str, str]] = []
        self._numbers: dict[tuple[str, str, str, str], int] = {}

    def named_in(self, text: str, own: str) -> bool:
        return any(self._other(found[0], own) for found in WORD.finditer(text))

    def _other(self, word: str, own: str) -> tuple[str, str] | None:
        found = self.words.get(word.lower())
        return found if found and found[0] and found[0] != own else None

    def marked(self, word: str, variable: str, own: str) -> str:
        found = self._other(word, own)
        if found is None:
            return word
        key = (*found, MARK.sub("", word), variable)
        if key not in self._numbers:
            self._numbers[key] = len(self._marks)
            self._marks.append(key)
        return f"{word}mgpeer{self._numbers[key]}q"

    def mark(self, value: Any, variable: str, own: str, *, all_names: bool = False, depth: int = 0) -> Any:
        """A copy with a mark after each word that is a peer; bare names only where they can be nothing else."""
        if isinstance(value, str):
            return self._mark_text(value, variable, own, all_names or bool(HOSTISH.search(variable)))
        if depth > DEEPEST:
            return value
        if isinstance(value, Mapping):
            pairs = {
                key: self.mark(item, named(variable, key), own, all_names=all_names, depth=depth + 1)
                for key, item in value.items()
            }
            return AnsibleTagHelper.tag_copy(value, pairs) if isinstance(value, dict) else pairs
        if isinstance(value, (list, tuple)):
            items = [self.mark(item, variable, own, all_names=all_names, depth=depth + 1) for item in value]
            return AnsibleTagHelper.tag_copy(value, items) if isinstance(value, list) else items
        return value

    def _mark_text(self, text: str, variable: str, own: str, all_names: bool) -> str:
        """Outside of Jinja's brackets: what stands inside is code."""
        parts = JINJA.split(text)
        for index in range(0, len(parts), 2):
            parts[index] = WORD.sub(
                lambda found: self.marked(found[0], variable, own) if all_names or certain(found) else found[0],
                parts[index],
            )
        joined = "".join(parts)
        return text if joined == text else AnsibleTagHelper.tag_copy(text, joined)

    def found(self, plain: str, marked: str | None, at: str, own: str, *, lines: bool = False) -> Iterator[Peer]:
        """Peers in a text, by its marks where they may be trusted."""
        before, after = plain.split("\n"), (marked or "").split("\n")
        same = aligned(before, [MARK.sub("", line) for line in after])
        for index, line in enumerate(before):
            where = f"line {index + 1}" if lines else at
            other = same.get(index)
            marks = [] if other is None else list(self._by_marks(after[other], where))
            told = {(peer.machine, peer.value) for peer in marks}
            yield from marks
            yield from (peer for peer in self._by_words(line, where, own) if (peer.machine, peer.value) not in told)

    def _by_marks(self, line: str, at: str) -> Iterator[Peer]:
        for found in MARK.finditer(line):
            if int(found[1]) >= len(self._marks):  # a text that imitates marks
                continue
            machine, what, word, variable = self._marks[int(found[1])]
            yield Peer(machine, what, word, at, port_after(line, found), variable)

    def _by_words(self, line: str, at: str, own: str) -> Iterator[Peer]:
        for found in WORD.finditer(line):
            other = self._other(found[0], own)
            if other and ("." in found[0] or ":" in found[0]):
                yield Peer(*other, found[0], at, port_after(line, found))


def named(variable: str, key: Any) -> str:
    return f"{variable}.{key}"


def aligned(before: list[str], after: list[str]) -> dict[int, int]:
    """Which lines of the one text are lines of the other: all in place, unless a comparison minded the marks."""
    if len(before) == len(after):
        return {index: index for index, line in enumerate(before) if after[index] == line}
    if max(len(before), len(after)) > MOST:
        return {}
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}


def port_after(line: str, found: re.Match[str]) -> int:
    port = PORT.match(line, found.end())
    return int(port[1]) if port else 0


def certain(found: re.Match[str]) -> bool:
    """True for an address, a name with dots, and a name that stands where a machine does in a URL or before a port."""
    text, word = found.string, found[0]
    before, after = text[: found.start()], text[found.end() :]
    return "." in word or ":" in word or before.endswith(("://", "@")) or bool(PORT.match(after))


def kind_of(word: str) -> str:
    """address, fqdn or name."""
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*", word, re.IGNORECASE):
        return "address"
    return "fqdn" if "." in word else "name"


def known_words(own: Mapping[str, Mapping[str, Any]], more: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """What each machine is known by: its name, what the inventory says of its addresses, and what others know."""
    return {
        name: [name.split(".", maxsplit=1)[0] if kind_of(name) == "fqdn" else name, *addresses(own[name]),
               *more.get(name, ())]
        for name in own
    }  # fmt: skip


def addresses(variables: Mapping[str, Any]) -> Iterator[str]:
    for key, value in variables.items():
        if isinstance(value, str) and "{{" not in value and not SHARED.search(key):
            told = key in ("ansible_host", "ansible_ssh_host", "fqdn", "hostname")
            if told or kind_of(value) == "address":
                yield str(value)
