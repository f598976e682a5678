# SPDX-License-Identifier: Apache-2.0
"""Each construct of the Ansible language does here what ansible-playbook would do with it."""

# ruff: noqa: E501  # a table reads better in long rows

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import Played, play, write

HOSTS = """
    [web]
    w1 ansible_host=192.0.2.1
    w2 ansible_host=192.0.2.2
    [db]
    d1 ansible_host=192.0.2.3 size=big
"""

ROLES = {
    "roles/plain/tasks/main.yml": "- command: plain {{ flavour }}\n",
    "roles/plain/defaults/main.yml": "flavour: vanilla\n",
    "roles/plain/tasks/other.yml": "- command: other {{ flavour }}\n",
    "roles/child/meta/main.yml": "dependencies:\n  - role: plain\n    flavour: inherited\n",
    "roles/child/tasks/main.yml": "- command: child\n",
    "roles/handling/tasks/main.yml": "- command: change\n  notify: topic\n",
    "roles/handling/handlers/main.yml": "- name: one\n  listen: topic\n  command: handled\n- name: two\n  command: unheard\n",
    "roles/both/tasks/main.yml": "- command: always\n  tags: always\n- command: never\n  tags: never\n",
    "tasks/part.yml": "- command: part {{ x | default('-') }}\n",
    "tasks/w1.yml": "- command: for w1\n",
    "tasks/w2.yml": "- command: for w2\n",
    "tasks/each.yml": """
        - command: each {{ each }}
        - command: via {{ way }}
          vars: {way: "{{ each }}"}
          when: way is defined and way != 'x'
        - command: known {{ each }}
          when: each is defined
        - include_tasks: deep.yml
          loop: [a, b]
    """,
    "tasks/deep.yml": "- command: deep {{ each }}\n  when: each != 'x'\n",
    "tasks/again.yml": "- command: again\n- include_tasks: again.yml\n  when: found.rc != 0\n",
    "vars/a.yml": "from_file: a\n",
    "imported.yml": "- hosts: db\n  tasks:\n    - command: imported {{ way | default('plain') }}\n",
}

