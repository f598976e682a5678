# SPDX-License-Identifier: Apache-2.0
"""Command lines, environment files, names and sizes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.generate import command, environment, estate, names, sizes
from migrate.model.config import Target
from migrate.model.workload import Port, Size, Unit
from tests.generate import estates
from tests.generate.estates import SHOP, assessment, file

KNOWN = estate.index(assessment(), estates.CATALOG, Target())


def words(text: str, *, name: str = "x.service", manager: str = "systemd", **known: str) -> tuple[str, ...]:
    unit = Unit(name, manager=manager, command=text)
    return command.of_unit(unit, known, frozenset({"TOKEN"}), SHOP, KNOWN).words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/bin/a -b 'c d'", ("/bin/a", "-b", "c d")),
        ("-/bin/a", ("/bin/a",)),
        ("!!+/bin/a", ("/bin/a",)),
        ("@/bin/a arg0 -x", ("/bin/a", "-x")),
        ("/bin/a ${PORT} x$$y", ("/bin/a", "80", "x$y")),
        ("/bin/a --port=${PORT} $OPTS $NONE ${NONE}", ("/bin/a", "--port=80", "-v", "-w", "")),
        ("/bin/a \\\n  -b", ("/bin/a", "-b")),
        ("/bin/a --x ${TOKEN}", ("/bin/sh", "-c", 'exec /bin/a --x "${TOKEN}"')),
        ("/bin/a 'b c' --x=${TOKEN}d", ("/bin/sh", "-c", "exec /bin/a 'b c' --x=\"${TOKEN}\"d")),
        ("/bin/a 'unbalanced", ("/bin/sh", "-c", "exec /bin/a 'unbalanced")),
        ("/bin/a --daemon -b", ("/bin/a", "-b")),
        ("nginx -g 'daemon on; x on;'", ("nginx", "-g", "daemon off; x on;")),
        ("/bin/a --bind 127.0.0.1:8000", ("/bin/a", "--bind", "0.0.0.0:8000")),
        ("/bin/a --bind 127.0.0.1:8001", ("/bin/a", "--bind", "127.0.0.1:8001")),
        ("/bin/a --bind=10.20.10.21:8000", ("/bin/a", "--bind=0.0.0.0:8000")),
        ("/bin/a --host 127.0.0.1 -p 1", ("/bin/a", "--host", "0.0.0.0", "-p", "1")),
        ("/bin/a --host=localhost", ("/bin/a", "--host=0.0.0.0")),
        ("/bin/a -r redis://10.20.20.21:6379/0", ("/bin/a", "-r", "redis://redis:6379/0")),
    ],
)
def test_command_of_systemd(text: str, expected: tuple[str, ...]) -> None:
    assert words(text, PORT="80", OPTS="-v -w") == expected


def test_instances_and_specifiers() -> None:
    assert words("/bin/a %i %n 100%%", name="a@mail.service") == ("/bin/a", "mail", "a@mail.service", "100%")


def test_supervisor() -> None:
    assert words("/bin/a %(program_name)s %(ENV_PORT)s", name="p", manager="supervisor", PORT="1") == (
        "/bin/a",
        "p",
        "1",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/bin/a -b c", ("/bin/a", "-b", "c")),
        ("cd /x && ./y", ("/bin/sh", "-c", "cd /x && ./y")),
        ("date +\\%F", ("date", "+%F")),
        ("A=1 /bin/a", ("/bin/sh", "-c", "A=1 /bin/a")),
    ],
)
def test_command_of_cron(text: str, expected: tuple[str, ...]) -> None:
    assert words(text, manager="cron") == expected


def test_a_unit_that_forks_gets_the_command_of_the_catalog() -> None:
    unit = Unit("nginx.service", command="/usr/sbin/nginx -c /etc/x.conf")
    text = "[Service]\nType=forking\n"
    one = msgspec.structs.replace(estates.NGINX, tasks=(file("copy", 1, "/etc/systemd/system/nginx.service", text),))
    found = command.of_unit(unit, {}, frozenset(), one, KNOWN)
    assert found.words == ("nginx", "-g", "daemon off;")
    assert found.problems[0][0] == "runs-in-background"
    other = msgspec.structs.replace(unit, command="/usr/sbin/other")
    assert command.of_unit(other, {}, frozenset(), one, KNOWN).words == ()


def test_nothing_known_is_no_command() -> None:
    assert command.of_unit(Unit("x"), {}, frozenset(), estates.REDIS, KNOWN) == command.Command()


def test_environment_files() -> None:
    text = '# c\n; c\n\nA=1\nexport B="x \\"y\\" $z"\nC=\'q\'\nD=a \\\nb\nbad-name=1\nE=\nnothing\nF = 2\n'
    expected = {"A": "1", "B": 'x "y" $z', "C": "q", "D": "a b", "E": "", "F": "2"}
    assert environment.parse(text) == expected


def test_references_are_not_expanded_twice() -> None:
    found = environment.references(environment.Environment(literal={"A": "$(B)"}), config_map="c", secret="s")
    assert found == {"env": [{"name": "A", "value": "$$(B)"}]}


@given(st.text())
def test_labels_are_valid(text: str) -> None:
    label = names.label(text)
    assert 0 < len(label) <= names.LONGEST
    assert label[0].isalpha()
    assert label[-1].isalnum()
    assert label.isascii()
    assert set(label) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.lists(st.text(max_size=4) | st.sampled_from(["a-b", "a_b", "A.b", "a b"]), max_size=6))
def test_labels_and_keys_differ(texts: list[str]) -> None:
    for table in (names.labels(texts), names.keys(f"/{text}" for text in texts)):
        assert len(set(table.values())) == len(set(texts)) == len(table)


def test_who_is_spelled_like_the_label_keeps_it() -> None:
    table = names.labels(["shop_web", "shop-web"])
    assert table["shop-web"] == "shop-web"
    assert table["shop_web"].startswith("shop-web-")


def test_port_names() -> None:
    ports = [Port(1, name="HTTP!"), Port(2, name="http"), Port(3, "udp", "53"), Port(4, name="a-very-long-port-name")]
    assert list(names.port_names(ports).values()) == ["http", "tcp-2", "udp-3", "a-very-long-por"]


def test_sizes_come_with_their_reason() -> None:
    size = Size(vcpus=0.5, memory=512 * 2**20, vm_vcpus=4, vm_memory=4 * 2**30, source="half of web1")
    found, source = sizes.resources(msgspec.structs.replace(estates.SHOP, size=size), 2)
    assert found["requests"]["cpu"] == "250m"
    assert found["requests"]["memory"] == "256Mi"
    assert found["limits"]["memory"] == "4096Mi"
    assert source == "not measured: half of web1, among 2 containers; limits: what the VM had"
    assert sizes.resources(estates.WORKER, 1)[0] == sizes.DEFAULT
