# SPDX-License-Identifier: Apache-2.0
"""The one door to libvirt-python: asks hypervisors, read-only and several at once, what VMs they have.

Each URI is asked by a worker process of its own, because libvirt's C code can hang where no Python thread can be
stopped (a silent peer, an ssh that waits for a password) and can take the process down with it. A worker can be killed
together with the ssh it started, has no terminal that ssh could prompt on, and gives its memory back when it ends.
"""

from __future__ import annotations

import contextlib
import html
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec

from migrate.errors import SourceError
from migrate.model.finding import Finding, Severity
from migrate.model.place import Place

AT_ONCE = 16
"""Hypervisors asked at the same time."""

CALLS_AT_ONCE = 4
"""Calls under way on one connection: each waits for the network, and libvirtd serves 5 of one client at a time."""

SLOW_READER = 100_000
"""Bytes a second of a test driver's file that a busy machine reads at least: a large file is no reason to give up."""

WANTED = frozenset("cpu.time balloon.available balloon.usable balloon.unused balloon.rss balloon.last-update".split())
"""Statistics that are of use, as libvirt calls them; memory is in KiB."""

WHILE = 1.0
"""Seconds over which processor time is told at least; the Ansible project is read meanwhile."""

START_WORKER = "import sys; sys.path[:] = sys.argv[1:]; from migrate.clients.libvirt import work; work()"


class Domain(msgspec.Struct, frozen=True, omit_defaults=True):
    """One VM as libvirt describes it; `error` says why there is no `xml`.

    `statistics` are libvirt's own numbers (virConnectGetAllDomainStats), with `cpu.before` for the processor time that
    it had taken `elapsed` nanoseconds earlier; {} where the driver has none.
    """

    name: str
    xml: str = ""
    active: bool = True
    paused: bool = False
    error: str = ""
    statistics: dict[str, int] = {}


class Network(msgspec.Struct, frozen=True, omit_defaults=True):
    """A virtual network with its present DHCP leases as (MAC, address, host name)."""

    xml: str
    leases: tuple[tuple[str, str, str], ...] = ()


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one URI said. `finding` is set when it said nothing; `uri` is as the user wrote it, without password.

    `invented` maps VMs without UUID in the test driver's file to their line there: libvirt made up a random UUID.
    """

    uri: str
    domains: tuple[Domain, ...] = ()
    networks: tuple[Network, ...] = ()
    invented: dict[str, int] = {}
    finding: Finding | None = None


class _Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker writes to its parent."""

    domains: tuple[Domain, ...] = ()
    networks: tuple[Network, ...] = ()
    error: str = ""


def ask(uris: Sequence[str], *, base: Path = Path(), limit: float = 30.0, trusted: bool = False) -> list[Answer]:
    """One answer per URI, in order; `limit` is in seconds for each, and large files get more.

    `test:FILE` is relative to `base`. Unless `trusted`, URIs that make libvirt run a program (`+ext`, `command=`,
    `netcat=`) are refused: they may come from a project that nobody has read. Raises SourceError where libvirt-python
    is not installed.
    """
    if uris and importlib.util.find_spec("libvirt") is None:
        hint = "pip install 'hybrid-migrate[libvirt]', or apt install python3-libvirt."
        raise SourceError("libvirt-python is not installed, so no hypervisor can be asked.", hint=hint)
    workers: list[subprocess.Popen[bytes]] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return list(pool.map(lambda uri: _answer(uri, base, limit, trusted, workers), dict.fromkeys(uris)))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                _stop(worker)


def without_password(uri: str) -> str:
    """The URI, or a text with one, for people to read: `qemu+ssh://root:x@host/system` → `qemu+ssh://root@host/system`."""
    return re.sub(r"(//[^/:@?]*):[^/?]*@", r"\1@", uri)


def path_in(uri: str) -> str:
    """The file that a `test:` URI names, as the user wrote it."""
    return uri.removeprefix("test:").removeprefix("//")


def _answer(uri: str, base: Path, limit: float, trusted: bool, workers: list[subprocess.Popen[bytes]]) -> Answer:
    address = _address(uri, base)
    if reason := _refusal(address, trusted):
        return _no_answer(uri, reason, remedy=FIX_TRUST)
    file = _file(address)
    if file and not file.is_file():
        return _no_answer(uri, f"there is no file {file.name}", remedy=FIX_PATH, place=Place(path_in(uri)))
    said = _said(address, limit + (file.stat().st_size / SLOW_READER if file else 0), workers)
    text = file.read_text(encoding="utf-8", errors="replace") if file else ""
    if said.error and file:
        return _no_answer(uri, said.error, remedy=FIX_FILE, place=Place(path_in(uri), _line(said.error, text)))
    if said.error:
        return _no_answer(uri, said.error, remedy=FIX_URI)
    invented = {name: line for name, line, uuid in _sketch(text) if not uuid}
    return Answer(uri=without_password(uri), domains=said.domains, networks=said.networks, invented=invented)


