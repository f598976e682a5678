# SPDX-License-Identifier: Apache-2.0
"""Recordings kept between runs: nothing is played again while all looks the same, and what matters is noticed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from migrate import pipeline
from migrate.clients.engine import Engine
from migrate.model.assessment import Assessment
from migrate.model.config import Config, Environment, Policy
from migrate.model.messages import Looked
from migrate.record.cache import Cache, usual_folder
from migrate.record.looks import Looks, changed_since, kind_of, stems
from migrate.report import json as report_json
from tests.engine.conftest import write

SECRET = "hunter2-s3cret"
FILES = {
    "hosts": f"[web]\nweb1 db_password={SECRET} ansible_host=192.0.2.1\n",
    "group_vars/web.yml": "port: 8080\n",
    "extra.yml": "colour: red\n",
    "site.yml": "- hosts: web\n  roles: [app]\n",
    "roles/app/tasks/main.yml": """
        - include_vars: "{{ lookup('first_found', names) }}"
          vars:
            names: {files: ['{{ ansible_facts.distribution }}.yml', default.yml], paths: ['{{ role_path }}/vars']}
        - template: {src: app.conf.j2, dest: /etc/app.conf}
        - copy: {src: tree/, dest: /srv/tree}
        - service: {name: nginx, state: started}
        """,
    "roles/app/vars/default.yml": "package: plain\n",
    "roles/app/files/tree/one": "1\n",
    "roles/app/templates/app.conf.j2": "{{ port }} {{ colour }} {{ package }} {{ db_password }} {{ own | d('') }}\n",
}
Change = Callable[[Path], object]


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    write(tmp_path / "project", FILES)
    time.sleep(0.05)  # a file that changes while it is read is not trusted
    return tmp_path


def assess(base: Path, *extra: str, **policy: bool) -> Assessment:
    environment = Environment(("hosts",), extra_vars=("@project/extra.yml", *extra))
    config = Config(
        project="project", playbooks=("site.yml",), environments={"default": environment}, policy=Policy(**policy)
    )
    return pipeline.assess(config, base)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each engine that is started, and for each playing."""
    seen: list[str] = []
    make, play = Engine.__init__, Engine.play

    def noted(self: Engine, *args: object, **kwargs: object) -> None:
        seen.append("start")
        make(self, *args, **kwargs)  # type: ignore[arg-type]

    def playing(self: Engine, *args: object, **kwargs: object) -> object:
        seen.append("play")
        return play(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "__init__", noted)
    monkeypatch.setattr(Engine, "play", playing)
    return seen


def test_what_has_not_changed_is_not_played_again(base: Path, started: list[str]) -> None:
    first = assess(base)
    assert started == ["start", "play"]
    assert report_json.encode(assess(base)) == report_json.encode(first)
    assert started == ["start", "play"]
    assert first.figures.tasks == 3


CHANGES: dict[str, Change] = {
    "a task": lambda root: (root / "roles/app/tasks/main.yml").write_text("- service: {name: redis, state: started}\n"),
    "a template": lambda root: (root / "roles/app/templates/app.conf.j2").write_text("other\n"),
    "the same length": lambda root: (root / "group_vars/web.yml").write_text("port: 8081\n"),
    "the inventory": lambda root: (root / "hosts").write_text(FILES["hosts"] + "web2\n"),
    "a file of extra variables": lambda root: (root / "extra.yml").write_text("colour: tan\n"),
    "a variable of one host": lambda root: write(root, {"host_vars/web1.yml": "own: mine\n"}),
    "a file that was looked for": lambda root: write(root, {"roles/app/vars/Debian.yml": "package: deb\n"}),
    "a default": lambda root: write(root, {"roles/app/defaults/main.yml": "own: mine\n"}),
    "group_vars beside the playbook": lambda root: write(root, {"group_vars/all/more.yml": "own: mine\n"}),
    "a file more in a copied folder": lambda root: write(root, {"roles/app/files/tree/two": "2\n"}),
    "a file that went": lambda root: (root / "group_vars/web.yml").unlink(),
    "settings": lambda root: write(root, {"ansible.cfg": "[defaults]\nhash_behaviour = merge\n"}),
    "a role that hides another": lambda root: write(root, {"roles/app/meta/main.yml": "dependencies: []\n"}),
    "a link": lambda root: relink(root / "group_vars/web.yml"),
    "a folder of plugins": lambda root: write(root, {"filter_plugins/own.py": "x = 1\n"}),
}  # fmt: skip


