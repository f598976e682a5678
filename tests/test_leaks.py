# SPDX-License-Identifier: Apache-2.0
"""A project full of secrets, through the whole command line: none is in output, logs, errors, files or the cache."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from textwrap import dedent
from urllib.parse import quote

import pytest

SECRETS = [
    f"Zq7-{name}-k3Y"
    for name in "group host nested listed ini extra nolog url key copied inline urlarg default error env flag header "
    "hash vars_file prompt loop handler content".split()
]
S = dict(zip((secret.split("-")[1] for secret in SECRETS), SECRETS, strict=True))
VAULT = "$ANSIBLE_VAULT;1.1;AES256\n33363965326261653465\n"
FILES = {
    "hosts": f"[web]\nweb1 ansible_host=192.0.2.1 ansible_password={S['ini']}\n[db]\ndb1 ansible_host=192.0.2.2\n",
    "group_vars/all.yml": f"""
        app_password: {S["group"]}
        account: {{user: bob, password: {S["nested"]}, keys: [{{api_key: {S["listed"]}}}]}}
        database_url: postgres://bob:{S["url"]}@db1:5432/app
        users: [{{name: a, password: {S["loop"]}}}]
        inline_vault: !vault |
          $ANSIBLE_VAULT;1.1;AES256
          33363965326261653465
        tls_key: |
          -----BEGIN PRIVATE KEY-----
          {S["key"]}
          -----END PRIVATE KEY-----
    """,
    "group_vars/web.yml": VAULT,
    "host_vars/web1.yml": f"admin_token: {S['host']}\n",
    "vars/more.yml": f"smtp_password: {S['vars_file']}\n",
    "roles/app/defaults/main.yml": f"app_secret_key: {S['default']}\n",
    "roles/app/templates/app.env.j2": f"""
        PASSWORD={{{{ app_password }}}}
        URL={{{{ database_url }}}}
        KEY={{{{ account['keys'][0].api_key }}}} {{{{ inline_vault }}}} {{{{ from_the_vault }}}}
        {{{{ tls_key }}}}
        SMTP={{{{ smtp_password }}}} {{{{ app_secret_key | b64encode }}}} {{{{ app_secret_key[:5] }}}}
        API_TOKEN={S["inline"]}
    """,
    "roles/app/files/copied.env": f"DB_PASSWORD={S['copied']}\n",
    "roles/app/handlers/main.yml": f"- name: restart\n  command: restart --password {S['handler']}\n",
    "roles/app/tasks/main.yml": f"""
        - apt: {{name: nginx}}
        - template: {{src: app.env.j2, dest: /etc/app/app.env}}
          notify: restart
        - copy: {{src: copied.env, dest: /etc/app/copied.env}}
        - copy: {{content: "secret_key: {S["content"]}", dest: /etc/app/c.yml}}
        - name: log in with {{{{ app_password }}}}
          command: login --token={S["flag"]} {{{{ admin_token }}}}
        - uri: {{url: "https://bob:{S["urlarg"]}@example.org/", headers: {{Authorization: "Bearer {S["header"]}"}}}}
        - user: {{name: x, comment: "{S["nolog"]}"}}
          no_log: true
        - user: {{name: "{{{{ item.name }}}}", password: "{{{{ item.password | password_hash('sha512') }}}}"}}
          loop: "{{{{ users }}}}"
        - command: "{{{{ account.password | no_such_filter }}}} {{{{ 1 / 0 }}}}"
        - fail: {{msg: "{{{{ app_password }}}}"}}
        - set_fact: {{new_password: {S["error"]}, token_hash: {S["hash"]}}}
        - command: use {{{{ new_password }}}} {{{{ token_hash }}}}
          when: new_password == app_password or new_password == 'x'
        - command: ask {{{{ asked }}}} {{{{ extra_secret }}}}
        - service: {{name: nginx, state: started}}
    """,
    "site.yml": f"""
        - hosts: web
          vars_files: [vars/more.yml]
          vars_prompt: [{{name: asked, default: {S["prompt"]}}}]
          environment: {{DB_PASSWORD: {S["env"]}}}
          roles: [app]
    """,
}  # fmt: skip


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Every byte that came out, names of files too; both runs of each command, since the second is the cache's."""
    root, out = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("out")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    environment = {**os.environ, "MIGRATE_DEBUG": "1", "XDG_CACHE_HOME": str(out / "cache"), "TMPDIR": str(out)}
    common = ["-p", ".", "-i", "hosts", "-e", f"extra_secret={S['extra']}", "site.yml"]
    runs = [
        ["assess", *common],
        ["assess", *common, "--format", "json", "-o", str(out / "a.json")],
        ["assess", *common, "--format", "markdown"],
        ["generate", *common, "-o", str(out / "deploy")],
    ]
    told = b""
    for arguments in runs:
        done = subprocess.run(
            [sys.executable, "-m", "migrate.cli", *arguments],
            cwd=root,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode in (0, 1, 3), done.stderr.decode()
        told += done.stdout + done.stderr
    for path in sorted(out.rglob("*")):
        told += str(path).encode() + (path.read_bytes() if path.is_file() else b"")
    assert (out / "cache").is_dir() and (out / "deploy").is_dir() and b"mgsec_" in told
    return told


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_anywhere(secret: str, said: bytes) -> None:
    forms = {secret, secret.upper(), secret.lower(), quote(secret), base64.b64encode(secret.encode()).decode()}
    assert not [form for form in forms if form.encode() in said]


def test_what_is_secret_is_said_to_be_needed(said: bytes) -> None:
    for name in ("app_password", "account.password", "inline_vault", "from_the_vault", "smtp_password"):
        assert name.encode() in said
