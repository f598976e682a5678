# SPDX-License-Identifier: Apache-2.0
"""Facts that Ansible itself gathered: a `jsonfile` cache, or what `ansible -m setup --tree` left.

A cache that lies in the project is as untrusted as the rest: links that leave it are not followed. Of the environment
that facts tell of, only what says nothing secret is kept.
"""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import UsageError
from migrate.model.finding import Finding, Severity
from migrate.model.machine import Machine
from migrate.model.workload import Facts
from migrate.record.facts import facts_for

SECRET = frozenset(("EncryptedString", "SourceWasEncrypted", "VaultedValue"))
"""Types and tags of ansible-core."""
LARGEST = 16 << 20
OPEN = frozenset("HOME LANG LANGUAGE LC_ALL LOGNAME PATH PWD SHELL TERM USER".split())
"""Variables of an environment that are no secret."""


class FactCache(msgspec.Struct, frozen=True):
    """One folder of cached facts; `name` is how people know it, `prefix` is `fact_caching_prefix`."""

    folder: Path
    name: str
    prefix: str = ""


class Broken(Exception):
    """A file is there, but holds no facts; says why."""


def fact_cache(given: str, base: Path, project: Path) -> FactCache | None:
    """The folder that a person named, or else that of the project's ansible.cfg, if it lies inside the project.

    Raises UsageError for one that is not there.
    """
    if not given:
        return own_cache(project)
    folder = next((path for path in (base / given, project / given) if path.is_dir()), None)
    if folder is None:
        raise UsageError(f"the fact cache {given} is not a folder", hint="Give the folder of Ansible's jsonfile cache.")
    return FactCache(folder, folder.name)


def own_cache(project: Path) -> FactCache | None:
    """`fact_caching = jsonfile` of a project: plain data, so it is honoured; what leads outside is not looked at."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    root, path = project.resolve(), project / "ansible.cfg"
    try:
        if path.resolve().parent != root or not path.is_file() or path.stat().st_size > LARGEST:
            return None
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeError, OSError):
        return None
    plugin = (parser.get("defaults", "fact_caching", fallback="") or "").rsplit(".", 1)[-1]
    where = (parser.get("defaults", "fact_caching_connection", fallback="") or "").strip().removeprefix("file://")
    if plugin != "jsonfile" or not where or "\0" in where or where.startswith(("~", "$")):
        return None
    folder = (root / where).resolve()
    if not folder.is_relative_to(root) or not folder.is_dir():
        return None
    prefix = (parser.get("defaults", "fact_caching_prefix", fallback="") or "").strip()
    return FactCache(folder, folder.relative_to(root).as_posix(), prefix)


def known_facts(
    cache: FactCache | None, machine: Machine, guess: str, twins: Iterable[str]
) -> tuple[Facts, list[Finding]]:
    """What the cache has of a machine, over the profile of its system; else of one of its `twins` in Ansible's eyes,
    under its own name; else the profile alone. Broken files are findings.
    """
    findings: list[Finding] = []
    for name in dict.fromkeys((machine.name, *machine.aliases, *twins)) if cache else ():
        assert cache is not None
        try:
            found = from_cache(cache, name)
        except Broken as error:
            findings.append(broken(cache, name, error))
            continue
        if found is not None:
            return completed(found, machine, guess, own=name in (machine.name, *machine.aliases)), findings
    return facts_for(machine, guess=guess), findings


def completed(found: Facts, machine: Machine, guess: str, *, own: bool) -> Facts:
    """Gathered facts over those of the profile that fits them: a cache may hold a subset only."""
    plain = facts_for(
        machine if machine.os else msgspec.structs.replace(machine, os=system_of(found.values)), guess=guess
    )
    if own:
        return Facts(found.source, plain.values | found.values)
    kept = {key: value for key, value in found.values.items() if key not in IDENTITY and not CARD.match(key)}
    return Facts(f"{found.source}, of a machine like it", plain.values | kept)


CARD = re.compile(r"ansible_(?:eth|en|em|bond|br|wlan|docker|veth|team|vlan|tun|ib|lo)\w*$")
IDENTITY = frozenset(
    "ansible_all_ipv4_addresses ansible_all_ipv6_addresses ansible_default_ipv4 ansible_default_ipv6 ansible_domain "
    "ansible_fqdn ansible_hostname ansible_interfaces ansible_machine_id ansible_nodename ansible_product_serial "
    "ansible_product_uuid ansible_board_serial ansible_chassis_serial ansible_hostnqn ansible_iscsi_iqn ansible_dns "
    "ansible_devices ansible_device_links ansible_mounts ansible_env".split()
)
"""Facts that are another machine's own."""


