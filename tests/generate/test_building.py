# SPDX-License-Identifier: Apache-2.0
"""From tasks to a build: instructions in order, what Ansible runs, what is fetched, and which base it begins from."""

from __future__ import annotations

import subprocess
from typing import Any

import msgspec
import pytest
import yaml

from migrate.generate import accounts, edits, fetching, generate, mirrors, settings, shell, sources
from migrate.generate.steps import Phase, Scene, Step
from migrate.model.config import ImageMode, Mirrors, Target
from migrate.model.product import Run
from migrate.model.task import RecordedTask
from migrate.model.workload import Placement, Unit
from tests.generate import estates
from tests.generate.estates import PASSWORD, assessment, file, product, task, workload

SCENE = Scene("apt", accounts.Account("app", 7, 8), "app", (), frozenset(), frozenset({"/tmp/app.tgz"}))
SHA = "a" * 64


def built(*recorded: RecordedTask, **target: Any) -> dict[str, str]:
    """Path below the workload's folder → text."""
    one = workload(
        "app", Placement.DEPLOYMENT, machines=("web1",), tasks=recorded, units=(Unit("app", command="/usr/bin/app"),)
    )
    artifacts, _ = generate(assessment(one), catalog=estates.CATALOG, target=Target(**target))
    prefix = "app/"
    return {one.path.removeprefix(prefix): one.text for one in artifacts if one.path.startswith(prefix)}


def test_commands_keep_their_place_between_what_is_grouped() -> None:
    text = built(
        task("apt", 1, {"name": "b"}),
        task("apt", 2, {"name": "a"}),
        task("command", 3, {"_raw_params": "/usr/bin/make install", "chdir": "/src", "creates": "/usr/bin/app"}),
        task("shell", 4, {"_raw_params": "echo $HOME\nUSER root"}),
        task("apt", 5, {"name": "c"}),
    )["Dockerfile"]
    first, second, third = text.index("      a \\\n      b "), text.index("make install"), text.index("      c ")
    assert first < second < third
    assert text.count("\nRUN ") == 3
    assert 'RUN ["/bin/sh", "-ec", "if ! ls -d /usr/bin/app >/dev/null 2>&1; then cd /src && /usr/bin/make' in text
    assert "\nUSER root" not in text


@pytest.mark.parametrize("mode", list(ImageMode))
def test_what_no_instruction_does_is_run_by_ansible(mode: ImageMode) -> None:
    found = built(
        task("apt", 1, {"name": "nginx"}),
        task("frobnicate", 2, {"text": "{{ not a template }}", "n": 1}),
        task("lineinfile", 3, {"path": "/etc/x/of-a-package.conf", "line": "a=1"}, become_user="www-data"),
        task("apt", 4, {"name": "late"}),
        image_mode=mode,
    )
    if mode is ImageMode.INSTRUCTIONS:
        assert "ansible/playbook.yml" not in found
        assert "main.yml:2 frobnicate: no instruction of a build does this" in found["TASKS.md"]
        return
    (play,) = yaml.safe_load(found["ansible/playbook.yml"])
    done = [next(key for key in one if "." in key) for one in play["tasks"]]
    expected = ["frobnicate", "lineinfile"] if mode is ImageMode.AUTO else ["apt", "frobnicate", "lineinfile", "apt"]
    assert done == [f"ansible.builtin.{name}" for name in expected]
    held = next(one for one in play["tasks"] if "ansible.builtin.frobnicate" in one)
    assert held["ansible.builtin.frobnicate"] == {"text": "{{ '{{' }} not a template }}", "n": 1}
    assert "ansible-playbook --connection=local" in found["Dockerfile"]
    assert "apt-get purge -y --auto-remove ansible-core" in found["Dockerfile"]
    assert "Run by ansible-core during the build" in found["TASKS.md"]


def test_no_secret_is_in_a_playbook() -> None:
    found = built(task("frobnicate", 1, {"password": PASSWORD}), task("frobnicate", 2, environment={"A": PASSWORD}))
    assert "ansible/playbook.yml" not in found
    assert found["TASKS.md"].count("it needs the value of") == 2
    assert PASSWORD not in "".join(found.values())


def test_modules_that_nobody_has_are_left() -> None:
    own = RecordedTask("web1", "own_module", place=estates.Place("roles/app/tasks/main.yml", 9))
    found = built(own, RecordedTask("web1", "acme.tools.thing"), task("mysql_user", 3, {"name": "x"}))
    assert "ansible/playbook.yml" not in found
    assert "module of the project" in found["TASKS.md"]
    assert "talks to a service that runs" in found["TASKS.md"]


