# SPDX-License-Identifier: Apache-2.0
"""The text of a Dockerfile, from the segments of a build."""

from __future__ import annotations

import json
import posixpath
import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from migrate.generate import fetching, mirrors, names, notes, packages, playbook, shell
from migrate.generate.bases import Base
from migrate.generate.file import File
from migrate.generate.steps import Phase, Step
from migrate.model.config import Mirrors

REASONS = {
    "DL3008": "The role pins no versions",
    "DL3041": "The role pins no versions",
    "DL3018": "The role pins no versions",
    "DL3013": "The role pins no versions of Python packages",
    "DL3016": "The role pins no versions of npm packages",
    "DL3028": "The role pins no versions of gems",
}
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TOOLS = (("git ", "git"), ("gpg ", "gnupg"), ("unzip ", "unzip"), ("tar ", "xz-utils"))
TITLES = {
    Phase.PACKAGES: "Packages",
    Phase.ACCOUNTS: "Accounts",
    Phase.FOLDERS: "Folders and links",
    Phase.INSTALLS: "Language packages",
    Phase.SETTINGS: "Settings",
    Phase.COMMANDS: "Commands",
}


class Body(msgspec.Struct, frozen=True):
    """What is common to all instructions: base, mirrors, and the packages that stay in the image."""

    base: Base
    mirrors: Mirrors
    kept: frozenset[str] = frozenset()


def stage(steps: Iterable[Step], body: Body) -> str:
    """The stage that fetches; "" where nothing is fetched."""
    steps = list(steps)
    commands = list(dict.fromkeys(command for step in steps for command in step.fetch))
    needs_bundle = any("ca-certificates" in step.needs for step in steps)
    if not commands and not needs_bundle:
        return ""
    said = "\n".join(commands)
    tools = {"ca-certificates", *(package for word, package in TOOLS if word in said)}
    if "curl " in said and body.base.family != "dnf":
        tools.add("curl")
    if body.base.family == "dnf":
        tools = {{"gnupg": "gnupg2", "xz-utils": "xz"}.get(tool, tool) for tool in tools}
    install = packages.system_install(tools, body.base.family)
    parts = [f"# Fetches; only what it fetched goes into the image.\nFROM {body.base.image} AS fetch", _args(body)]
    ignored = "".join(f"# hadolint ignore={rule}\n" for rule in install.ignored)
    parts.append(f"{ignored}RUN {_prepared(install.command, body)}")
    comments = [f"# {names.line(step.doubt, longest=300)}" for step in steps if step.fetch and step.doubt]
    if commands:
        parts.append("\n".join([*dict.fromkeys(comments), "RUN " + " && \\\n    ".join(commands)]))
    return "\n".join(part for part in parts if part) + "\n"


def instructions(segment: Sequence[Step], body: Body) -> list[str]:
    """The instructions of one segment."""
    early = [step for step in segment if step.phase in {Phase.SOURCES, Phase.PACKAGES}]
    late = [step for step in segment if step.phase not in {Phase.SOURCES, Phase.PACKAGES}]
    before, after = _system(segment, body), _run(late, (Phase.INSTALLS, Phase.MODES, Phase.SETTINGS))
    copies = _copies(late)
    if not copies and before and after:
        before, after = _joined(before, after), ()
    parts = [*_copies(early), _text(before), *copies, _text(after)]
    parts += _commands([step for step in segment if step.phase is Phase.COMMANDS])
    return [part for part in (*parts, *_ansible(segment, body)) if part]


Layer = tuple[tuple[str, ...], frozenset[str], tuple[str, ...]]  # commands, rules not obeyed, comments


def _system(segment: Sequence[Step], body: Body) -> Layer | tuple[()]:
    """Packages of all steps in one go, then accounts and folders."""
    wanted = {package for step in segment for package in (*step.packages, *step.needs)}
    rest = _run(segment, (Phase.ACCOUNTS, Phase.FOLDERS))
    first = _run(segment, (Phase.SOURCES,))
    if not wanted:
        return _joined(first, rest)
    install = packages.system_install(wanted, body.base.family)
    removed = "".join(f" && \\\n    rm -f {name}" for name in sorted(wanted) if name.startswith("/tmp/"))
    comments = _comments([step for step in segment if step.packages], TITLES[Phase.PACKAGES])
    layer = ((_prepared(install.command, body) + removed,), frozenset(install.ignored), comments)
    return _joined(_joined(first, layer), rest)


