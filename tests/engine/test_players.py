# SPDX-License-Identifier: Apache-2.0
"""Several players of one project say what a single one would have said, or say that they can't."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from migrate.clients.engine import Engine
from migrate.clients.players import agree, told_once
from migrate.errors import DisagreementError
from migrate.model.finding import Finding
from migrate.model.messages import Done
from migrate.model.place import Place
from migrate.record.session import Session
from tests.engine.conftest import FACTS, write

FILES = {
    "hosts": "[web]\nweb1\nweb2 extra=1\nweb3\n[db]\ndb1\ndb2\n[redis]\nr1\n[mq]\nmq1\n[mail]\nmail1\n[log]\nlog1\n",
    "site.yml": """
        - hosts: all
          tasks:
            - set_fact: {label: "{{ inventory_hostname }}-label"}
            - group_by: {key: "kind_{{ group_names | first }}"}
            - command: "{{ groups['kind_web'] | d([]) | join(',') }} {{ hostvars['db1'].label | d('none') }}"
            - command: check
              register: checked
            - include_tasks: "{{ group_names | first }}.yml"
              when: group_names | first in ['web', 'db']
            - some.missing.module: {a: 1}
            - debug: {msg: "{{ undefined_here }}"}
            - command: once
              run_once: true
        - hosts: kind_web
          tasks:
            - template: {src: "conf.j2", dest: "/etc/{{ item }}"}
              loop: [a, b]
              notify: again
            - command: "{{ needed_here }}"
              when: checked is changed
            - command: extra
              when: extra is defined
            - command: second
              when: inventory_hostname == 'web3'
          handlers:
            - {name: again, service: {name: nginx, state: restarted}}
        - hosts: localhost
          tasks: [{command: local}]
        """,
    "web.yml": "- command: only web\n- set_fact: {seen: yes}\n",
    "db.yml": "- command: only db\n",
    "templates/conf.j2": "{{ label }} {{ groups['db'] | map('extract', hostvars, 'label') | join(',') }}\n",
}


def played(root: Path, players: int) -> bytes:
    paths = [str(root / "site.yml")]
    with Engine(root, [str(root / "hosts")], paths, players=players) as engine, ThreadPoolExecutor(8) as pool:
        inventory, _ = engine.inventory()
        facts = {made.number: FACTS for made in inventory.classes}
        tasks, done = engine.play(paths, facts, lambda _: None, pool=pool)
    return msgspec.json.encode([tasks, msgspec.structs.replace(done, numbered={})])


@pytest.mark.parametrize("players", [2, 3, 5])
def test_any_number_of_players_says_the_same(tmp_path: Path, players: int) -> None:
    write(tmp_path, FILES)
    alone = played(tmp_path, 1)
    assert b"web1,web2" in alone and b"db1-label" in alone
    assert played(tmp_path, players) == alone


def test_secrets_that_are_told_apart_by_a_number_need_a_single_player(tmp_path: Path) -> None:
    """Two secrets of one place: which is the first, players that each saw one can't know."""
    last = "    - command: run --password={{ word }}\n"
    words = "".join(f"h{number} word=open-{number}-sesame\n" for number in range(6))
    site = f"- hosts: all\n  tasks:\n    - include_tasks: more.yml\n      loop: '{{{{ range(2) | list }}}}'\n{last}"
    write(
        tmp_path, {"hosts": words, "site.yml": site, "more.yml": "- command: run --password=a-{{ item }}-b{{ word }}\n"}
    )
    paths = [str(tmp_path / "site.yml")]
    results = []
    with ThreadPoolExecutor(8) as pool:
        for players in (1, 2):
            start = lambda players=players: Engine(tmp_path, [str(tmp_path / "hosts")], paths, players=players)  # noqa: E731
            with Session(start, (), None, pool) as session:
                inventory, _ = session.inventory()
                facts = {made.number: FACTS for made in inventory.classes}
                tasks, done = session.play(paths, facts, lambda _: None)
            results.append(msgspec.json.encode([tasks, msgspec.structs.replace(done, numbered={}, looked=None)]))
    assert results[0] == results[1]
    assert b"sesame" not in results[0]


def test_disagreement_plays_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, FILES)
    paths = [str(tmp_path / "site.yml")]
    asked: list[object] = []
    play = Engine.play

    def disagreeing(self: Engine, *args: object, pool: object = None) -> object:
        asked.append(pool)
        if pool is not None:
            raise DisagreementError("they differ")
        return play(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "play", disagreeing)
    with ThreadPoolExecutor(2) as pool:
        start = lambda: Engine(tmp_path, [str(tmp_path / "hosts")], paths, players=2)  # noqa: E731
        with Session(start, (), None, pool) as session:
            inventory, _ = session.inventory()
            tasks, _ = session.play(paths, {made.number: FACTS for made in inventory.classes}, lambda _: None)
    assert asked == [pool, None]
    assert tasks


def test_marks_agree_where_one_begins_the_other() -> None:
    assert agree([Done(numbered={"a": ("1", "2")}), Done(numbered={"a": ("1",)}), Done()])
    assert not agree([Done(numbered={"a": ("1", "2")}), Done(numbered={"a": ("2",)})])


def test_what_is_told_once_is_told_for_the_first_place() -> None:
    rows = [
        Finding("missing-collection", "a.b", "…", place=place)
        for place in (Place("b.yml", 1), Place("a.yml", 9), Place("a.yml", 10), None)
    ]
    other = Finding("limit", "x", "…")
    assert told_once([*rows, other]) == [rows[1], other]
