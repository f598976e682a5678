# SPDX-License-Identifier: Apache-2.0
"""ConfigMaps, and the skeleton of the Secrets that a person fills."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from migrate.files import dump_all
from migrate.generate import notes
from migrate.generate.draft import Draft, header
from migrate.generate.estate import Estate
from migrate.generate.service import NAME
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding, Severity
from migrate.model.task import Token, TokenKind

Object = dict[str, Any]
EXAMPLE = "secret.example.yaml"
WHY = {
    TokenKind.SECRET: "secret",
    TokenKind.NEEDED: "not defined anywhere that migrate may read",
    TokenKind.UNKNOWN: "known only on the running machine",
}


def config_maps(draft: Draft, estate: Estate) -> list[Artifact]:
    """`configmap.yaml`: rendered configuration, and the variables of environment files."""
    found = _config_objects(draft)
    if not found:
        return []
    sources = {f"data[{file.key}]": f"{file.task.place} writes {file.path}" for file in draft.contents.config}
    for process in draft.processes:
        for name in process.environment.config:
            sources[f"data[{name}]"] = f"environment file of {process.unit.name}"
    sources |= {f"rewritten[{number}]": note for number, note in enumerate(draft.notes)}
    text = dump_all(found, header=header(draft.workload))
    return [Artifact(f"{estate.folder(draft.workload)}/base/configmap.yaml", text, sources)]


def secret_example(draft: Draft, estate: Estate) -> list[Artifact]:
    """`secret.example.yaml`, which no kustomization lists: texts with a description in place of each secret."""
    blank = estate.tokens.blank
    found = [
        _object("Secret", process.env_name, draft, stringData={name: blank(value) for name, value in secret.items()})
        for process in draft.processes
        if (secret := process.environment.secret)
    ]
    if draft.contents.secret:
        data = {file.key: blank(file.text) for file in draft.contents.secret}
        found.append(_object("Secret", f"{draft.name}-files", draft, stringData=data))
    if not found:
        return []
    sources = {f"stringData[{file.key}]": f"{file.task.place} writes {file.path}" for file in draft.contents.secret}
    told = "Fill in the values, apply it by other means than git, or let an operator make these Secrets."
    text = dump_all(found, header=f"{header(draft.workload)}\n{told}")
    return [Artifact(f"{estate.folder(draft.workload)}/base/{EXAMPLE}", text, sources)]


def checksum(draft: Draft) -> str:
    """Changes when configuration does, so that pods are replaced; "" where there is none."""
    found = _config_objects(draft)
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16] if found else ""


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


def _config_objects(draft: Draft) -> list[Object]:
    found = [
        _object("ConfigMap", process.env_name, draft, data=dict(process.environment.config))
        for process in draft.processes
        if process.environment.config
    ]
    if draft.contents.config:
        data = {file.key: file.text for file in draft.contents.config}
        found.insert(0, _object("ConfigMap", f"{draft.name}-config", draft, data=data))
    return found


def _object(kind: str, name: str, draft: Draft, **content: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": {NAME: draft.name}}, **content}