def test_a_known_file_is_edited_here() -> None:
    found = built(
        file("copy", 1, "/etc/app.conf", "a = 1\nb = 2\n"),
        task("lineinfile", 2, {"path": "/etc/app.conf", "regexp": "^b", "line": "b = 3"}),
        task("replace", 3, {"path": "/etc/app.conf", "regexp": "a = (.)", "replace": r"a = \1\1"}),
    )
    assert "a = 11" in found["base/config/app-config/etc-app.conf"]
    assert "b = 3" in found["base/config/app-config/etc-app.conf"]
    assert "ansible" not in found["Dockerfile"]


def test_a_file_that_is_edited_in_another_way_is_in_the_image() -> None:
    edit = RecordedTask("web1", "community.general.xml", {"path": "/etc/app.conf", "xpath": "/a"})
    found = built(file("copy", 1, "/etc/app.conf", "<a/>"), edit)
    assert "files/etc/app.conf" in found
    assert "base/config/app-config/etc-app.conf" not in found
    assert "apt-get install -y --no-install-recommends ansible ca-certificates python3-lxml" in found["Dockerfile"]


def test_what_a_command_reads_is_in_the_image_too() -> None:
    found = built(file("copy", 1, "/etc/app.conf", "x"), task("command", 2, {"_raw_params": "app -t /etc/app.conf"}))
    assert {"files/etc/app.conf", "base/config/app-config/etc-app.conf"} <= found.keys()


def test_a_repository_comes_before_its_packages() -> None:
    found = built(
        task("apt_key", 1, {"url": "https://packages.example.com/key.asc"}),
        task("apt_repository", 2, {"repo": "deb https://packages.example.com/debian stable main"}),
        task("apt", 3, {"name": "tool"}),
    )
    text, name = found["Dockerfile"], "packages_example_com_debian.list"
    assert found[f"files/etc/apt/sources.list.d/{name}"] == "deb https://packages.example.com/debian stable main\n"
    assert text.index("AS fetch") < text.index("--dearmor") < text.index("COPY --from=fetch /etc/ssl/certs")
    assert text.index(f"COPY files/etc/apt/sources.list.d/{name}") < text.index("      tool ")
    assert "gnupg" not in text.split("\nFROM ")[2]


def test_repositories_of_one_address_share_a_file() -> None:
    lines = [f"deb http://packages.example.com/debian stable {name}" for name in ("main", "extra", "main")]
    found = built(*(task("apt_repository", number, {"repo": line}) for number, line in enumerate(lines)))
    text = found["files/etc/apt/sources.list.d/packages_example_com_debian.list"]
    assert text.splitlines() == lines[:2]


@pytest.mark.parametrize(
    ("module", "args", "path", "lines"),
    [
        ("apt_repository", {"repo": "deb http://x/y z main", "filename": "own"}, "own.list", ["deb http://x/y z main"]),
        (
            "deb822_repository",
            {"name": "Own One", "uris": ["http://x"], "suites": "a", "signed_by": "https://x/k"},
            "own-one.sources",
            [
                "X-Repolib-Name: Own One",
                "Types: deb",
                "URIs: http://x",
                "Suites: a",
                "Signed-By: /etc/apt/keyrings/own-one.gpg",
            ],
        ),
        (
            "yum_repository",
            {"name": "own", "description": "Own one", "baseurl": "https://x", "gpgcheck": True, "enabled": "no"},
            "own.repo",
            ["[own]", "name=Own one", "baseurl=https://x", "enabled=0", "gpgcheck=1"],
        ),
    ],
)
def test_repositories(module: str, args: dict[str, Any], path: str, lines: list[str]) -> None:
    step = sources.express(task(module, 1, args), SCENE)
    assert isinstance(step, Step)
    assert (step.phase, step.files[0].path.rsplit("/", 1)[1]) == (Phase.SOURCES, path)
    assert step.files[0].text.splitlines() == lines