# name: (tasks or whole play, what is recorded)
TASKS: dict[str, tuple[str, list[str]]] = {
    "rescue": (
        """
        - block: [{command: try}]
          rescue: [{command: mend}, {command: "say {{ ansible_failed_result.msg }}", when: ansible_failed_task is defined}]
          always: [{command: tidy}]
        """,
        ["d1 try", "d1 mend?", "d1 say mgunk_ansible_failed_result_?", "d1 tidy"],
    ),
    "registered": (
        """
        - command: probe
          register: found
        - command: on unknown
          when: found.rc == 0
        - command: known half decides
          when: found.rc == 0 and 1 == 2
        - command: defined or not
          when: found is defined
        - command: over {{ item }}
          loop: "{{ found.stdout_lines }}"
        """,
        ["d1 probe", "d1 on unknown?", "d1 defined or not?", "d1 over mgunk_item_?"],
    ),
    "doubt_behind_filters": (
        """
        - command: probe
          register: found
        - command: in one pair of brackets {{ item.name | d('x') }}
          loop: "{{ found.stdout | no_such_filter }}"
          when: (size == 'big' and item.name is truthy and item.other | d(False) | bool)
        - command: through bool
          when: found.rc | d(1) | bool
        - command: through ternary
          when: (found.stdout | d('') is version('2', '>=')) | ternary(false, true)
        - set_fact: {kept: "{{ found.stdout | d('none') | lower }}"}
        - command: through a fact
          when: kept == 'some'
        - command: either
          when: size == 'big' or found.rc == 0
        - command: neither
          when: not (size == 'big' or found.rc == 0)
        """,
        ["d1 probe", "d1 in one pair of brackets mgunk_item_?", "d1 through bool?", "d1 through ternary?", "d1 through a fact?", "d1 either"],
    ),
    "include_over_unknown": (
        """
        - command: probe
          register: found
        - include_tasks: tasks/each.yml
          loop: "{{ found.stdout_lines }}"
          loop_control: {loop_var: each}
        - include_tasks: tasks/each.yml
          loop: [1, 2]
          loop_control: {loop_var: each}
        - include_role: {name: plain}
          vars: {flavour: "{{ each.taste | d('plain') }}"}
          loop: "{{ found.stdout_lines }}"
          loop_control: {loop_var: each}
        - command: afterwards
          when: each is not defined
        """,
        [
            "d1 probe", "d1 each mgunk_each_?", "d1 via mgunk_each_?", "d1 known mgunk_each_?", "d1 deep mgunk_each_?", "d1 deep mgunk_each_?",
            "d1 each 1", "d1 via 1", "d1 known 1", "d1 deep 1", "d1 deep 1",
            "d1 each 2", "d1 via 2", "d1 known 2", "d1 deep 2", "d1 deep 2",
            "d1 plain mgunk_each_?", "d1 afterwards",
        ],
    ),
    "unknown_values_decide": (
        """
        - command: of the environment
          when: lookup('env', 'STAGE') == 'production'
        - command: through a variable
          when: stage in ['production', 'staging']
          vars: {stage: "{{ lookup('env', 'STAGE') | lower }}"}
        - command: by number
          when: lookup('env', 'COUNT') | int > 3
        - command: by itself
          when: lookup('env', 'CI')
        - command: by test
          when: lookup('env', 'STAGE') is match('prod')
        - command: secret is there
          when: app_password | length > 0 and app_password != '' and app_password is defined
          vars: {app_password: hunter2}
        - command: secret is this
          when: app_password == 'changeme'
          vars: {app_password: hunter2}
        - command: beside a secret
          when: account.state == 'present'
          vars: {account: {password: hunter2, state: absent}}
        - command: nested {{ 'a' if prod else 'b' }}
          when: prod
          vars: {prod: "{{ lookup('env', 'STAGE') == 'production' }}"}
        """,
        [
            "d1 of the environment?", "d1 through a variable?", "d1 by number?", "d1 by itself?", "d1 by test?", "d1 secret is there",
            "d1 secret is this?", "d1 nested b?",
        ],
    ),
    "include_of_itself": (
        "- command: probe\n  register: found\n- include_tasks: tasks/again.yml\n",
        ["d1 probe", "d1 again", "d1 again?", "d1 again?"],
    ),
    "skipped_is_known": (
        """
        - command: probe
          register: found
          when: false
        - command: after skip
          when: found is skipped
        """,
        ["d1 after skip"],
    ),
    "facts_chain": (
        """
        - set_fact: {one: 1}
        - set_fact: {two: "{{ one + 1 }}"}
        - command: two is {{ two }}
          when: two == 2
        - command: probe
          register: r
        - set_fact: {late: "{{ r.stdout }}"}
        - command: late is {{ late }}
        - command: late decides
          when: late | default('x') == 'x'
        - set_fact: {maybe: yes_it_is}
          when: r.rc == 0
        - command: maybe {{ maybe }}
        - command: maybe decides
          when: maybe is defined
        """,
        ["d1 two is 2", "d1 probe", "d1 late is mgunk_late_", "d1 late decides?", "d1 maybe yes_it_is", "d1 maybe decides?"],
    ),
    "key_value": ("- command: chdir=/srv echo hi\n- action: command echo act\n- local_action: command echo here\n", ["d1 echo hi", "d1 echo act", "localhost echo here"]),
    "old_include": ("- include: tasks/part.yml x=1\n- include: tasks/part.yml\n  with_items: [a, b]\n  vars: {x: '{{ item }}'}\n", ["d1 part 1", "d1 part a", "d1 part b"]),
    "vars_list": ("- command: say {{ v }}\n  vars: [{v: listed}]\n", ["d1 say listed"]),
    "sudo": ("- command: root\n  sudo: yes\n  sudo_user: admin\n", ["d1 root"]),
    "include_role_loop": ("- include_role: {name: plain}\n  vars: {flavour: '{{ item }}'}\n  loop: [a, b]\n", ["d1 plain a", "d1 plain b"]),
    "tasks_from": ("- include_role: {name: plain, tasks_from: other}\n- import_role: {name: plain, tasks_from: other.yml}\n", ["d1 other vanilla"] * 2),
    "delegated": ("- command: elsewhere\n  delegate_to: w1\n- command: nowhere\n  delegate_to: '{{ nobody }}'\n", ["w1 elsewhere", "mgneed_nobody_ nowhere"]),
    "with_first_found": ("- include_vars: '{{ item }}'\n  with_first_found: ['vars/none.yml', 'vars/a.yml']\n- command: say {{ from_file }}\n", ["d1 say a"]),
    "with_old_lookups": (
        "- command: say {{ item }}\n  with_flattened: [[a, [b]], c]\n- command: tree {{ item.path }}\n  with_community.general.filetree: templates/\n",
        ["d1 say a", "d1 say b", "d1 say c", "d1 tree mgunk_item_?"],
    ),
    "with_dict": ("- command: say {{ item.key }}={{ item.value }}\n  with_dict: {a: 1, b: 2}\n", ["d1 say a=1", "d1 say b=2"]),
    "loop_control": (
        "- command: say {{ it }} {{ n }} {{ ansible_loop.last }}\n  loop: [a, b]\n  loop_control: {loop_var: it, index_var: n, pause: 600, extended: true}\n",
        ["d1 say a 0 False", "d1 say b 1 True"],
    ),
    "waiting": (
        "- command: poll\n  register: r\n  until: r.rc == 0\n  retries: 100000\n  delay: 600\n- pause: {minutes: 90}\n- command: long\n  async: 9000\n  poll: 60\n",
        ["d1 poll", "d1 long"],
    ),
    "omit": ("- no.such.module: {a: '{{ nope | default(omit) }}', name: 'x {{ size }}'}\n", ["d1 x big"]),
    "missing_filter": ("- command: say {{ size | no_such_filter }}\n", ["d1 say mgunk_filter_no_such_filter_"]),
    "bad_task": ("- command: before\n- command: a\n  shell: b\n- just text\n- command: after\n", ["d1 before", "d1 after"]),
    "bad_template": ("- command: '{{ 1 / 0 }}'\n- command: after\n", ["d1 mgunk_unresolved_!", "d1 after"]),
    "unknown_include": ("- command: which\n  register: r\n- include_tasks: '{{ r.stdout }}.yml'\n- command: after\n", ["d1 which", "d1 after"]),
    "missing_include": ("- include_tasks: nowhere.yml\n- import_tasks: nowhere2.yml\n- command: after\n", ["d1 after"]),
    "templated_action": ("- action: '{{ ansible_pkg_mgr }} name=tool'\n- action: '{{ nobody_knows }} name=x'\n- command: after\n", ["d1 tool", "d1 x", "d1 after"]),
    "end_host": ("- meta: end_host\n  when: size == 'big'\n- command: gone\n", []),
    "doubtful_end": ("- command: probe\n  register: r\n- meta: end_play\n  when: r.rc\n- command: still here\n", ["d1 probe", "d1 still here"]),
    "failing": ("- fail: {msg: no}\n- assert: {that: 1 == 2}\n- command: goes on\n", ["d1 goes on"]),
    "changed_when": (
        "- command: quiet\n  changed_when: false\n  notify: h\n- command: loud\n  notify: g\n",
        ["d1 quiet", "d1 loud", "d1 for loud"],
    ),
    "services": (
        "- service_facts:\n- command: has it\n  when: ansible_facts.services['x'] is defined\n",
        ["d1 ", "d1 has it?"],
    ),
}  # fmt: skip

