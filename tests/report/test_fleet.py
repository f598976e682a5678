# SPDX-License-Identifier: Apache-2.0
"""The fleet as a list, in each form."""

from __future__ import annotations

import csv

from migrate.model.machine import Change, Difference, Disk, Fleet, Machine, Power
from migrate.report import fleet as report

FLEET = Fleet(
    machines=(
        Machine("db1", "prod", ("inventory",), memory=2**32, vcpus=2, disks=(Disk("vdb", capacity=2**35),)),
        Machine("=cmd|'/bin/sh'!A1", groups=("web",), power=Power.RUNNING, os="debian12"),
    )
)


def test_a_table_shows_what_is_known() -> None:
    text = report.render(FLEET)
    assert "4 GiB" in text and "32 GiB" in text and "2 machines" in text
    assert "addresses" not in text  # nobody has any


def test_many_groups_are_counted_in_the_table_alone() -> None:
    fleet = Fleet(machines=(Machine("db1", groups=tuple("abcdefgh")),))
    assert "a, b, c, d, e, +3 more" in report.render(fleet)
    assert "a b c d e f g h" in report.comma_separated(fleet)


def test_csv_is_for_programs_and_harmless_in_a_spreadsheet() -> None:
    first, second = csv.DictReader(report.comma_separated(FLEET).splitlines())
    assert (first["memory"], first["data_disks"], first["data_bytes"]) == (str(2**32), "1", str(2**35))
    assert second["name"] == "'=cmd|'/bin/sh'!A1"


def test_markdown_escapes_names() -> None:
    text = report.markdown(Fleet(machines=(Machine("a|b<script>"),)))
    assert text.count("\n") == 3
    assert "<script>" not in text and "a|b" not in text


def test_changes_are_lines() -> None:
    change = Change("changed", "prod", "web1", (Difference("vcpus", "2", ""),))
    assert report.render_changes([change]) == "~ prod/web1: changed\n    vcpus: 2 → none\n"
    assert "Nothing" in report.render_changes([])
