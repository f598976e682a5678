# SPDX-License-Identifier: Apache-2.0
"""Repositories of packages and the keys that they are signed with."""

from __future__ import annotations

import configparser
import io
import posixpath
import re
import shlex
from typing import Any
from urllib.parse import urlsplit

from migrate.generate.fetching import NOT_PINNED, STAGE, curl
from migrate.generate.file import File
from migrate.generate.steps import Phase, Scene, Step
from migrate.generate.tasks import is_truthy
from migrate.model.task import RecordedTask

ARMOUR = "BEGIN PGP"
DEB822 = "types uris suites components architectures languages targets pdiffs by_hash check_valid_until trusted".split()
YUM = (
    "name baseurl metalink mirrorlist enabled gpgcheck repo_gpgcheck gpgkey priority module_hotfixes sslverify exclude "
    "includepkgs cost skip_if_unavailable metadata_expire"
).split()


def express(task: RecordedTask, scene: Scene) -> Step | str:
    """The file of the repository or the key in its place, or why that can't be."""
    if task.args.get("state") == "absent":
        return Step(Phase.SOURCES, task)
    return {
        "apt_key": _apt_key,
        "apt_repository": _apt_repository,
        "deb822_repository": _deb822,
        "rpm_key": _rpm_key,
        "yum_repository": _yum,
    }[task.module](task)


def key(url: str, path: str) -> tuple[str, ...]:
    """Fetch a key for apt, which wants keys in a `.gpg` file without armour."""
    inside, raw = shlex.quote(STAGE + path), "/tmp/key"
    return (
        f"mkdir -p {shlex.quote(posixpath.dirname(STAGE + path))}",
        curl(url, raw),
        f"if grep -q {shlex.quote(ARMOUR)} {raw}; then gpg --batch --yes --dearmor --output {inside} {raw}; "
        f"else cp {raw} {inside}; fi",
        f"chmod 0644 {inside}",
    )


def _apt_key(task: RecordedTask) -> Step | str:
    args = task.args
    url, data = str(args.get("url") or ""), str(args.get("data") or "")
    name = re.sub(r"[^\w.-]+", "-", str(args.get("id") or posixpath.basename(urlsplit(url).path) or "key"))
    given = str(args.get("keyring") or f"/etc/apt/trusted.gpg.d/{posixpath.splitext(name)[0]}.gpg")
    if re.match(r"https?://", url) and given.startswith("/"):
        return Step(Phase.SOURCES, task, fetch=key(url, given), fetched=(given,), doubt=_unpinned(url))
    if ARMOUR in data:
        file = File(f"/etc/apt/trusted.gpg.d/{name}.asc", data, task)
        return Step(Phase.SOURCES, task, files=(file,))
    return "it asks a key server, or uses a key that is on the machine"


def _apt_repository(task: RecordedTask) -> Step | str:
    repo = " ".join(str(task.args.get("repo") or "").split())
    if not re.match(r"deb(-src)? ", repo):
        return "only Ubuntu's own tool knows where that archive is"
    name = str(task.args.get("filename") or "") or _name_of(repo)
    path = f"/etc/apt/sources.list.d/{re.sub(r'[^A-Za-z0-9_.-]', '_', name).removesuffix('.list')}.list"
    return Step(Phase.SOURCES, task, files=(File(path, f"{repo}\n", task),), needs=_certificates(repo))


def _name_of(repo: str) -> str:
    """As Ansible makes it from the line: the address without scheme, in words."""
    plain = re.sub(r"\[[^\]]+\]", "", repo)
    words = [re.sub(r"^\w+://", "", word) for word in plain.split()[1:]]
    return "_".join(words[:1]).strip("/").replace("/", "_").replace(".", "_")


def _deb822(task: RecordedTask) -> Step | str:
    args = {key.replace("-", "_"): value for key, value in task.args.items()}
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", str(args.get("name") or "")).strip("-").lower()
    if not name or not args.get("uris"):
        return "the name or the address of its repository is missing"
    lines = [f"X-Repolib-Name: {args['name']}"]
    lines += [f"{_field(one)}: {_words(args[one])}" for one in DEB822 if args.get(one) not in (None, "", [])]
    if "types" not in args:
        lines.insert(1, "Types: deb")
    signed = str(args.get("signed_by") or "")
    path, doubt = "", ""
    fetch: tuple[str, ...] = ()
    if re.match(r"https?://", signed):
        path = f"/etc/apt/keyrings/{name}.gpg"
        fetch, doubt = key(signed, path), _unpinned(signed)
        lines.append(f"Signed-By: {path}")
    elif signed:
        indented = "\n".join(f" {line or '.'}" for line in signed.splitlines())
        lines.append(f"Signed-By: {signed}" if signed.startswith("/") else f"Signed-By:\n{indented}")
    file = File(f"/etc/apt/sources.list.d/{name}.sources", "\n".join(lines) + "\n", task)
    needs = _certificates(_words(args["uris"]))
    return Step(
        Phase.SOURCES, task, files=(file,), fetch=fetch, fetched=(path,) if path else (), needs=needs, doubt=doubt
    )


def _rpm_key(task: RecordedTask) -> Step | str:
    source = str(task.args.get("key") or "")
    if not re.match(r"https?://|/", source):
        return "it names a key that only the machine knows"
    command = f"rpm --import {shlex.quote(source)}"
    return Step(Phase.SOURCES, task, commands=(command,), doubt=_unpinned(source) if "://" in source else "")


def _yum(task: RecordedTask) -> Step | str:
    args = dict(task.args)
    name = str(args.get("name") or "")
    if not re.fullmatch(r"[\w.:-]+", name):
        return "the name of its repository is not plain"
    parser = configparser.RawConfigParser()
    parser.add_section(name)
    values = {**args, "name": args.get("description") or name}
    for option in YUM:
        if values.get(option) not in (None, "", []):
            parser.set(name, option, _yum_value(values[option]))
    text = io.StringIO()
    parser.write(text, space_around_delimiters=False)
    path = f"/etc/yum.repos.d/{args.get('file') or name}.repo"
    return Step(Phase.SOURCES, task, files=(File(path, text.getvalue().rstrip() + "\n", task),))


def _yum_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(int(is_truthy(value))) if str(value).lower() in {"yes", "no", "true", "false"} else str(value)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _field(name: str) -> str:
    """`by_hash` → `By-Hash`."""
    return "-".join(part.capitalize() for part in name.split("_")).replace("Uris", "URIs")


def _certificates(text: str) -> tuple[str, ...]:
    return ("ca-certificates",) if "https://" in text else ()


def _unpinned(url: str) -> str:
    return NOT_PINNED.format(what=url, pin="a checksum")
