# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for secrets and unknown values: where they turn up, and that none of them gets out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from migrate.model.artifact import Artifact
from migrate.model.finding import Finding
from migrate.model.task import Token


class Tokens(msgspec.Struct, frozen=True):
    """All tokens of an assessment, ready to be looked for. Filters such as `upper` change case, so case is ignored."""

    pattern: re.Pattern[str] | None
    by_text: Mapping[str, Token]

    @classmethod
    def of(cls, tokens: Iterable[Token]) -> Tokens:
        """Longest first: one token's text may begin another's."""
        by_text = {token.text.lower(): token for token in tokens if token.text}
        ordered = sorted(by_text, key=lambda text: (-len(text), text))
        pattern = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if ordered else None
        return cls(pattern=pattern, by_text=by_text)

    def inside(self, value: Any) -> tuple[Token, ...]:
        """The tokens in a text, or anywhere in lists and mappings of texts; each once, by name."""
        if self.pattern is None:
            return ()
        found = {self.by_text[text.lower()] for part in _texts(value) for text in self.pattern.findall(part)}
        return tuple(sorted(found, key=lambda token: (token.name, token.text)))

    def filled(self, text: str, value: Callable[[Token], str], around: Callable[[str], str]) -> str:
        """The text with a value for each token, and something done to what is around them."""
        if self.pattern is None:
            return around(text)
        found, position = [], 0
        for match in self.pattern.finditer(text):
            found += [around(text[position : match.start()]), value(self.by_text[match[0].lower()])]
            position = match.end()
        return "".join([*found, around(text[position:])])

    def blank(self, text: str) -> str:
        """The text with a description in place of each token."""
        if self.pattern is None:
            return text
        return self.pattern.sub(lambda match: f"<value of {_plain(self.by_text[match[0].lower()].name)}>", text)


def variable(token: Token) -> str:
    """A name for an environment variable that holds the value."""
    return re.sub(r"\W+", "_", token.name, flags=re.ASCII).strip("_").upper() or "VALUE"


def guard_artifact(artifact: Artifact, tokens: Tokens) -> Artifact:
    """The last look before anything leaves: whatever slipped through is blanked, wherever it is."""
    return Artifact(
        path=tokens.blank(artifact.path),
        text=tokens.blank(artifact.text),
        provenance={tokens.blank(field): tokens.blank(source) for field, source in artifact.provenance.items()},
        executable=artifact.executable,
    )


def guard_finding(finding: Finding, tokens: Tokens) -> Finding:
    """Findings are printed, so they too may not name a token."""
    return msgspec.structs.replace(
        finding,
        subject=tokens.blank(finding.subject),
        message=tokens.blank(finding.message),
        remedy=tokens.blank(finding.remedy),
    )


def _plain(name: str) -> str:
    """A name that ends no string, comment or document that it is written into."""
    return re.sub(r"[^\w.\[\]-]", "_", name)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
