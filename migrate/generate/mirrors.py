# SPDX-License-Identifier: Apache-2.0
"""Mirrors of one's own, in place of the public addresses that builds fetch from."""

from __future__ import annotations

import re
import shlex

from migrate.model.config import Mirrors

PUBLIC = "deb.debian.org|security.debian.org|archive.ubuntu.com|security.ubuntu.com|ports.ubuntu.com"


def arguments(mirrors: Mirrors) -> list[tuple[str, str]]:
    """Build arguments that pip, npm and RubyGems read by themselves."""
    pairs = (("PIP_INDEX_URL", mirrors.pip), ("NPM_CONFIG_REGISTRY", mirrors.npm), ("GEM_SOURCE", mirrors.gem))
    return [(name, value) for name, value in pairs if value]


def preparation(mirrors: Mirrors, family: str) -> str:
    """A command that leads apt to the mirror; paths (`/debian`, `/ubuntu`) are kept."""
    if not mirrors.apt or family != "apt":
        return ""
    address = re.sub(r"[#&\\]", "", mirrors.apt.rstrip("/"))
    script = f"s#https?://({PUBLIC})#{address}#g"
    files = "find /etc/apt -name '*.list' -o -name '*.sources'"
    return f"{files} | xargs --no-run-if-empty sed --regexp-extended --in-place {shlex.quote(script)}"


def image(name: str, mirrors: Mirrors) -> str:
    """The base as the mirror calls it; one that names a registry of its own is left alone."""
    first = name.partition("/")[0]
    if not mirrors.images or ("/" in name and ("." in first or ":" in first)):
        return name
    return f"{mirrors.images.rstrip('/')}/{name if '/' in name else f'library/{name}'}"
