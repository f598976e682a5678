# SPDX-License-Identifier: Apache-2.0
"""Nothing of a project runs, whatever it tries: one trick per entry, with a canary that would be written or read."""

# ruff: noqa: E501  # a table reads better in long rows

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Played, play, write

CODE = """
import os
open({canary!r}, "a").write("ran")
os.system("touch " + {canary!r})
"""
PLUGIN = (
    CODE
    + """
class FilterModule:
    def filters(self): return {{"evil": lambda v: open({canary!r}, "a").write("filter")}}
class CallbackModule: pass
class VarsModule: pass
class ActionModule: pass
class LookupModule: pass
class StrategyModule: pass
class Connection: pass
"""
)
SECRET = "outside-s3cret-content"

# trick: tasks of one play; {outside} is a file beside the project, {canary} one that must not come to be.
TASKS = {
    "lookup_pipe": "- command: say {{{{ lookup('pipe', 'touch {canary}') }}}}",
    "lookup_lines": "- command: say {{{{ item }}}}\n  with_lines: touch {canary}",
    "lookup_url": "- command: say {{{{ lookup('url', 'http://127.0.0.1:9/') }}}}",
    "lookup_env": "- command: say {{{{ lookup('env', 'CANARY_ENV') }}}}",
    "lookup_password": "- command: say {{{{ lookup('password', '{canary}') }}}}",
    "lookup_file": "- command: say {{{{ lookup('file', '{outside}') }}}}",
    "lookup_file_above": "- command: say {{{{ lookup('file', '../outside.txt') }}}}",
    "lookup_ini": "- command: say {{{{ lookup('ini', 'a section=b file={outside}') }}}}",
    "lookup_csvfile": "- command: say {{{{ lookup('csvfile', 'a file={outside}') }}}}",
    "lookup_template": "- command: say {{{{ lookup('template', '{outside}') }}}}",
    "lookup_unvault": "- command: say {{{{ lookup('unvault', '{outside}') }}}}",
    "lookup_fileglob": "- command: say {{{{ lookup('file', item) }}}}\n  with_fileglob: '{outside}*'",
    "lookup_config": "- command: say {{{{ lookup('config', 'DEFAULT_BECOME') }}}}",
    "copy_outside": "- copy: {{src: '{outside}', dest: /x}}",
    "copy_above": "- copy: {{src: ../../outside.txt, dest: /x}}",
    "copy_link": "- copy: {{src: link.txt, dest: /x}}",
    "template_outside": "- template: {{src: '{outside}', dest: /x}}",
    "template_include": "- template: {{src: include.j2, dest: /x}}",
    "include_outside": "- include_tasks: '{outside_yaml}'",
    "import_outside": "- import_tasks: '{outside_yaml}'",
    "include_vars_outside": "- include_vars: '{outside_yaml}'",
    "include_vars_dir": "- include_vars: {{dir: /etc}}",
    "own_filter": "- command: say {{{{ 'x' | evil }}}}",
    "own_module": "- evil_module: {{a: 1}}",
    "own_action": "- evil_action: {{a: 1}}",
    "own_lookup": "- command: say {{{{ lookup('evil_lookup', 1) }}}}",
    "own_collection": "- evil.pack.evil_module: {{a: 1}}\n- command: say {{{{ 'x' | evil.pack.evil }}}}",
    "script": "- script: evil.sh\n- shell: touch {canary}\n- local_action: command touch {canary}",
    "globals_of_jinja": "- command: say {{{{ ''.__class__.__mro__[1].__subclasses__() }}}}\n- command: say {{{{ "
    "cycler.__init__.__globals__.os.system('touch {canary}') }}}}",
    "cached_facts": "- set_fact: {{ansible_connection: local, ansible_python_interpreter: 'touch {canary}'}}\n- setup:\n- "
    "ping:",
    "endless_include": "- include_tasks: self.yml",
    "endless_import": "- import_tasks: self_import.yml",
    "endless_role": "- include_role: {{name: loop_a}}",
    "million_items": "- command: say {{{{ item }}}}\n  loop: '{{{{ range(1000000) | list }}}}'",
    "endless_template": "- command: say {{{{ a_loop }}}}\n  vars: {{a_loop: '{{{{ b_loop }}}}', b_loop: '{{{{ a_loop }}}}'}}",
    "deep_yaml": "- include_vars: deep.yml",
    "large_file": "- template: {{src: large.j2, dest: /x}}",
    "add_host_local": "- add_host: {{name: 'x', ansible_connection: local}}\n- command: touch {canary}\n  delegate_to: x",
    "async_forever": "- command: sleep 1000000\n  async: 1000000\n  poll: 0\n- pause: {{minutes: 100000}}\n- wait_for: "
    "{{timeout: 100000}}",
    "vars_prompt_wait": "- pause: {{prompt: 'type'}}",
}  # fmt: skip

