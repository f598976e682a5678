# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes what the engine read, listed and looked for, so that its answer can be kept until any of that changes."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable
from typing import Any

from migrate.model.messages import Looked

SILENT = ("stat", "lstat", "access", "readlink")
"""Functions of `os` that raise no audit event; `os.path`, `glob` and `pathlib` go through them."""
Paths = dict[str | bytes, None]


class Looking:
    """Paths that were read, listed and looked for; not those below `own`, a folder that ends with the process."""

    def __init__(self, own: str) -> None:
        import ansible

        import migrate

        packages = (os.path.dirname(str(package.__file__)) for package in (ansible, migrate))
        self.settled = tuple(f"{folder}/" for folder in (own, *packages, "/dev", "/proc", "/sys"))
        """What never changes, or what the versions of ansible-core and ourselves tell."""
        self.library = sysconfig.get_path("stdlib") + "/"
        self.read: Paths = {}
        self.listed: Paths = {}
        self.sought: Paths = {}

    def begin(self) -> None:
        """From now on; what goes by the lock is told to `hear`."""
        for name in SILENT:
            setattr(os, name, self._noting(getattr(os, name)))

    def _noting(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        sought = self.sought

        def noted(path: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(path, int):
                sought[os.fspath(path)] = None
            return ask(path, *args, **kwargs)

        return noted

    def hear(self, event: str, path: Any) -> None:
        """Something was opened or listed, and not refused."""
        if isinstance(path, (str, bytes)):
            (self.read if event == "open" else self.listed)[path] = None

    def forget(self) -> None:
        """From here on another question is asked."""
        for paths in (self.read, self.listed, self.sought):
            paths.clear()

    def told(self) -> Looked | None:
        """Everything so far; None where a name is no text, since it could not be told."""
        try:
            return Looked(*(self._sorted(paths) for paths in (self.read, self.listed, self.sought)))
        except UnicodeError:
            return None

    def _sorted(self, paths: Paths) -> tuple[str, ...]:
        names = {path.decode() if isinstance(path, bytes) else path.encode().decode() for path in paths}
        return tuple(sorted(name for name in names if self._matters(name)))

    def _matters(self, path: str) -> bool:
        if path.startswith(self.library) and "-packages/" not in path:
            return False
        return path.startswith("/") and "\0" not in path and not f"{path}/".startswith(self.settled)
