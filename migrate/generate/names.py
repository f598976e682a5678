# SPDX-License-Identifier: Apache-2.0
"""Names that Kubernetes takes, made from names that people gave."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from migrate.model.workload import Port

LONGEST = 50  # of 63: leaves room for suffixes of ours ("-files") and of Kubernetes (CronJobs may have 52)


def label(text: str) -> str:
    """A DNS-1035 label: what Services, Deployments and CronJobs all take."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "workload"
    plain = plain if plain[0].isalpha() else f"w-{plain}"
    if len(plain) <= LONGEST:
        return plain
    return f"{plain[: LONGEST - 7].rstrip('-')}-{digest(text)}"


def labels(names: Iterable[str]) -> dict[str, str]:
    """Name → label, all different: where several names would share one, a digest of the name tells them apart."""
    names = sorted(set(names))
    shared = Counter(label(name) for name in names)
    return {
        name: label(name) if shared[label(name)] == 1 or name == label(name) else label(f"{name}-{digest(name)}")
        for name in names
    }


def keys(paths: Iterable[str]) -> dict[str, str]:
    """File path → key of a ConfigMap or Secret; made from the whole path, so that one file more renames no other."""
    paths = sorted(set(paths))
    plain = {path: re.sub(r"[^-._a-zA-Z0-9]", "-", path.strip("/")).lstrip(".")[-200:] or "file" for path in paths}
    shared = Counter(plain.values())
    return {path: key if shared[key] == 1 else f"{key}-{digest(path)}" for path, key in plain.items()}


def port_names(ports: Iterable[Port]) -> dict[tuple[int, str], str]:
    """(number, protocol) → port name (IANA service names: up to 15 letters, digits, dashes), all different."""
    names: dict[tuple[int, str], str] = {}
    for port in ports:
        plain = re.sub(r"[^a-z0-9]+", "-", port.name.lower()).strip("-")[:15].strip("-")
        fits = plain not in names.values() and any(char.isalpha() for char in plain)
        names[port.number, protocol(port)] = plain if fits else f"{protocol(port).lower()}-{port.number}"
    return names


def protocol(port: Port) -> str:
    """The protocol as Kubernetes spells it."""
    return port.protocol.upper() if port.protocol.upper() in {"UDP", "SCTP"} else "TCP"


def digest(text: str) -> str:
    """Six digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def line(text: str, *, longest: int = 160) -> str:
    """One printable line, so that no text of a role can leave the comment it is quoted in."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
