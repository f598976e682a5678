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