FIX_PATH = "Correct the path behind `test:`."
FIX_FILE = "Correct the file; libvirt reads all of it or nothing."
FIX_TRUST = "Correct the URI: write it without that, or trust the project (--trust-project) once you have read it."
FIX_URI = "Try `virsh -r -c URI list` on this machine; check address, ssh key and that libvirtd runs, or drop the URI."


def _no_answer(uri: str, reason: str, *, remedy: str, place: Place | None = None) -> Answer:
    label = without_password(uri)
    message = f"No VMs are known from {label}: {without_password(reason)}"
    finding = Finding("libvirt-unreachable", label, message, remedy, Severity.ERROR, place)
    return Answer(uri=label, finding=finding)


def _address(uri: str, base: Path) -> str:
    """The URI as libvirt wants it: absolute, spaces escaped."""
    if match := re.fullmatch(r"test:(?!//)(.+)", uri):
        return "test://" + quote(str((base / match[1]).absolute()))
    return uri.strip().replace(" ", "%20")


def _file(address: str) -> Path | None:
    """The file that libvirt's test driver will read."""
    parts = urlsplit(address)
    wanted = parts.scheme == "test" and not parts.netloc and parts.path not in ("", "/", "/default")
    return Path(unquote(parts.path)) if wanted else None


def _refusal(address: str, trusted: bool) -> str:
    """Why nobody should open this URI unread: libvirt would start a program of its choosing; "" if it would not."""
    try:
        parts = urlsplit(address)
    except ValueError as problem:
        return f"it is no URI ({problem})"
    if trusted:
        return ""
    # libvirt, unlike Python, splits at both & and ; and does not care for case.
    names = {unquote(part.partition("=")[0]).lower() for part in re.split("[&;]", parts.query)}
    if parts.scheme.endswith("+ext"):
        return "the transport `ext` runs a program on this machine"
    if chosen := names & {"command", "netcat"}:
        return f"`{min(chosen)}=` names a program to run"
    return "an embedded driver would write files" if parts.path.startswith("/embed") else ""


def _line(error: str, text: str) -> int:
    """Where in the test driver's file libvirt stumbled: it says the line, or the name, or that there is no name."""
    if match := re.search(r"\.?\w*:(\d+): ", error):
        return int(match[1])
    quoted = re.search(r"'([^']*)'", error)
    wanted = quoted[1] if quoted else ""
    return max((line for name, line, _ in _sketch(text) if name == wanted), default=0)


def _sketch(text: str) -> Iterator[tuple[str, int, str]]:
    """Name, line and UUID ("" for what is not there) of each domain in a file of the test driver: quick, not exact."""
    before, *parts = re.split(r"<domain(?=[\s>])", text)
    line = 1 + before.count("\n")
    for part in parts:
        body = part.partition("</domain>")[0]
        name = re.search(r"<name>([^<]*)", body)
        uuid = re.search(r"<uuid>([^<]*)", body)
        yield html.unescape(name[1]) if name else "", line, uuid[1] if uuid else ""
        line += part.count("\n")


def _said(address: str, limit: float, workers: list[subprocess.Popen[bytes]]) -> _Said:
    """Ask one URI in a worker process; the address goes through a pipe, for arguments can be read by everyone."""
    # -P and an explicit path: the folder we are in may be a project that nobody has read.
    command = [sys.executable, "-P", "-c", START_WORKER, *filter(None, sys.path)]
    environment = os.environ | {"LC_ALL": "C.UTF-8", "SSH_ASKPASS_REQUIRE": "never"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
    ) as worker:
        workers.append(worker)
        try:
            answer, errors = worker.communicate(msgspec.msgpack.encode((address, limit)), timeout=limit)
            return msgspec.msgpack.decode(answer, type=_Said)
        except subprocess.TimeoutExpired:
            return _Said(error=f"no answer within {limit:g} s")
        except msgspec.DecodeError:
            last = errors.decode(errors="replace").strip().rpartition("\n")[2]
            return _Said(error=f"the process that asked died ({worker.returncode}) {last}".rstrip())
        finally:
            _stop(worker)