def _run(steps: Iterable[Step], phases: Iterable[Phase]) -> Layer | tuple[()]:
    """Commands of some phases, each once, with comments that say where they come from."""
    commands: list[str] = []
    comments: list[str] = []
    ignored: set[str] = set()
    steps = list(steps)
    for phase in phases:
        chosen = [step for step in steps if step.phase is phase and step.commands]
        commands += [command for step in chosen for command in step.commands]
        ignored |= {rule for step in chosen for rule in step.ignored}
        comments += _comments(chosen, TITLES.get(phase, ""))
    once = _tidy(commands)
    return (tuple(once), frozenset(ignored), tuple(comments)) if once else ()


def _tidy(commands: Iterable[str]) -> list[str]:
    """Each once; no `mkdir -p` of what is made with owner and mode."""
    once = list(dict.fromkeys(commands))
    made = {command.split()[-1] for command in once if command.startswith("install -d ")}
    return [command for command in once if command.removeprefix("mkdir -p ") not in made]


def _comments(steps: Iterable[Step], title: str) -> tuple[str, ...]:
    places = notes.listed(sorted({str(step.task.place) for step in steps if step.task}))
    return (f"{title}: {places}",) if places and title else ()


def _joined(one: Layer | tuple[()], two: Layer | tuple[()]) -> Layer | tuple[()]:
    if not one or not two:
        return one or two
    return (one[0] + two[0], one[1] | two[1], one[2] + two[2])


def _text(layer: Layer | tuple[()]) -> str:
    if not layer:
        return ""
    commands, ignored, comments = layer
    lines = [*comments, *(f"{reason}." for reason in sorted({REASONS[rule] for rule in ignored}))]
    lines = [f"# {names.line(comment, longest=400)}" for comment in lines]
    if ignored:
        lines.append(f"# hadolint ignore={','.join(sorted(ignored))}")
    return "\n".join([*lines, "RUN " + " && \\\n    ".join(commands)])


def _copies(steps: Iterable[Step]) -> list[str]:
    """One COPY for each folder; JSON form where a name has spaces. A `$` can't occur, see tasks.UNUSUAL."""
    steps = list(steps)
    lines = [_copy([f"{fetching.STAGE}{path}", path], "--from=fetch ") for path in _fetched(steps)]
    if any("ca-certificates" in step.needs for step in steps):
        lines.insert(0, f"COPY --from=fetch {BUNDLE} {BUNDLE}")
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for file in _files(steps):
        folders[posixpath.dirname(file.path)].append(f"files{file.path}")
    lines += [_copy([*folders[folder], f"{folder.rstrip('/')}/"]) for folder in sorted(folders)]
    return ["\n".join(lines)] if lines else []


def _files(steps: Iterable[Step]) -> list[File]:
    return sorted((file for step in steps for file in step.files), key=lambda file: file.path)


def _fetched(steps: Iterable[Step]) -> list[str]:
    return list(dict.fromkeys(path for step in steps for path in step.fetched))


def _copy(words: list[str], flags: str = "") -> str:
    return f"COPY {flags}" + (json.dumps(words) if any(" " in word for word in words) else " ".join(words))


def _commands(steps: Sequence[Step]) -> list[str]:
    """The role's commands in their order, in one RUN; in exec form where a linter would take them for ours."""
    lines = [command for step in steps for command in step.commands]
    if not lines:
        return []
    comments = [f"# {names.line(comment, longest=400)}" for comment in _comments(steps, "Commands")]
    if all(shell.is_plain(line) for line in lines):
        return ["\n".join([*comments, "RUN " + " && \\\n    ".join(lines)])]
    return ["\n".join([*comments, f"RUN {shell.exec_form(lines)}"])]


def _ansible(segment: Sequence[Step], body: Body) -> list[str]:
    played = [step.task for step in segment if step.phase is Phase.ANSIBLE and step.task]
    if not played:
        return []
    command = _prepared(playbook.command(played, body.base.family, body.kept), body)
    rule = {"apt": "DL3008", "dnf": "DL3041", "apk": "DL3018"}[body.base.family]
    comment = "# No instruction does the same (TASKS.md says why): ansible-core runs these tasks and is removed again."
    run = f"{comment}\n# hadolint ignore={rule}\nRUN {command}"
    return [f"COPY {playbook.PATH} {playbook.INSIDE}/\n{run}"]


def _args(body: Body) -> str:
    return "\n".join(f"ARG {name}={shlex.quote(value)}" for name, value in mirrors.arguments(body.mirrors))


def _prepared(command: str, body: Body) -> str:
    """A command that installs, after the addresses of the mirror have been put in place."""
    before = mirrors.preparation(body.mirrors, body.base.family)
    return f"{before} && \\\n    {command}" if before else command


def arguments(body: Body) -> str:
    """ARG lines of the stage that becomes the image: builds see them, containers don't."""
    return _args(body)
