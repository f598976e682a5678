# SPDX-License-Identifier: Apache-2.0
"""Small settings of a system that a build can make: alternatives, locales, the time zone, modules of Apache."""

from __future__ import annotations

import re
import shlex

from migrate.generate.steps import Phase, Scene, Step
from migrate.model.task import RecordedTask

LOCALE = re.compile(r"[A-Za-z]{2,3}(_[A-Z]{2})?(\.[\w-]+)?(@\w+)?")
SET_ANSWER = "debconf-set-selections /tmp/answer && rm /tmp/answer"
ZONE = re.compile(r"[A-Za-z0-9_+/-]+")


def express(task: RecordedTask, scene: Scene) -> Step | str:
    """The commands, or why there are none."""
    return {
        "alternatives": _alternatives,
        "apache2_module": _apache2_module,
        "debconf": _debconf,
        "dpkg_divert": _divert,
        "locale_gen": _locale,
        "timezone": _timezone,
    }[task.module](task, scene)


def _alternatives(task: RecordedTask, scene: Scene) -> Step | str:
    name, path, link = (str(task.args.get(key) or "") for key in ("name", "path", "link"))
    if not name or not path or task.args.get("state") in {"absent", "auto"} or task.args.get("subcommands"):
        return "it does more than choose an alternative"
    tool = "update-alternatives" if scene.family == "apt" else "alternatives"
    quoted = [shlex.quote(one) for one in (link, name, path)]
    priority = str(task.args.get("priority") or 50)
    made = [f"{tool} --install {' '.join(quoted)} {shlex.quote(priority)}"] if link else []
    return Step(Phase.SETTINGS, task, commands=(*made, f"{tool} --set {quoted[1]} {quoted[2]}"))


def _apache2_module(task: RecordedTask, scene: Scene) -> Step | str:
    name = str(task.args.get("name") or "")
    if scene.family != "apt" or not re.fullmatch(r"[\w.-]+", name):
        return "its modules are loaded by files of the distribution"
    if task.args.get("state") == "absent":
        # A module that is not enabled is no mistake.
        return Step(Phase.SETTINGS, task, commands=(f"a2dismod --quiet --force {name} || true",))
    return Step(Phase.SETTINGS, task, commands=(f"a2enmod --quiet {name}",))


def _debconf(task: RecordedTask, scene: Scene) -> Step | str:
    """An answer for the questions of a package, before it is installed."""
    given = [str(task.args.get(key) or "") for key in ("name", "question", "vtype", "value")]
    if not all(given[:3]) or "\n" in "".join(given):
        return "it only reads answers"
    answer = shlex.quote(" ".join(given))
    return Step(Phase.SOURCES, task, commands=(f"printf '%s\\n' {answer} > /tmp/answer", SET_ANSWER))


def _divert(task: RecordedTask, scene: Scene) -> Step | str:
    """The package's file is kept under another name, so that the role's own can take its place."""
    path, other = str(task.args.get("path") or task.args.get("name") or ""), str(task.args.get("divert") or "")
    if not path.startswith("/") or scene.family != "apt":
        return "what it diverts is not plain"
    if task.args.get("state") == "absent":
        return Step(Phase.FOLDERS, task)
    to = f"--divert {shlex.quote(other)} " if other else ""
    return Step(Phase.FOLDERS, task, commands=(f"dpkg-divert --quiet --local --rename {to}--add {shlex.quote(path)}",))


def _locale(task: RecordedTask, scene: Scene) -> Step | str:
    given = task.args.get("name")
    names = [str(name) for name in (given if isinstance(given, list) else [given])]
    if scene.family != "apt" or any(not LOCALE.fullmatch(name) for name in names):
        return "how its distribution makes locales is not known here"
    commands = []
    for name in names if task.args.get("state") != "absent" else ():
        language, _, charset = name.partition(".")
        commands.append(f"localedef -i {language} -f {(charset or 'UTF-8').replace('utf8', 'UTF-8')} {name}")
    return Step(Phase.SETTINGS, task, commands=tuple(commands), packages=("locales",) if commands else ())


def _timezone(task: RecordedTask, scene: Scene) -> Step | str:
    zone = str(task.args.get("name") or "")
    if not zone or not ZONE.fullmatch(zone) or ".." in zone:
        return "it sets the hardware clock"
    commands = (f"ln -sfn /usr/share/zoneinfo/{zone} /etc/localtime", f"echo {zone} > /etc/timezone")
    return Step(Phase.SETTINGS, task, commands=commands, packages=("tzdata",))
