# SPDX-License-Identifier: Apache-2.0
"""No secret leaves the child, in whatever place of a project it stood."""

# ruff: noqa: E501  # a table reads better in long rows

from __future__ import annotations

import base64
import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.conftest import Played, play

VAULTED = "$ANSIBLE_VAULT;1.1;AES256\n33363965326261653465\n"
TOKEN = re.compile(r"mgsec_app_password_[0-9a-f]{6}_x", re.IGNORECASE)
PLAIN = [
    f"Can4ry-{name}-9x"
    for name in "var nested listed ini extra nolog url keytext copied inline urlarg default error env file".split()
]


def files() -> dict[str, str]:
    var, nested, listed, ini, _, nolog, url, keytext, copied, inline, urlarg, default, error, env, _ = PLAIN
    return {
        "hosts": f"h1 ansible_host=192.0.2.1 ansible_password={ini} db_pass={ini}\n",
        "group_vars/all.yml": f"""
            app_password: {var}
            account: {{user: bob, password: {nested}, keys: [{{api_key: {listed}}}]}}
            vaulted: !vault |
              $ANSIBLE_VAULT;1.1;AES256
              33363965326261653465
            database_url: postgres://bob:{url}@db/app
            tls_key: |
              -----BEGIN PRIVATE KEY-----
              {keytext}
              -----END PRIVATE KEY-----
            """,
        "templates/app.conf.j2": "password={{ app_password }}\nurl={{ database_url }}\nkey={{ account['keys'][0].api_key }} {{ vaulted }}\n{{ tls_key }}\nsecret_key = '"
        + inline
        + "'\n",
        "files/copied.env": f"API_TOKEN={copied}\n",
        "roles/r/defaults/main.yml": f"r_admin_password: {default}\n",
        "roles/r/tasks/main.yml": "- command: adduser --password {{ r_admin_password }}\n",
        "site.yml": f"""
            - hosts: all
              environment: {{DB_PASSWORD: {env}}}
              roles: [r]
              tasks:
                - template: {{src: app.conf.j2, dest: /etc/app.conf}}
                - copy: {{src: copied.env, dest: /etc/app.env}}
                - copy: {{content: '{{{{ account | to_json }}}}', dest: /etc/app.json}}
                - name: log in with {{{{ app_password }}}}
                  command: login {{{{ db_pass }}}} {{{{ extra_secret }}}} {{{{ app_password | b64encode }}}} {{{{ app_password | upper }}}}
                - uri: {{url: 'https://bob:{urlarg}@example.org/'}}
                - user: {{name: x, comment: {nolog}}}
                  no_log: true
                - command: "{{{{ account.password | no_such_filter }}}} {{{{ 1 / 0 }}}}"
                - fail: {{msg: '{{{{ app_password }}}}'}}
                - set_fact: {{copy_of_it: '{{{{ app_password }}}}', new_password: {error}}}
                - command: use {{{{ copy_of_it }}}} {{{{ new_password }}}}
                  when: copy_of_it == new_password or no_such_thing
            """,
    }


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("secrets"), files(), extra_vars=[f"extra_secret={PLAIN[4]}"])


@pytest.mark.parametrize("secret", PLAIN)
def test_no_secret_in_anything_the_child_says(secret: str, said: Played) -> None:
    whole = repr(said)
    for form in (secret, secret.upper(), base64.b64encode(secret.encode()).decode()):
        assert form not in whole


def test_they_are_tokens_instead(said: Played) -> None:
    assert {"app_password", "account.password", "vaulted", "db_pass", "r_admin_password"} <= {
        token.name for token in said.tokens
    }


