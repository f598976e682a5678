# SPDX-License-Identifier: Apache-2.0
"""The door to the recording child: a clean environment, a child that ends, errors with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.clients.engine import Engine, environment
from migrate.errors import EngineError


def test_the_child_gets_nothing_of_the_caller_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_LIBRARY", "/somewhere")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("https_proxy", "http://example.org")
    kept = environment("/folder")
    assert not {"AWS_SECRET_ACCESS_KEY", "https_proxy"} & kept.keys()
    assert "/somewhere" not in kept.values()
    assert kept["HOME"] == "/folder"


def test_leaving_ends_the_child_and_its_folder(tmp_path: Path) -> None:
    with Engine(tmp_path, ["h1,"], []) as engine:
        assert [host.name for host in engine.inventory()[0].hosts] == ["h1"]
        folder, child = Path(engine._folder.name), engine._child
        assert folder.is_dir()
    assert child.poll() is not None
    assert not folder.exists()


def test_a_dead_child_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with Engine(tmp_path, ["h1,"], []) as engine:
        engine.inventory()
        engine._child.kill()
        engine._child.wait()
        with pytest.raises(EngineError) as caught:
            engine.play([], {}, lambda _: None)
    assert caught.value.hint


def test_an_empty_inventory_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("")
    with Engine(tmp_path, [str(tmp_path / "hosts")], []) as engine:
        assert engine.inventory()[0].hosts == ()
