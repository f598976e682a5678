# SPDX-License-Identifier: Apache-2.0
"""No secret leaves the child, in whatever place of a project it stood."""

# ruff: noqa: E501  # a table reads better in long rows

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.conftest import Played, play

VAULTED = "$ANSIBLE_VAULT;1.1;AES256\n33363965326261653465\n"
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
    import json

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
