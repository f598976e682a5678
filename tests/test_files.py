# SPDX-License-Identifier: Apache-2.0
"""Stable YAML, and writing that keeps what a person edited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.errors import FileError
from migrate.files import MANIFEST, dump_all, dump_yaml, write_all
from migrate.model.artifact import Artifact

ONE, TWO = Artifact("web/base/one.yaml", "one: 1\n"), Artifact("web/run.sh", "#!/bin/sh\n", executable=True)

lines = st.sampled_from(
    ["a", "", " ", "  b ", "\t", "- x", "# no", "é", "'", "key: value", "---", "%", "\r", "\u2028", "\x07", ": "]
)
texts = (
    st.lists(lines, max_size=6).map("\n".join)
    | st.text(max_size=8)
    | st.sampled_from(["y", "on", "1e3", "08", "0o7", "~", "1.0"])
)
values = st.recursive(
    texts | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_yaml_reads_back(value: Any) -> None:
    text = dump_yaml({"value": value, "list": [value, [value]]}, header="two\nlines")
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        assert yaml.load(text, Loader=loader) == {"value": value, "list": [value, [value]]}


@pytest.mark.parametrize(
    "text", ["yes", "on", "y", "N", "1e3", "1E+3", "08", "0o17", "0x1f", "null", "~", "1_000", ".5", "2024-01-01"]
)
def test_text_that_other_readers_take_for_something_else_is_quoted(text: str) -> None:
    assert dump_yaml({"a": text}) == f"a: '{text}'\n"


@pytest.mark.parametrize("text", ["10.20.30.40", "nginx", "1.31.2", "15 2 * * *", "v1"])
def test_plain_text_is_not(text: str) -> None:
    assert dump_yaml({"a": text}) == f"a: {text}\n"


def test_configuration_is_readable() -> None:
    text = dump_yaml({"data": {"nginx.conf": "http {\n\tsendfile on; \n}\n"}})
    assert text == "data:\n  nginx.conf: |\n    http {\n    \tsendfile on; \n    }\n"


def test_documents() -> None:
    assert dump_all([{"a": 1}, {"b": 2}], header="h") == "# h\na: 1\n---\nb: 2\n"


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    first = write_all([TWO, ONE], tmp_path)
    assert first.written == ("web/base/one.yaml", "web/run.sh")
    before = snapshot(tmp_path)
    second = write_all([ONE, TWO], tmp_path)
    assert (second.written, second.removed, second.findings) == ((), (), ())
    assert second.unchanged == ("web/base/one.yaml", "web/run.sh")
    assert snapshot(tmp_path) == before
    assert (tmp_path / "web/run.sh").stat().st_mode & 0o777 == 0o755
    assert sorted(json.loads((tmp_path / MANIFEST).read_text())["files"]) == ["web/base/one.yaml", "web/run.sh"]


def test_what_was_generated_may_change_and_go(tmp_path: Path) -> None:
    write_all([ONE, TWO], tmp_path)
    done = write_all([Artifact(TWO.path, "#!/bin/bash\n")], tmp_path)
    assert (done.written, done.removed) == (("web/run.sh",), ("web/base/one.yaml",))
    assert not (tmp_path / "web/base").exists()
    assert (tmp_path / "web/run.sh").stat().st_mode & 0o777 == 0o644


def test_edits_are_kept_and_told(tmp_path: Path) -> None:
    write_all([ONE, TWO], tmp_path)
    (tmp_path / ONE.path).write_text("one: mine\n")
    (tmp_path / TWO.path).write_text("mine\n")
    for _ in range(2):
        done = write_all([Artifact(ONE.path, "one: 2\n")], tmp_path)
        assert [(one.check, one.subject) for one in done.findings] == [
            ("edited-by-hand", "web/base/one.yaml"),
            ("edited-by-hand", "web/run.sh"),
        ]
    assert (tmp_path / ONE.path).read_text() == "one: mine\n"
    assert (tmp_path / TWO.path).read_text() == "mine\n"
    (tmp_path / ONE.path).write_text("one: 2\n")
    assert write_all([Artifact(ONE.path, "one: 2\n"), TWO], tmp_path).findings[0].subject == "web/run.sh"


def test_an_edit_that_stays_the_same_as_what_is_generated_is_still_kept(tmp_path: Path) -> None:
    write_all([ONE], tmp_path)
    (tmp_path / ONE.path).write_text("mine\n")
    done = write_all([ONE], tmp_path)
    assert (done.written, len(done.findings)) == ((), 1)


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / TWO.path).write_text("somebody's\n")
    (tmp_path / "web/notes.txt").write_text("x")
    done = write_all([ONE, TWO], tmp_path)
    assert [one.subject for one in done.findings] == [TWO.path]
    assert "was there before" in done.findings[0].message
    write_all([], tmp_path)
    assert (tmp_path / "web/notes.txt").exists()
    assert (tmp_path / TWO.path).exists()
    assert not (tmp_path / ONE.path).exists()


def test_a_deleted_file_comes_back(tmp_path: Path) -> None:
    write_all([ONE], tmp_path)
    (tmp_path / ONE.path).unlink()
    assert write_all([ONE], tmp_path).written == (ONE.path,)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", ".", MANIFEST, "link/x"])
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(FileError):
        write_all([ONE, Artifact(path, "x")], folder)
    assert not (folder / ONE.path).exists()
    assert not (tmp_path / "x").exists()


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="both named"):
        write_all([ONE, ONE], tmp_path)


def test_a_manifest_can_not_lead_outside(tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_text("x")
    folder = tmp_path / "out"
    write_all([ONE], folder)
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    (folder / MANIFEST).write_text(json.dumps({"version": 1, "files": {"../precious": digest}}))
    assert write_all([ONE], folder).removed == ()
    assert outside.exists()


def test_a_broken_manifest_stops_everything(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(FileError) as caught:
        write_all([ONE], tmp_path)
    assert caught.value.hint
    assert not (tmp_path / ONE.path).exists()


def test_links_are_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("x")
    folder = tmp_path / "out"
    (folder / "web/base").mkdir(parents=True)
    (folder / ONE.path).symlink_to(target)
    done = write_all([ONE], folder)
    assert len(done.findings) == 1
    assert target.read_text() == "x"


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "web").write_text("a file")
    with pytest.raises(FileError):
        write_all([ONE], tmp_path)


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FileError, match="disk full"):
        write_all([ONE], tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
