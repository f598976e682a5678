# SPDX-License-Identifier: Apache-2.0
"""--trust-project: the project's own filters answer, everything else of its code stays out."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.clients.engine import Engine
from migrate.model.messages import Done
from migrate.model.task import RecordedTask

FILTERS = """
import os
def shout(text): return text.upper() + "!"
def leave(text): return os.system("touch @CANARY@")
class FilterModule:
    def filters(self): return {"shout": shout, "leave": leave}
"""
LOOKUP = """
from ansible.plugins.lookup import LookupBase
class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs): return [term * 2 for term in terms]
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - {copy: {content: "{{ 'hello' | shout }}", dest: /etc/greeting}}
    - {copy: {content: "{{ lookup('twice', 'ab') }}", dest: /etc/twice}}
    - {copy: {content: "{{ lookup('env', 'HOME') }}", dest: /etc/home}}
    - {copy: {content: "{{ 'hello' | leave }}", dest: /etc/left}}
"""


def played(folder: Path, *, trusted: bool) -> tuple[list[RecordedTask], Done]:
    (folder / "filter_plugins").mkdir()
    (folder / "filter_plugins" / "own.py").write_text(FILTERS.replace("@CANARY@", str(folder / "canary")))
    (folder / "lookup_plugins").mkdir()
    (folder / "lookup_plugins" / "twice.py").write_text(LOOKUP)
    (folder / "hosts").write_text("web1\n")
    (folder / "site.yml").write_text(PLAY)
    playbooks = [str(folder / "site.yml")]
    with Engine(folder, [str(folder / "hosts")], playbooks, trusted=trusted) as engine:
        engine.inventory()
        return engine.play(playbooks, {0: {}}, lambda _: None)


def text(tasks: list[RecordedTask], dest: str) -> str:
    return next(task.file.text or "" for task in tasks if task.file and task.file.dest == dest)


def test_a_trusted_project_is_filtered_by_its_own(tmp_path: Path) -> None:
    tasks, done = played(tmp_path, trusted=True)
    assert text(tasks, "/etc/greeting") == "HELLO!"
    assert text(tasks, "/etc/twice") == "abab"
    assert "mgneed_lookup_env" in text(tasks, "/etc/home")
    assert "trusted" in {finding.check for finding in done.findings}
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("dest", "token"),
    [("/etc/greeting", "mgunk_filter"), ("/etc/left", "mgunk_filter"), ("/etc/twice", "mgneed_lookup_twice")],
)
def test_any_other_is_not(tmp_path: Path, dest: str, token: str) -> None:
    tasks, done = played(tmp_path, trusted=False)
    assert token in text(tasks, dest)
    assert "forbidden" in {finding.check for finding in done.findings}
    assert not (tmp_path / "canary").exists()


IN_A_COLLECTION = """
class FilterModule:
    def filters(self): return {"shout": lambda text: text.upper() + "!"}
"""
SRC_PLAY = """
- hosts: all
  gather_facts: false
  roles: [web]
"""
SRC_TASKS = """
- template: {src: "{{ lookup('acme.own.template_src', 'etc/app.conf.j2') }}", dest: /etc/app.conf}
- copy: {content: "{{ lookup('acme.own.secrets', 'etc/app.conf.j2') }}", dest: /etc/secret}
- shell: "true"
  register: asked
- set_fact: {mode: "{{ asked.stdout }}"}
- copy: {content: given, dest: "/etc/{{ mode }}"}
  when: mode == "known"
"""


def in_role(folder: Path, *, trusted: bool, extra_vars: tuple[str, ...] = ()) -> list[RecordedTask]:
    role, own = folder / "roles" / "web", folder / "collections" / "ansible_collections" / "acme" / "own"
    for path, text in {
        role / "tasks" / "main.yml": SRC_TASKS,
        role / "templates" / "etc" / "app.conf.j2": "name = {{ 'app' | acme.own.shout }}\n",
        own / "plugins" / "filter" / "own.py": IN_A_COLLECTION,
        folder / "hosts": "web1\n",
        folder / "site.yml": SRC_PLAY,
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    playbooks = [str(folder / "site.yml")]
    with Engine(folder, [str(folder / "hosts")], playbooks, extra_vars, trusted=trusted) as engine:
        engine.inventory()
        return engine.play(playbooks, {0: {}}, lambda _: None)[0]


def test_filters_of_its_collections_answer_too(tmp_path: Path) -> None:
    assert text(in_role(tmp_path, trusted=True), "/etc/app.conf") == "name = APP!\n"
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_lookup_that_looks_for_files_is_answered_without_running_it(tmp_path: Path) -> None:
    tasks = in_role(tmp_path, trusted=False)
    assert text(tasks, "/etc/app.conf").startswith("name = ")
    assert "mgneed" in text(tasks, "/etc/secret")


def test_what_is_given_on_the_command_line_is_known(tmp_path: Path) -> None:
    *_, last = in_role(tmp_path, trusted=False, extra_vars=("mode=known",))
    assert (last.conditional, last.args["dest"]) == ("", "/etc/known")