KEPT = "b64encode|hash('sha256')|quote|regex_replace('x', 'y')|to_json|upper|lower|replace('q', 'p')|urlencode|trim|password_hash('sha512')|md5|checksum|to_nice_yaml|string|default('x')|indent(2)|comment|ternary('a', 'b')".split(
    "|"
)
SEEN = {
    "b64encode",
    "regex_replace('x', 'y')",
    "ternary('a', 'b')",
    "hash('sha256')",
    "password_hash('sha512')",
    "md5",
    "checksum",
}
CUT = [
    "{{ app_password[:4] }}",
    "{{ app_password | truncate(5, true, '') }}",
    "{{ app_password | regex_search('^.') }}",
    "{{ app_password | regex_replace('[a-z_]', '') }}",
    "{{ app_password | length }}",
    "{{ app_password | int }}",
    "{{ (app_password + 'x') | b64encode }}",
    "{{ 'a' if app_password == 'x' else 'b' }}",
    "{{ app_password is match('x') }}",
]
JOINED = [
    "{{ [app_password, 'x'] | join(':') }}",
    "{{ {'k': app_password} | to_json }}",
    "{{ 'a' ~ app_password ~ 'b' }}",
    "{{ 'p=%s' | format(app_password) }}",
    "{{ [{'p': app_password}] | map(attribute='p') | list }}",
    "{{ {'a': 1} | combine({'p': app_password}) }}",
    "{{ [app_password] | first }}",
    "{% for c in [app_password] %}{{ c }}{% endfor %}",
]


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory) -> Played:
    texts = [*(f"{{{{ app_password | {name} }}}}" for name in KEPT), *JOINED, *CUT]
    tasks = "".join(f"    - x.y.z: {{value: {json.dumps(text)}, plain: p}}\n" for text in texts)
    site = f"- hosts: all\n  tasks:\n{tasks}    - template: {{src: t.j2, dest: /t}}\n"
    files = {"hosts": "h1\n", "group_vars/all.yml": f"app_password: {PLAIN[0]}\n", "site.yml": site}
    return play(
        tmp_path_factory.mktemp("filters"), {**files, "templates/t.j2": "{% if app_password == 'x' %}a{% endif %}\n"}
    )


@pytest.mark.parametrize(("number", "text"), list(enumerate([*KEPT, *JOINED])))
def test_a_token_survives(number: int, text: str, filtered: Played) -> None:
    task = filtered.tasks[number]
    if text.startswith("ternary"):
        assert task.derived == {"value": ("app_password",)} or task.args["value"] == "a"
        return
    assert TOKEN.search(json.dumps(task.args["value"])), task.args
    assert "plain" not in task.derived


@pytest.mark.parametrize(("number", "text"), list(enumerate([*KEPT, *JOINED, *CUT])))
def test_where_it_cannot_it_is_told(number: int, text: str, filtered: Played) -> None:
    task = filtered.tasks[number]
    assert (task.derived == {"value": ("app_password",)}) == (text in SEEN or text in CUT), (task.derived, task.args)


def test_a_file_that_hangs_on_a_secret_says_so(filtered: Played) -> None:
    assert filtered.tasks[-1].derived == {"file": ("app_password",)}
    assert PLAIN[0] not in repr(filtered)


NAMES = st.sampled_from(
    "password db_password api_key secret_key auth_token passphrase root_pw_password client_secret".split()
)
SECRETS = st.text("abcdefghijkmnpqrstuvwxyz23456789", min_size=10, max_size=20).map("Zq".__add__)
SHAPES = st.recursive(
    st.tuples(NAMES, SECRETS).map(lambda pair: {pair[0]: pair[1]}),
    lambda inner: st.one_of(st.tuples(st.just("plain"), inner).map(lambda p: {p[0]: p[1]}), st.lists(inner, min_size=1, max_size=3).map(lambda v: {"items_": v})),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(SHAPES, min_size=10, max_size=20))
def test_no_shape_of_variables_lets_one_through(shapes: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = "- hosts: all\n  tasks:\n" + "".join(
            f"    - copy: {{content: '{{{{ v{n} | to_json }}}}', dest: /x}}\n" for n in range(len(shapes))
        )
        result = play(
            Path(folder),
            {
                "hosts": "h1\n",
                "group_vars/all.yml": json.dumps({f"v{n}": s for n, s in enumerate(shapes)}),
                "site.yml": site,
            },
        )
    whole = repr(result)
    assert not [secret for secret in leaves(shapes) if secret in whole]


def leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [str(value)]
