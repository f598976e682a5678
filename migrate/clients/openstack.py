# SPDX-License-Identifier: Apache-2.0
"""The one door to openstacksdk: asks clouds, read-only and several at once, for their servers and what belongs to them.

Each collection (servers, volumes, ports, …) is listed once and joined by whoever understands the answer, so that calls
grow with pages and not with servers. Nothing but lists is asked for: apart from the token, every request is a GET.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import SourceError
from migrate.model.finding import Finding, Severity

AT_ONCE = 8
"""Clouds asked at the same time."""

COLLECTIONS_AT_ONCE = 4
"""Collections of one cloud listed at the same time: each is a service of its own, which waits for its own database."""

RETRIED = [429, 500, 502, 503, 504]
"""Answers that another try may better; keystoneauth waits longer before each and heeds a token that has expired."""

TRIES = 4

PAGE = 250
"""Objects a request asks for: a busy nova takes 30 ms to tell of a server, and what came before a failure is kept."""

Record = dict[str, Any]
"""One object as the API reference of its service shows it (https://docs.openstack.org/api-ref/)."""

Lister = Callable[[Any, bool], Iterator[Any]]

COLLECTIONS: dict[str, tuple[str, Lister]] = {
    "servers": ("compute", lambda cloud, every: cloud.compute.servers(limit=PAGE, all_projects=every or None)),
    "flavors": ("compute", lambda cloud, _: cloud.compute.flavors(limit=PAGE)),
    "server_groups": ("compute", lambda cloud, every: cloud.compute.server_groups(all_projects=every or None)),
    "images": ("image", lambda cloud, _: cloud.image.images(limit=PAGE)),
    "volumes": ("block-storage", lambda cloud, every: cloud.block_storage.volumes(limit=PAGE, all_projects=every)),
    "networks": ("network", lambda cloud, _: cloud.network.networks(limit=PAGE)),
    "ports": ("network", lambda cloud, every: cloud.network.ports(limit=PAGE, **_own(cloud, every))),
    "floating_ips": ("network", lambda cloud, every: cloud.network.ips(limit=PAGE, **_own(cloud, every))),
    "security_groups": (
        "network",
        lambda cloud, every: cloud.network.security_groups(limit=PAGE, **_own(cloud, every)),
    ),
}
"""What is listed: the type of its service, and how. Without servers there is no answer; the rest only adds to them."""


def _own(cloud: Any, every: bool) -> dict[str, Any]:
    """neutron shows an administrator all projects unless told which."""
    return {} if every else {"project_id": cloud.current_project_id}


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one cloud said: records by collection. `findings` tell what it did not say; `calls` counts HTTP requests."""

    cloud: str
    records: dict[str, tuple[Record, ...]] = {}
    findings: tuple[Finding, ...] = ()
    calls: int = 0


def ask(
    clouds: Sequence[str], *, files: Sequence[Path] = (), limit: float = 60.0, every_project: bool = False
) -> list[Answer]:
    """One answer per cloud, in order. `limit` is in seconds for each request, which brings a page of PAGE objects.

    A cloud is a name of clouds.yaml, `NAME/REGION`, or `envvars` for the OS_* variables. clouds.yaml is looked for
    where openstacksdk does, but for the present folder, which may be a project nobody has read; `files` come first.
    Raises SourceError where openstacksdk is not installed.
    """
    if clouds and importlib.util.find_spec("openstack") is None:
        raise SourceError(
            "openstacksdk is not installed, so no cloud can be asked.", hint="pip install 'hybrid-migrate[openstack]'."
        )
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda cloud: _answer(cloud, files, limit, every_project), dict.fromkeys(clouds)))


def _answer(name: str, files: Sequence[Path], limit: float, every: bool) -> Answer:
    try:
        cloud = connect(name, files, limit)
        _ = cloud.current_project_id  # asks for the token: a wrong password is told once, not per collection
    except _problems() as problem:
        return Answer(_label(name), findings=(_unreachable(name, problem),))
    with ThreadPoolExecutor(COLLECTIONS_AT_ONCE) as pool:
        found = dict(
            zip(COLLECTIONS, pool.map(lambda what: listed(cloud, what, every=every), COLLECTIONS), strict=True)
        )
    findings = [_incomplete(name, what, told) for what, told in found.items() if told.problem]
    return Answer(
        cloud=_label(name),
        records={what: told.records for what, told in found.items()},
        findings=tuple(findings),
        calls=len(cloud.session.get_timings()),
    )


def connect(name: str, files: Sequence[Path] = (), limit: float = 60.0) -> Any:
    """A connection of openstacksdk that is not yet used. Raises what `_problems` lists."""
    import openstack
    from openstack.config import loader

    found = [folder for folder in loader.CONFIG_FILES if Path(folder).parent != Path.cwd()]
    secure = [folder for folder in loader.SECURE_FILES if Path(folder).parent != Path.cwd()]
    config = loader.OpenStackConfig(
        config_files=[*map(str, files), *found], secure_files=secure, app_name="hybrid-migrate"
    )
    cloud, _, region = name.partition("/")
    chosen = config.get_one(
        cloud=cloud,
        region_name=region or None,
        timing=True,
        api_timeout=limit,
        status_code_retries=TRIES,
        connect_retries=1,
    )
    return openstack.connection.Connection(config=chosen)


class Listed(msgspec.Struct, frozen=True):
    """A collection, or as much as came; `problem` says why it is not all, `absent` that its service does not exist."""

    records: tuple[Record, ...] = ()
    problem: str = ""
    absent: bool = False


def listed(cloud: Any, what: str, *, every: bool = False) -> Listed:
    """One of COLLECTIONS, all of it or as much as came; what fails is told, not raised."""
    service, lister = COLLECTIONS[what]
    records: list[Record] = []
    try:
        if not cloud.has_service(service):
            return Listed(absent=True, problem=f"it has no {service} service")
        proxy = getattr(cloud, service.replace("-", "_"))
        proxy.retriable_status_codes, proxy.status_code_retries = RETRIED, TRIES
        for resource in lister(cloud, every):
            records.append(resource.to_dict(computed=False, original_names=True))
    except _problems() as problem:
        return Listed(tuple(records), _said(problem))
    return Listed(tuple(records))


def _problems() -> tuple[type[Exception], ...]:
    """What openstacksdk raises when a cloud says no, says nothing or says nonsense."""
    import requests
    from keystoneauth1.exceptions import ClientException
    from openstack.exceptions import SDKException

    return SDKException, ClientException, requests.RequestException, OSError


def _said(problem: Exception) -> str:
    """The first line of an error, which may quote a URL but never a password: openstacksdk keeps those in bodies."""
    return str(problem).strip().partition("\n")[0][:300] or type(problem).__name__


def _label(name: str) -> str:
    return f"openstack:{name}"


REMEDY = (
    "Try `openstack --os-cloud {} server list` on this machine; check clouds.yaml, password, certificate and address."
)


def _unreachable(name: str, problem: Exception) -> Finding:
    message = f"No servers are known from {_label(name)}: {_said(problem)}"
    remedy = REMEDY.format(name.partition("/")[0])
    return Finding("openstack-unreachable", _label(name), message, remedy, Severity.ERROR)


WITHOUT = {
    "servers": "machines are missing from the answer",
    "volumes": "volumes of servers are known by their identity only, without size and type",
    "ports": "addresses are those that nova keeps, without MAC",
    "images": "the system of a server is known only where its metadata says so",
}


def _incomplete(name: str, what: str, told: Listed) -> Finding:
    """What fails costs its collection, never the cloud. A service that the cloud does not have is no failure."""
    severity = Severity.NOTE if told.absent and what != "servers" else Severity.ERROR
    lost = WITHOUT.get(what, f"what depends on {what.replace('_', ' ')} is not known")
    message = f"{_label(name)} did not give all {what.replace('_', ' ')}: {told.problem}; {lost}."
    remedy = "Let this user list them, or raise policy.source_timeout where the time was too short."
    return Finding("openstack-incomplete", f"{_label(name)} {what}", message, remedy, severity)
