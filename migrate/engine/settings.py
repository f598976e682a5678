# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data of a project's ansible.cfg is honoured; what would load code or reach outside is not even looked at."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass

SAFE_EXTENSIONS = ("jinja2.ext.do", "jinja2.ext.loopcontrols")


@dataclass(frozen=True)
class Settings:
    """What we take: folders of roles inside the project, how dictionaries join, harmless Jinja extensions."""

    roles: tuple[str, ...] = ()
    merge: bool = False
    extensions: tuple[str, ...] = ()


def read_settings(project: str) -> Settings:
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    path = os.path.join(project, "ansible.cfg")
    try:
        if os.path.realpath(path).startswith(project + os.sep):
            parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeError, OSError):
        return Settings()
    named = (parser.get("defaults", "roles_path", fallback="") or "").split(":")
    extensions = (parser.get("defaults", "jinja2_extensions", fallback="") or "").split(",")
    return Settings(
        roles=tuple(inside(project, named)),
        merge=(parser.get("defaults", "hash_behaviour", fallback="") or "").strip() == "merge",
        extensions=tuple(name.strip() for name in extensions if name.strip() in SAFE_EXTENSIONS),
    )


def inside(project: str, paths: list[str]) -> list[str]:
    """Absolute forms of those paths that don't leave the project."""
    real = [
        os.path.normpath(os.path.join(project, path.strip()))
        for path in paths
        if path.strip() and path.strip()[0] != "~"
    ]
    return [path for path in real if path == project or path.startswith(project + os.sep)]
