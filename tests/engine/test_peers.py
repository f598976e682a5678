# SPDX-License-Identifier: Apache-2.0
"""Other machines that a task names are told exactly, and naming them changes nothing of what is recorded."""

from __future__ import annotations

import pytest

from migrate.model.task import RecordedTask
from tests.engine.conftest import Played, play

# ruff: noqa: E501  # a table reads better in long rows

FACTS = {
    "ansible_default_ipv4": {"address": "192.0.2.11", "interface": "eth0"},
    "ansible_eth0": {"ipv4": {"address": "192.0.2.11"}},
}
FILES = {
    "hosts": """
        [web]
        web1 ansible_host=192.0.2.11
        web2 ansible_host=192.0.2.12
        [db]
        db1 ansible_host=192.0.2.21 role=primary
        db2.example.com ansible_host=192.0.2.22 replica_ip=198.51.100.22
        [single]
        cache ansible_host=2001:db8::9
    """,
    "group_vars/all.yml": """
        database_url: "postgres://shop:{{ shop_password }}@{{ groups['db'] | first }}:5432/shop"
        literal_host: 192.0.2.21
        app: cache
        cache_host: cache
        pool: "{% for h in groups['db'] %}{{ hostvars[h].ansible_host }}{{ '' if loop.last else ',' }}{% endfor %}"
    """,
    "templates/app.conf.j2": """
        # the cache of db1 is not meant here
        url = {{ database_url }}
        {% if inventory_hostname == groups['web'][0] %}
        first = yes
        {% endif %}
        {% for host in groups['web'] | sort if host != inventory_hostname %}
        peer {{ host }} {{ hostvars[host]['ansible_default_ipv4']['address'] }}
        {% endfor %}
        {% if 'db1' in groups['db'] and groups['db'] | length == 2 and literal_host == '192.0.2.21' %}
        server {{ hostvars['db2.example.com'].replica_ip }}:5433;
        {% endif %}
        upper {{ groups['db'][0] | upper }} {{ literal_host | regex_replace('^', 'tcp://') }}
        literal 192.0.2.22:99
        me {{ ansible_host }} {{ inventory_hostname }}
    """,
    "site.yml": """
        - hosts: web[0]
          tasks:
            - template: {src: app.conf.j2, dest: /etc/app.conf}
            - command: connect {{ pool }}
            - command: quoted {{ literal_host | quote }} {{ [groups['db'][0], 'x'] | to_json }}
            - command: ping {{ item }}
              loop: "{{ groups['single'] + groups['web'] }}"
            - postgresql_db: {name: shop, login_host: "{{ groups.db.0 }}", login_port: 5432}
            - command: run {{ app }} in {{ cache_host }}
            - command: hashed {{ groups['db'][0] | hash('sha1') }}
            - copy: {content: "a={{ groups['db'] | join(' ') }}", dest: /etc/list}
            - command: remote {{ inventory_hostname }}
              delegate_to: db1
            - command: only on the first
              when: inventory_hostname in groups['web'] and groups['web'][0] == inventory_hostname and inventory_hostname not in groups['db']
            - set_fact: {primary: "{{ groups['db'] | map('extract', hostvars) | selectattr('role', 'defined') | map(attribute='inventory_hostname') | first }}"}
            - command: use {{ primary }}:6432
    """,
}  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("peers"), FILES, facts=FACTS)


def of(played: Played, start: str) -> RecordedTask:
    def text(task: RecordedTask) -> str:
        return str(task.args.get("_raw_params") or task.args.get("dest") or task.args.get("name"))

    (task,) = [task for task in played.tasks if text(task).startswith(start)]
    return task


def brief(task: RecordedTask) -> list[str]:
    return [
        f"{peer.machine} {peer.what} {peer.at}{f':{peer.port}' * bool(peer.port)} {peer.variable}".strip()
        for peer in task.peers
    ]


def test_the_text_is_as_ansible_renders_it(played: Played) -> None:
    file = of(played, "/etc/app.conf").file
    assert file and file.text
    lines = file.text.splitlines()
    assert lines[1].startswith("url = postgres://shop:mgneed_shop_password") or "mgsec" in lines[1]
    assert lines[1].endswith("@db1:5432/shop")
    assert lines[2:] == [
        "first = yes",
        "peer web2 192.0.2.12",
        "server 198.51.100.22:5433;",
        "upper DB1 tcp://192.0.2.21",
        "literal 192.0.2.22:99",
        "me 192.0.2.11 web1",
    ]
    assert "mgpeer" not in repr(played)


def test_a_file_tells_where_it_names_whom_and_why(played: Played) -> None:
    """Line 5 stands under a comparison with a literal address, so only its text tells."""
    assert brief(of(played, "/etc/app.conf")) == [
        "db1 name line 2:5432 groups.db",
        "web2 name line 4 groups.web",
        "web2 address line 4 hostvars.web2.ansible_default_ipv4.address",
        "db2.example.com address line 5:5433",
        "db1 name line 6 groups.db",
        "db1 address line 6 literal_host",
        "db2.example.com address line 7:99",
    ]


@pytest.mark.parametrize(
    ("start", "peers"),
    [
        ("connect", ["db1 address _raw_params hostvars.db1.ansible_host", "db2.example.com address _raw_params hostvars.db2.example.com.ansible_host"]),
        ("quoted", ["db1 address _raw_params literal_host", "db1 name _raw_params groups.db"]),
        ("ping cache", ["cache name _raw_params item"]),
        ("ping web1", []),
        ("shop", ["db1 name login_host groups.db"]),
        ("run", ["cache name _raw_params cache_host"]),
        ("hashed", []),
        ("/etc/list", ["db1 name line 1 groups.db", "db2.example.com fqdn line 1 groups.db"]),
        ("remote", ["web1 name _raw_params inventory_hostname"]),
        ("only on the first", []),
        ("use", ["db1 name _raw_params:6432 primary"]),
    ],
)  # fmt: skip
def test_arguments_do_too(start: str, peers: list[str], played: Played) -> None:
    assert brief(of(played, start)) == peers


def test_nothing_that_compares_names_became_doubtful(played: Played) -> None:
    assert not [task.conditional for task in played.tasks if task.conditional]