PLAYS: dict[str, tuple[str, list[str]]] = {
    "run_once": ("- hosts: all\n  tasks: [{command: once, run_once: true}]\n", ["w1 once"]),
    "handlers": ("- hosts: db\n  roles: [handling]\n", ["d1 change", "d1 handled"]),
    "dependency": ("- hosts: db\n  roles: [child]\n", ["d1 plain inherited", "d1 child"]),
    "dict_role": (
        "- hosts: db\n  roles:\n    - {role: plain, flavour: mint}\n    - {role: plain, when: size == 'small'}\n    - role: plain\n      vars: {flavour: rum}\n",
        ["d1 plain mint", "d1 plain rum"],
    ),
    "tags": ("- hosts: db\n  roles: [both]\n", ["d1 always"]),
    "missing_role": ("- hosts: db\n  roles: [galaxy.absent, plain]\n", ["d1 plain vanilla"]),
    "import_playbook": ("- import_playbook: imported.yml\n  vars: {way: by vars}\n- import_playbook: imported.yml\n  when: size == 'small'\n", ["d1 imported by vars"]),
    "vars_prompt": ("- hosts: db\n  vars_prompt:\n    - name: code\n    - {name: open, private: false, default: sesame}\n  tasks: [{command: 'say {{ code }} {{ open }}'}]\n", ["d1 say mgsec_code_ sesame"]),
    "vars_files": ("- hosts: db\n  vars_files: [[vars/none.yml, vars/a.yml], vars/nowhere.yml]\n  tasks: [{command: 'say {{ from_file }}'}]\n", ["d1 say a"]),
    "vars_list_of_play": ("- hosts: db\n  vars: [{v: 1}]\n  tasks: [{command: 'say {{ v }}'}]\n", ["d1 say 1"]),
    "bad_field": ("- hosts: db\n  no_such_field: 1\n  environment: '{{ nobody_knows }}'\n  tasks: [{command: still}]\n", ["d1 still"]),
    "play_of_junk": ("- hosts: db\n  tasks: {not: a list}\n- just text\n- hosts: db\n  tasks: [{command: next play}]\n", ["d1 next play"]),
    "add_host": (
        "- hosts: db\n  tasks: [{add_host: {name: new1, groups: fresh}}]\n- hosts: fresh\n  tasks: [{command: welcome}]\n",
        ["new1 welcome"],
    ),
    "group_by": (
        "- hosts: web\n  tasks: [{group_by: {key: 'os_{{ ansible_os_family }}'}}]\n- hosts: os_Debian\n  tasks: [{command: grouped}]\n",
        ["w1 grouped", "w2 grouped"],
    ),
    "module_defaults": ("- hosts: db\n  module_defaults: {ansible.builtin.file: {owner: svc}}\n  tasks: [{file: {path: /x}}]\n", ["d1 "]),
    "part_of_a_class": ("- hosts: web[1]\n  tasks: [{command: only the second}]\n", ["w2 only the second"]),
    "serial": ("- hosts: web\n  serial: 1\n  tasks: [{command: 'of {{ ansible_play_hosts | length }}'}]\n", ["w1 of 2", "w2 of 2"]),
    "environment": ("- hosts: db\n  environment: {A: '{{ size }}'}\n  tasks: [{command: env}]\n", ["d1 env"]),
}  # fmt: skip