FOLDERS = {
    "library/evil_module.py": PLUGIN,
    "filter_plugins/evil.py": PLUGIN,
    "test_plugins/evil.py": PLUGIN,
    "lookup_plugins/evil_lookup.py": PLUGIN,
    "action_plugins/evil_action.py": PLUGIN,
    "callback_plugins/evil.py": PLUGIN,
    "vars_plugins/evil.py": PLUGIN,
    "strategy_plugins/linear.py": PLUGIN,
    "connection_plugins/ssh.py": PLUGIN,
    "inventory_plugins/evil.py": PLUGIN,
    "cache_plugins/evil.py": PLUGIN,
    "module_utils/evil.py": PLUGIN,
    "roles/carrier/library/evil_module.py": PLUGIN,
    "roles/carrier/filter_plugins/evil.py": PLUGIN,
    "roles/carrier/lookup_plugins/evil_lookup.py": PLUGIN,
    "roles/carrier/action_plugins/evil_action.py": PLUGIN,
    "roles/carrier/tasks/main.yml": "- evil_module: {{a: 1}}\n",
    "roles/loop_a/tasks/main.yml": "- include_role: {{name: loop_a}}\n",
    "roles/circle/meta/main.yml": "dependencies: [circle]\n",
    "roles/circle/tasks/main.yml": "- command: round\n",
    "collections/ansible_collections/evil/pack/plugins/modules/evil_module.py": PLUGIN,
    "collections/ansible_collections/evil/pack/plugins/filter/evil.py": PLUGIN,
    "collections/ansible_collections/evil/pack/galaxy.yml": "namespace: evil\nname: pack\n",
    "tasks/self.yml": "- include_tasks: self.yml\n",
    "self.yml": "- include_tasks: self.yml\n",
    "self_import.yml": "- import_tasks: self_import.yml\n",
    "templates/include.j2": "{{% include '{outside}' %}}\n",
    "files/evil.sh": "#!/bin/sh\ntouch {canary}\n",
    "json.py": CODE,
    "ansible.py": CODE,
    "sitecustomize.py": CODE,
    "ansible.cfg": "[defaults]\nfilter_plugins = ./filter_plugins\ncallback_plugins = ./callback_plugins\ncallbacks_enabled = evil\nstdout_callback = evil\n"
    "vault_password_file = ./files/evil.sh\nlibrary = ./library\nstrategy = linear\nstrategy_plugins = "
    "./strategy_plugins\nvars_plugins = ./vars_plugins\n"
    "inventory_plugins = ./inventory_plugins\nroles_path = ../../..:./roles\nfact_caching = evil\ncache_plugins = ./cache_plugins\nremote_tmp = /\n",
    "group_vars/all.yml": "bomb: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
    "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n",
    "hosts": "[all_of_them]\nh1 ansible_host=192.0.2.1\n",
}  # fmt: skip


def project(root: Path, canary: str, outside: str) -> list[str]:
    names = {"canary": canary, "outside": outside, "outside_yaml": outside + ".yml"}
    plays = {name: f"- hosts: all_of_them\n  tasks:\n{indented(text.format(**names))}" for name, text in TASKS.items()}
    plays["roles"] = (
        "- hosts: all_of_them\n  roles: [carrier, circle]\n- hosts: all_of_them\n  strategy: evil\n"
        "  connection: local\n  tasks: [{command: x}]\n"
    )
    files = {
        name: text.format(**names) if "{" in text and not name.startswith("group_vars") else text
        for name, text in FOLDERS.items()
    }
    write(root, {**files, **{f"{name}.yml": text for name, text in plays.items()}})
    (root / "files/link.txt").symlink_to(outside)
    (root / "vars").mkdir()
    (root / "vars/deep.yml").write_text("a: " + "[" * 5000 + "]" * 5000)
    with (root / "templates/large.j2").open("wb") as file:
        file.truncate(1 << 30)
    return [f"{name}.yml" for name in plays]


def indented(text: str) -> str:
    return "".join(f"    {row}\n" for row in text.splitlines())


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, Path]]:
    base = tmp_path_factory.mktemp("hostile")
    (base / "outside.txt").write_text(SECRET)
    (base / "outside.txt.yml").write_text(f"- command: {SECRET}\n")
    canary = base / "canary"
    patch = pytest.MonkeyPatch()
    for name, value in (
        ("CANARY_ENV", SECRET),
        ("ANSIBLE_STRATEGY_PLUGINS", str(base)),
        ("ANSIBLE_LIBRARY", str(base)),
        ("ANSIBLE_CONFIG", "/x"),
    ):
        patch.setenv(name, value)
    patch.chdir(base)
    root = base / "project"
    playbooks = project(root, str(canary), str(base / "outside.txt"))
    yield play(root, {}, playbooks), canary
    patch.undo()


def test_no_canary(attacked: tuple[Played, Path]) -> None:
    assert not attacked[1].exists()


def test_nothing_outside_was_read(attacked: tuple[Played, Path]) -> None:
    assert SECRET not in repr(attacked[0])


def test_the_run_goes_to_its_end(attacked: tuple[Played, Path]) -> None:
    assert any(task.play.startswith("roles.yml#2") for task in attacked[0].tasks)


def test_it_says_what_was_refused(attacked: tuple[Played, Path]) -> None:
    assert {"forbidden", "limit"} <= attacked[0].checks()


def test_loops_and_includes_are_bounded(attacked: tuple[Played, Path]) -> None:
    assert len(attacked[0].tasks) < 5000


@pytest.mark.parametrize("kind", ["script", "binary"])
def test_an_executable_inventory_is_not_run(kind: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    root = tmp_path / "project"
    write(root, {"hosts": f"#!/bin/sh\ntouch {canary}\necho '{{}}'\n", "site.yml": "- hosts: all\n  tasks: []\n"})
    (root / "hosts").chmod(0o755)
    result = play(root, {}, ["site.yml"])
    assert not canary.exists()
    assert "broken-inventory" in result.checks()


def test_a_yaml_bomb_ends_the_reading_and_not_the_machine(tmp_path: Path) -> None:
    rows = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)]
    result = play(
        tmp_path,
        {
            "hosts": "h1\n",
            "group_vars/all.yml": "\n".join(rows) + "\n",
            "site.yml": "- hosts: all\n  tasks: [{command: 'say {{ l11 | length }}'}]\n",
        },
    )
    assert [task.args["_raw_params"] for task in result.tasks] == ["say 10"] or result.findings
