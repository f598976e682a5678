# SPDX-License-Identifier: Apache-2.0
"""What the engine records: tasks with final arguments, rendered files, and the tokens that stand for secrets."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from migrate.model.place import Place


class TokenKind(StrEnum):
    """Why a value is a token: it is secret, it is defined nowhere we may read, or only a real run would know it."""

    SECRET = "secret"
    NEEDED = "needed"
    UNKNOWN = "unknown"


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stand-in for a value; `text` is what turns up in arguments and files, `name` the variable it stands for."""

    text: str
    name: str
    kind: TokenKind
    place: Place | None = None


class Peer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another machine of the fleet that a task names: its address, fqdn or name (`what`), as it stands in the text.

    `at` is the argument (`login_host`, `settings.0.url`) or `line 3` of the file; `port` what stands right behind.
    `variable` is where it came from (`hostvars.db1.ansible_host`, `groups.db`, `database_url`); "" for what was found
    in the text alone.
    """

    machine: str
    what: str
    value: str
    at: str
    port: int = 0
    variable: str = ""


class RenderedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a task puts on the machine; `text` is final, with tokens; None for what is no text."""

    dest: str
    text: str | None = None
    source: str = ""
    mode: str = ""
    owner: str = ""
    group: str = ""


class RecordedTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """One task (one loop item) as Ansible would have run it on `machine`, the representative of its class.

    `action` is the resolved FQCN where ansible-core knows it; `args` are final values (tokens inside) in JSON shapes.
    `roles` runs from the outermost role to the one that holds the task. `conditional` tells why it may not run
    (a result that only a real run knows); `unresolved` why some argument is still a template. `asks` is true where the
    role says that it never changes anything, `may_fail` where it goes on whether it fails or not. `peers` are the other
    machines that arguments and file name. `derived` tells, for an argument or for `file`, of which variables it was
    made in a way that does not show them (hashed, cut, compared): a real run would have another value.
    """

    machine: str
    action: str
    args: dict[str, Any] = {}
    name: str = ""
    place: Place = Place(path="")
    roles: tuple[str, ...] = ()
    play: str = ""
    hosts: str = ""
    handler: bool = False
    notify: tuple[str, ...] = ()
    conditional: str = ""
    unresolved: str = ""
    delegate_to: str = ""
    become_user: str = ""
    environment: dict[str, str] = {}
    file: RenderedFile | None = None
    kind: int = -1
    asks: bool = False
    may_fail: bool = False
    peers: tuple[Peer, ...] = ()
    derived: dict[str, tuple[str, ...]] = {}

    @property
    def role(self) -> str:
        """The role that holds the task; "" for tasks of the play itself."""
        return self.roles[-1] if self.roles else ""

    @property
    def module(self) -> str:
        """The action without its collection: `apt` for `ansible.builtin.apt`."""
        return self.action.rsplit(".", 1)[-1]
