# SPDX-License-Identifier: Apache-2.0
"""ConfigMaps, and the skeleton of the Secrets that a person fills."""

from __future__ import annotations

from migrate.files import dump_all
from migrate.generate import notes
from migrate.generate.draft import Draft, Process, header
from migrate.generate.estate import Estate
from migrate.generate.manifest import ConfigMap, Object, labels
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding, Severity
from migrate.model.task import Token, TokenKind

EXAMPLE = "secret.example.yaml"
WHY = {
    TokenKind.SECRET: "secret",
    TokenKind.NEEDED: "not defined anywhere that migrate may read",
    TokenKind.UNKNOWN: "known only on the running machine",
}


def config_maps(draft: Draft) -> list[ConfigMap]:
    """Rendered configuration, and the variables of environment files."""
    found = [_variables(process, draft) for process in draft.processes if process.environment.config]
    if draft.contents.config:
        data = {file.key: file.text for file in draft.contents.config}
        sources = {file.key: _source(draft, file.path, str(file.task.place)) for file in draft.contents.config}
        found.insert(0, ConfigMap(f"{draft.name}-config", data, sources))
    return found


def _variables(process: Process, draft: Draft) -> ConfigMap:
    told = f"environment file of {process.unit.name}"
    rewritten = {note.partition(": ")[0]: note.partition(": ")[2] for note in process.environment.notes}
    sources = {name: f"{told}; {rewritten[name]}" if name in rewritten else told for name in process.environment.config}
    return ConfigMap(process.env_name, dict(process.environment.config), sources, is_environment=True)


def _source(draft: Draft, path: str, place: str) -> str:
    rewritten = [note.removeprefix(f"{path}: ") for note in draft.notes if note.startswith(f"{path}: ")]
    return "; ".join([f"{place} writes {path}", *rewritten])


def secret_example(draft: Draft, estate: Estate) -> list[Artifact]:
    """`secret.example.yaml`, which no kustomization lists: texts with a description in place of each secret."""
    blank = estate.tokens.blank
    found = [
        _secret(process.env_name, draft, estate, {name: blank(value) for name, value in secret.items()})
        for process in draft.processes
        if (secret := process.environment.secret)
    ]
    if draft.contents.secret:
        data = {file.key: blank(file.text) for file in draft.contents.secret}
        found.append(_secret(f"{draft.name}-files", draft, estate, data))
    if not found:
        return []
    sources = {f"stringData[{file.key}]": f"{file.task.place} writes {file.path}" for file in draft.contents.secret}
    told = "Fill in the values, apply it by other means than git, or let an operator make these Secrets."
    text = dump_all(found, header=f"{header(draft.workload)}\n{told}")
    return [Artifact(f"{draft.name}/{EXAMPLE}", text, sources)]


def _secret(name: str, draft: Draft, estate: Estate, data: dict[str, str]) -> Object:
    metadata = {"name": name, "labels": labels(draft.workload, estate)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def needed(draft: Draft, estate: Estate) -> list[Finding]:
    """One note of all the secrets that it needs, and one warning of values that nobody has given."""
    texts = [file.text for file in draft.contents.secret]
    texts += [value for process in draft.processes for value in process.environment.secret.values()]
    found = estate.tokens.inside(texts)
    secret = [token for token in found if token.kind is TokenKind.SECRET]
    return _needed(draft, secret, "secret-needed", Severity.NOTE) + _needed(
        draft, [token for token in found if token not in secret], "value-needed", Severity.WARNING
    )


def _needed(draft: Draft, tokens: list[Token], check: str, severity: Severity) -> list[Finding]:
    if not tokens:
        return []
    values = notes.listed(f"{token.name} ({WHY[token.kind]})" for token in tokens)
    message = f"{draft.name} needs values that are in no file here: {values}."
    remedy = f"Fill {EXAMPLE} and create its Secrets before the pods start."
    place = next((token.place for token in tokens if token.place), None)
    return [notes.finding(draft.workload, check, message, remedy, severity=severity, place=place)]
