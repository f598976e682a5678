# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile and the files that it copies."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from migrate.generate import accounts, bases, names, notes, packages, paths, tasks
from migrate.generate.contents import File
from migrate.generate.draft import Draft, header
from migrate.generate.estate import Estate, ports
from migrate.generate.packages import Install
from migrate.generate.tasks import Left
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding
from migrate.model.task import RecordedTask

REASONS = {
    "DL3008": "The role pins no versions",
    "DL3041": "The role pins no versions",
    "DL3013": "The role pins no versions of Python packages",
    "DL3016": "The role pins no versions of npm packages",
}


class Image(msgspec.Struct, frozen=True):
    """The build context; `tag` changes whenever the image would."""

    artifacts: tuple[Artifact, ...]
    tag: str
    findings: tuple[Finding, ...]


class Layer(msgspec.Struct, frozen=True):
    """Shell commands of one RUN, hadolint rules that they can't obey, and comments that say where they come from."""

    commands: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    comments: tuple[str, ...] = ()

    def __add__(self, other: Layer) -> Layer:
        return Layer(self.commands + other.commands, self.ignored | other.ignored, self.comments + other.comments)


def build(draft: Draft, estate: Estate) -> Image:
    """Dockerfile and `files/…`; what could not be expressed is a comment in the one and a finding beside it."""
    base, folder = bases.of(draft.workload, estate), estate.folder(draft.workload)
    system, language, left = _layers(draft, base)
    files = [_artifact(file, folder) for file in draft.contents.image]
    review = estate.tokens.blank(_review(left))
    text = _dockerfile(draft, base, system, language, review)
    dockerfile = Artifact(f"{folder}/Dockerfile", text, _provenance(draft, base))
    findings = notes.left_out(draft.workload, left)
    if base.problem:
        remedy = "Set target.base_image in migrate.yaml."
        findings.append(notes.finding(draft.workload, "base-image", f"{draft.workload.name}: {base.problem}", remedy))
    return Image((dockerfile, *files), _tag([dockerfile, *files]), tuple(findings))


def _layers(draft: Draft, base: bases.Base) -> tuple[Layer, Layer, list[Left]]:
    """What runs before files are copied, what runs after, and what is left."""
    done, volumes = draft.done, draft.volumes
    wanted, left = packages.wanted(done.of(tasks.PACKAGES))
    on_disk = {file.path for file in draft.contents.image}
    installs, unusable = packages.language_installs(done.of(tasks.INSTALLS), on_disk)
    used = [install.task for install in installs if install.task]
    wanted = {**packages.helpers(used, base.family), **wanted}
    people = accounts.created(done.of(tasks.ACCOUNTS), draft.account)
    shell = accounts.shell_lines(people, {*wanted, draft.workload.software})
    folders = paths.shell_lines(done.of(tasks.PATHS), draft.account, draft.user, volumes)
    system = [packages.system_install(wanted, base.family)] if wanted else []
    comments = _places("Packages", wanted.values()) + _places("Accounts", done.of(tasks.ACCOUNTS) if shell else ())
    comments += _places("Folders and links", done.of(tasks.PATHS) if folders else ())
    before = _layer(system, comments) + Layer((*shell, *folders))
    after = _layer(installs, _places("Language packages", used)) + Layer(tuple(_modes(draft)))
    order = {id(task): number for number, task in enumerate(draft.workload.tasks)}
    return before, after, sorted([*done.left, *left, *unusable], key=lambda one: order[id(one.task)])


def _layer(installs: Iterable[Install], comments: list[str]) -> Layer:
    installs = list(installs)
    ignored = frozenset(rule for install in installs for rule in install.ignored)
    return Layer(tuple(install.command for install in installs), ignored, tuple(comments))


def _places(what: str, of: Iterable[RecordedTask]) -> list[str]:
    places = notes.listed(sorted({str(task.place) for task in of}))
    return [f"{what}: {places}"] if places else []


