# SPDX-License-Identifier: Apache-2.0
"""Text that comes from a project made harmless: nothing in it may steer a terminal, a CI log or a pull request."""

from __future__ import annotations

import re

# A CI runner obeys `::error::` at the start of a printed line (a wrapped cell can start one) and `##[group]` anywhere.
COMMAND = re.compile(r"::(?=[A-Za-z][A-Za-z-]{3})|##(?=\w*\[)")
MARKUP = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>|`*~\\$"})
# An invisible character keeps GitHub and GitLab from mentioning people, linking issues and calling other projects.
REFERENCE = re.compile(r"@|[#!](?=\w)|:(?=//)|\bwww(?=\.)|\bGH(?=-[0-9])", re.IGNORECASE)
STRUCTURE = re.compile(r"(?<!\w)_|_(?!\w)|(?<=\])[(\[:]|!(?=\[)")
TAME = re.compile(r"(?:[\w ./:,+=%-]|\[[\w,…-]+\])*", re.ASCII)
APART = "&#8203;"


def clean(text: str) -> str:
    """One line of printable characters; others are shown as escapes such as `\\x1b`."""
    line = text if text.isprintable() and "  " not in text else " ".join(text.split())
    shown = line if line.isprintable() else "".join(map(_shown, line))
    return COMMAND.sub(lambda match: f"{match[0][0]} {match[0][1]}", shown)


def prose(text: str) -> str:
    """Cleaned text for Markdown and for HTML inside it, shown as written and linking to nothing."""
    plain = STRUCTURE.sub(lambda match: f"&#{ord(match[0])};", clean(text).translate(MARKUP))
    return REFERENCE.sub(lambda match: match[0] if _of_entity(match) else match[0] + APART, plain)


def code(text: str) -> str:
    """Cleaned text in a fixed width, for Markdown and for HTML inside it."""
    return f"<code>{prose(text)}</code>" if text else ""


def tick(text: str) -> str:
    """Like `code`, in backticks where that is safe, because the source of a comment is read too (mails, diffs)."""
    line = clean(text)
    return f"`{line}`" if line.strip() and TAME.fullmatch(line) else code(text)


def _of_entity(match: re.Match[str]) -> bool:
    """Whether the `#` is of an entity that we wrote ourselves."""
    return match[0] == "#" and match.string[match.start() - 1 : match.start()] == "&"


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
