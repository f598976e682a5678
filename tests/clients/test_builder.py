# SPDX-License-Identifier: Apache-2.0
"""What the door to podman, docker and buildah says to them, and makes of their answers."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from migrate.clients import builder
from migrate.clients.builder import Builder, BuilderError
from migrate.errors import SourceError, UsageError

FAKE = """#!/bin/sh
echo "$@" >>"{log}"
case "$*" in
  version*) echo 4.3.1 ;;
  "network inspect"*) echo '[{{"subnets": [{{"subnet": "10.89.7.0/24"}}]}}]' ;;
  *--env=TOKEN*) echo "given $TOKEN" >>"{log}" ;;
  *fails*) echo "Error: no such host" >&2; exit 125 ;;
  sleep*) exec sleep 60 ;;
  "pod inspect"*) echo abc ;;
  inspect*) echo 10.89.7.2 ;;
esac
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `podman` on PATH that notes what it is told."""
    tool, log = tmp_path / "podman", tmp_path / "log"
    tool.write_text(FAKE.format(log=log))
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return log


def test_the_first_that_works(log: Path) -> None:
    found = builder.find()
    assert (found.name, found.version, found.starts_pods) == ("podman", "4.3.1", True)


def test_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError) as caught:
        builder.find()
    assert "Install podman" in caught.value.hint
    with pytest.raises(UsageError):
        builder.find("rkt")


def test_a_failure_has_what_was_said_and_a_hint(log: Path) -> None:
    with pytest.raises(BuilderError) as caught:
        builder.find().build(Path("fails"), "x")
    assert "no such host" in caught.value.said and "registry" in caught.value.hint
    assert caught.value.exit_code == 3


def test_values_are_on_no_command_line(log: Path) -> None:
    builder.find().run("pod", "pod-web", "web:1", ["--read-only"], ["serve"], {"TOKEN": "s3cret"})
    told, given = log.read_text().splitlines()[-2:]
    assert "--env=TOKEN web:1 serve" in told and "s3cret" not in told
    assert "--read-only-tmpfs=false" in told
    assert given == "given s3cret"


def test_a_variable_of_the_tool_itself_is_not_changed(log: Path) -> None:
    builder.find().run("pod", "pod-web", "web:1", [], [], {"PATH": "/srv/bin", "LD_PRELOAD": "x"})
    assert "--env=PATH=/srv/bin --env=LD_PRELOAD=x" in log.read_text()


def test_a_secret_call_that_fails_shows_no_arguments(log: Path) -> None:
    with pytest.raises(BuilderError) as caught:
        builder.find().run("pod", "fails", "web:1", [], [], {"PATH": "s3cret"})
    assert "s3cret" not in str(caught.value)


def test_podman_gives_this_machine_an_address_where_it_is_told(log: Path) -> None:
    assert builder.find().make_network("n", closed=True) == "10.89.7.1"
    assert "network create --internal --disable-dns --subnet=10.89.7.0/24 --gateway=10.89.7.1 n" in log.read_text()


def test_no_end(log: Path) -> None:
    with pytest.raises(BuilderError, match="no end after"):
        builder.find().ask("sleep", timeout=0.2)


def test_what_is_gone_may_be_removed(log: Path) -> None:
    Builder("podman", str(log.parent / "podman"), "").remove("fails", ["fails"], "fails")


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ({"subnets": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]}, "10.0.0.1"),
        ({"IPAM": {"Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]}}, "172.18.0.1"),
        ({"subnets": [{"subnet": "10.0.0.0/24"}]}, ""),
        ({}, ""),
    ],
)
def test_gateways(network: dict[str, object], address: str) -> None:
    assert builder.gateway(network) == address


@pytest.mark.parametrize(("text", "size"), [("167 MB", 167_000_000), ("1.2 GB", 1_200_000_000), ("5", 5), ("big", 0)])
def test_sizes(text: str, size: int) -> None:
    assert builder.in_bytes(text) == size