@pytest.mark.parametrize(
    ("module", "args", "said", "pinned"),
    [
        (
            "get_url",
            {"url": "https://x/a.bin", "dest": "/usr/local/bin/a", "checksum": f"sha256:{SHA}", "mode": "0755"},
            [
                "--output /fetched/usr/local/bin/a https://x/a.bin",
                f"{SHA} /fetched/usr/local/bin/a",
                "sha256sum -c",
                "chmod 0755",
            ],
            True,
        ),
        (
            "get_url",
            {"url": "https://x/a.bin", "dest": "/opt/", "checksum": "sha256:https://x/SUMS"},
            ["/fetched/opt/a.bin", "awk"],
            False,
        ),
        ("get_url", {"url": "https://x/a.tgz", "dest": "/tmp/app.tgz"}, ["/fetched/tmp/app.tgz"], False),
        (
            "unarchive",
            {"src": "https://x/a.zip", "dest": "/opt", "remote_src": True},
            ["unzip -q -o /tmp/a.zip -d /fetched/opt"],
            False,
        ),
        (
            "unarchive",
            {"src": "/tmp/app.tgz", "dest": "/opt/app", "remote_src": True, "extra_opts": ["--strip-components=1"]},
            ["--file /fetched/tmp/app.tgz --directory /fetched/opt/app --strip-components=1"],
            True,
        ),
        (
            "git",
            {"repo": "https://x/a.git", "dest": "/srv/a", "version": "b" * 40},
            ["git clone --quiet https://x/a.git", "rm -rf"],
            True,
        ),
        ("git", {"repo": "https://x/a.git", "dest": "/srv/a", "version": "v1"}, ["checkout --quiet v1"], False),
    ],
)
def test_fetching(module: str, args: dict[str, Any], said: list[str], pinned: bool) -> None:
    step = fetching.express(task(module, 1, args), SCENE)
    assert isinstance(step, Step)
    text = "\n".join(step.fetch)
    assert [one for one in said if one not in text.replace("  ", " ").replace("'%s %s\\n' ", "")] == []
    assert bool(step.doubt) is not pinned


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("get_url", {"url": "ftp://x/a", "dest": "/a"}),
        ("get_url", {"url": "https://x/a", "dest": "/a", "url_password": "x"}),
        ("get_url", {"url": "https://x/a", "dest": "/a", "checksum": "crc:1"}),
        ("unarchive", {"src": "local.tgz", "dest": "/opt"}),
        ("git", {"repo": "git@x:a.git", "dest": "/srv/a"}),
    ],
)
def test_what_can_not_be_fetched(module: str, args: dict[str, Any]) -> None:
    assert isinstance(fetching.express(task(module, 1, args), SCENE), str)


def test_what_is_for_one_architecture_is_told() -> None:
    args = {"url": "https://x/tool-linux_amd64.tgz", "dest": "/opt/", "checksum": f"sha256:{SHA}"}
    step = fetching.express(task("get_url", 1, args), SCENE)
    assert isinstance(step, Step)
    assert step.doubt == "it fetches what runs on amd64 alone"


