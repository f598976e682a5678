# SPDX-License-Identifier: Apache-2.0
"""What counts as an address in a text, and what doesn't."""

from __future__ import annotations

import pytest

from migrate.assess.mentions import mentions


def sure(text: str) -> list[tuple[str, int]]:
    return [(one.host, one.port) for one in mentions(text) if one.sure]


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("DATABASE_URL=postgresql://shop:x@db.example.com/shop", "db.example.com", 5432),
        ("DATABASE_URL=postgresql://shop:x@db.example.com:6432/shop", "db.example.com", 6432),
        ('"url": "jdbc:mysql://db.example.com/app"', "db.example.com", 3306),
        ("spring.datasource.url=jdbc:oracle:thin:@ora.example.com:1521:XE", "ora.example.com", 1521),
        ("uri: amqps://queue.example.com", "queue.example.com", 5671),
        ("MONGO=mongodb://m1.example.com,m2.example.com:27018/x", "m2.example.com", 27018),
        ("api_url: https://api.example.com/v1", "api.example.com", 443),
        ("DB_HOST=db.example.com\n\nDB_PORT=5433", "db.example.com", 5433),
        ("host: db.example.com\nport: 3307", "db.example.com", 3307),
        ("relayhost = [smtp.example.com]:587", "smtp.example.com", 587),
        ("proxy_pass http://app.example.com:8080;", "app.example.com", 8080),
        ("Environment=REDIS_HOST=cache.example.com", "cache.example.com", 0),
    ],
)
def test_named(text: str, host: str, port: int) -> None:
    assert (host, port) in sure(text)


@pytest.mark.parametrize(
    "text",
    [
        "# DATABASE_URL=postgresql://db.example.com/shop",
        "  ; host = db.example.com",
        "// see http://docs.example.com/x",
        "<!-- url: http://docs.example.com -->",
        "/* host: db.example.com\n port: 5432 */",
        "level: info  # was host: db.example.com:5432",
        "listen 192.0.2.1:80;",
        "bind_address = 192.0.2.1:8080",
        "server_name shop.example.com;",
        "public_url: https://shop.example.com",
        "allowed_hosts: shop.example.com",
        "See the manual at https://docs.example.com/manual.",
        "include: /etc/nginx/mime.types:22",
        "time: 10:30",
        "log_format: main.log:5432",
    ],
)
def test_not_named(text: str) -> None:
    assert sure(text) == []


def test_a_hidden_value_is_told_as_its_setting() -> None:
    [one] = mentions('DATABASE_URL="mgsec_database_url_0a1b2c_x"')
    assert (one.host, one.via, one.sure) == ("", "DATABASE_URL, a secret", True)


def test_lines_are_those_of_the_file() -> None:
    assert [one.line for one in mentions("# one\n\nhost: db.example.com:1234") if one.sure] == [3, 3]


def test_a_base_url_is_only_sure_where_the_fleet_has_the_name() -> None:
    assert sure("portal.base-url: http://portal.example.com:3000") == []
    assert ("portal.example.com", 3000) in [
        (one.host, one.port) for one in mentions("base-url: http://portal.example.com:3000")
    ]


def test_the_setting_of_a_jdbc_url() -> None:
    assert [one.via for one in mentions("url: jdbc:postgresql://db.example.com/x") if one.sure] == [
        "postgresql URL in url"
    ]


@pytest.mark.parametrize("text", ["DATABASE_URL=postgres://shop:pa.com/ss@db1/x", "url: amqp://u:p.example.com/y@h"])
def test_no_part_of_a_password_is_taken_for_a_host(text: str) -> None:
    assert not any("pa.com" in one.host or "p.example.com" in one.host for one in mentions(text) if one.sure)
