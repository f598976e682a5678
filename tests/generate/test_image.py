# SPDX-License-Identifier: Apache-2.0
"""What becomes of single tasks in an image: packages, accounts, folders, and the base that they go into."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.generate import accounts, bases, contents, estate, packages, paths, tasks
from migrate.generate.steps import Impossible, Scene, Step
from migrate.generate.tokens import Tokens
from migrate.model.config import Target
from migrate.model.task import RecordedTask, RenderedFile
from migrate.model.workload import Placement, Unit, Workload
from tests.generate import estates
from tests.generate.estates import PASSWORD, TOKENS, assessment, file, task, workload

NO_TOKENS = Tokens.of(())
SCENE = Scene("apt", accounts.Account("app", 7, 8), "app", ("/var/log/app",), frozenset({"/app/r.txt", "/src"}))


def of(*recorded: RecordedTask, **more: Any) -> Workload:
    return workload("app", Placement.DEPLOYMENT, machines=("web1",), tasks=recorded, **more)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"name": "nginx"}, ["nginx"]),
        ({"pkg": ["b", "a"]}, ["a", "b"]),
        ({"name": "a, b,c"}, ["a", "b", "c"]),
        ({"name": "nginx=1.22.1-9*"}, ["nginx=1.22.1-9*"]),
        ({"name": "a", "state": "absent"}, []),
        ({"update_cache": True}, []),
        ({"name": ["cron", "logrotate", "curl"]}, ["curl"]),
        ({"name": "@development"}, ["@development"]),
    ],
)
def test_packages(args: dict[str, Any], expected: list[str]) -> None:
    found, left = packages.wanted([task("apt", 1, args)])
    assert (list(found), left) == (expected, [])


@pytest.mark.parametrize("args", [{"deb": "https://x/y.deb"}, {"name": "https://x/y.rpm"}, {"name": "a; rm -rf /"}])
def test_other_than_packages_is_left(args: dict[str, Any]) -> None:
    found, left = packages.wanted([task("apt", 1, args)])
    assert (found, len(left)) == ({}, 1)


def test_versions_are_kept_and_then_nothing_is_ignored() -> None:
    assert packages.system_install(["a=1", "b=2"], "apt").ignored == ()
    assert packages.system_install(["a=1", "b"], "apt").ignored == ("DL3008",)
    assert "'nginx=1.22*'" in packages.system_install(["nginx=1.22*"], "apt").command
    assert packages.system_install(["nginx-1.22", "b=2"], "dnf").ignored == ()
    assert "dnf clean all" in packages.system_install(["nginx"], "dnf").command


@pytest.mark.parametrize(
    ("module", "args", "command"),
    [
        ("pip", {"name": "flask", "version": "3.0"}, "pip3 install --no-cache-dir flask==3.0"),
        ("pip", {"name": ["b>=1,<2", "a"]}, "pip3 install --no-cache-dir a"),
        ("pip", {"requirements": "/app/r.txt"}, "--no-cache-dir -r /app/r.txt"),
        ("pip", {"name": "x", "virtualenv": "/v", "virtualenv_site_packages": True}, "venv --system-site-packages /v"),
        ("npm", {"name": "pm2", "global": True, "version": "5"}, "npm install --global pm2@5"),
        ("npm", {"name": "@x/y", "path": "/app"}, "npm install --prefix /app @x/y"),
        ("npm", {"path": "/src/app", "ci": True, "production": True}, "npm ci --prefix /src/app --omit=dev &&"),
        (
            "pip",
            {"name": "x", "extra_args": "--index-url https://x"},
            "pip3 install --no-cache-dir x --index-url https",
        ),
        ("pip", {"name": "git+https://x/y@v1"}, "--no-cache-dir git+https://x/y@v1"),
        ("pip", {"requirements": "/src/requirements.txt"}, "-r /src/requirements.txt"),
        ("gem", {"name": "bundler", "version": "2.4"}, "gem install --no-document bundler --version 2.4"),
    ],
)
def test_language_packages(module: str, args: dict[str, Any], command: str) -> None:
    step = packages.express_language(task(module, 1, args), SCENE)
    assert isinstance(step, Step)
    assert command in step.commands[0]


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("pip", {"requirements": "/elsewhere.txt"}),
        ("pip", {"name": "x; rm -rf /"}),
        ("npm", {"path": "/app"}),
    ],
)
def test_language_packages_that_need_more_are_left(module: str, args: dict[str, Any]) -> None:
    assert isinstance(packages.express_language(task(module, 1, args), SCENE), Impossible)


@pytest.mark.parametrize(
    ("unit_user", "args", "uid", "gid"),
    [
        ("app", {"name": "app", "uid": 1500}, 1500, 1500),
        ("app", {"name": "app", "uid": "1500", "group": "web"}, 1500, 1600),
        ("app", {"name": "app"}, 10001, 10001),
        ("root", {"name": "root", "uid": 0}, 10001, 10001),
        ("", {"name": "app", "uid": 1500}, 10001, 10001),
        ("www-data", {"name": "x"}, 10001, 10001),
        ("1234", {"name": "x"}, 1234, 1234),
    ],
)
def test_who_it_runs_as(unit_user: str, args: dict[str, Any], uid: int, gid: int) -> None:
    recorded = [task("group", 1, {"name": "web", "gid": 1600}), task("user", 2, args)]
    account = accounts.run_as(of(*recorded, units=(Unit("x", user=unit_user),)), recorded, None)
    assert (account.uid, account.gid) == (uid, gid)


def test_accounts_that_a_package_may_have_made_are_only_made_when_missing() -> None:
    recorded = [task("user", 1, {"name": name}) for name in ("nginx", "www-data", "app", "gone")]
    recorded.append(task("user", 2, {"name": "gone", "state": "absent"}))
    run_user = accounts.Account("", 10001, 10001)
    lines = accounts.shell_lines(accounts.created(recorded, run_user), {"nginx"})
    assert [line.split()[-1] for line in lines] == ["app", "app", "nginx)", "nginx)"]
    assert lines[3].startswith("(getent passwd nginx >/dev/null || useradd --uid 10003 ")


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        ({"path": "/a", "state": "directory"}, ["install -d -m 0755 /a"]),
        ({"path": "/a", "state": "directory", "owner": "app", "mode": 0o750}, ["install -d -o 7 -g 8 -m 750 /a"]),
        ({"path": "/a", "state": "directory", "owner": "app", "mode": "evil; x"}, ["install -d -o 7 -g 8 -m 0755 /a"]),
        ({"path": "/a", "state": "directory", "owner": "root", "mode": "0700"}, ["install -d -m 0755 /a"]),
        ({"dest": "/a/b c", "src": "/x", "state": "link"}, ["mkdir -p /a", "ln -sfn /x '/a/b c'"]),
        ({"path": "/a/b", "state": "absent"}, ["rm -rf /a/b"]),
        ({"path": "/etc", "state": "absent"}, []),
        ({"path": "/a/b", "state": "touch"}, ["mkdir -p /a", "touch /a/b"]),
        ({"path": "/a/b", "mode": "0644"}, []),
        ({"path": "/var/log/app", "state": "directory"}, []),
    ],
)
def test_folders_and_links(args: dict[str, Any], lines: list[str]) -> None:
    step = paths.express(task("file", 1, args), SCENE)
    assert isinstance(step, Step)
    assert list(step.commands) == lines


def test_var_run_is_run() -> None:
    recorded = [task("file", 1, {"path": "/var/run/app/", "state": "directory"})]
    assert list(paths.writable(recorded, [], None)) == ["/run/app", "/tmp"]


@pytest.mark.parametrize(
    ("recorded", "kind"),
    [
        (task("shell", 1, {"_raw_params": f"x {PASSWORD}"}), "review"),
        (task("shell", 1, {"_raw_params": "x"}, environment={"A": PASSWORD}), "review"),
        (task("frobnicate", 1, {"a": [PASSWORD]}), "review"),
        (task("apt", 1, {"name": "x"}, conditional="y"), "conditional"),
        (task("apt", 1, {"name": "x"}, unresolved="y"), "unresolved"),
        (task("apt", 1, {"name": f"x={PASSWORD}"}), "review"),
        (task("file", 1, {"path": "relative", "state": "directory"}), "review"),
        (task("file", 1, {"path": "/a\nUSER root", "state": "directory"}), "review"),
        (task("file", 1, {"path": "/a", "src": "/b\nUSER root", "state": "link"}), "review"),
        (task("user", 1, {"name": "a\nUSER root"}), "review"),
        (task("pip", 1, {"name": "x", "virtualenv": "/a\nUSER root"}), "review"),
        (task("copy", 1, {"src": "folder", "dest": "/a"}), "review"),
        (task("copy", 1, {"dest": "/a"}, file=RenderedFile("/a", None)), "review"),
    ],
)
def test_what_is_left_for_a_person(recorded: RecordedTask, kind: str) -> None:
    done = tasks.sort(of(recorded), Tokens.of(TOKENS))
    assert [one.kind for one in done.left] == [kind]
    assert (done.order, done.dropped) == ((), ())


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (task("service", 1, {"name": "x"}, conditional="y"), "starts its process itself"),
        (task("shell", 1, {"_raw_params": "x"}, handler=True), "a handler reacts"),
        (task("apt", 1, {"name": "x"}, delegate_to="localhost"), "on another machine"),
        (file("template", 1, "/etc/systemd/system/a.service", "x"), "is in the pod"),
        (file("template", 1, "/etc/logrotate.d/a", None), "logs go to the output"),
        (task("lineinfile", 1, {"path": "/etc/hosts", "line": "x"}), "belongs to the cluster"),
        (task("reboot", 1), "never running"),
        (task("mount", 1, {"path": "/data"}), "volumes of the pod"),
        (task("shell", 1, {"_raw_params": "php --version | head -1 | awk '{ print $2; }'"}), "only asks"),
        (task("shell", 1, {"_raw_params": "/usr/bin/find /srv -name x"}, asks=True), "changes nothing"),
        (task("command", 1, {"_raw_params": "systemctl daemon-reload"}), "starts its process itself"),
        (task("command", 1, {"argv": ["/etc/init.d/x", "restart"]}), "starts its process itself"),
        (task("command", 1, {"_raw_params": "rmdir /etc/systemd/system/x.d/"}), "is in the pod"),
        (task("shell", 1, {"cmd": "cd /x && sudo sysctl -p"}), "belongs to the node"),
    ],
)
def test_what_makes_no_sense_in_an_image_is_dropped_with_a_reason(recorded: RecordedTask, reason: str) -> None:
    (dropped,) = tasks.sort(of(recorded), NO_TOKENS).dropped
    assert reason in dropped.reason


@pytest.mark.parametrize(
    "recorded",
    [
        task("shell", 1, {"_raw_params": "grep -q x /a > /b"}),
        task("shell", 1, {"_raw_params": "curl -s https://x | gpg --dearmor -o /usr/share/keyrings/x.gpg"}),
        task("apt", 1, {"name": "x"}, conditional="key is changed (result of key)"),
        task("apt", 1, {"name": "x"}, conditional="key.changed (result of key); repo.changed | bool (result of repo)"),
    ],
)
def test_what_a_build_does(recorded: RecordedTask) -> None:
    assert len(tasks.sort(of(recorded), NO_TOKENS).order) == 1


@pytest.mark.parametrize(
    ("path", "text", "mode", "where"),
    [
        ("/etc/app.conf", "x", "0644", "config"),
        ("/etc/app/check", "x", "0755", "image"),
        ("/etc/app.conf", PASSWORD, "0644", "secret"),
        ("/srv/app/x.py", PASSWORD, "0755", "secret"),
        ("/srv/app/x.py", "x", "0644", "image"),
        ("/srv/app/x.yml", "x", "0644", "config"),
        ("/etc/big.conf", "x" * 200_000, "0644", "image"),
        ("/etc/env", f"A={PASSWORD}", "0644", "variables"),
    ],
)
def test_where_a_file_goes(path: str, text: str, mode: str, where: str) -> None:
    known = estate.index(assessment(), estates.CATALOG, Target())
    one = of(file("template", 1, path, text, mode=mode), units=(Unit("x", environment_files=("/etc/env",)),))
    found = contents.sort(one, tasks.sort(one, known.tokens), known)
    assert {name: len(getattr(found, name)) for name in ("config", "secret", "image", "variables")} == {
        **dict.fromkeys(("config", "secret", "image", "variables"), 0),
        where: 1,
    }


def test_what_does_not_fit_a_config_map_goes_into_the_image() -> None:
    known = estate.index(assessment(), {}, Target())
    one = of(*(file("template", 1, f"/etc/{number}.conf", "x" * 100_000) for number in range(12)))
    found = contents.sort(one, tasks.sort(one, NO_TOKENS), known)
    assert (len(found.config), len(found.image)) == (9, 3)


def test_the_last_writer_of_a_file_wins() -> None:
    known = estate.index(assessment(), {}, Target())
    one = of(file("template", 1, "/etc/a", "one"), file("copy", 2, "/etc/a", "two"))
    (found,) = contents.sort(one, tasks.sort(one, NO_TOKENS), known).config
    assert found.text == "two"


@pytest.mark.parametrize(
    ("system", "image", "family"),
    [
        ("debian12", "debian:bookworm-slim", "apt"),
        ("ubuntu24.04", "ubuntu:24.04", "apt"),
        ("rocky9", "rockylinux:9", "dnf"),
        ("rocky9.4", "rockylinux:9", "dnf"),
        ("almalinux8", "almalinux:8", "dnf"),
        ("centos-stream9", "quay.io/centos/centos:stream9", "dnf"),
        ("fedora40", "fedora:40", "dnf"),
        ("win2k22", "", "apt"),
        ("debian99", "", "apt"),
    ],
)
def test_bases(system: str, image: str, family: str) -> None:
    assert bases.for_system(system) == image
    machines = tuple(msgspec.structs.replace(machine, os=system) for machine in estates.MACHINES)
    known = estate.index(msgspec.structs.replace(assessment(), machines=machines), {}, Target())
    base = bases.of(of(), known)
    assert (base.image, base.family, bool(base.problem)) == (image or bases.DEFAULT, family, not image)


def test_the_base_of_migrate_yaml_comes_first() -> None:
    known = estate.index(assessment(), {}, Target(base_image="registry.example.com/ubi9/python-311:1"))
    assert bases.of(of(), known).image == "registry.example.com/ubi9/python-311:1"
