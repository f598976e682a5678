# SPDX-License-Identifier: Apache-2.0
"""Recordings kept between runs, by content: an answer holds as long as all that the engine looked at looks the same.

It holds what an assessment holds: tokens, never a secret. Whatever is wrong with a kept answer makes it none.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from migrate.model.messages import Looked
from migrate.record.looks import Looks, changed_since

LIMIT = 256 << 20
"""Bytes that all kept answers may take; those unused for longest go first."""
ENDING = ".recording"
DIGEST = 32
PACKAGES = ("ansible-core", "jinja2", "markupsafe", "msgspec", "pyyaml", "cryptography")
ROOMS = ("engine", "model", "record", "clients")
"""Ours, whose code has a say in what is recorded."""
T = TypeVar("T")


class Kept(msgspec.Struct, frozen=True):
    """One answer, encoded, and what it hangs on: looks by path."""

    looks: dict[str, str]
    answer: msgspec.Raw


def usual_folder() -> Path:
    """Where caches of this user go."""
    above = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(above, "hybrid-migrate", "recordings")


class Cache:
    """Answers by key in one folder. Two runs may use it at once; a folder that others may write is not used."""

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        self.folder, self.limit = folder, limit
        self.secret = b""
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            about = folder.stat()
            if about.st_uid == os.geteuid() and not about.st_mode & 0o022:
                self.secret = own_secret(folder)
        self.looks = Looks(self.secret)

    def key(self, *parts: Any) -> str:
        """One name for a question; "" where nothing can be kept."""
        if not self.secret:
            return ""
        data = msgspec.json.encode([versions(), *parts], enc_hook=str)
        return blake2b(data, key=self.secret, digest_size=20).hexdigest()

    def get(self, key: str, kind: type[T]) -> T | None:
        """The answer kept under this key, if all that it hangs on looks the same."""
        if not key:
            return None
        path = self._path(key)
        try:
            data = path.read_bytes()
            kept = msgspec.json.decode(data[DIGEST:], type=Kept) if self._sealed(data) else None
            if kept is None or not self.looks.same(kept.looks):
                return None
            answer = msgspec.json.decode(kept.answer, type=kind)
            os.utime(path)
        except (OSError, ValueError):  # ValueError: msgspec's own are among them
            return None
        return answer

    def put(self, key: str, answer: Any, looked: Looked | None, begun: int) -> None:
        """Keep an answer that was begun at a moment (ns since the epoch); not if what it hangs on changed meanwhile."""
        if not key or looked is None:
            return
        looks = self.looks.of(looked)
        if changed_since(looks, begun):
            return
        body = msgspec.json.encode(Kept(looks=looks, answer=msgspec.Raw(msgspec.json.encode(answer))))
        with contextlib.suppress(OSError):
            write(self._path(key), self._seal(body) + body)
            self._shrink()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{ENDING}"

    def _seal(self, body: bytes) -> bytes:
        return blake2b(body, key=self.secret, digest_size=DIGEST).digest()

    def _sealed(self, data: bytes) -> bool:
        return secrets.compare_digest(self._seal(data[DIGEST:]), data[:DIGEST])

    def _shrink(self) -> None:
        kept = sorted(self.folder.glob(f"*{ENDING}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        total = 0
        for path in kept:
            total += path.stat().st_size
            if total > self.limit:
                path.unlink(missing_ok=True)


def own_secret(folder: Path) -> bytes:
    """The key of this cache's hashes, made at its first use."""
    path = folder / "key"
    if not path.exists():
        handle, fresh = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):  # another run was faster
            os.link(fresh, path)
        Path(fresh).unlink()
    return path.read_bytes()[:64]


def write(path: Path, data: bytes) -> None:
    """Whole or not at all, and for its owner only."""
    handle, fresh = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(fresh).replace(path)
    except OSError:
        Path(fresh).unlink(missing_ok=True)
        raise


@cache
def versions() -> tuple[str, ...]:
    """All that may answer otherwise on the same project: interpreter, libraries, our own code."""
    return (sys.version, *(f"{name} {version_of(name)}" for name in PACKAGES), own_code())


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def own_code() -> str:
    digest = blake2b(digest_size=16)
    for room in ROOMS:
        for path in sorted((Path(__file__).parents[1] / room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
