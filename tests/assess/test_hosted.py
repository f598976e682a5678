# SPDX-License-Identifier: Apache-2.0
"""Applications in a server and servers that store what comes in are not judged by the server's own name."""

from __future__ import annotations

import pytest

from migrate import catalog
from migrate.assess.rules.hosted import CLIENT_ENV, ENGINES, HANDLER, SERVER_ENV, STORING, fetched
from migrate.model.task import RecordedTask


@pytest.mark.parametrize(
    "name", ["libapache2-mod-php8.2", "mod_wsgi", "python3-mod_wsgi", "php", "libnginx-mod-http-passenger"]
)
def test_packages_that_run_code_in_the_server(name: str) -> None:
    assert ENGINES.match(name)


@pytest.mark.parametrize("name", ["php-fpm", "php8.2-mysql", "libapache2-mod-security2", "nginx"])
def test_packages_that_don_t(name: str) -> None:
    assert not ENGINES.match(name)


def test_handlers() -> None:
    assert HANDLER.search("WSGIScriptAlias / /srv/x/wsgi.py")
    assert not HANDLER.search('SetHandler "proxy:unix:/run/php/php8.2-fpm.sock|fcgi://localhost"')


@pytest.mark.parametrize(
    "text", ["  dav_methods PUT;", "Dav On", "proxy_store on;", "upload_store /srv/in;", "client_body_in_file_only on;"]
)
def test_servers_that_store(text: str) -> None:
    assert STORING.search(text)


@pytest.mark.parametrize("text", ["dav_methods off;", "Dav Off", "proxy_store off;", "client_body_in_file_only clean;"])
def test_servers_that_don_t(text: str) -> None:
    assert not STORING.search(text)


@pytest.mark.parametrize(
    ("module", "args", "key"),
    [
        ("git", {"repo": "https://git.example.net/joomla-cms.git", "dest": "/var/www/html"}, "drupal"),
        ("unarchive", {"src": "/tmp/nextcloud-28.0.1.tar.bz2", "dest": "/var/www"}, "nextcloud"),
        ("get_url", {"url": "https://download.example.net/mediawiki-1.41.0.tar.gz", "dest": "/tmp/x.tgz"}, "mediawiki"),
        ("shell", {"_raw_params": "curl -L https://wordpress.org/latest.tar.gz | tar xz"}, "wordpress"),
    ],
)
def test_known_applications_by_where_they_come_from(module: str, args: dict[str, str], key: str) -> None:
    assert [one.key for one in fetched(RecordedTask("m", module, args), catalog.index())] == [key]


def test_own_code_is_no_known_application() -> None:
    args = {"repo": "https://git.example.net/shop.git", "dest": "/var/www/shop"}
    assert fetched(RecordedTask("m", "git", args), catalog.index()) == []


def test_settings_of_database_servers() -> None:
    assert all(map(SERVER_ENV.match, ["PGDATA", "MYSQL_ROOT_PASSWORD", "MONGO_INITDB_ROOT_USERNAME", "X_DATA_DIR"]))
    assert not any(map(SERVER_ENV.match, ["MYSQL_PASSWORD", "POSTGRES_HOST", "MONGO_URL"]))
    assert CLIENT_ENV.match("POSTGRES_HOST")
