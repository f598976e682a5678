# SPDX-License-Identifier: Apache-2.0
"""A project as it grows in ten years: what stands in it is recorded or explained."""

# ruff: noqa: E501  # a table reads better in long rows

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import Played, play, write

VAULT = "$ANSIBLE_VAULT;1.1;AES256\n33363965326261653465\n"
FILES = {
    "hosts": """
        # hosts before any group, a group twice, a group of strange name, vars before hosts
        lonely ansible_host=192.0.2.9
        [db:vars]
        port=5432
        [web]
        w1 ansible_host=192.0.2.1 motd='it is ok'
        [db]
        d1 ansible_host=192.0.2.3 size=big
        [web]
        w3 ansible_host=192.0.2.4
        [%env%:children]
        web
        [prod:children]
        web
        db
    """,
    "ansible.cfg": "[defaults]\nhash_behaviour = merge\nroles_path = ./extra:/etc/ansible/roles\njinja2_extensions = jinja2.ext.do,evil.ext\n",
    "group_vars/prod.yml": VAULT,
    "group_vars/web.yml": "dup: one\ndup: two\n",
    "group_vars/db/vault.yml": VAULT,
    "group_vars/db/plain.yml": "beside: a vault\nmixed: {from_group: 1, both: group}\n",
    "host_vars/d1.yml": "mixed: {from_host: 2, both: host}\n",
    "shared/all.yml": "env_name: prod\ninline: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  33363965326261653465\n",
    "shared/linked/tasks/main.yml": "- command: linked role\n",
    "extra/far/tasks/main.yml": "- command: far role\n",
    "roles/a/tasks/main.yml": "- command: a {{ p | default('-') }}\n",
    "roles/a/tasks/setup.yml": "- command: a setup {{ p | default('-') }}\n",
    "roles/dep/meta/main.yml": """
        dependencies:
          - {role: a, p: from_dep}
          - role: a
            vars: {p: second}
          - name: galaxy.missing
          - {src: "https://example.org/x.git", name: far}
    """,
    "roles/dep/tasks/main.yml": "- command: dep\n",
    "roles/tabbed/tasks/main.yml": "- name: tabbed\n\tcommand: x\n",
    "vars/prod.yml": "from_prod: found\n",
    "sub/second.yml": "- hosts: db\n  tasks: [{command: second, delegate_to: localhost, delegate_facts: yes}]\n",
    "sub/third.yml": "- hosts: db\n  tasks: [{command: third}]\n",
}  # fmt: skip

