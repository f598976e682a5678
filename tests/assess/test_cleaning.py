# SPDX-License-Identifier: Apache-2.0
"""Which jobs only clean up; a job that may touch data is none of them."""

from __future__ import annotations

import pytest

from migrate.assess.cleaning import cleans, removes


@pytest.mark.parametrize(
    "text",
    [
        "find /var/cache/x -type f -mtime +7 -delete",
        "find /srv/ci/workspace -maxdepth 1 -exec rm -rf {} \\;",
        "/usr/bin/find /tmp -atime +3 -print0 | xargs -0 rm -f >/dev/null 2>&1",
        "rm -rf /tmp/build-* /var/tmp/x",
        "apt-get clean && apt-get -y autoremove",
        "/usr/sbin/tmpreaper 7d /tmp",
        "journalctl --vacuum-time=14d",
        "docker image prune -af",
        "cd /var/log/app && find /var/log/app -name '*.gz' -delete; true",
        "#!/bin/sh\n# tidy\nset -e\nif [ -d /var/cache/y ]; then\n  rm -rf /var/cache/y\nfi\n",
    ],
)
def test_cleans(text: str) -> None:
    assert cleans(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "set -e",
        "find /srv/invoices -mtime +90 -delete",
        "rm -rf /srv/shop",
        "rm -rf /var/lib/postgresql /tmp/x",
        "tar czf /srv/a.tgz /tmp/x && find /tmp -delete",
        "find /var/log -name x -exec mail root {} \\;  && /opt/app/run",
        "apt-get remove postgresql",
        "pg_dump shop > /tmp/shop.sql",
        "find /tmp -delete; /usr/local/bin/sync-stock",
        "curl https://example.net/ping",
    ],
)
def test_does_not_only_clean(text: str) -> None:
    assert not cleans(text)


def test_removes() -> None:
    assert removes("find /srv/invoices -mtime +90 -delete") == "/srv/invoices"
    assert removes("tar czf x /y && rm -rf /y") == ""
