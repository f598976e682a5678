# SPDX-License-Identifier: Apache-2.0
"""Whose port a setting names."""

from __future__ import annotations

import pytest

from migrate.assess.ports import NESTED, of_another


@pytest.mark.parametrize(
    ("setting", "text", "another"),
    [
        ("SMTP_PORT=587", "SMTP_HOST=smtp.example.com\nSMTP_PORT=587", True),
        ("API_PORT=8081", "API_HOST=10.0.0.7\nAPI_PORT=8081", True),
        ("DB_PORT=5432", "DB_PORT=5432", True),
        ("APP_REDIS_PORT=6379", "APP_REDIS_PORT=6379", True),
        ("APP_PORT=8000", "APP_HOST=0.0.0.0\nAPP_PORT=8000", False),
        ("HTTP_PORT=8000", "HTTP_PORT=8000", False),
        ("PORT=8000", "HOST=10.0.0.1\nPORT=8000", False),
    ],
)
def test_whose_port(setting: str, text: str, another: bool) -> None:
    assert of_another(setting, text) is another


def test_the_port_of_spring_in_yaml() -> None:
    text = "server:\n  address: 0.0.0.0\n  port: 9000\nspring:\n  rabbitmq:\n    port: 5672\n"
    assert [found[1] for found in NESTED.finditer(text)] == ["9000"]
    assert not NESTED.search("spring:\n  rabbitmq:\n    port: 5672\n")