# name: (plays, what is recorded)
PLAYS: dict[str, tuple[str, list[str]]] = {
    "patterns": (
        """
        - {hosts: "all:!web", gather_facts: no, serial: "50%", tasks: [{command: not web}]}
        - {hosts: "web:&prod", max_fail_percentage: 10, any_errors_fatal: yes, tasks: [{command: both}]}
        - {hosts: "~w[12]", tasks: [{command: regex}]}
        - {hosts: [web, db], tasks: [{command: once, run_once: true}]}
        - {hosts: "{{ nowhere_defined }}", tasks: [{command: never}]}
        """,
        ["lonely not web", "d1 not web", "w1 both", "w3 both", "w1 regex", "w1 once"],
    ),
    "roles": (
        """
        - hosts: db
          connection: local
          user: deploy
          roles:
            - dep
            - {role: a, p: param, tags: [x], when: size == 'big'}
            - {role: linked}
            - tabbed
            - far
        """,
        ["d1 a from_dep", "d1 a second", "d1 far role", "d1 dep", "d1 a param", "d1 linked role", "d1 far role"],
    ),
    "included_roles": (
        """
        - hosts: db
          tasks:
            - include_role: {name: a, tasks_from: setup.yml, public: true, apply: {tags: [t], become: true}}
              loop: [1, 2]
              vars: {p: "{{ item }}"}
            - import_role: {name: a, tasks_from: setup}
              vars: {p: imported}
            - include_role: name=a tasks_from=setup
        """,
        ["d1 a setup 1", "d1 a setup 2", "d1 a setup imported", "d1 a setup -"],
    ),
    "old_forms": (
        """
        - hosts: db
          tasks:
            - apt: pkg={{ item }} state=installed
              with_items: "{{ ['x', 'y'] }}"
            - command: bare
              when: size
            - command: braces
              when: "{{ size == 'big' }}"
            - shell: >
                echo a
                b=c chdir=/tmp
            - local_action: {module: command, _raw_params: here}
            - meta: noop
            - {name: one, command: twice, name: two}
            - with_random_choice: [a]
              command: lot {{ item }}
            - with_lines: cat /etc/passwd
              command: lines {{ item }}
            - with_inventory_hostnames: web
              command: inv {{ item }}
            - command: never fails
              failed_when: "'x' in nope.stdout"
            - command: until
              register: u
              until: u.stdout.find('ok') != -1
              retries: "{{ nope }}"
        """,
        ["d1 ", "d1 ", "d1 bare", "d1 braces", "d1 echo a b=c", "localhost here", "d1 twice", "d1 lot mgunk_item_?", "d1 lines mgunk_item_?",
         "d1 inv w1", "d1 inv w3", "d1 never fails", "d1 until"],
    ),
    "probes": (
        """
        - hosts: db
          tasks:
            - stat: path=/x
              register: st
            - command: there {{ st.stat.mode }}
              when: st.stat.exists
            - command: not there
              when: not st.stat.exists
            - getent: database=passwd
            - command: user {{ getent_passwd['root'][1] }}
              when: "'root' in getent_passwd"
            - package_facts:
            - command: package
              when: "'nginx' in ansible_facts.packages"
            - command: package {{ packages['nginx'][0].version }}
              when: packages.nginx is defined
            - service_facts:
            - command: service
              when: (ansible_facts['services']['x.service'] | default({})).state | default('') == 'running'
            - find: paths=/x
              register: fnd
            - command: found {{ item.path }}
              with_items: "{{ fnd.files }}"
            - slurp: src=/x
              register: sl
            - command: slurped {{ sl.content | b64decode | trim }}
            - uri: url=http://x return_content=yes
              register: ur
            - set_fact: ver={{ ur.json.version | default('1') }}
            - command: answer {{ ver }}
              when: ur.status | default(0) == 200
            - setup: {gather_subset: network}
            - command: own fact
              when: ansible_local.thing.installed | default(false) | bool
            - command: no own fact
              when: not ansible_local.thing.installed | default(false) | bool
        """,
        ["d1 ", "d1 there mgunk_st_?", "d1 not there?", "d1 ", "d1 user mgunk_getent_passwd_?", "d1 ", "d1 package?", "d1 package mgunk_packages_?",
         "d1 ", "d1 service?", "d1 ", "d1 found mgunk_item_?", "d1 ", "d1 slurped mgunk_sl_", "d1 ", "d1 answer mgunk_ver_?", "d1 own fact?", "d1 no own fact"],
    ),
    "blocks": (
        """
        - hosts: db
          tasks:
            - block:
                - command: inside {{ bv }}
                  notify: [h1, two listen]
              vars: {bv: 1}
              when: size == 'big'
              become: yes
              rescue: [{command: mend}]
              always: [{command: tidy}]
          handlers:
            - {name: h1, command: first}
            - {name: other, listen: two listen, command: second}
            - {name: unheard, command: third}
        """,
        ["d1 inside 1", "d1 mend?", "d1 tidy", "d1 first", "d1 second"],
    ),
    "files_of_variables": (
        """
        - hosts: db
          vars_files: ["vars/{{ ansible_os_family }}.yml", ["vars/nope.yml", "vars/{{ env_name }}.yml"], vars/missing.yml]
          environment: [{A: 1}, "{{ envs | default({}) }}"]
          tags: [t]
          tasks:
            - command: say {{ from_prod }} {{ beside }} {{ inline }} {{ in_the_vault }}
            - command: merged {{ mixed.from_group }}{{ mixed.from_host }}{{ mixed.both }}
        - hosts: web
          tasks: [{command: "last {{ dup }}"}]
        """,
        ["d1 say found a vault mgsec_inline_ mgneed_in_the_vault_", "d1 merged 12host", "w1 last two", "w3 last two"],
    ),
    "imports": ("- import_playbook: sub/second.yml\n- include: sub/third.yml\n- {hosts: localhost, tasks: [{command: local}]}\n", ["localhost second", "d1 third", "localhost local"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Played:
    from textwrap import dedent

    root = tmp_path_factory.mktemp("messy")
    write(root, FILES)
    (root / "group_vars" / "all.yml").symlink_to(Path("../shared/all.yml"))
    (root / "roles" / "linked").symlink_to(Path("../shared/linked"))
    return play(
        root, {f"{name}.yml": dedent(text) for name, (text, _) in PLAYS.items()}, [f"{name}.yml" for name in PLAYS]
    )


@pytest.mark.parametrize("name", PLAYS)
def test_is_recorded(name: str, everything: Played) -> None:
    import re

    places = (f"{name}.yml#", "sub/") if name == "imports" else (f"{name}.yml#",)
    found = [row for place in places for row in everything.lines(place)]
    found = [re.sub(r"(mg(?:need|unk|sec)_\w+?_)[0-9a-f]{6}_x", r"\1", row) for row in found]
    assert sorted(found) == sorted(PLAYS[name][1])


@pytest.mark.parametrize(
    ("check", "word"),
    [
        ("vault-file", "group_vars/prod.yml"),
        ("vault-file", "group_vars/db/vault.yml"),
        ("broken-yaml", "roles/tabbed/tasks/main.yml"),
        ("missing-role", "galaxy.missing"),
        ("missing-file", "vars/missing.yml"),
        ("broken-play", "nowhere_defined"),
        ("forbidden", "lines"),
        ("undefined-variable", "in_the_vault"),
    ],
)
def test_the_rest_is_explained(check: str, word: str, everything: Played) -> None:
    found = [one for one in everything.findings if one.check == check and (word in one.subject or word in one.message)]
    assert found and found[0].remedy


def test_no_machine_is_lost_behind_a_vault(everything: Played) -> None:
    assert {host.name: host.groups for host in everything.hosts}["w3"] == ("%env%", "prod", "web")
    assert len(everything.hosts) == 4


def test_nothing_is_lost_without_a_word(everything: Played) -> None:
    assert {"lost-task", "engine-warning"}.isdisjoint(everything.checks())
