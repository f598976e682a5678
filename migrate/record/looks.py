# SPDX-License-Identifier: Apache-2.0
"""What paths look like now, in words that change when what the engine saw there would: kind, size, target, content."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b

from migrate.model.messages import Looked

LARGEST = 64 << 20
"""Bytes; the engine refuses to read more."""
MARGIN = 20_000_000
"""Nanoseconds by which the time stamps of a file system may lag behind the clock."""


class Looks:
    """Looks of paths; contents are told by keyed hashes, from which a password in a file can't be guessed."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def of(self, looked: Looked) -> dict[str, str]:
        """Each path with its look; of what is not there, the folder that is missing says enough."""
        found = {path: kind_of(path) for path in stems(looked.sought)}
        found |= {path: self.of_folder(path) for path in looked.listed}
        return found | {path: self.of_file(path) for path in looked.read}

    def same(self, looks: dict[str, str]) -> bool:
        """True when all look as they did."""
        ways: dict[str, Callable[[str], str]] = {"list": self.of_folder, "read": self.of_file}
        return all(ways.get(look[:4], kind_of)(path) == look for path, look in looks.items())

    def of_folder(self, path: str) -> str:
        """Names and kinds of what is in it; sizes come and go without a difference."""
        try:
            names = sorted(os.listdir(path))
        except OSError:
            return "list"
        kinds = "\0".join(f"{name}\0{kind_of(os.path.join(path, name)).partition(' ')[0]}" for name in names)
        return f"list {kind_of(path)} {self.digest(kinds.encode(errors='surrogateescape'))}"

    def of_file(self, path: str) -> str:
        """A pipe or a device in its place is never opened, and a link that leads elsewhere now is another look."""
        kind = kind_of(path)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):
            return f"read {kind}"
        with os.fdopen(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
                return f"read {kind}"
            return f"read {kind} {self.digest(file.read())}"

    def digest(self, data: bytes) -> str:
        return blake2b(data, key=self.secret, digest_size=16).hexdigest()


def stems(paths: Iterable[str]) -> Iterator[str]:
    """The paths, but for all below a folder that is not there only that folder."""
    there: dict[str, bool] = {}
    for path in paths:
        stem, above = path, os.path.dirname(path)
        while above not in there and not there.setdefault(above, os.path.lexists(above)):
            stem, above = above, os.path.dirname(above)
        if there[above]:
            yield stem


def kind_of(path: str) -> str:
    """`gone`, `folder`, `file SIZE`, `program SIZE`, `other`; a link tells its target as well."""
    try:
        about = os.lstat(path)
    except (OSError, ValueError):
        return "gone"
    if not stat.S_ISLNK(about.st_mode):
        return plain_kind(about)
    try:
        return f"link {os.readlink(path)} {plain_kind(os.stat(path))}"
    except OSError:
        return f"link {os.readlink(path)}"


def plain_kind(about: os.stat_result) -> str:
    if stat.S_ISDIR(about.st_mode):
        return "folder"
    if not stat.S_ISREG(about.st_mode):
        return "other"
    return f"{'program' if about.st_mode & 0o111 else 'file'} {about.st_size}"


def changed_since(looks: Mapping[str, str], moment: int) -> bool:
    """True when one of them may have been otherwise at a moment (ns) since then; of a folder only its kind counts."""
    return any(touched(path) > moment - MARGIN for path, look in looks.items() if look not in ("folder", "other"))


def touched(path: str) -> int:
    """When a path changed last (ns); of one that is not there the folder above, unless all the world works in that."""
    try:
        return os.lstat(path).st_ctime_ns
    except (OSError, ValueError):
        above = os.path.dirname(path)
    try:
        about = os.stat(above)
    except (OSError, ValueError):
        return 0
    return 0 if about.st_mode & stat.S_ISVTX else about.st_ctime_ns
