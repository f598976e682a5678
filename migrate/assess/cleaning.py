# SPDX-License-Identifier: Apache-2.0
"""Jobs that only clean up: told by every command of their command line or script."""

from __future__ import annotations

import re

SCRATCH = re.compile(
    r"(?:^|[/_.\-])(?:te?mp|cache[sd]?|logs?|journal|run|workspaces?|builds?|thumb(?:nail)?s?|sessions?|scratch|core|coredumps?|trash|old|"
    r"releases?|spool/clientmqueue|\.cache)(?:[/_.*\-]|$)",
    re.IGNORECASE,
)
TOOLS = re.compile(
    r"^(?:\S*/)?(?:tmpreaper\b|tmpwatch\b|systemd-tmpfiles --clean|apt(?:-get)?\s+(?:-\S+\s+)*auto(?:clean|remove)\b|"
    r"apt(?:-get)?\s+(?:-\S+\s+)*clean\b|(?:yum|dnf)\s+(?:-\S+\s+)*"
    r"(?:clean|autoremove)\b|journalctl\s+--(?:vacuum|rotate)|(?:docker|podman)\s+(?:\w+\s+)?(?:prune|rmi)\b|purge-old-kernels|package-cleanup|"
    r"certbot delete|logrotate\b|truncate\s+-s\s*0\b|fstrim\b)"
)
FIND = re.compile(r"^(?:\S*/)?find\s+(?P<where>/[^\s;]*).*(?:-delete|-exec(?:dir)?\s+(?:\S*/)?rm\b)", re.DOTALL)
PIPED_FIND = re.compile(r"^(?:\S*/)?find\s+(?P<where>/[^\s;]*)")
RM = re.compile(r"^(?:\S*/)?rm\s+(?:-\S+\s+)*(?P<where>/.*)")
HARMLESS = re.compile(
    r"^(?:set\b|cd\b|echo\b|test\b|\[|true$|:$|exit\b|then$|else$|fi$|done$|do$|\w+=\S*$|"
    r"export \w+=|(?:\S*/)?xargs\s+(?:-\S+\s+)*(?:\S*/)?rm\b|"
    r"(?:\S*/)?logger\b|(?:sleep|nice|ionice|flock|date)\b\s*\S*$|trap\b)"
)
PREFIX = re.compile(r"^(?:(?:sudo|nice|ionice|if|elif|while|then|do|else|!)\s+(?:-\S+\s+)*)+")
REDIRECTION = re.compile(r"\s*\d?>{1,2}\s*(?:&\d|\S+)")


def cleans(text: str) -> str:
    """What a command line or script removes, when it does nothing else and what it removes is scratch; otherwise ""."""
    found = [piece for piece in pieces(text) if not HARMLESS.match(piece)]
    what = [target(piece) for piece in found]
    return ", ".join(dict.fromkeys(what)) if what and all(what) else ""


def removes(text: str) -> str:
    """The folder of a command that is not known to be scratch, where removing is all it does; otherwise ""."""
    found = [FIND.match(piece) or RM.match(piece) for piece in pieces(text) if not HARMLESS.match(piece)]
    return ", ".join(one["where"].split()[0] for one in found if one) if found and all(found) else ""


def pieces(text: str) -> list[str]:
    """The simple commands of a shell text; an escaped `;` is find's."""
    lines = [line for line in text.replace("\\\n", " ").splitlines() if not line.lstrip().startswith("#")]
    parts = re.split(r"&&|\|\||(?<!\\);|\||\n", "\n".join(lines))
    return [clean for part in parts if (clean := PREFIX.sub("", REDIRECTION.sub("", part).strip()))]


def target(piece: str) -> str:
    """What one command cleans; "" when it does something else, or removes what may be data."""
    if TOOLS.match(piece):
        return " ".join(piece.split()[:3])
    if found := FIND.match(piece) or PIPED_FIND.match(piece):
        return found["where"] if SCRATCH.search(found["where"]) else ""
    if found := RM.match(piece):
        paths = [word for word in found["where"].split() if not word.startswith("-")]
        return " ".join(paths) if all(SCRATCH.search(path) for path in paths) else ""
    return ""