@pytest.mark.parametrize(
    ("listing", "expected"), [(f"{SHA}  other.bin\n{'b' * 64} *a.bin\n", "b" * 64), (f"{SHA}\n", SHA)]
)
def test_a_checksum_is_found_in_a_list(listing: str, expected: str, tmp_path: Any) -> None:
    args = {"url": "https://x/a.bin", "dest": "/opt/a", "checksum": "sha256:https://x/SUMS"}
    step = fetching.express(task("get_url", 1, args), SCENE)
    assert isinstance(step, Step)
    (tmp_path / "sums").write_text(listing)
    awk = step.fetch[-1].split("$(", 1)[1].split(')" ', 1)[0].replace("/tmp/sums", str(tmp_path / "sums"))
    done = subprocess.run(["/bin/sh", "-c", awk], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("module", "args", "before", "after"),
    [
        ("lineinfile", {"line": "c"}, "a\nb\n", "a\nb\nc\n"),
        ("lineinfile", {"line": "b"}, "a\nb\n", "a\nb\n"),
        ("lineinfile", {"line": "x", "regexp": "^a"}, "a1\na2\n", "a1\nx\n"),
        ("lineinfile", {"line": "x", "regexp": "^a", "firstmatch": True}, "a1\na2\n", "x\na2\n"),
        ("lineinfile", {"line": r"\1!", "regexp": "^(a.)", "backrefs": True}, "a1\n", "a1!\n"),
        ("lineinfile", {"line": "x", "regexp": "^z", "backrefs": True}, "a\n", "a\n"),
        ("lineinfile", {"line": "x", "insertafter": "^a"}, "a\nb\n", "a\nx\nb\n"),
        ("lineinfile", {"line": "x", "insertbefore": "BOF"}, "a\n", "x\na\n"),
        ("lineinfile", {"regexp": "^a", "state": "absent"}, "a\nb\n", "b\n"),
        ("lineinfile", {"line": "x", "regexp": "("}, "a\n", None),
        (
            "blockinfile",
            {"block": "x\ny"},
            "a\n",
            "a\n# BEGIN ANSIBLE MANAGED BLOCK\nx\ny\n# END ANSIBLE MANAGED BLOCK\n",
        ),
        ("blockinfile", {"block": "z", "marker": "; {mark}"}, "; BEGIN\nx\n; END\nb\n", "; BEGIN\nz\n; END\nb\n"),
        ("blockinfile", {"block": "", "marker": "; {mark}"}, "; BEGIN\nx\n; END\nb\n", "b\n"),
        ("replace", {"regexp": "^a$", "replace": "b"}, "a\naa\na\n", "b\naa\nb\n"),
        ("replace", {"regexp": "a", "replace": "b", "after": "x\n"}, "a\nx\na\n", "a\nx\nb\n"),
        (
            "ini_file",
            {"section": "s", "option": "k", "value": "2"},
            "[s]\nk = 1\n[t]\nk = 1\n",
            "[s]\nk = 2\n[t]\nk = 1\n",
        ),
        ("ini_file", {"section": "s", "option": "n", "value": 1}, "[s]\nk = 1\n\n[t]\n", "[s]\nk = 1\nn = 1\n\n[t]\n"),
        ("ini_file", {"section": "u", "option": "n", "value": 1, "no_extra_spaces": True}, "[s]\n", "[s]\n[u]\nn=1\n"),
        ("ini_file", {"section": "s", "option": "k", "state": "absent"}, "[s]\nk = 1\n", "[s]\n"),
    ],
)
def test_edits(module: str, args: dict[str, Any], before: str, after: str | None) -> None:
    assert edits.apply(before, task(module, 1, args)) == after


@pytest.mark.parametrize(
    ("recorded", "line"),
    [
        (task("command", 1, {"argv": ["/bin/a", "b c"]}), "/bin/a 'b c'"),
        (task("command", 1, {"_raw_params": "a 'unbalanced"}), ""),
        (task("shell", 1, {"_raw_params": "a | b"}), "/bin/sh -c 'a | b'"),
        (task("shell", 1, {"_raw_params": "set -o pipefail; a | b"}), "/bin/bash -c 'set -o pipefail; a | b'"),
        (task("shell", 1, {"_raw_params": "a", "executable": "/bin/zsh"}), "/bin/zsh -c a"),
        (task("command", 1, {"_raw_params": "a", "chdir": "/x y"}), "(cd '/x y' && a)"),
        (task("command", 1, {"_raw_params": "a"}, environment={"B": "c d"}), "env 'B=c d' a"),
        (task("command", 1, {"_raw_params": "a b"}, become_user="app"), "su -s /bin/sh app -c 'a b'"),
        (task("command", 1, {"_raw_params": "a", "removes": "/x;y"}), "if ls -d /x?y >/dev/null 2>&1; then a; fi"),
        (task("command", 1, {"_raw_params": "a"}, may_fail=True), "a || true"),
    ],
)
def test_commands_of_a_build(recorded: RecordedTask, line: str) -> None:
    assert shell.command(recorded) == line


@pytest.mark.parametrize(
    ("module", "args", "commands"),
    [
        ("alternatives", {"name": "editor", "path": "/usr/bin/vim"}, ["update-alternatives --set editor /usr/bin/vim"]),
        ("apache2_module", {"name": "ssl"}, ["a2enmod --quiet ssl"]),
        ("locale_gen", {"name": "de_DE.UTF-8"}, ["localedef -i de_DE -f UTF-8 de_DE.UTF-8"]),
        (
            "timezone",
            {"name": "Europe/Berlin"},
            ["ln -sfn /usr/share/zoneinfo/Europe/Berlin /etc/localtime", "echo Europe/Berlin > /etc/timezone"],
        ),
        ("dpkg_divert", {"path": "/etc/x"}, ["dpkg-divert --quiet --local --rename --add /etc/x"]),
    ],
)
def test_settings(module: str, args: dict[str, Any], commands: list[str]) -> None:
    step = settings.express(task(module, 1, args), SCENE)
    assert isinstance(step, Step)
    assert list(step.commands) == commands


