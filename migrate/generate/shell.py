# SPDX-License-Identifier: Apache-2.0
"""Commands of a role, as they are written into a build."""

from __future__ import annotations

import json
import re
import shlex

from migrate.generate.commands import text
from migrate.generate.steps import Phase, Scene, Step
from migrate.model.task import RecordedTask


def express(task: RecordedTask, scene: Scene) -> Step | str:
    """A command of the build."""
    line = command(task)
    if not line:
        return "which command it runs is not plain"
    doubt = "it runs a command during the build; check that it needs nothing that runs"
    return Step(Phase.COMMANDS, task, commands=(line,), foreign=True, doubt=doubt)


def command(task: RecordedTask) -> str:
    """One command for /bin/sh, with folder, user, environment and conditions; may have several lines."""
    raw = text(task)
    if task.module == "command":
        try:
            line = shlex.join(shlex.split(raw))
        except ValueError:
            return ""
    else:
        line = f"{_shell(task)} -c {shlex.quote(raw)}" if raw.strip() else ""
    if not line:
        return ""
    if task.environment:
        pairs = " ".join(shlex.quote(f"{name}={value}") for name, value in sorted(task.environment.items()))
        line = f"env {pairs} {line}"
    if folder := str(task.args.get("chdir") or ""):
        line = f"cd {shlex.quote(folder)} && {line}"
    if task.become_user and task.become_user != "root":
        line = f"su -s /bin/sh {shlex.quote(task.become_user)} -c {shlex.quote(line)}"
    return _guarded(f"{line} || true" if task.may_fail else line, task)


def _shell(task: RecordedTask) -> str:
    """Ansible takes /bin/sh unless told; `set -o pipefail` tells that the author had bash in mind."""
    given = str(task.args.get("executable") or "")
    return given if re.fullmatch(r"/[\w./-]+", given) else "/bin/bash" if "pipefail" in text(task) else "/bin/sh"


def _guarded(line: str, task: RecordedTask) -> str:
    """`creates` and `removes`, with the globs that Ansible takes."""
    tests = []
    for option, wanted in (("creates", "! "), ("removes", "")):
        if path := str(task.args.get(option) or ""):
            pattern = re.sub(r"[^\w./*?@%+=:,-]", "?", path)
            tests.append(f"{wanted}ls -d {pattern} >/dev/null 2>&1")
    if not tests:
        return f"({line})" if line.startswith("cd ") else line
    return f"if {' && '.join(tests)}; then {line}; fi"


def exec_form(lines: list[str]) -> str:
    """The role's own text, so that neither Docker nor a linter takes it for ours."""
    return json.dumps(["/bin/sh", "-ec", "\n".join(lines)], ensure_ascii=False)


def is_plain(line: str) -> bool:
    """Whether a command can stand in a RUN as it is."""
    return bool(re.fullmatch(r"[\w./:=@%+, '-]+", line))
