# SPDX-License-Identifier: Apache-2.0
"""Secrets that someone wrote straight into a file or a command, and lookalikes that are none."""

from __future__ import annotations

import pytest

from migrate.engine.taint import Taint, is_secret

SECRETS = [
    ("api --admin-password hunter2x --port 80", "hunter2x"),
    ("sync --token=hunter2x", "hunter2x"),
    ("curl -s -u user:hunter2x http://web", "hunter2x"),
    ("mysqldump -u root -phunter2x shop", "hunter2x"),
    ("Authorization: Basic aHVudGVyMng6eA", "aHVudGVyMng6eA"),
    ("  stats auth admin:hunter2x", "hunter2x"),
    ("requirepass hunter2x", "hunter2x"),
    ("key eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def", "eyJzdWIiOiIxIn0"),
    ("id AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("admin:$apr1$abcdefgh$1234567890abcdefghij", "1234567890abcdefghij"),
    ("https://hooks.slack.com/services/T0/B0/hunter2x", "hunter2x"),
    ("postgresql://shop:hunter2x@db1/shop", "hunter2x"),
    ("db_password: hunter2x", "hunter2x"),
]
HARMLESS = [
    "docker run -u www-data:www-data app",
    "password_encryption = scram-sha-256",
    "token_lifetime: 3600",
    "app --token-file /etc/app/token --no-password --pass-through yes",
    "password sufficient pam_unix.so",
    "gunicorn --bind 0.0.0.0:80 --access-logfile -",
    "%wheel ALL=(ALL) NOPASSWD: ALL",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_in_text_becomes_a_token(text: str, secret: str) -> None:
    taint = Taint()
    assert secret not in taint.scrub(text, "app.conf")
    assert taint.tokens() and all(secret not in token.name for token in taint.tokens())


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert Taint().scrub(text, "app.conf") == text


def test_two_secrets_of_one_file_have_two_tokens() -> None:
    taint = Taint()
    text = taint.scrub("app --token one1one --token two2two --token one1one", "app.conf")
    words = text.split()
    assert words[2] == words[6] != words[4]


@pytest.mark.parametrize(
    "name", "passphrase_x pw slack_webhook sentry_dsn smtp_cred pin snmp_community jwt api_auth secret_access".split()
)
def test_names_that_say_so(name: str) -> None:
    assert is_secret(name, "something")


@pytest.mark.parametrize(
    "name",
    "apache__server_tokens password_policy pinned secret_name token_path basic_auth_file key community_name".split(),
)
def test_names_that_do_not(name: str) -> None:
    assert not is_secret(name, "something")
