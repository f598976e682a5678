# SPDX-License-Identifier: Apache-2.0
"""Lines that only root can obey become comments, in the product's own configuration alone."""

from __future__ import annotations

from migrate import catalog
from migrate.generate.rootless import MARK, without_root

HAPROXY = catalog.load()["haproxy"]
TEXT = "global\n    chroot /var/lib/haproxy\n    user haproxy\nuserlist x\n    user joe password y\n"


def test_chroot_and_user_go_and_are_noted() -> None:
    text, notes = without_root("/etc/haproxy/haproxy.cfg", TEXT, [HAPROXY, None])
    assert f"    {MARK}chroot /var/lib/haproxy\n    {MARK}user haproxy\n" in text
    assert "\n    user joe password y\n" in text
    assert len(notes) == 2


def test_other_files_stay() -> None:
    assert without_root("/etc/other.cfg", TEXT, [HAPROXY]) == (TEXT, [])
    assert without_root("/etc/haproxy/haproxy.cfg", TEXT, []) == (TEXT, [])


def test_a_comment_of_the_file_s_own_kind() -> None:
    """PHP-FPM takes a line that begins with `#` for a setting that it doesn't know."""
    pool = "[shop]\nuser = www-data\nlisten = /run/php/shop.sock\nlisten.owner = www-data\n"
    text, _ = without_root("/etc/php/8.2/fpm/pool.d/shop.conf", pool, [catalog.load()["php-fpm"]])
    assert [line[:6] for line in text.splitlines()] == ["[shop]", "; Only", "listen", "; Only"]
