# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for secrets fit where the real ones go, and are shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.clients.certificates import self_signed
from migrate.verify.standins import SHOWN, fill, redact


class Counting:
    def __init__(self) -> None:
        self.count = 0

    def word(self) -> str:
        self.count += 1
        return f"drawn{self.count:04}"

    def certificate(self) -> str:
        return "PEM"


POD: dict[str, Any] = {
    "containers": [
        {
            "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "url"}}},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "token"}}},
            ],
            "volumeMounts": [{"name": "files", "subPath": "tls.key"}],
        }
    ],
    "volumes": [{"name": "files", "secret": {"secretName": "f"}}],
}


def test_what_is_known_of_a_text_stays() -> None:
    skeletons = {"s": {"url": "postgresql://shop:<value of p>@db/shop", "same": "<value of p>", "own": "hunter22"}}
    made, drawn = fill(POD, skeletons, Counting())
    assert made["s"] == {"url": "postgresql://shop:drawn0001@db/shop", "same": "drawn0001", "own": "hunter22"}
    assert made["gone"] == {"token": "drawn0002"}
    assert made["f"] == {"tls.key": "PEM"}
    assert set(drawn) == {"drawn0001", "drawn0002", "hunter22"}


@pytest.mark.parametrize("key", ["etc-haproxy-certs-shop.pem", "server.crt", "tls.key", "SSL_CERT", "APP_PRIVATE_KEY"])
def test_where_a_server_wants_a_certificate(key: str) -> None:
    assert fill({}, {"s": {key: "<value of x>"}}, Counting())[0]["s"][key] == "PEM"


@pytest.mark.parametrize(
    ("key", "text"), [("a.pem", "x <value of x>"), ("SECRET_KEY", "<value of x>"), ("keys", "<value of x>")]
)
def test_where_it_wants_a_word(key: str, text: str) -> None:
    assert "drawn" in fill({}, {"s": {key: text}}, Counting())[0]["s"][key]


def test_a_certificate_is_whole() -> None:
    text = self_signed("shop")
    assert "BEGIN PRIVATE KEY" in text and "END CERTIFICATE" in text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("login drawn0001 failed", "drawn0001"),
        ("password=hunter22 wrong", "hunter22"),
        ('{"token": "abcd1234"}', "abcd1234"),
        ("connecting to redis://:s3cret@db", "s3cret"),
        ("id 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
    ],
)
def test_nothing_of_it_is_shown(text: str, hidden: str) -> None:
    assert hidden not in redact(text, ["drawn0001"])


def test_the_rest_stays_readable() -> None:
    assert (
        redact("user drawn0001 unknown in /etc/nginx/nginx.conf", ["drawn0001"])
        == f"user {SHOWN} unknown in /etc/nginx/nginx.conf"
    )
