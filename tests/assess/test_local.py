# SPDX-License-Identifier: Apache-2.0
"""A place to write on the machine outweighs a database elsewhere; code, scratch and what is only read don't."""

from __future__ import annotations

import pytest

from migrate.assess.rules.local import HARMLESS, READ, named
from migrate.assess.rules.settings import SQLITE, reaches


@pytest.mark.parametrize("path", ["/srv/x", "/var/lib/x", "/data/x", "/opt/x/data", "/home/x/files", "/mnt/x/a.bin"])
def test_places_that_may_hold_data(path: str) -> None:
    assert not HARMLESS.match(path)
    assert not READ.search(path)


@pytest.mark.parametrize(
    "path", ["/etc/x", "/usr/bin/x", "/opt/x/bin/x", "/tmp/x", "/run/x.sock", "/var/log/x", "/var/cache/x", "/home/x"]
)
def test_places_that_hold_none(path: str) -> None:
    assert HARMLESS.match(path)


def test_routes_are_no_places() -> None:
    assert list(named("base_url: /api/v1\nhealth_path: /up/now\nproxy http://x/srv/y\n")) == []
    assert list(named("keep=/srv/x\nspool_dir: /kv/spool\n# /srv/old\n")) == ["/srv/x", "/kv/spool"]


@pytest.mark.parametrize(
    "text",
    ["DB_HOST=localhost", "db_host: 127.0.0.1", "REDIS_URL=redis://:pw@localhost:6379/0", "DATABASE_URL=sqlite:///x.db",
     "DB_HOST=::1", "DB_HOST=/run/mysqld/mysqld.sock", "buckets: 0.1,0.5", "bucket: 12", "BUCKET=true",
     "postgres://u:p@127.0.0.1/x"],
)  # fmt: skip
def test_what_is_here_is_not_elsewhere(text: str) -> None:
    assert list(reaches(text)) == []


@pytest.mark.parametrize(
    "text",
    ["DB_HOST=db1", "define('DB_HOST', 'db1');", "'db_host' => 'db1',", "S3_BUCKET=x-y", "bucket: pictures",
     "postgresql+asyncpg://u:p@db/x", "bootstrap.servers=k1:9092", '"REDIS_URL": "redis://c"', "MYSQL_HOST=x"],
)  # fmt: skip
def test_what_is_elsewhere(text: str) -> None:
    assert list(reaches(text))


@pytest.mark.parametrize(
    "text", ["DB_CONNECTION=sqlite", "  adapter: sqlite3", "database: db/x.sqlite3", "DB_FILE=/srv/x.db", "file = x.db"]
)
def test_sqlite_in_many_words(text: str) -> None:
    assert SQLITE.search(text)


@pytest.mark.parametrize(
    "text", ["DB_CONNECTION=mysql", "db_host = x.db", "aliases = /etc/aliases.db", "sqlite_note: no"]
)
def test_what_is_no_sqlite(text: str) -> None:
    assert not SQLITE.search(text)
