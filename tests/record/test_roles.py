# SPDX-License-Identifier: Apache-2.0
"""Roles alone: no playbook, no inventory, many by one child, a bad one costs only itself."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from migrate.clients.engine import Engine
from migrate.record.record import Recording
from migrate.record.roles import record_roles

FILES = {
    "web/tasks/main.yml": """
        - apt: {name: "{{ web_package }}"}
        - template: {src: web.conf.j2, dest: /etc/web.conf}
          notify: restart
        - include_tasks: "{{ ansible_os_family }}.yml"
    """,
    "web/tasks/Debian.yml": "- command: for Debian\n",
    "web/tasks/RedHat.yml": "- command: for Red Hat\n",
    "web/tasks/extra.yml": "- command: extra\n",
    "web/tasks/install.yml": "- command: install\n",
    "web/defaults/main.yml": "web_package: nginx\nweb_password: hunter2-Zq\n",
    "web/templates/web.conf.j2": "secret {{ web_password }} of {{ inventory_hostname }}\n",
    "web/handlers/main.yml": "- name: restart\n  service: {name: web, state: restarted}\n",
    "web/meta/main.yml": "dependencies: [{role: someone.base}, {role: not.there}]\n",
    "web/meta/argument_specs.yml": "argument_specs: {main: {}, install: {}}\n",
    "ansible-role-base/tasks/main.yml": "- command: base\n",
    "parts/tasks/one.yml": "- command: one\n",
    "parts/tasks/two.yml": "- command: two\n",
    "broken/tasks/main.yml": "- command: [unclosed\n",
    "bomb/tasks/main.yml": "- command: '{{ [0] * 100 }}'\n",
    "empty/meta/main.yml": "galaxy_info: {}\n",
}


def write(root: Path) -> Path:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("checkouts"))


@pytest.fixture(scope="module")
def found(root: Path) -> dict[str, Recording]:
    roles = sorted({root / name.split("/")[0] for name in FILES})
    return {path.name: recording for path, recording in record_roles(roles, os="debian12", root=root)}


def words(recording: Recording) -> list[str]:
    return [str(task.args.get("_raw_params") or task.args.get("name")) for task in recording.tasks]


def test_a_role_is_played_with_what_it_depends_on(found: dict[str, Recording]) -> None:
    assert words(found["web"]) == ["base", "nginx", "None", "for Debian", "install", "web"]
    assert found["web"].tasks[0].roles == ("web", "ansible-role-base")
    assert found["web"].machines[0].facts_from == "profile debian12"


def test_files_are_rendered_without_secrets(found: dict[str, Recording]) -> None:
    (file,) = [task.file for task in found["web"].tasks if task.file]
    assert file.text and file.text.startswith("secret mgsec_web_password_")
    assert "hunter2" not in repr(found)


def test_a_declared_entry_point_is_conditional(found: dict[str, Recording]) -> None:
    (task,) = [task for task in found["web"].tasks if task.args.get("_raw_params") == "install"]
    assert "tasks_from" in task.conditional


def test_what_was_not_played_is_told(found: dict[str, Recording]) -> None:
    told = {finding.check: finding.message for finding in found["web"].findings}
    assert "tasks/RedHat.yml, tasks/extra.yml" in told["unread-tasks"]
    assert "not.there" in told["missing-role"]


def test_a_role_without_a_main_file_is_played_file_by_file(found: dict[str, Recording]) -> None:
    assert words(found["parts"]) == ["one", "two"]
    assert all(task.conditional for task in found["parts"].tasks)


def test_one_role_s_findings_and_tokens_are_its_own(found: dict[str, Recording]) -> None:
    assert {finding.check for finding in found["broken"].findings} == {"broken-yaml"}
    assert found["parts"].findings == () == found["parts"].tokens
    assert [token.name for token in found["web"].tokens] == ["web_password"]
    assert found["empty"].tasks == ()


def test_one_child_plays_all_that_lie_together(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Engine] = []
    enter = Engine.__enter__
    monkeypatch.setattr(Engine, "__enter__", lambda self: started.append(self) or enter(self))
    assert len(list(record_roles([root / "parts", root / "web"], root=root))) == 2
    assert len(started) == 1


def test_a_role_that_ends_the_child_costs_only_itself(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play = Engine.play_role

    def dying(self: Engine, folder: Path, facts: dict[str, object], *, anyway: bool = False) -> object:
        if folder.name == "bomb":
            self._child.kill()
            self._child.wait()
        return play(self, folder, facts)

    monkeypatch.setattr(Engine, "play_role", dying)
    both = dict(record_roles([root / "bomb", root / "parts"], root=root))
    assert [finding.check for finding in both[root / "bomb"].findings] == ["engine-failed"]
    assert words(both[root / "parts"]) == ["one", "two"]


def test_a_role_alone_reads_nothing_beside_itself(root: Path) -> None:
    ((_, recording),) = record_roles([root / "web"])
    assert "base" not in words(recording)
    assert {"missing-role", "unread-tasks"} == {finding.check for finding in recording.findings}
