# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks the child in: no process, no network, no write outside its own folder, no read outside project and interpreter.

An audit hook can't be removed once added (PEP 578), so whatever a project smuggles past ansible-core meets it.
"""

from __future__ import annotations

import os
import resource
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import CodeType
from typing import Any

MEMORY_LIMIT = 8 << 30
LARGEST_READ = 64 << 20
FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "pty.spawn",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
    "socket.sendto",
    "socket.sendmsg",
    "shutil.rmtree",
    "shutil.move",
    "shutil.chown",
    "shutil.make_archive",
    "shutil.unpack_archive",
    "os.chdir",
    "os.fchdir",
    "os.chmod",
    "os.chown",
    "os.chflags",
    "os.utime",
    "os.setxattr",
    "os.removexattr",
    "os.kill",
    "os.killpg",
    "signal.pthread_kill",
    "resource.setrlimit",
    "resource.prlimit",
    "sys.addaudithook",
    "sqlite3.connect",
    "ftplib.connect",
    "http.client.connect",
    "imaplib.open",
    "poplib.connect",
    "smtplib.connect",
    "telnetlib.Telnet.open",
    "urllib.Request",
    "webbrowser.open",
    "ctypes.dlopen",
    "ctypes.dlsym",
    "syslog.openlog",
    "syslog.syslog",
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    "os.remove": (0,), "os.rename": (0, 1), "os.rmdir": (0,), "os.mkdir": (0,), "os.link": (0, 1), "os.symlink": (1,),
    "os.truncate": (0,), "tempfile.mkstemp": (0,), "tempfile.mkdtemp": (0,),
}  # fmt: skip
"""Events that change what is on disk, and which of their arguments are paths that must be our own."""
LISTS = ("os.listdir", "os.scandir")
DEVICES = ("/dev/null", "/dev/urandom", "/dev/random")


class ForbiddenError(PermissionError):
    """The project (or a plugin) tried something that reading must never do."""


def limit_resources() -> None:
    """Bound memory, so that a bomb ends this child and not the machine; no core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = min(MEMORY_LIMIT, physical * 3 // 4)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))


class Lock:
    """What may be read, written and run; `note` is told of each refusal, `hear` of what is opened or listed."""

    hear: Callable[[str, Any], None] = staticmethod(lambda event, path: None)
    forking = False
    """True while we ourselves divide the work."""

    def __init__(
        self, readable: Iterable[str], writable: Iterable[str], note: Callable[[str], None], runnable: Iterable[str]
    ) -> None:
        self.code = roots({*interpreter(), *runnable})
        self.reads = roots({*readable, *writable, *self.code, "/usr/share/zoneinfo", "/etc/localtime"})
        self.writes = roots(writable)
        self.note = note

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            self._check_open(args[0], args[2] or 0)
            self.hear(event, args[0])
        elif event == "exec":
            self._check_code(args[0])
        elif event in FORBIDDEN:
            if event != "os.fork" or not self.forking:
                self._refuse(event)
        elif event in CHANGES:
            for path in (args[index] for index in CHANGES[event] if index < len(args)):
                self._check_path(event, path, self.writes)
        elif event in LISTS:
            self._check_path(event, args[0], self.reads)
            self.hear(event, args[0])

    def _refuse(self, what: str) -> None:
        self.note(what)
        raise ForbiddenError(f"refused: {what}")

    def _check_path(self, event: str, path: Any, where: tuple[str, ...]) -> None:
        if isinstance(path, (str, bytes)) and not within(os.fsdecode(path), where):
            self._refuse(f"{event} {os.fsdecode(path)}")

    def _check_open(self, path: Any, flags: int) -> None:
        if not isinstance(path, (str, bytes)) or os.path.realpath(path) in (DEVICES if isinstance(path, str) else ()):
            return
        self._check_path("open", path, self.writes if flags & WRITES else self.reads)
        if why := unreadable(os.fsdecode(path)):
            self._refuse(f"open {os.fsdecode(path)}: {why}")

    def _check_code(self, made: Any) -> None:
        """What is imported must be the interpreter's; Jinja compiles templates under the names of their files."""
        name = made.co_filename if isinstance(made, CodeType) else "<text>"
        if not name.startswith("<") and not within(name, self.code) and not from_jinja():
            self._refuse(f"run {name}")


def lock(
    readable: Iterable[str], writable: Iterable[str], note: Callable[[str], None], *, runnable: Iterable[str] = ()
) -> Lock:
    """Install the hook. The three are folders or files; `runnable` is whose code may run: a project that is trusted."""
    installed = Lock(readable, writable, note, runnable)
    sys.addaudithook(installed.hook)
    return installed


@lru_cache(maxsize=65536)
def within(path: str, where: tuple[str, ...]) -> bool:
    real = os.path.realpath(path)
    return any(real == root or real.startswith(root + os.sep) for root in where)


def interpreter() -> set[str]:
    """Where code may come from."""
    return {*sysconfig.get_paths().values(), *(path for path in sys.path if path), *own_prefix()}


def own_prefix() -> set[str]:
    """The virtual environment, if there is one; a prefix like /usr holds more than Python."""
    return {sys.prefix} if sys.prefix != sys.base_prefix else set()


def from_jinja() -> bool:
    """True when the code that is about to run was handed over by Jinja."""
    return sys._getframe(3).f_globals.get("__name__", "").startswith("jinja2.")


def unreadable(path: str) -> str:
    """Why a path that is there can't be read to its end; "" when it can."""
    try:
        about = os.stat(path)
    except (OSError, ValueError):
        return ""  # open says so better
    if not stat.S_ISREG(about.st_mode) and not stat.S_ISDIR(about.st_mode):
        return "it is no regular file"
    return f"it is larger than {LARGEST_READ >> 20} MiB" if about.st_size > LARGEST_READ else ""


def roots(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({os.path.realpath(path) for path in paths}))
