# SPDX-License-Identifier: Apache-2.0
"""The door to libvirt, tried on libvirt's own test driver and on sockets that never answer."""

from __future__ import annotations

import importlib.util
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.clients import libvirt
from migrate.errors import SourceError
from migrate.model.finding import Finding, Severity

needs_libvirt = pytest.mark.skipif(
    importlib.util.find_spec("libvirt") is None, reason="libvirt-python is not installed"
)

UUID = "11111111-1111-4111-8111-111111111111"


def domain(name: str, *, uuid: str = UUID, state: int = 1) -> str:
    name = name and f"<name>{name}</name>"
    uuid = uuid and f"<uuid>{uuid}</uuid>"
    return (
        "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>"
        f"{name}{uuid}<memory>1024</memory><os><type>hvm</type></os><test:runstate>{state}</test:runstate></domain>\n"
    )


def estate(folder: Path, *parts: str, name: str = "estate.xml") -> Path:
    path = folder / name
    path.write_text("<node>\n" + "".join(parts) + "</node>\n")
    return path


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refusal(answer: libvirt.Answer) -> Finding:
    assert answer.finding is not None
    assert not answer.domains
    assert (answer.finding.check, answer.finding.severity) == ("libvirt-unreachable", Severity.ERROR)
    assert answer.finding.remedy
    return answer.finding


def refused(uri: str, *, base: Path = Path(), limit: float = 20.0) -> Finding:
    [answer] = libvirt.ask([uri], base=base, limit=limit)
    return refusal(answer)


@needs_libvirt
def test_every_vm_comes_with_its_state_and_xml(tmp_path: Path) -> None:
    two, three = (UUID.replace("1", digit) for digit in "23")
    path = estate(
        tmp_path, domain("on"), domain("off", uuid=two, state=5), domain("dätå &amp; \U0001f600", uuid=three, state=3)
    )
    [answer] = libvirt.ask([f"test://{path}"])
    states = {vm.name: (vm.active, vm.paused) for vm in answer.domains}
    assert states == {"on": (True, False), "off": (False, False), "dätå & \U0001f600": (True, True)}
    assert all("<uuid>" in vm.xml for vm in answer.domains)
    assert answer.finding is None


@needs_libvirt
def test_networks_come_along(tmp_path: Path) -> None:
    path = estate(tmp_path, domain("a"), "<network><name>lan</name><bridge name='virbr7'/></network>")
    [answer] = libvirt.ask([f"test://{path}"])
    assert ["<name>lan</name>" in network.xml for network in answer.networks] == [True]


@needs_libvirt
def test_a_file_may_be_relative_and_have_spaces(tmp_path: Path) -> None:
    estate(tmp_path, domain("a"), name="my estate.xml")
    relative, absolute = libvirt.ask(["test:my estate.xml", f"test://{tmp_path}/my estate.xml"], base=tmp_path)
    assert [vm.name for vm in relative.domains] == [vm.name for vm in absolute.domains] == ["a"]
    assert relative.uri == "test:my estate.xml"


@needs_libvirt
def test_invented_uuids_are_told_with_their_line(tmp_path: Path) -> None:
    path = estate(tmp_path, domain("a"), "<!-- one without -->\n", domain("b &amp; c", uuid=""))
    [answer] = libvirt.ask([f"test://{path}"])
    assert answer.invented == {"b & c": 4}


@needs_libvirt
def test_a_missing_file_is_named() -> None:
    finding = refused("test:///no/such/estate.xml")
    assert "there is no file estate.xml" in finding.message
    assert str(finding.place) == "/no/such/estate.xml"