def test_commands_that_need_a_server_are_left() -> None:
    found = built(task("command", 1, {"_raw_params": "python3 manage.py migrate"}))
    assert "make it a Job" in found["TASKS.md"]
    assert "manage.py" not in found["Dockerfile"]


def test_a_base_for_each_system_and_workload() -> None:
    bases = {"debian12": "registry.example.com/debian:12", "production/other": "x"}
    assert "FROM registry.example.com/debian:12\n" in built(bases=bases)["Dockerfile"]
    bases = {**bases, "app": "registry.example.com/python:3.11-slim"}
    assert "FROM registry.example.com/python:3.11-slim\n" in built(bases=bases)["Dockerfile"]


def test_mirrors() -> None:
    own = Mirrors(images="mirror.example.com", apt="https://apt.example.com", pip="https://pip.example.com/simple")
    text = built(task("apt", 1, {"name": "a"}), mirrors=own)["Dockerfile"]
    assert (
        "FROM mirror.example.com/library/debian:bookworm-slim\nARG PIP_INDEX_URL=https://pip.example.com/simple" in text
    )
    assert "#https://apt.example.com#g" in text
    assert mirrors.image("quay.io/x/y:1", own) == "quay.io/x/y:1"
    assert mirrors.image("grafana/loki", own) == "mirror.example.com/grafana/loki"


def test_the_mirror_of_apt_keeps_paths(tmp_path: Any) -> None:
    script = mirrors.preparation(Mirrors(apt="https://apt.example.com/"), "apt").split("--in-place ", 1)[1].strip("'")
    text = (
        "deb http://deb.debian.org/debian a\ndeb http://security.ubuntu.com/ubuntu b\ndeb http://else.example.com c\n"
    )
    done = subprocess.run(["sed", "-E", script], input=text, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "deb https://apt.example.com/debian a",
        "deb https://apt.example.com/ubuntu b",
        "deb http://else.example.com c",
    ]


def test_labels_and_what_a_build_sees() -> None:
    found = built()
    assert 'LABEL org.opencontainers.image.description="Made by migrate from workload app"' in found["Dockerfile"]
    assert found[".dockerignore"].splitlines()[1:] == ["*", "!files", "!ansible"]


def test_the_same_tag_for_the_same_context() -> None:
    def tag(*recorded: RecordedTask) -> str:
        return built(*recorded)["base/deployment.yaml"].split("image: app:")[1].split()[0]

    assert tag(task("apt", 1, {"name": "a"})) == tag(task("apt", 1, {"name": "a"}))
    assert tag(task("frobnicate", 1, {"a": 1})) != tag(task("frobnicate", 1, {"a": 2}))


def test_the_commit_of_the_project_is_a_label_and_no_part_of_the_tag() -> None:
    def texts(revision: str) -> dict[str, str]:
        artifacts, _ = generate(assessment(estates.SHOP), catalog=estates.CATALOG, target=Target(), revision=revision)
        return {one.path: one.text for one in artifacts}

    commit = "c" * 40
    plain, labelled = texts(""), texts(commit)
    assert f'org.opencontainers.image.revision="{commit}"' in labelled["shop/Dockerfile"]
    assert "image.revision" not in plain["shop/Dockerfile"]
    assert {path for path in plain if plain[path] != labelled[path]} == {"shop/Dockerfile"}


def test_a_runtime_image_that_is_equal() -> None:
    run = Run(("nginx",), images={"debian12": "registry.example.com/nginx:12"})
    catalog = {"nginx": product("nginx", packages=("nginx", "nginx-*"), run=run)}

    def text(*packages: str, wanted: bool = True) -> str:
        one = msgspec.structs.replace(estates.NGINX, packages=packages)
        artifacts, _ = generate(assessment(one), catalog=catalog, target=Target(runtime_images=wanted))
        return next(one.text for one in artifacts if one.path == "nginx/Dockerfile")

    assert "FROM registry.example.com/nginx:12\n" in text("nginx-light")
    assert "\nENTRYPOINT []\n" in text("nginx-light")
    assert "FROM debian:bookworm-slim\n" in text("nginx-light", "php-fpm")
    assert "FROM debian:bookworm-slim\n" in text("nginx-light", wanted=False)


def test_alpine() -> None:
    text = built(
        task("apk", 1, {"name": "nginx"}),
        task("user", 2, {"name": "app", "uid": 2000}),
        base_image="alpine:3.20",
    )["Dockerfile"]
    assert "apk add --no-cache \\\n      nginx \\\n      shadow" in text
    assert "apt-get" not in text