def relink(path: Path) -> None:
    other = path.with_name("other")
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_noticed(name: str, base: Path, started: list[str]) -> None:
    assess(base)
    CHANGES[name](base / "project")
    assess(base)
    assert started.count("play") == 2


def test_extra_variables_and_trust_are_part_of_the_question(base: Path, started: list[str]) -> None:
    assess(base)
    assess(base, "colour=blue")
    assess(base, trust_project=True)
    assert started.count("play") == 3


def test_what_nobody_looked_at_does_not_matter(base: Path, started: list[str]) -> None:
    assess(base)
    write(base / "project", {"docs/README.md": "hello\n", "roles/other/tasks/main.yml": "- ping:\n"})
    assess(base)
    assert started.count("play") == 1


def test_without_a_cache_nothing_is_kept(base: Path, started: list[str]) -> None:
    assess(base, cache=False)
    assess(base, cache=False)
    assert started.count("play") == 2
    assert not list((base / "cache").iterdir())


def kept(base: Path) -> Iterator[Path]:
    return (path for path in (base / "cache").rglob("*") if path.is_file())


def test_no_secret_is_kept_and_nobody_else_may_read(base: Path) -> None:
    assess(base, f"api_token={SECRET}")
    files = list(kept(base))
    assert len(files) == 3
    assert all(SECRET.encode() not in path.read_bytes() for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert usual_folder().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[:-9], lambda data: data[:60] + b"x" + data[61:]])
def test_what_is_spoilt_is_not_used(spoil: Callable[[bytes], bytes], base: Path, started: list[str]) -> None:
    first = assess(base)
    for path in usual_folder().glob("*.recording"):
        path.write_bytes(spoil(path.read_bytes()))
    assert assess(base) == first
    assert started.count("play") == 2


def test_a_folder_that_others_may_write_is_not_used(base: Path, started: list[str]) -> None:
    assess(base)
    usual_folder().chmod(0o777)
    assess(base)
    assert started.count("play") == 2


def test_a_cache_that_cannot_be_written_is_no_error(base: Path) -> None:
    (base / "cache" / "hybrid-migrate").write_text("in the way")
    assert assess(base).figures.tasks == 3


def test_two_runs_at_once(base: Path) -> None:
    threads = [threading.Thread(target=assess, args=(base,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([path for path in kept(base) if path.suffix == ".recording"]) == 2


def test_what_changed_meanwhile_is_not_kept(tmp_path: Path) -> None:
    cache, file = Cache(tmp_path / "kept"), tmp_path / "file"
    begun = time.time_ns()
    file.write_text("new")
    cache.put(cache.key("question"), ["answer"], Looked(read=(str(file),)), begun)
    assert cache.get(cache.key("question"), list[str]) is None
    time.sleep(0.05)
    cache.put(cache.key("question"), ["answer"], Looked(read=(str(file),)), time.time_ns())
    assert cache.get(cache.key("question"), list[str]) == ["answer"]


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=2500)
    for number in range(4):
        cache.put(cache.key(number), ["x" * 1000], Looked(), time.time_ns())
        os.utime(tmp_path / f"{cache.key(number)}.recording", ns=(number, number))
        assert cache.get(cache.key(0), list[str])
    found = [cache.get(cache.key(number), list[str]) is not None for number in range(4)]
    assert found == [True, False, False, True]


def test_kinds(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("abc")
    (tmp_path / "program").write_text("abc")
    (tmp_path / "program").chmod(0o700)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "lost").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    found = {path.name: kind_of(str(path)) for path in tmp_path.iterdir()}
    assert found == {
        "file": "file 3", "program": "program 3", "link": "link file file 3", "lost": "link nowhere", "pipe": "other",
    }  # fmt: skip
    assert (kind_of(str(tmp_path)), kind_of(str(tmp_path / "none")), kind_of("\0")) == ("folder", "gone", "gone")


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert Looks(b"key").of_file(str(tmp_path / "pipe")) == "read other"


def test_below_what_is_missing_nothing_needs_a_look(tmp_path: Path) -> None:
    root = str(tmp_path)
    paths = [f"{root}/a/b/c", f"{root}/a/d", f"{root}/e", root]
    assert set(stems(paths)) == {f"{root}/a", f"{root}/e", root}


def test_folders_where_all_the_world_works_are_no_sign(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    assert not changed_since({str(tmp_path / "shared" / "gone"): "gone"}, 10**9)
    assert changed_since({str(tmp_path / "gone"): "gone"}, 10**9)
