# SPDX-License-Identifier: Apache-2.0
"""What people edit survives: kept, merged, or shown as a conflict, and never overwritten."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.clients import git
from migrate.errors import FileError, UsageError
from migrate.files import replace_file
from migrate.keeping import Written, memory, write_all
from migrate.keeping.deciding import Act, Merged, decide
from migrate.model.artifact import Artifact

ONE, TWO = Artifact("web/base/one.yaml", "one: 1\n"), Artifact("web/run.sh", "#!/bin/sh\n", executable=True)
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not on PATH")


def merge(mine: str, before: str, now: str) -> Merged | None:
    found = git.merge_file(mine, before, now)
    return Merged(*found) if found else None


def run(folder: Path, *artifacts: Artifact, **more: Any) -> Written:
    return write_all(artifacts, folder, merge=merge, **more)


def checks(done: Written) -> list[tuple[str, str]]:
    return [(one.check, one.subject) for one in done.findings]


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    first = run(tmp_path, TWO, ONE)
    assert first.written == ("web/base/one.yaml", "web/run.sh")
    before = snapshot(tmp_path)
    second = run(tmp_path, ONE, TWO)
    assert (second.written, second.removed, second.findings) == ((), (), ())
    assert second.unchanged == ("web/base/one.yaml", "web/run.sh")
    assert snapshot(tmp_path) == before
    assert (tmp_path / "web/run.sh").stat().st_mode & 0o777 == 0o755
    assert memory.read(tmp_path) == {ONE.path: ONE.text, TWO.path: TWO.text}


def test_what_was_generated_may_change_and_go(tmp_path: Path) -> None:
    run(tmp_path, ONE, TWO)
    done = run(tmp_path, Artifact(TWO.path, "#!/bin/bash\n"))
    assert (done.written, done.removed) == (("web/run.sh",), ("web/base/one.yaml",))
    assert not (tmp_path / "web/base").exists()
    assert (tmp_path / "web/run.sh").stat().st_mode & 0o777 == 0o644


def test_an_edit_stays_while_nothing_new_is_generated(tmp_path: Path) -> None:
    run(tmp_path, ONE)
    (tmp_path / ONE.path).write_text("mine\n")
    for _ in range(2):
        done = run(tmp_path, ONE)
        assert (done.written, checks(done)) == ((), [("edit-kept", ONE.path)])
    assert (tmp_path / ONE.path).read_text() == "mine\n"


LINES = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\n"


@needs_git
def test_an_edit_and_what_is_new_are_merged(tmp_path: Path) -> None:
    run(tmp_path, Artifact("x.yaml", LINES))
    (tmp_path / "x.yaml").write_text(LINES.replace("a: 1", "a: mine"))
    done = run(tmp_path, Artifact("x.yaml", LINES.replace("f: 6", "f: new")))
    assert (tmp_path / "x.yaml").read_text() == LINES.replace("a: 1", "a: mine").replace("f: 6", "f: new")
    assert (done.merged, checks(done)) == (("x.yaml",), [("edit-merged", "x.yaml")])
    again = run(tmp_path, Artifact("x.yaml", LINES.replace("f: 6", "f: new")))
    assert (again.written, checks(again)) == ((), [("edit-kept", "x.yaml")])


@needs_git
def test_a_conflict_is_shown_and_nothing_is_touched(tmp_path: Path) -> None:
    run(tmp_path, Artifact("x.yaml", LINES))
    mine = LINES.replace("c: 3", "c: mine")
    (tmp_path / "x.yaml").write_text(mine)
    for _ in range(2):
        done = run(tmp_path, Artifact("x.yaml", LINES.replace("c: 3", "c: new")))
        assert checks(done) == [("edit-conflict", "x.yaml")]
        assert (tmp_path / "x.yaml").read_text() == mine
        (conflict,) = done.conflicts
        for line in ("<<<<<<< yours", "c: mine", "||||||| generated before", "c: 3", "c: new", ">>>>>>> generated now"):
            assert line in conflict.text.splitlines()


@needs_git
@pytest.mark.parametrize(("way", "text"), [("keep", "c: mine"), ("take", "c: new")])
def test_a_person_decides_a_conflict(tmp_path: Path, way: str, text: str) -> None:
    new = Artifact("x.yaml", LINES.replace("c: 3", "c: new"))
    run(tmp_path, Artifact("x.yaml", LINES))
    (tmp_path / "x.yaml").write_text(LINES.replace("c: 3", "c: mine"))
    run(tmp_path, new, **{way: ["x.yaml"]})
    assert text in (tmp_path / "x.yaml").read_text()
    assert run(tmp_path, new).conflicts == ()


@needs_git
def test_merged_lines_that_are_no_yaml_are_a_conflict(tmp_path: Path) -> None:
    before = "a:\n  - 1\nb: 2\nc: 3\nd: 4\n"
    run(tmp_path, Artifact("x.yaml", before))
    (tmp_path / "x.yaml").write_text(before.replace("a:\n  - 1\n", "a: {\n"))
    done = run(tmp_path, Artifact("x.yaml", before.replace("d: 4", "d: 5")))
    assert checks(done) == [("edit-conflict", "x.yaml")]
    assert "a: {" in (tmp_path / "x.yaml").read_text()


def test_without_git_the_persons_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, ONE)
    (tmp_path / ONE.path).write_text("mine\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run(tmp_path, Artifact(ONE.path, "one: 2\n"))
    assert checks(done) == [("edit-unmerged", ONE.path)]
    assert "git" in done.findings[0].remedy
    assert (tmp_path / ONE.path).read_text() == "mine\n"


def test_an_edited_file_that_is_generated_no_longer_stays(tmp_path: Path) -> None:
    run(tmp_path, ONE, TWO)
    (tmp_path / ONE.path).write_text("mine\n")
    for _ in range(2):
        done = run(tmp_path)
        assert ("no-longer-generated", ONE.path) in checks(done)
        assert (tmp_path / ONE.path).read_text() == "mine\n"
    assert not (tmp_path / TWO.path).exists()
    assert run(tmp_path, keep=[ONE.path]).findings == ()
    assert (tmp_path / ONE.path).exists()


def test_a_workload_that_is_gone_is_told(tmp_path: Path) -> None:
    other = Artifact("other/x.yaml", "x: 1\n")
    run(tmp_path, ONE, TWO, other)
    done = run(tmp_path, other)
    assert done.removed == (ONE.path, TWO.path)
    assert checks(done) == [("workload-removed", "web")]
    assert not (tmp_path / "web").exists()
    assert not (tmp_path / ".migrate/web.json").exists()


def test_a_deletion_is_an_edit(tmp_path: Path) -> None:
    run(tmp_path, ONE, TWO)
    (tmp_path / ONE.path).unlink()
    assert checks(run(tmp_path, ONE, TWO)) == [("deletion-kept", ONE.path)]
    new = Artifact(ONE.path, "one: 2\n")
    assert [one.severity for one in run(tmp_path, new, TWO).findings] == ["warning"]
    assert not (tmp_path / ONE.path).exists()
    assert run(tmp_path, new, TWO, take=[ONE.path]).written == (ONE.path,)
    (tmp_path / ONE.path).unlink()
    newer = Artifact(ONE.path, "one: 3\n")
    run(tmp_path, newer, TWO, keep=[ONE.path])
    assert [one.severity for one in run(tmp_path, newer, TWO).findings] == ["note"]


def test_an_emptied_folder_is_filled_again(tmp_path: Path) -> None:
    run(tmp_path, ONE, TWO)
    shutil.rmtree(tmp_path / "web")
    assert run(tmp_path, ONE, TWO).written == (ONE.path, TWO.path)


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / TWO.path).write_text("somebody's\n")
    (tmp_path / "web/notes.txt").write_text("x")
    done = run(tmp_path, ONE, TWO)
    assert checks(done) == [("edited-by-hand", TWO.path)]
    assert (tmp_path / TWO.path).read_text() == "somebody's\n"
    run(tmp_path)
    assert (tmp_path / "web/notes.txt").exists()
    assert (tmp_path / TWO.path).exists()
    assert not (tmp_path / ONE.path).exists()


def test_only_files_that_are_ours_can_be_decided_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing/here"):
        run(tmp_path, ONE, take=["nothing/here"])


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", ".", ".migrate/web.json", "link/x"])
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(FileError):
        run(folder, ONE, Artifact(path, "x"))
    assert not (folder / ONE.path).exists()
    assert not (tmp_path / "x").exists()


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="both named"):
        run(tmp_path, ONE, ONE)


def test_memory_can_not_lead_outside(tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_text("x")
    folder = tmp_path / "out"
    run(folder, ONE)
    (folder / ".migrate/web.json").write_text(json.dumps({"version": 1, "files": {"../precious": ["x"]}}))
    assert run(folder, ONE).removed == ()
    assert outside.exists()


@pytest.mark.parametrize("text", ["{", '{"version": 99, "files": {}}', '{"files": {"a": 1}}'])
def test_broken_memory_stops_everything(tmp_path: Path, text: str) -> None:
    (tmp_path / ".migrate").mkdir()
    (tmp_path / ".migrate/web.json").write_text(text)
    with pytest.raises(FileError) as caught:
        run(tmp_path, ONE)
    assert caught.value.hint
    assert not (tmp_path / ONE.path).exists()


def test_links_and_what_is_no_text_are_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("x")
    folder = tmp_path / "out"
    run(folder, ONE, TWO)
    (folder / ONE.path).unlink()
    (folder / ONE.path).symlink_to(target)
    (folder / TWO.path).write_bytes(b"\xff\xfe")
    done = run(folder, Artifact(ONE.path, "one: 2\n"), Artifact(TWO.path, "new\n"))
    assert {check for check, _ in checks(done)} == {"edit-unmerged"}
    assert target.read_text() == "x"
    assert (folder / TWO.path).read_bytes() == b"\xff\xfe"


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "web").write_text("a file")
    with pytest.raises(FileError):
        run(tmp_path, ONE)


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FileError, match="disk full"):
        replace_file(tmp_path / "x", b"x")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# Lines that differ, so that a merge has something to hold on to.
bodies = st.lists(st.sampled_from([f"line {number}" for number in range(12)]), min_size=0, max_size=12, unique=True)


def text_of(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@needs_git
@settings(max_examples=60, deadline=None)
@given(bodies, bodies, bodies)
def test_no_line_of_a_person_is_lost_and_none_comes_from_nowhere(before: Any, mine: Any, now: Any) -> None:
    texts = text_of(before), text_of(mine), text_of(now)
    step = decide(*texts, merge=merge, path="x", keep=False, take=False)
    if step.act is Act.MERGE:
        found = (step.text or "").splitlines()
        added, deleted = set(mine) - set(before), set(before) - set(mine)
        assert added <= set(found)
        assert not (deleted - set(now)) & set(found)
        assert set(now) - set(before) <= set(found)
        assert set(found) <= {*before, *mine, *now}
        assert step.remembered == texts[2]
    elif step.act is Act.CONFLICT:
        assert "<<<<<<< yours" in (step.text or "")
        assert step.remembered == texts[0]
    else:
        assert step.act in (Act.SAME, Act.WRITE, Act.EDITED)
        assert step.act is not Act.WRITE or mine == before


@needs_git
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9), st.integers(0, 9))
def test_edits_that_are_apart_always_merge(here: int, there: int) -> None:
    before = [f"line {number}" for number in range(10)]
    mine, now = list(before), list(before)
    mine[here], now[there] = "mine", "new"
    step = decide(text_of(before), text_of(mine), text_of(now), merge=merge, path="x", keep=False, take=False)
    if abs(here - there) > 1:
        assert step.act is Act.MERGE
        assert (step.text or "").splitlines()[here] == "mine"
        assert (step.text or "").splitlines()[there] == "new"
    elif here == there:
        assert step.act is Act.CONFLICT


maybe = st.none() | st.sampled_from(["a\n", "b\n", "c\n"])


@given(maybe, maybe, maybe)
def test_without_a_merge_nothing_of_a_person_is_ever_overwritten(before: Any, mine: Any, now: Any) -> None:
    step = decide(before, mine, now, merge=None, path="x", keep=False, take=False)
    if step.act in (Act.WRITE, Act.REMOVE):
        assert mine is None or mine == before
    if step.act is Act.SAME:
        assert mine == now
