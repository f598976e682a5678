# SPDX-License-Identifier: GPL-3.0-or-later
"""What could not be read or resolved, collected once each, with file, line and remedy."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError

from migrate.model.finding import Finding, Severity
from migrate.model.place import Place

ONCE = ("missing-collection", "unknown-module")  # told for the first place only: they turn up at every task
PARSER_LINE = re.compile(r"line (\d+),? column")
REMEDIES = {
    "missing-role": (
        "Fetch it (ansible-galaxy install -r requirements.yml) into the project's roles folder;"
        " until then its tasks are unknown."
    ),
    "missing-collection": (
        "Install it (ansible-galaxy collection install …) beside migrate; its modules are recorded by name meanwhile."
    ),
    "unknown-module": "Install the collection that ships it beside migrate; meanwhile it is recorded by name.",
    "broken-yaml": "Mend the file; everything that it holds is missing from the report.",
    "broken-inventory": (
        "Mend the file, or export the inventory with `ansible-inventory --list --yaml --output FILE` and give us FILE."
    ),
    "vault-file": "No password is needed: its variables count as secrets to be filled in later.",
    "broken-task": "Mend the task; the rest of the play was recorded.",
    "broken-play": "Mend the play; the other plays were recorded.",
    "undefined-variable": "Nothing to do if it comes from a vault or the command line (-e); else define it.",
    "missing-file": "Add the file, or ignore this if it is made at deploy time.",
    "forbidden": (
        "The project is read as untrusted input: nothing in it runs."
        " Give --trust-project for filters of your own; replace a lookup by a plain variable if its value matters."
    ),
    "unknown-filter": (
        "Install the collection that ships it beside migrate; until then what the filter answers is unknown."
    ),
    "trusted": "You said --trust-project; without it nothing of the project's own code is loaded.",
    "unsealed": "Read projects of others on Linux with seccomp (x86_64 or aarch64), or in a container of its own.",
    "empty-play": "Check the hosts pattern against the inventory.",
    "engine-warning": "",
    "unknown-include": "Look at the file yourself: what it includes is missing from the report.",
    "unknown-host": "Export the hosts that only a run finds (clouds, discovery) as an inventory.",
    "unread-tasks": "Name a play that uses them (tasks_from, or a variable in an include) to have them recorded.",
    "lost-task": "Please report this with the file; until it is mended, read the task yourself.",
    "limit": "Recorded up to the limit.",
}
MISSING_FILTER = re.compile(
    r"No (filter|test) named '([^']+)'|[Cc]ould not load (filter|test)"
    r"|(filter|test) plugin '([^']+)' (?:was )?not found"
)


class Gaps:
    """Findings of one conversation. Paths are given relative to the project so that reports travel."""

    def __init__(self, project: str) -> None:
        self.project = os.path.realpath(project)
        self._found: dict[tuple[str, str, str, str], Finding] = {}

    def holds(self, path: str) -> bool:
        """True for a path inside the project, links followed."""
        real = os.path.realpath(path)
        return real == self.project or real.startswith(self.project + os.sep)

    def place(self, path: str, line: int = 0) -> Place:
        real = os.path.realpath(path)
        inside = real.startswith(self.project + os.sep)
        return Place(path=os.path.relpath(real, self.project) if inside else Path(real).name, line=line)

    def add(
        self,
        check: str,
        subject: str,
        message: str,
        *,
        place: Place | None = None,
        severity: Severity = Severity.WARNING,
    ) -> None:
        finding = Finding(
            check=check,
            subject=self.relative(subject),
            message=self.relative(message),
            remedy=REMEDIES[check],
            severity=severity,
            place=place,
        )
        self._found.setdefault((check, finding.subject, finding.message, str(place)), finding)

    def have(self, check: str, folder: str) -> bool:
        """True when something of this kind was found below a folder (relative to the project)."""
        return any(
            one.check == check and one.place is not None and one.place.path.startswith(f"{folder}/")
            for one in self._found.values()
        )

    def tells_of(self, place: Place) -> bool:
        """True when something was said already of this very line."""
        return any(finding.place == place for finding in self._found.values())

    def relative(self, text: str) -> str:
        """The text without the absolute path of the project."""
        return text.replace(self.project + os.sep, "").replace(self.project, ".")

    def take(self) -> tuple[Finding, ...]:
        """All findings since the last call, in a stable order."""
        found, self._found = self._found, {}
        once = {(one.check, one.subject): one for one in sorted(found.values(), key=by_place) if one.check in ONCE}
        kept = [one for one in found.values() if one.check not in ONCE or once[one.check, one.subject] is one]
        return tuple(sorted(kept, key=Finding.sort_key))

    def of_error(
        self,
        check: str,
        subject: str,
        error: BaseException,
        *,
        place: Place | None = None,
        severity: Severity = Severity.WARNING,
    ) -> None:
        """`place` is where to look when ansible-core ties none to the error."""
        self.add(check, subject, first_cause(error), place=self.place_of(error) or place, severity=severity)

    def place_in(self, value: object) -> Place | None:
        """File and line that a value was read from."""
        origin = origin_of(value)
        path = getattr(origin, "path", None)
        return self.place(path, getattr(origin, "line_num", None) or 0) if path else None

    def place_of(self, error: BaseException) -> Place | None:
        """File and line that ansible-core ties to an error, from the error itself or from what caused it."""
        for link in chain(error):
            origin = origin_of(getattr(link, "obj", None))
            if origin and origin.path:
                return self.place(origin.path, origin.line_num or 0)
        return None


def chain(error: BaseException) -> list[BaseException]:
    """The error and its causes, innermost first."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and len(links) < 20:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links[::-1]


def origin_of(value: object) -> Any:
    """ansible-core's own note of where a value was read (`Origin` tag), if it has one."""
    from ansible._internal._datatag._tags import Origin

    try:
        return Origin.get_tag(value)
    except (AttributeError, TypeError):
        return None


def by_place(finding: Finding) -> tuple[bool, str, int]:
    """Sorts what is to be kept last: a finding with a place, and of those the first."""
    place = finding.place or Place(path="")
    return (finding.place is not None, "".join(chr(0x10FFFF - ord(c)) for c in place.path), -place.line)


def line_in(message: str) -> int:
    """The line that a YAML or JSON parser names last, which is where it gave up; 0 if none."""
    lines = PARSER_LINE.findall(message)
    return int(lines[-1]) if lines else 0


def first_cause(error: BaseException) -> str:
    """One line, from the innermost Ansible error that says something."""
    for link in chain(error):
        text = link.message if isinstance(link, AnsibleError) else str(link)
        if text and text.strip() and not isinstance(link, LookupError):  # LookupError: ansible-core's own bookkeeping
            return " ".join(text.replace(' in "<unicode string>"', "").split())[:300]
    return type(error).__name__