@needs_libvirt
@pytest.mark.parametrize(
    ("parts", "line", "told"),
    [
        (["\n<domain>\n"], 4, "tag mismatch"),
        ([domain("a"), "\n", domain("")], 4, "missing name information"),
        ([domain("a"), domain("b", uuid=UUID.replace("1", "2")), domain("a", uuid="")], 4, "'a' already exists"),
        ([domain("a"), domain("b")], 2, "'a' is already defined"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, parts: list[str], line: int, told: str) -> None:
    estate(tmp_path, *parts)
    finding = refused("test:estate.xml", base=tmp_path)
    assert finding.place is not None
    assert (finding.place.path, finding.place.line) == ("estate.xml", line)
    assert told in finding.message
    assert "^" not in finding.message


@needs_libvirt
def test_the_time_limit_holds_for_a_hypervisor_that_never_answers(deaf_port: int) -> None:
    start = time.monotonic()
    finding = refused(f"qemu+tcp://127.0.0.1:{deaf_port}/system", limit=1.0)
    assert time.monotonic() - start < 10
    assert "no answer within 1 s" in finding.message


@needs_libvirt
def test_others_go_on_beside_dead_ones(tmp_path: Path, deaf_port: int) -> None:
    estate(tmp_path, domain("a"))
    dead, deaf = "qemu+tcp://127.0.0.1:1/system", f"qemu+tcp://127.0.0.1:{deaf_port}/system"
    refused_one, alive, late = libvirt.ask([dead, "test:estate.xml", deaf, dead], base=tmp_path, limit=5.0)
    assert "refused" in refusal(refused_one).message
    assert [vm.name for vm in alive.domains] == ["a"]
    assert "no answer" in refusal(late).message


@needs_libvirt
def test_a_password_is_never_told() -> None:
    finding = refused("qemu+ssh://root:s3cret@127.0.0.1:1/system")
    assert finding.subject == "qemu+ssh://root@127.0.0.1:1/system"
    assert "s3cret" not in repr(finding)


@needs_libvirt
@pytest.mark.parametrize(
    "uri",
    [
        "qemu+ext:///system",
        "qemu+ssh://h/system?command=/tmp/evil",
        "qemu+ssh://h/system?a=1;COMMAND=/tmp/evil",
        "qemu+ssh://h/system?net%63at=/tmp/evil",
        "qemu:///embed?root=/tmp/evil",
    ],
)
def test_uris_that_run_programs_are_refused(uri: str) -> None:
    assert "--trust-project" in refused(uri).remedy


@needs_libvirt
@pytest.mark.parametrize("uri", ["", "foo", "qemu+tcp://[::1/system", "nosuch:///", "test:///\0"])
def test_nonsense_is_told(uri: str) -> None:
    assert refused(uri).message


@needs_libvirt
def test_a_trusted_uri_may_run_a_program(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    uri = f"qemu+ext:///system?command={program}"
    libvirt.ask([uri])
    assert not mark.exists()
    libvirt.ask([uri], trusted=True)
    assert mark.exists()


@needs_libvirt
def test_the_folder_we_are_in_is_not_imported_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("libvirt.py", "msgspec.py", "migrate.py"):
        (tmp_path / name).write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    [answer] = libvirt.ask(["test:///default"])
    assert [vm.name for vm in answer.domains] == ["test"]


def test_without_libvirt_python_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SourceError) as caught:
        libvirt.ask(["test:///default"])
    assert "hybrid-migrate[libvirt]" in caught.value.hint


def test_nothing_to_ask_needs_no_libvirt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert libvirt.ask([]) == []


@pytest.mark.parametrize(
    ("uri", "label"),
    [
        ("qemu+ssh://root:x@host/system", "qemu+ssh://root@host/system"),
        ("qemu+ssh://root:a@b:c@host/system?x=1", "qemu+ssh://root@host/system?x=1"),
        ("qemu+ssh://root@host/system", "qemu+ssh://root@host/system"),
        ("qemu+tcp://[::1]:16509/system", "qemu+tcp://[::1]:16509/system"),
        ("test:///tmp/a:b@c.xml", "test:///tmp/a:b@c.xml"),
    ],
)
def test_labels_keep_all_but_the_password(uri: str, label: str) -> None:
    assert libvirt.without_password(uri) == label


class Talking:
    """A connection that tells processor time and memory of one VM, as libvirt's QEMU driver does."""

    VIR_DOMAIN_STATS_CPU_TOTAL = VIR_DOMAIN_STATS_BALLOON = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE = 0

    class libvirtError(Exception):  # libvirt calls it so
        pass

    def __init__(self, *answers: dict[str, int]) -> None:
        self.answers = list(answers)

    def name(self) -> str:
        return "web1"

    def getAllDomainStats(self, wanted: int, flags: int) -> list[tuple[Talking, dict[str, int]]]:
        if not self.answers:
            raise self.libvirtError
        return [(self, self.answers.pop(0))]


def test_processor_time_is_told_over_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libvirt, "WHILE", 0.01)
    talking = Talking({"cpu.time": 5, "balloon.rss": 7, "vcpu.current": 2}, {"cpu.time": 9, "balloon.rss": 8})
    before = libvirt._statistics(talking, talking)
    assert before == {"web1": {"cpu.time": 5, "balloon.rss": 7}}
    known = [libvirt.Domain("web1"), libvirt.Domain("off")]
    web, off = libvirt._measured(talking, talking, known, before, time.monotonic_ns())
    assert (web.statistics["cpu.before"], web.statistics["cpu.time"], web.statistics["balloon.rss"]) == (5, 9, 8)
    assert web.statistics["elapsed"] >= 10**7
    assert off.statistics == {}


def test_a_driver_without_statistics_costs_no_time() -> None:
    mute = Talking()
    assert libvirt._statistics(mute, mute) == {}
    begun = time.monotonic()
    [web] = libvirt._measured(mute, mute, [libvirt.Domain("web1")], {}, 0)
    assert (web.statistics, time.monotonic() - begun < 0.5) == ({}, True)
