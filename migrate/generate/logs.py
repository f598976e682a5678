# SPDX-License-Identifier: Apache-2.0
"""Log files, led to the output of the container: in configuration, in commands, and by links in the image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

OUT, ERROR = "/dev/stdout", "/dev/stderr"
FOLDER = r"(?:/var/log|\$\{APACHE_LOG_DIR\})"
# A setting whose name has «log» in it, and a file below /var/log as its value.
SETTING = re.compile(
    r"^(?P<before>[ \t]*[\"']?(?P<key>[\w.\[-]*log[\w.\]-]*)[\"']?[ \t]*[=:]?[ \t]*[\"']?)"
    rf"(?P<path>{FOLDER}/[\w./@-]+)",
    re.IGNORECASE | re.MULTILINE,
)
# haproxy sends to syslog, which no pod has.
TO_SYSLOG = re.compile(
    r"^(?P<before>[ \t]*log[ \t]+)(?:/dev/log|127\.0\.0\.1(?::514)?|localhost)(?=[ \t]+\S)", re.MULTILINE
)
OPTION = re.compile(r"(?P<option>--?[\w-]*log[\w-]*=)?(?P<path>/var/log/[\w./@-]+)", re.IGNORECASE)
REDIRECTED = re.compile(r"\s*(?:>>?|&>>?)\s*/var/log/[\w./@-]+(?:\s*2>\s*&1)?\s*$|\s*2>&1\s*\|\s*logger\b[^|;&]*$")
NO_FILE = re.compile(r"dir(ectory)?$|path$|folder$|rotate|root$", re.IGNORECASE)


def redirect(text: str) -> tuple[str, list[str]]:
    """A configuration that logs to the container's output, and notes of what was changed."""
    told: dict[str, None] = {}

    def led(match: re.Match[str]) -> str:
        path = match["path"]
        if NO_FILE.search(match["key"]) or not _is_file(path):
            return match[0]
        where = _output(match["key"], path)
        told[f"{match['key']} {path} → {where}"] = None
        return f"{match['before']}{where}"

    changed = SETTING.sub(led, text)
    if re.search(r"^\s*(global|frontend|listen|defaults)\b", text, re.MULTILINE):
        changed, count = TO_SYSLOG.subn(r"\g<before>stdout format raw", changed)
        told |= {"syslog → the container's output": None} if count else {}
    return changed, list(told)


def of_word(word: str, before: str) -> str:
    """A word of a command that names a log file, by itself or behind an option that speaks of logs."""
    match = OPTION.fullmatch(word)
    if not match or not (match["option"] or "log" in before.lower()) or not _is_file(match["path"]):
        return word
    return f"{match['option'] or ''}{_output(match['option'] or before, match['path'])}"


def of_line(line: str) -> str:
    """A line of cron without the file, or the logger, that its output went to."""
    return REDIRECTED.sub("", line)


def links(files: Iterable[str], family: str) -> list[str]:
    """Commands that lead the log files of a package to the output, where the package makes their folder."""
    lines = []
    for path in sorted(files):
        folder = posixpath.dirname(path)
        if folder != "/var/log/httpd" or family == "dnf":
            lines += [f"install -d -m 0755 {folder}", f"ln -sfn {_output(path, path)} {path}"]
    return lines


def _is_file(path: str) -> bool:
    name = posixpath.basename(path)
    return "." in name or name.endswith(("log", "err"))


def _output(key: str, path: str) -> str:
    said = f"{key} {posixpath.basename(path)}".lower()
    return ERROR if "err" in said else OUT
