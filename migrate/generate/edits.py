# SPDX-License-Identifier: Apache-2.0
"""lineinfile, blockinfile, replace and ini_file on a text that is known: what Ansible would have made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from migrate.generate.tasks import is_truthy
from migrate.model.task import RecordedTask

MARKER = "# {mark} ANSIBLE MANAGED BLOCK"


def apply(text: str, task: RecordedTask) -> str | None:
    """The text after the task; None where what it would do is not known here."""
    try:
        return EDITORS[task.module](text, task.args)
    except (re.error, KeyError, ValueError):
        return None


def _lineinfile(text: str, args: Mapping[str, Any]) -> str | None:
    lines = text.splitlines()
    matching = _matching(lines, args)
    if args.get("state") == "absent":
        gone = set(matching) if _has_pattern(args) else {at for at, one in enumerate(lines) if one == args.get("line")}
        return _joined([one for at, one in enumerate(lines) if at not in gone])
    line = str(args["line"])
    if matching:
        at = matching[0] if is_truthy(args.get("firstmatch")) else matching[-1]
        lines[at] = _back_referenced(line, lines[at], args)
        return _joined(lines)
    if is_truthy(args.get("backrefs")) or line in lines:
        return text
    lines.insert(_place(lines, args), line)
    return _joined(lines)


def _has_pattern(args: Mapping[str, Any]) -> bool:
    return bool(args.get("regexp") or args.get("regex") or args.get("search_string"))


def _matching(lines: list[str], args: Mapping[str, Any]) -> list[int]:
    if wanted := args.get("search_string"):
        return [at for at, line in enumerate(lines) if str(wanted) in line]
    pattern = args.get("regexp") or args.get("regex")
    return [at for at, line in enumerate(lines) if pattern and re.search(str(pattern), line)]


def _back_referenced(line: str, before: str, args: Mapping[str, Any]) -> str:
    if not is_truthy(args.get("backrefs")):
        return line
    match = re.search(str(args.get("regexp") or args.get("regex")), before)
    return match.expand(line) if match else line


def _place(lines: list[str], args: Mapping[str, Any]) -> int:
    """Where a new line goes: after or before the last (or first) line that matches, else at the end."""
    before, after = args.get("insertbefore"), args.get("insertafter")
    if before == "BOF":
        return 0
    pattern = before or (after if after not in (None, "EOF") else None)
    found = [at for at, line in enumerate(lines) if pattern and re.search(str(pattern), line)]
    if not found:
        return len(lines)
    at = found[0] if is_truthy(args.get("firstmatch")) else found[-1]
    return at if before else at + 1


def _blockinfile(text: str, args: Mapping[str, Any]) -> str | None:
    marker = str(args.get("marker") or MARKER)
    begin = marker.replace("{mark}", str(args.get("marker_begin") or "BEGIN"))
    end = marker.replace("{mark}", str(args.get("marker_end") or "END"))
    block = str(args.get("block") or args.get("content") or "").rstrip("\n")
    wanted = [begin, *block.splitlines(), end] if block and args.get("state") != "absent" else []
    lines = text.splitlines()
    if begin in lines and end in lines:
        first, last = sorted((lines.index(begin), lines.index(end)))
        return _joined([*lines[:first], *wanted, *lines[last + 1 :]])
    at = _place(lines, {key: args[key] for key in ("insertafter", "insertbefore") if key in args})
    return _joined([*lines[:at], *wanted, *lines[at:]])


def _replace(text: str, args: Mapping[str, Any]) -> str | None:
    """Between `after` and `before`, where they are given and found."""
    start, stop = 0, len(text)
    if after := args.get("after"):
        match = re.search(str(after), text, re.DOTALL)
        if not match:
            return text
        start = match.end()
    if before := args.get("before"):
        match = re.search(str(before), text[start:], re.DOTALL)
        if not match:
            return text
        stop = start + match.start()
    changed = re.sub(str(args["regexp"]), str(args.get("replace") or ""), text[start:stop], flags=re.MULTILINE)
    return text[:start] + changed + text[stop:]


def _ini_file(text: str, args: Mapping[str, Any]) -> str | None:
    """One option of one section; what else the file says keeps its place."""
    section, option = str(args.get("section") or ""), str(args.get("option") or "")
    if not option or args.get("values") or is_truthy(args.get("allow_no_value")):
        return None
    lines = text.splitlines()
    first, last = _section(lines, section)
    if first < 0 and args.get("state") == "absent":
        return text
    if first < 0:
        lines += [f"[{section}]"]
        first = last = len(lines)
    match = re.compile(rf"\s*{re.escape(option)}\s*(=|$)")
    at = next((number for number in range(first, last) if match.match(lines[number])), -1)
    space = "" if is_truthy(args.get("no_extra_spaces")) else " "
    line = f"{option}{space}={space}{'' if args.get('value') is None else args['value']}"
    if args.get("state") == "absent":
        return _joined([one for number, one in enumerate(lines) if number != at])
    if at >= 0:
        lines[at] = line
    else:
        lines.insert(_end_of(lines, first, last), line)
    return _joined(lines)


def _section(lines: list[str], section: str) -> tuple[int, int]:
    """First line below the section's head and the line after its last; (-1, -1) where there is none."""
    heads = [number for number, line in enumerate(lines) if line.strip().startswith("[")]
    if not section:
        return 0, heads[0] if heads else len(lines)
    for number in heads:
        if lines[number].strip() == f"[{section}]":
            return number + 1, next((one for one in heads if one > number), len(lines))
    return -1, -1


def _end_of(lines: list[str], first: int, last: int) -> int:
    """Before the empty lines that end a section."""
    while last > first and not lines[last - 1].strip():
        last -= 1
    return last


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n" if lines else ""


EDITORS: Mapping[str, Callable[[str, Mapping[str, Any]], str | None]] = {
    "lineinfile": _lineinfile,
    "blockinfile": _blockinfile,
    "replace": _replace,
    "ini_file": _ini_file,
}
