# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks the child in: no process, no network, no write outside its own folder, no read outside project and interpreter.

An audit hook can't be removed once added (PEP 578), so whatever a project smuggles past ansible-core meets it.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

MEMORY_LIMIT = 8 << 30
FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "pty.spawn",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "shutil.rmtree",
    "os.chmod",
    "os.chown",
    "os.kill",
    "ftplib.connect",
    "urllib.Request",
    "webbrowser.open",
    "ctypes.dlopen",
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate")


class ForbiddenError(PermissionError):
    """The project (or a plugin) tried something that reading must never do."""


def limit_resources() -> None:
    """Bound memory, so that a YAML bomb ends this child and not the machine; no core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT if hard < 0 else min(MEMORY_LIMIT, hard), hard))


def lock(readable: Iterable[str], writable: Iterable[str], note: Callable[[str], None]) -> None:
    """Install the hook. `readable` and `writable` are folders or files; `note` is told of each refusal."""
    interpreter = {sys.prefix, sys.base_prefix, sys.exec_prefix, *(path for path in sys.path if path)}
    reads = roots(
        {
            *readable,
            *writable,
            *interpreter,
            "/dev",
            "/usr/share/zoneinfo",
            "/etc/localtime",
            "/proc/self",
            "/etc/mime.types",
        }
    )
    writes = roots({*writable, "/dev"})

    @lru_cache(maxsize=65536)
    def allowed(path: str, writing: bool) -> bool:
        real = os.path.realpath(path)
        return any(real == root or real.startswith(root + os.sep) for root in (writes if writing else reads))

    def refuse(what: str) -> None:
        note(what)
        raise ForbiddenError(f"refused: {what}")

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if isinstance(path, (str, bytes)) and not allowed(os.fsdecode(path), bool((flags or 0) & WRITES)):
                refuse(f"open {os.fsdecode(path)}")
        elif event in FORBIDDEN:
            refuse(event)
        elif event in CHANGES and not allowed(os.fsdecode(args[0]), True):
            refuse(f"{event} {args[0]}")

    sys.addaudithook(hook)


def roots(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({os.path.realpath(path) for path in paths}))
