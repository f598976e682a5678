# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for secrets: made for one trial, and taken out of everything that is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

Object = dict[str, Any]
Secrets = dict[str, dict[str, str]]
BLANK = re.compile(r"<value of [^>]*>")
SHOWN = "<stand-in>"
CERTIFICATE = re.compile(
    r"(?i)\.(pem|crt|cer|cert|key)$|(tls|ssl)[-_.](cert|crt|key|pem)|_(CERT|CERTIFICATE|PRIVATE_KEY)$"
)
# What looks like a secret wherever it turns up, also in what a VM answers.
SECRET = re.compile(
    r"(?i)((?:pass(?:word|wd)?|secret|token|api[-_]?key|authorization|csrf\w*|nonce|session\w*)[\"']?\s*[=:]\s*[\"']?)"
    r"[^\s\"'&;,<>]{4,}"
)
USERINFO = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")
LONG = re.compile(r"\b(?=[\w+-]*\d)(?=[\w+-]*[A-Za-z])[\w+-]{32,}={0,2}")
LEAST = 6


class Maker(Protocol):
    """Where values come from: a random word, and a PEM text with key and certificate."""

    def word(self) -> str: ...

    def certificate(self) -> str: ...


def fill(pod: Object, skeletons: Mapping[str, Mapping[str, str]], maker: Maker) -> tuple[Secrets, list[str]]:
    """Secrets for every reference of a pod, and the values drawn for them.

    Texts of a skeleton keep what is known of them (`postgresql://shop:<value of …>@postgresql/shop`); the same blank is
    the same value everywhere. A text without blanks is a person's own, and taken as it is.
    """
    drawn: dict[str, str] = {}

    def value(blank: str) -> str:
        if blank not in drawn:
            drawn[blank] = maker.word()
        return drawn[blank]

    def text(key: str, found: str) -> str:
        if CERTIFICATE.search(key) and BLANK.fullmatch(found.strip()):
            return maker.certificate()
        return BLANK.sub(lambda match: value(match[0]), found)

    made = {name: {key: text(key, found) for key, found in data.items()} for name, data in skeletons.items()}
    for name, key in references(pod):
        of_key = made.setdefault(name, {})
        if key not in of_key:
            of_key[key] = text(key, f"<value of {name}/{key}>")
    own = [found for data in skeletons.values() for found in data.values() if not BLANK.search(found)]
    return made, [*drawn.values(), *own]


def references(pod: Object) -> Iterator[tuple[str, str]]:
    """(Secret, key) wherever a pod names both."""
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        for entry in container.get("env") or ():
            reference = (entry.get("valueFrom") or {}).get("secretKeyRef")
            if reference and not reference.get("optional"):
                yield reference["name"], reference["key"]
    by_name = {one["name"]: one["secret"] for one in pod.get("volumes") or () if one.get("secret")}
    for container in pod.get("containers") or ():
        for mount in container.get("volumeMounts") or ():
            secret = by_name.get(mount.get("name"))
            if secret and mount.get("subPath") and not secret.get("items"):
                yield secret["secretName"], mount["subPath"]


def redact(text: str, values: Iterable[str]) -> str:
    """A text without the stand-ins, and without what looks like a secret."""
    for value in sorted({one for one in values if len(one) >= LEAST}, key=len, reverse=True):
        text = text.replace(value, SHOWN)
    text = USERINFO.sub(r"\1…@", text)
    return LONG.sub("…", SECRET.sub(r"\1…", text))
