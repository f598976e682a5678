# SPDX-License-Identifier: Apache-2.0
"""Many machines or ports in few characters: web1, web2, web3 and web5 are `web[1-3,5]`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from migrate.model.workload import Port
from migrate.report.clean import clean

# At most nine digits: Python refuses to read numbers of thousands of digits, and a name may hold them.
NUMBERED = re.compile(r"^(.*?)([0-9]{1,9})([^0-9.]*)((?:\.[^0-9.][^.]*)*)$", re.DOTALL)
LONGEST = 255  # of a DNS name; longer ones are hostile, and matching them is slow
MOST_RUNS = 6
MOST_PORTS = 6


def compact(names: Iterable[str], *, domain: str = "", limit: int = 0) -> str:
    """The names, sorted and folded; `domain` is left off each, and beyond `limit` characters the rest is counted."""
    groups = sorted(_groups({short(name, domain) for name in names}).items(), key=_order)
    few = MOST_RUNS if limit else 0
    parts = [(_folded(prefix, suffix, digits, few), len(digits)) for (prefix, suffix, _), digits in groups]
    return _cut(parts, limit) if limit else ", ".join(text for text, _ in parts)


def common_domain(names: Iterable[str]) -> str:
    """The domain that all names end in, without its leading dot; "" where they share none or are addresses."""
    labels = [name.split(".")[1:][::-1] for name in names]
    if len(labels) < 2 or not all(labels):
        return ""
    shared: list[str] = []
    for level in zip(*labels, strict=False):
        if len(set(level)) > 1:
            break
        shared.insert(0, level[0])
    return ".".join(shared) if shared and not shared[-1].isdigit() else ""


def port_list(ports: Iterable[Port]) -> str:
    """The numbers of the first few ports, with the protocol where it isn't TCP."""
    seen = dict.fromkeys((port.number, port.protocol) for port in ports)
    names = [f"{number}" if protocol == "tcp" else f"{number}/{clean(protocol)}" for number, protocol in seen]
    more = f" +{len(names) - MOST_PORTS}" if len(names) > MOST_PORTS else ""
    return ", ".join(names[:MOST_PORTS]) + more


def short(name: str, domain: str) -> str:
    """The name without the domain, where something is left of it."""
    return name.removesuffix(f".{domain}") or name if domain else name


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts web2 before web10."""
    parts = re.findall(r"[0-9]{1,9}|[^0-9]+", name)
    return tuple((0, int(part), part) if "0" <= part[0] <= "9" else (1, 0, part) for part in parts)


def _groups(names: set[str]) -> dict[tuple[str, str, bool], list[str]]:
    """Numbers (as written) per what stands before and after them; a name without a number is a group of its own."""
    groups: dict[tuple[str, str, bool], list[str]] = {}
    for name in sorted(names):
        match = NUMBERED.match(name) if len(name) <= LONGEST else None
        key = (match[1], match[3] + match[4], True) if match else (name, "", False)
        groups.setdefault(key, []).append(match[2] if match else "")
    return groups


def _order(item: tuple[tuple[str, str, bool], list[str]]) -> tuple[object, ...]:
    (prefix, suffix, numbered), _ = item
    return natural(prefix), numbered, suffix


def _folded(prefix: str, suffix: str, digits: Sequence[str], few: int) -> str:
    if len(digits) == 1:
        return f"{prefix}{digits[0]}{suffix}"
    runs = _runs(sorted(digits, key=lambda number: (len(number), int(number))))
    if few and len(runs) > few:
        # An ellipsis, not a dash: some in between are missing, and a list of them would drown the table.
        return f"{prefix}[{runs[0][0]}…{runs[-1][-1]}]{suffix}"
    return f"{prefix}[{','.join(_run(run) for run in runs)}]{suffix}"


def _run(run: Sequence[str]) -> str:
    return run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}"


def _runs(numbers: Sequence[str]) -> list[list[str]]:
    runs = [[numbers[0]]]
    for number in numbers[1:]:
        if _follows(runs[-1], number):
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _follows(run: Sequence[str], number: str) -> bool:
    """Whether the number continues the run; 9 is followed by 10, but 09 is not followed by 010."""
    last = run[-1]
    grows = len(number) == len(last) + 1 and not run[0].startswith("0") and not number.startswith("0")
    return int(number) == int(last) + 1 and (len(number) == len(last) or grows)


def _cut(parts: Sequence[tuple[str, int]], limit: int) -> str:
    kept: list[str] = []
    for text, _ in parts:
        if kept and len(", ".join([*kept, text])) > limit:
            break
        kept.append(text)
    more = sum(count for _, count in parts[len(kept) :])
    return ", ".join(kept) + (f", +{more} more" if more else "")
