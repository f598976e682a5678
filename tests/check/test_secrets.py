# SPDX-License-Identifier: Apache-2.0
"""No value of a secret passes, and none is told; what only looks like one is left alone."""

from __future__ import annotations

import json

import pytest

from migrate.check import check
from migrate.check.checks.secrets import betrays
from migrate.model.artifact import Artifact

# Put together here, so that no scanner takes this file for a leak.
KEY = "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIB\n"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0xx." + "c2lnbmF0dXJl"
SECRETS = [
    KEY,
    JWT,
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "postgresql://shop:" + "correcthorse@db:5432/shop",
    "Authorization: Bearer " + "abcdefghijklmnop",
    "$ANSIBLE_VAULT;1.1;AES256",
    "password = " + "correcthorse9",
    "mgsec_shop_db_password_0a1b2c_x",
    "$6$" + "rounds$abcdefghijk",
]


def found(data: dict[str, object], kind: str = "ConfigMap", field: str = "data") -> list[str]:
    one = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, field: data}
    return [
        finding.message
        for finding in check([Artifact("a.yaml", json.dumps(one))], kubernetes="1.31")
        if finding.check == "secret-value"
    ]


@pytest.mark.parametrize("value", SECRETS)
def test_a_secret_in_a_config_map(value: str) -> None:
    told = found({"settings": value})
    assert told
    assert not any(value.rsplit(maxsplit=1)[-1] in message for message in told)


@pytest.mark.parametrize(
    "value",
    [
        "password_file = /run/secrets/db",
        "password = ${DB_PASSWORD}",
        "url = postgresql://shop:$PASSWORD@db/shop",
        "token_lifetime = 3600",
        "# the password is in the Secret",
        "ssl_certificate_key /etc/ssl/key.pem;",
        "password = <value of shop_db_password>",
    ],
)
def test_what_only_speaks_of_secrets(value: str) -> None:
    assert found({"settings": value}) == []


def test_skeletons_hold_placeholders_only() -> None:
    assert found({"A": "<value of a>", "URL": "postgresql://u:<value of b>@db/x"}, "Secret", "stringData") == []
    assert found({"A": "Zm9vYmFy"}, "Secret", "data")
    assert found({"A": "q8Zr2LmX0vT4nB7cK1sD9wPf"}, "Secret", "stringData")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DB_PASSWORD", "hunter2", True),
        ("API_TOKEN", "abc", True),
        ("DB_PASSWORD_FILE", "/run/secrets/x", False),
        ("DB_PASSWORD", "/run/secrets/x", False),
        ("DB_PASSWORD", "$(OTHER)", False),
        ("TOKENS_PER_SECOND", "100", False),
        ("DB_PASSWORD", "", False),
    ],
)
def test_variables(name: str, value: str, says: bool) -> None:
    assert betrays(name, value) is says


def test_dockerfiles() -> None:
    text = "FROM debian:12\nENV API_TOKEN=abcdef\nUSER 10001\n"
    (one,) = check([Artifact("web/Dockerfile", text)], kubernetes="1.31")
    assert (one.check, str(one.place)) == ("secret-value", "web/Dockerfile:2")
    assert "abcdef" not in one.message


def test_bases_and_users_of_dockerfiles() -> None:
    text = "FROM debian AS build\nFROM build\nFROM debian:latest\n"
    checks = [one.check for one in check([Artifact("web/Dockerfile", text)], kubernetes="1.31")]
    assert checks == ["image-tag", "image-tag", "image-user"]