def system_of(facts: dict[str, Any]) -> str:
    """The libosinfo id that facts tell of, such as `debian12`."""
    name = str(facts.get("ansible_distribution", "")).lower().replace(" ", "")
    version = str(
        facts.get("ansible_distribution_version" if name == "ubuntu" else "ansible_distribution_major_version", "")
    )
    return f"{name}{version}" if name and version else ""


def from_cache(cache: FactCache, host: str) -> Facts | None:
    """What the cache knows of a host; None where it has no file of it. Raises Broken.

    From ansible-core 2.19 on, names begin with a schema's number: `s1_web1`.
    """
    if not host or "/" in host or "\0" in host or host in (".", ".."):
        return None
    for name in (f"{cache.prefix}s1_{host}", f"s1_{cache.prefix}{host}", f"{cache.prefix}{host}"):
        file = cache.folder / name
        if not file.is_file():
            continue
        if file.resolve().parent != cache.folder.resolve():
            raise Broken("it is a link that leads elsewhere")
        values = read(file)
        clock = values.get("ansible_date_time")
        day = f" (gathered {clock['date']})" if isinstance(clock, dict) and "date" in clock else ""
        return Facts(f"fact cache {cache.name}/{name}{day}", values)
    return None


def whole(cache: FactCache, host: str) -> Facts | None:
    """The same, and None for a broken file, which whoever records it tells of."""
    try:
        return from_cache(cache, host)
    except Broken:
        return None


def broken(cache: FactCache, host: str, error: Broken) -> Finding:
    return Finding(
        check="broken-facts", subject=host,
        message=f"the cached facts of {host} in {cache.name} can't be read: {error}",
        remedy="Gather them anew with `ansible HOST -m setup`, or delete the file; other facts were used.",
        severity=Severity.WARNING,
    )  # fmt: skip


def read(file: Path) -> dict[str, Any]:
    """The facts in a file, without the wrappings of ansible-core. Raises Broken."""
    try:
        if file.stat().st_size > LARGEST:
            raise Broken(f"larger than {LARGEST >> 20} MiB")
        found = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("__payload__"), str):
            found = json.loads(found["__payload__"])
        found = _bare(found)
    except OSError as error:
        raise Broken(str(error.strerror)) from error
    except (ValueError, RecursionError) as error:
        raise Broken("it is no JSON") from error
    if isinstance(found, dict) and isinstance(found.get("ansible_facts"), dict):
        found = found["ansible_facts"]
    if not isinstance(found, dict) or not found:
        raise Broken("it holds no facts")
    if isinstance(found.get("ansible_env"), dict):
        found["ansible_env"] = {key: value for key, value in found["ansible_env"].items() if key in OPEN}
    return found


def _bare(value: Any) -> Any:
    """Plain JSON: of a tagged value only the value, nothing of what was encrypted."""
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "__ansible_unsafe" in value:
        return value["__ansible_unsafe"]
    if _is_secret(value):
        return ""
    key = next((key for key in ("value", "iso8601") if key in value and "__ansible_type" in value), "")
    return _bare(value[key]) if key else {name: _bare(item) for name, item in value.items()}


def _is_secret(value: dict[str, Any]) -> bool:
    """A vault-encrypted text, or a value that was one."""
    if "__ansible_type" not in value:
        return "__ansible_vault" in value
    tags = [tag for tag in value.get("tags", ()) if isinstance(tag, dict)]
    return any(part.get("__ansible_type") in SECRET for part in (value, *tags))