def as_play(tasks: str) -> str:
    body = "".join(f"    {row}\n" for row in tasks.strip("\n").splitlines())
    return f"- hosts: db\n  handlers:\n    - {{name: h, command: for quiet}}\n    - {{name: g, command: for loud}}\n  tasks:\n{body}"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """All constructs in one conversation: starting a child costs a second."""
    from textwrap import dedent

    root = tmp_path_factory.mktemp("project")
    cases = {name: as_play(dedent(tasks)) for name, (tasks, _) in TASKS.items()} | {
        name: text for name, (text, _) in PLAYS.items()
    }
    write(root, ROLES)
    return play(
        root,
        {"hosts": HOSTS, **{f"{name}.yml": text for name, text in cases.items()}},
        [f"{name}.yml" for name in cases],
    )


@pytest.mark.parametrize("name", [*TASKS, *PLAYS])
def test_is_recorded_as_ansible_would_run_it(name: str, everything: Played) -> None:
    import re

    wanted = {**TASKS, **PLAYS}[name][1]
    playbook = "imported.yml" if name == "import_playbook" else f"{name}.yml"
    found = [re.sub(r"(mg(?:need|unk|sec)_\w+?_)[0-9a-f]{6}_x", r"\1", row) for row in everything.lines(playbook + "#")]
    assert sorted(found) == sorted(wanted)


def test_nothing_unexpected_happened(everything: Played) -> None:
    assert not [
        finding for finding in everything.findings if "Unexpected" in finding.message or "Traceback" in finding.message
    ]


def test_what_never_comes_up_is_told() -> None:
    """The book is closed with what was loaded and not met; ends that a `meta` asked for are no loss."""
    from migrate.engine.notebook import Notebook

    book = Notebook.__new__(Notebook)
    book.loaded, book.ended = {"a": "task"}, False  # type: ignore[dict-item]
    assert book.close() == ["task"] and book.close() == []
    book.loaded, book.ended = {"a": "task"}, True  # type: ignore[dict-item]
    assert book.close() == []


def test_nothing_was_lost_without_a_word(everything: Played) -> None:
    assert "lost-task" not in everything.checks()


@pytest.mark.parametrize(
    "check",
    ["missing-role", "broken-task", "missing-file", "unknown-filter", "unknown-include", "broken-play", "forbidden"],
)
def test_what_is_wrong_is_said_with_a_remedy(check: str, everything: Played) -> None:
    found = [finding for finding in everything.findings if finding.check == check]
    assert found
    assert all(finding.remedy for finding in found)


def test_delegated_tasks_belong_to_the_host_that_runs_them(everything: Played) -> None:
    number = next(made.number for made in everything.classes if "w1" in made.members)
    task = next(task for task in everything.tasks if task.args.get("_raw_params") == "elsewhere")
    assert (task.kind, task.delegate_to) == (number, "w1")


def test_old_privileges_are_today_s(everything: Played) -> None:
    task = next(task for task in everything.tasks if task.args.get("_raw_params") == "root")
    assert task.become_user == "admin"


def test_module_defaults_and_environment(everything: Played) -> None:
    defaults = next(task for task in everything.tasks if task.play.startswith("module_defaults"))
    environment = next(task for task in everything.tasks if task.play.startswith("environment"))
    assert defaults.args["owner"] == "svc"
    assert environment.environment == {"A": "big"}


def test_findings_say_where(everything: Played, tmp_path: Path) -> None:
    broken = [finding for finding in everything.findings if finding.check in ("broken-task", "broken-play")]
    assert broken
    assert not [finding for finding in broken if finding.place is None]
