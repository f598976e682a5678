# SPDX-License-Identifier: Apache-2.0
"""Settings of a systemd unit, from the file that a role writes: how long it may take to start and to stop, and how."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from migrate.model.workload import Unit, Workload

SETTING = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)
SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
SECONDS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("ms", "msec"), 0.001),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
LONGEST = 3600


def settings(workload: Workload, unit: Unit) -> tuple[Mapping[str, str], str]:
    """(setting → last value, place) of the unit's file and its drop-ins; template units count for their instances."""
    found: dict[str, str] = {}
    place = ""
    for text, where in _texts(workload, unit):
        found |= dict(SETTING.findall(text))
        place = place or where
    return found, place


def _texts(workload: Workload, unit: Unit) -> Iterator[tuple[str, str]]:
    """(text, place) of the unit's file and its drop-ins."""
    stem, at, _ = unit.name.removesuffix(".service").partition("@")
    names = {f"{stem}{at}.service", f"{unit.name.removesuffix('.service')}.service"}
    for task in workload.tasks:
        dest = task.file.dest if task.file else ""
        folder = posixpath.basename(posixpath.dirname(dest)).removesuffix(".d")
        if task.file and task.file.text and (posixpath.basename(dest) in names or folder in names):
            yield task.file.text, str(task.place)


def every(workload: Workload, unit: Unit, key: str) -> list[tuple[str, str]]:
    """(value, place) of a setting that may be given several times, in order; an empty one forgets those before it."""
    found: list[tuple[str, str]] = []
    for text, place in _texts(workload, unit):
        joined = re.sub(r"\\\n\s*", " ", text)
        for value in re.findall(rf"^[ \t]*{key}[ \t]*=[ \t]*(.*?)[ \t]*$", joined, re.MULTILINE):
            found = [*found, (value, place)] if value else []
    return found


def seconds(text: str) -> int:
    """A time span as systemd writes it (`90`, `1min 30s`, `infinity`) in whole seconds; 0 where it is none."""
    if text.strip() == "infinity":
        return LONGEST
    total = sum(float(number) * SECONDS.get(unit, 0.0) for number, unit in SPAN.findall(text.lower()))
    return min(LONGEST, int(total + 0.999))
