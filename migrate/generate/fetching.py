# SPDX-License-Identifier: Apache-2.0
"""Downloads, archives and checkouts, as commands of a stage that fetches; the image gets only what came of them."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Container
from urllib.parse import urlsplit

import msgspec

from migrate.generate.steps import Impossible, Phase, Scene, Step
from migrate.generate.tasks import is_below, is_truthy
from migrate.model.task import RecordedTask

STAGE = "/fetched"
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
ARCHITECTURE = re.compile(
    r"(?<![a-zA-Z0-9])(amd64|x86[_-]64|arm64|aarch64|armv7l?|i[36]86|ppc64le|s390x)(?![a-zA-Z0-9])"
)
CHECKSUM = re.compile(r"(md5|sha1|sha224|sha256|sha384|sha512):([0-9a-fA-F]+|https?://\S+)")
PASSING = ("/tmp", "/var/tmp", "/usr/src", "/usr/local/src", "/root", "/var/cache")
OF_SOURCES = ("/etc/apt", "/usr/share/keyrings", "/etc/yum.repos.d", "/etc/pki")
CREDENTIALS = ("url_username", "url_password", "headers", "client_cert", "client_key", "key_file", "username")
FOLDERS = frozenset(
    "/tmp /var/tmp /opt /srv /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin /usr/local/src /root".split()
)
NOT_PINNED = "it fetches {what} without {pin}, so that two builds may differ"


def express(task: RecordedTask, scene: Scene) -> Step | str:
    """A step that fetches, or why there is none."""
    if any(task.args.get(name) for name in CREDENTIALS):
        return Impossible("it needs credentials to fetch")
    made = {"get_url": _get_url, "git": _git, "unarchive": _unarchive}[task.module](task, scene)
    match = ARCHITECTURE.search(str(task.args.get("url") or task.args.get("src") or ""))
    if not match or not isinstance(made, Step):
        return made
    told = f"it fetches what runs on {match[0]} alone"
    return msgspec.structs.replace(made, doubt="; ".join(filter(None, (made.doubt, told))))


def target(task: RecordedTask, folders: Container[str] = FOLDERS) -> str:
    """Where the download of a get_url ends; `folders` are there already."""
    dest, url = str(task.args.get("dest") or ""), str(task.args.get("url") or "")
    name = posixpath.basename(urlsplit(url).path)
    inside = dest.endswith("/") or dest in folders
    return posixpath.normpath(f"{dest}/{name}" if inside else dest) if dest.startswith("/") else ""


def _get_url(task: RecordedTask, scene: Scene) -> Step | str:
    url, path = str(task.args.get("url") or ""), target(task, scene.folders)
    if not _is_web(url) or not path:
        return "what it fetches, or where to, is not plain"
    inside = STAGE + path
    commands = [f"mkdir -p {shlex.quote(posixpath.dirname(inside))}", curl(url, inside)]
    checksum = str(task.args.get("checksum") or "")
    check = _check(checksum, path, url) if checksum else []
    if checksum and not check:
        return "its checksum is of a kind that is not known here"
    if re.fullmatch(r"[0-7]{3,4}", str(task.args.get("mode") or "")):
        check.append(f"chmod {task.args['mode']} {shlex.quote(STAGE + path)}")
    kept = (path,) if path not in scene.downloads or not is_below(path, PASSING) else ()
    doubt = "" if checksum and "://" not in checksum else NOT_PINNED.format(what=url, pin="a checksum")
    phase = Phase.SOURCES if is_below(path, OF_SOURCES) else Phase.COPIES
    return Step(phase, task, fetch=(*commands, *check), fetched=kept, doubt=doubt)


def _check(checksum: str, path: str, url: str) -> list[str]:
    """Compare with a checksum that the role gives, or with one that it fetches from a list."""
    match = CHECKSUM.fullmatch(checksum.strip())
    if not match:
        return []
    inside, name = STAGE + path, posixpath.basename(urlsplit(url).path)
    listed = [curl(match[2], "/tmp/sums")] if "://" in match[2] else []
    script = "NF == 1 || index($2, name) == length($2) - length(name) + 1 {print $1; exit}"
    value = f'"$(awk -v name={shlex.quote(name)} {shlex.quote(script)} /tmp/sums)"' if listed else match[2].lower()
    compare = f"printf '%s  %s\\n' {value} {shlex.quote(inside)} > /tmp/sum && {match[1]}sum -c /tmp/sum"
    return [*listed, compare]


def _unarchive(task: RecordedTask, scene: Scene) -> Step | str:
    source, dest = str(task.args.get("src") or ""), posixpath.normpath(str(task.args.get("dest") or ""))
    if not dest.startswith("/"):
        return "where it unpacks to is not plain"
    if any(task.args.get(name) for name in ("include", "exclude")):
        return "it unpacks a part of an archive"
    inside = f"{STAGE}{dest if dest != '/' else ''}"
    commands = [f"mkdir -p {shlex.quote(inside)}"]
    doubt, archive = "", f"{STAGE}{source}"
    if _is_web(source):
        archive = f"/tmp/{posixpath.basename(urlsplit(source).path) or 'archive'}"
        commands.append(curl(source, archive))
        doubt = NOT_PINNED.format(what=source, pin="a checksum")
    elif not is_truthy(task.args.get("remote_src")) or not source.startswith("/"):
        return Impossible("its archive is no text: unpack it into files/ and add a COPY")
    elif source not in scene.downloads:
        # What an earlier command made is in the image itself.
        lines = (f"mkdir -p {shlex.quote(dest)}", _unpack(source, dest, task))
        return Step(Phase.COMMANDS, task, commands=lines)
    commands.append(_unpack(archive, inside, task))
    return Step(Phase.COPIES, task, fetch=tuple(commands), fetched=(f"{dest.rstrip('/')}/",), doubt=doubt)


def _unpack(archive: str, inside: str, task: RecordedTask) -> str:
    options = task.args.get("extra_opts") or []
    more = "".join(f" {shlex.quote(str(option))}" for option in (options if isinstance(options, list) else [options]))
    if archive.lower().endswith((".zip", ".jar", ".war", ".whl")):
        return f"unzip -q -o{more} {shlex.quote(archive)} -d {shlex.quote(inside)}"
    return f"tar --extract --no-same-owner --file {shlex.quote(archive)} --directory {shlex.quote(inside)}{more}"


def _git(task: RecordedTask, scene: Scene) -> Step | str:
    url, dest = str(task.args.get("repo") or ""), str(task.args.get("dest") or "")
    version = str(task.args.get("version") or "HEAD")
    if not _is_web(url) or not dest.startswith("/"):
        return Impossible("it needs a key, or a folder of another machine, to fetch")
    inside = shlex.quote(STAGE + posixpath.normpath(dest))
    git = f"git -C {inside}"
    commands = [f"git clone --quiet {shlex.quote(url)} {inside}", f"{git} checkout --quiet {shlex.quote(version)}"]
    if is_truthy(task.args.get("recursive", True)):
        commands.append(f"{git} submodule --quiet update --init --recursive")
    commands.append(f"rm -rf {inside}/.git")
    doubt = "" if COMMIT.fullmatch(version) else NOT_PINNED.format(what=f"{version} of {url}", pin="a commit")
    return Step(Phase.COPIES, task, fetch=tuple(commands), fetched=(f"{posixpath.normpath(dest)}/",), doubt=doubt)


def curl(url: str, path: str) -> str:
    """The command that fetches one thing and fails when it can't."""
    return f"curl --fail --silent --show-error --location --output {shlex.quote(path)} {shlex.quote(url)}"


def _is_web(url: str) -> bool:
    return bool(re.fullmatch(r"https?://[^\s@]+", url))
