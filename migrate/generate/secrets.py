# SPDX-License-Identifier: Apache-2.0
"""Secrets by reference: a skeleton that a person fills, an ExternalSecret, or a SealedSecret to be filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from migrate.files import dump_all
from migrate.generate import names, notes
from migrate.generate.draft import Draft, header
from migrate.generate.estate import Estate
from migrate.generate.manifest import LABEL_SOURCES, Manifest, Object, labels
from migrate.generate.tokens import variable
from migrate.model.artifact import Artifact
from migrate.model.config import Secrets
from migrate.model.finding import Finding, Severity
from migrate.model.task import Token, TokenKind

EXAMPLE = "secret.example.yaml"
TO_FILL = "TO-BE-SEALED"
WHY = {
    TokenKind.SECRET: "secret",
    TokenKind.NEEDED: "not defined anywhere that migrate may read",
    TokenKind.UNKNOWN: "known only on the running machine",
}
REMEDIES = {
    Secrets.PLAIN: f"Fill {EXAMPLE} and create its Secrets before the pods start.",
    Secrets.EXTERNAL: "Put the values into the store, under the keys that the ExternalSecret names.",
    Secrets.SEALED: f"Seal each value with `kubeseal --raw` and write it over {TO_FILL} in the SealedSecret.",
}


class Wanted(msgspec.Struct, frozen=True):
    """A Secret that pods refer to: key → text with tokens inside, and key → source."""

    name: str
    texts: Mapping[str, str]
    sources: Mapping[str, str]


def wanted(draft: Draft) -> list[Wanted]:
    """The Secrets of variables, then that of files."""
    found = []
    for process in draft.processes:
        if secret := process.environment.secret:
            told = f"environment of {process.unit.name}"
            found.append(Wanted(process.env_name, secret, dict.fromkeys(secret, told)))
    if files := draft.contents.secret:
        sources = {file.key: f"{file.task.place} writes {file.path}" for file in files}
        found.append(Wanted(f"{draft.name}-files", {file.key: file.text for file in files}, sources))
    return found


def examples(draft: Draft, estate: Estate) -> list[Artifact]:
    """`secret.example.yaml`, which no kustomization lists: texts with a description in place of each secret."""
    every = wanted(draft) if estate.target.secrets is Secrets.PLAIN else []
    if not every:
        return []
    found = [_skeleton(one, draft, estate) for one in every]
    sources = {f"stringData[{key}]": source for one in every for key, source in one.sources.items()}
    told = "Fill in the values, apply it by other means than git, or let an operator make these Secrets."
    text = dump_all(found, header=f"{header(draft.workload)}\n{told}")
    return [Artifact(f"{draft.name}/{EXAMPLE}", text, sources)]


def manifests(draft: Draft, estate: Estate) -> list[Manifest]:
    """What an operator makes the Secrets of; values belong to one environment, so they are never shared."""
    makers = {Secrets.EXTERNAL: _external, Secrets.SEALED: _sealed}
    make = makers.get(estate.target.secrets)
    every = wanted(draft) if make else []
    return [make(one, draft, estate, alone=len(every) == 1) for one in every] if make else []


def needed(draft: Draft, estate: Estate) -> list[Finding]:
    """One note of all the secrets that it needs, and one warning of values that nobody has given."""
    found = estate.tokens.inside([text for one in wanted(draft) for text in one.texts.values()])
    secret = [token for token in found if token.kind is TokenKind.SECRET]
    others = [token for token in found if token not in secret]
    told = _needed(draft, secret, "secret-needed", Severity.NOTE, estate)
    return told + _needed(draft, others, "value-needed", Severity.WARNING, estate)


def _needed(draft: Draft, tokens: list[Token], check: str, severity: Severity, estate: Estate) -> list[Finding]:
    if not tokens:
        return []
    values = notes.listed(f"{token.name} ({WHY[token.kind]})" for token in tokens)
    message = f"{draft.name} needs values that are in no file here: {values}."
    place = next((token.place for token in tokens if token.place), None)
    remedy = REMEDIES[estate.target.secrets]
    return [notes.finding(draft.workload, check, message, remedy, severity=severity, place=place)]


def _skeleton(one: Wanted, draft: Draft, estate: Estate) -> Object:
    metadata = {"name": one.name, "labels": labels(draft.workload, estate)}
    data = {key: estate.tokens.blank(text) for key, text in one.texts.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def _external(one: Wanted, draft: Draft, estate: Estate, *, alone: bool) -> Manifest:
    """Values come from the store; the texts around them (URLs, whole files) are templates."""
    tokens = _named(estate.tokens.inside(list(one.texts.values())))
    environment = estate.folders[draft.workload.environment]
    template = {"engineVersion": "v2", "metadata": {"labels": labels(draft.workload, estate)}}
    found: Object = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": one.name, "labels": labels(draft.workload, estate)},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": estate.target.secret_store},
            "target": {
                "name": one.name,
                "creationPolicy": "Owner",
                "template": {**template, "data": _templates(one, tokens, estate)},
            },
            "data": [
                {"secretKey": name, "remoteRef": {"key": "/".join(filter(None, (environment, _key(token))))}}
                for token, name in tokens.items()
            ],
        },
    }
    sources = {
        "spec.refreshInterval": "default",
        "spec.secretStoreRef": "target.secret_store of migrate.yaml",
        "spec.target": "name by which the pods refer to it",
        **{f"spec.target.template.data.{key}": source for key, source in one.sources.items()},
        **{f"spec.data[{name}]": _told(token) for token, name in tokens.items()},
    }
    file = "externalsecret.yaml" if alone else f"externalsecret-{one.name}.yaml"
    return Manifest(file, found, {**LABEL_SOURCES, "kind": "target.secrets of migrate.yaml", **sources}, apart=True)


def _sealed(one: Wanted, draft: Draft, estate: Estate, *, alone: bool) -> Manifest:
    """Only the cluster's own key seals, so each value waits to be written over; edits are kept on every run."""
    tokens = _named(estate.tokens.inside(list(one.texts.values())))
    metadata = {"name": one.name, "labels": labels(draft.workload, estate)}
    found: Object = {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": one.name, "labels": labels(draft.workload, estate)},
        "spec": {
            "encryptedData": dict.fromkeys(tokens.values(), TO_FILL),
            "template": {"type": "Opaque", "metadata": metadata, "data": _templates(one, tokens, estate)},
        },
    }
    sources = {
        "spec.template": "name by which the pods refer to it",
        **{f"spec.template.data.{key}": source for key, source in one.sources.items()},
        **{f"spec.encryptedData.{name}": _told(token) for token, name in tokens.items()},
    }
    file = "sealedsecret.yaml" if alone else f"sealedsecret-{one.name}.yaml"
    return Manifest(file, found, {**LABEL_SOURCES, "kind": "target.secrets of migrate.yaml", **sources}, apart=True)


def _named(tokens: Sequence[Token]) -> dict[Token, str]:
    """Token → a name that Go's templates take, each its own."""
    plain = {token: variable(token) for token in tokens}
    twice = {name for name in plain.values() if list(plain.values()).count(name) > 1}
    return {
        token: f"{name}_{names.digest(token.name + token.text).upper()}" if name in twice else name
        for token, name in plain.items()
    }


def _templates(one: Wanted, tokens: Mapping[Token, str], estate: Estate) -> dict[str, str]:
    """Key → the text as a Go template, in which each token asks for its value."""
    return {
        key: estate.tokens.filled(text, lambda token: f'{{{{ index . "{tokens[token]}" }}}}', _escaped)
        for key, text in one.texts.items()
    }


def _escaped(text: str) -> str:
    return text.replace("{{", '{{ "{{" }}')


def _key(token: Token) -> str:
    return variable(token).lower()


def _told(token: Token) -> str:
    place = f" ({token.place})" if token.place else ""
    return f"variable {token.name}{place}, {WHY[token.kind]}"