def _modes(draft: Draft) -> list[str]:
    """chmod where the role asks for something else than what a build context keeps; the group may always read."""
    commands = []
    for file in draft.contents.image:
        path, wanted = shlex.quote(file.path), file.mode or "0644"
        if not wanted.isdecimal():
            commands.append(f"chmod {wanted} {path}")
        elif not int(wanted, 8) & 0o004:
            commands.append(f"chgrp {draft.account.gid} {path}")
            commands.append(f"chmod {int(wanted, 8) | 0o040:04o} {path}")
        elif int(wanted, 8) not in {0o644, 0o755}:
            commands.append(f"chmod {int(wanted, 8):04o} {path}")
    return commands


def _dockerfile(draft: Draft, base: bases.Base, system: Layer, language: Layer, review: str) -> str:
    copies = _copies(draft.contents.image)
    if not copies:
        system, language = system + language, Layer()
    unit = draft.processes[0].unit if draft.processes else None
    directory = unit.directory if unit and re.fullmatch(r"/[\w.@%+=~/-]*", unit.directory) else ""
    words = draft.processes[0].command.words if draft.processes else ()
    exposed = [f"{port.number}/{names.protocol(port).lower()}" for port in ports(draft.workload)]
    parts = [
        f"# {header(draft.workload)}\nFROM {base.image}",
        _run(system),
        "\n".join(copies),
        _run(language),
        f"WORKDIR {directory}" if directory else "",
        f"EXPOSE {' '.join(exposed)}" if exposed else "",
        f"# {names.line(draft.account.source)}\nUSER {draft.account.uid}:{draft.account.gid}",
        review,
        f"CMD {json.dumps(list(words), ensure_ascii=False)}" if words else "# CMD: not known, see the findings.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _run(layer: Layer) -> str:
    if not layer.commands:
        return ""
    reasons = sorted({REASONS[rule] for rule in layer.ignored})
    comments = [*layer.comments, *(f"{reason}." for reason in reasons)]
    lines = [f"# {names.line(comment, longest=400)}" for comment in comments]
    if layer.ignored:
        lines.append(f"# hadolint ignore={','.join(sorted(layer.ignored))}")
    return "\n".join([*lines, "RUN " + " && \\\n    ".join(layer.commands)])


def _copies(files: Iterable[File]) -> list[str]:
    """One COPY for each folder; JSON form where a name has spaces. A `$` can't occur, see tasks.UNUSUAL."""
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for file in files:
        folders[posixpath.dirname(file.path)].append(f"files{file.path}")
    lines = []
    for folder in sorted(folders):
        words = [*folders[folder], f"{folder.rstrip('/')}/"]
        lines.append("COPY " + (json.dumps(words) if any(" " in word for word in words) else " ".join(words)))
    return lines


def _review(left: list[Left]) -> str:
    if not left:
        return ""
    lines = [f"#   {one.task.place} {tasks.describe(one.task)} ({names.line(one.reason)})" for one in left]
    return "\n".join(["# Left for review; not in this image:", *lines])


def _artifact(file: File, folder: str) -> Artifact:
    name = tasks.source(file.task.file) if file.task.file else ""
    source = f"{file.task.place}" + (f", {name}" if name else "")
    return Artifact(f"{folder}/files{file.path}", file.text, {"text": source}, executable=file.is_executable)


def _provenance(draft: Draft, base: bases.Base) -> dict[str, str]:
    found = {"FROM": base.source, "USER": draft.account.source}
    if draft.processes and draft.processes[0].command.source:
        command = draft.processes[0].command
        found["CMD"] = "; ".join((command.source, *command.notes))
    for name, task in packages.wanted(draft.done.of(tasks.PACKAGES))[0].items():
        found[f"RUN {name}"] = str(task.place)
    for file in draft.contents.image:
        found[f"COPY {file.path}"] = str(file.task.place)
    return found


def _tag(artifacts: Iterable[Artifact]) -> str:
    """A tag that is never moved: it names exactly this build context."""
    context = [(artifact.path.partition("/")[2], artifact.text, artifact.executable) for artifact in artifacts]
    return f"build-{hashlib.sha256(msgspec.json.encode(context)).hexdigest()[:12]}"