def _stop(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)


def work() -> None:
    """The worker process: reads (address, limit), writes what libvirt says."""
    address, limit = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=tuple[str, float])
    signal.alarm(int(limit) + 5)  # should the parent be killed, nobody else would end us
    sys.stdout.buffer.write(msgspec.msgpack.encode(_survey(address)))
    sys.stdout.flush()
    os._exit(0)  # libvirt takes a third of a second to free 10,000 domains of its test driver


def _survey(address: str) -> _Said:
    import libvirt

    libvirt.registerErrorHandler(lambda _context, _error: None, None)  # it prints to stderr by default
    try:
        connection = libvirt.openReadOnly(address)
        before, begun = _statistics(libvirt, connection), time.monotonic_ns()
        domains, networks = _domains(libvirt, connection), tuple(_networks(libvirt, connection))
        return _Said(tuple(_measured(libvirt, connection, domains, before, begun)), networks)
    except libvirt.libvirtError as problem:
        return _Said(error=re.sub(r"\n.*\n-*\^\s*$", "", str(problem)))  # without the arrow below a piece of XML


def _statistics(libvirt: Any, connection: Any) -> dict[str, dict[str, int]]:
    """Processor time and memory of the VMs that run, by name; {} where the driver keeps no statistics."""
    wanted = libvirt.VIR_DOMAIN_STATS_CPU_TOTAL | libvirt.VIR_DOMAIN_STATS_BALLOON
    try:
        told = connection.getAllDomainStats(wanted, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE)
    except libvirt.libvirtError:
        return {}
    numbers = ((domain.name(), {key: value for key, value in found.items() if key in WANTED}) for domain, found in told)
    return {name: found for name, found in numbers if found}


def _measured(
    libvirt: Any, connection: Any, domains: list[Domain], before: dict[str, dict[str, int]], begun: int
) -> Iterator[Domain]:
    """The VMs with their statistics, asked a second time so that processor time can be told over a while."""
    if not any("cpu.time" in found for found in before.values()):
        yield from (msgspec.structs.replace(one, statistics=before.get(one.name, {})) for one in domains)
        return
    time.sleep(max(0.0, WHILE - (time.monotonic_ns() - begun) / 1e9))
    after, elapsed = _statistics(libvirt, connection), time.monotonic_ns() - begun
    for one in domains:
        numbers = after.get(one.name, {})
        if "cpu.time" in numbers and "cpu.time" in before.get(one.name, {}):
            numbers |= {"cpu.before": before[one.name]["cpu.time"], "elapsed": elapsed}
        yield msgspec.structs.replace(one, statistics=numbers)


def _domains(libvirt: Any, connection: Any) -> list[Domain]:
    """Every VM with one call each: whether it is active comes with the list, and all paused ones with another list."""
    paused = {domain.UUID() for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_PAUSED)}
    domains = sorted(connection.listAllDomains(), key=lambda domain: domain.name())  # libvirt's order changes each time
    size = max(1, -(-len(domains) // CALLS_AT_ONCE))
    slices = [domains[start : start + size] for start in range(0, len(domains), size)]
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        described = pool.map(lambda part: [_describe(libvirt, connection, domain, paused) for domain in part], slices)
        return [domain for part in described for domain in part if domain]


def _describe(libvirt: Any, connection: Any, domain: Any, paused: set[bytes]) -> Domain | None:
    """None for a VM that is gone since it was listed."""
    try:
        return Domain(domain.name(), domain.XMLDesc(), domain.ID() >= 0, domain.UUID() in paused)
    except libvirt.libvirtError as problem:
        if problem.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        if not connection.isAlive():
            raise
        return Domain(domain.name(), error=str(problem))


def _networks(libvirt: Any, connection: Any) -> Iterator[Network]:
    """Networks are a help, not a must: some drivers have none."""
    try:
        networks = sorted(connection.listAllNetworks(), key=lambda network: network.name())
    except libvirt.libvirtError:
        return
    for network in networks:
        with contextlib.suppress(libvirt.libvirtError):
            yield Network(network.XMLDesc(), _leases(libvirt, network))


def _leases(libvirt: Any, network: Any) -> tuple[tuple[str, str, str], ...]:
    """No leases where the network is down or the driver keeps none."""
    with contextlib.suppress(libvirt.libvirtError):
        leases = network.DHCPLeases()
        return tuple((lease["mac"] or "", lease["ipaddr"] or "", lease["hostname"] or "") for lease in leases)
    return ()
