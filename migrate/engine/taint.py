# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens that take the place of secrets, and of values nobody knows, before anything is templated.

A token is made of letters, digits and underscores, so that it survives quoting, JSON, regular expressions, upper and
lower case
and URL encoding, and can be found again in whatever was rendered.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible.parsing.vault import EncryptedString

from migrate.engine.shapes import ASSIGNMENT, NOT_SECRET, PLAIN_VALUES, PRIVATE_KEY, SECRET_NAME, SHAPES, URL_PASSWORD
from migrate.model.place import Place
from migrate.model.task import Token, TokenKind

TOKEN = re.compile(r"mg(?:sec|need|unk)_\w*?_[0-9a-f]{6}_x", re.IGNORECASE)
PREFIX = {TokenKind.SECRET: "mgsec", TokenKind.NEEDED: "mgneed", TokenKind.UNKNOWN: "mgunk"}
MAX_DEPTH = 40
CODE = tuple(".py .rb .js .mjs .ts .php .pl .pm .go .java .lua .c .h .rs .sh .html .css .sql .md .rst .txt".split())


class Taint:
    """Makes tokens and remembers what each stands for."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._values: dict[str, list[str]] = {}
        self._salt = secrets.token_bytes(32)

    def token(self, name: str, kind: TokenKind, place: Place | None = None) -> str:
        """The token for a variable: the same name gives the same text in every run."""
        slug = re.sub(r"\W+", "_", name).strip("_").lower()[:48]
        text = f"{PREFIX[kind]}_{slug}_{hashlib.sha256(name.encode()).hexdigest()[:6]}_x"
        if text not in self._tokens:
            self._tokens[text] = Token(text=text, name=name, kind=kind, place=place)
        return text

    def forget(self) -> None:
        """Begin anew, for another role that shares nothing with those before."""
        self._tokens.clear()
        self._values.clear()

    def name_of(self, text: str) -> str:
        """The variable that a token stands for."""
        return self._tokens[text].name if text in self._tokens else text

    def made(self) -> tuple[Token, ...]:
        """All tokens, in the order in which they were made."""
        return tuple(self._tokens.values())

    def tokens(self) -> tuple[Token, ...]:
        return tuple(sorted(self._tokens.values(), key=lambda token: token.text))

    def numbered(self) -> dict[str, tuple[str, ...]]:
        """Marks of the values that share a name and are told apart by a number; they say nothing to another run."""
        return {
            name: tuple(hashlib.blake2b(value.encode(errors="replace"), key=self._salt).hexdigest() for value in values)
            for name, values in self._values.items()
        }

    def hide(self, value: Any, path: str = "", depth: int = 0) -> Any:
        """Replace vault strings and plain strings under secret-looking keys, in place where it can."""
        if isinstance(value, EncryptedString):
            return self.token(path or "vault value", TokenKind.SECRET)
        if depth > MAX_DEPTH:
            return value
        if isinstance(value, dict):
            for key in list(value):
                self._hide_item(value, key, f"{path}.{key}" if path else str(key), depth)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, (dict, list, EncryptedString)):
                    value[index] = self.hide(item, path, depth + 1)
        return value

    def _hide_item(self, holder: dict[Any, Any], key: Any, path: str, depth: int) -> None:
        item = holder[key]
        if isinstance(item, (dict, list, EncryptedString)):
            hidden = self.hide(item, path, depth + 1)
            if hidden is not item:
                holder[key] = hidden
        elif is_secret(key, item):
            holder[key] = self.token(path, TokenKind.SECRET)

    def scrub(self, text: str, where: str) -> str:
        """Replace literal passwords, keys and URL credentials that someone wrote straight into a file or a command."""
        if "PRIVATE KEY-----" in text:
            text = PRIVATE_KEY.sub(lambda _: self.token(f"private key in {where}", TokenKind.SECRET), text)
        text = URL_PASSWORD.sub(lambda found: self._scrubbed(found, f"URL password in {where}", "{head}{value}@"), text)
        for label, pattern in SHAPES:
            text = pattern.sub(partial(self._shaped, f"{label} in {where}"), text)
        return ASSIGNMENT.sub(lambda found: self._assigned(found, where), text)

    def _shaped(self, name: str, found: re.Match[str]) -> str:
        """Several of one kind in one file get tokens of their own."""
        value = found["value"]
        if TOKEN.search(value) or value.lower() in PLAIN_VALUES or value[0] in "/<{%\\(" or value.isdigit():
            return found[0]
        if value[0] == "$" and not name.startswith("password hash"):
            return found[0]
        end = found[0][found.end("value") - found.start() :]
        return f"{found['head']}{self.token(self._numbered(name, value), TokenKind.SECRET)}{end}"

    def _numbered(self, name: str, value: str) -> str:
        """The name, with a number for the second and later secrets of that name; a hash would let a PIN be guessed."""
        known = self._values.setdefault(name, [])
        if value not in known:
            known.append(value)
        return name if value == known[0] else f"{name} {known.index(value) + 1}"

    def _assigned(self, found: re.Match[str], where: str) -> str:
        """An assignment to a secret name; in program code only a quoted text is a value, the rest is code."""
        if where.endswith(CODE) and found["mid"][-1] not in "\"'":
            return found[0]
        return self._scrubbed(found, f"{found['key']} in {where}", "{key}{mid}{value}")

    def _scrubbed(self, found: re.Match[str], name: str, shape: str) -> str:
        value = found["value"]
        if value.lower() in PLAIN_VALUES or value[0] in "$/<{%\\(" or TOKEN.search(value):
            return found[0]
        if value.isdigit() and not ("pass" in name.lower() and len(value) > 3):
            return found[0]
        return shape.format_map({**found.groupdict(), "value": self.token(name, TokenKind.SECRET)})

    def scrub_args(self, value: Any, where: str, *, all_strings: bool = False) -> Any:
        """The same for final arguments of a task; with `all_strings` (no_log) every string that is not plainly
        harmless.
        """
        if isinstance(value, Mapping):
            return {str(key): self._scrub_arg(str(key), item, where, all_strings) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.scrub_args(item, where, all_strings=all_strings) for item in value]
        return self.scrub(value, where) if isinstance(value, str) and len(value) > 6 else value

    def _scrub_arg(self, key: str, item: Any, where: str, all_strings: bool) -> Any:
        if (
            isinstance(item, str)
            and not TOKEN.search(item)
            and (is_secret(key, item) or (all_strings and key not in OPEN_ARGS))
        ):
            return self.token(f"{key} in {where}", TokenKind.SECRET)
        return self.scrub_args(item, where, all_strings=all_strings)


OPEN_ARGS = frozenset(
    "name state path dest src owner group mode user login_host login_user login_port db database port host "
    "enabled role roles privs create "
    "module_name container_engine priv append_privs configure_priv read_priv write_priv vhost node tags "
    "recurse force backup validate update_password type encrypted remote_src daemon_reload append groups "
    "shell home system role_attr_flags chdir creates removes executable line regexp".split()
)


def is_secret(key: Any, value: Any) -> bool:
    """True when a plain string stands under a name that says password, token or key, and is not itself a template."""
    if (
        not isinstance(key, str)
        or not isinstance(value, (str, int))
        or isinstance(value, bool)
        or not SECRET_NAME.search(key)
        or NOT_SECRET.search(key)
    ):
        return False
    text = str(value)
    return text.lower() not in PLAIN_VALUES and "{{" not in text and text[:1] not in "/~" and not TOKEN.search(text)
