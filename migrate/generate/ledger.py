# SPDX-License-Identifier: Apache-2.0
"""TASKS.md: each recorded task, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from migrate.generate import buckets, commands, tasks
from migrate.generate.building import Building
from migrate.generate.draft import Draft
from migrate.generate.names import line
from migrate.generate.steps import Phase
from migrate.generate.tokens import Tokens
from migrate.model.task import RecordedTask

NAME = "TASKS.md"
ESCAPED = re.compile(r"([\\`*_{}\[\]<>|#])")
HEADS = {
    "review": "Left for a person",
    "conditional": "Left for a person: only a real run knows whether they run",
    "unresolved": "Left for a person: an argument is not known",
    "host": "Dropped, because they make no sense in an image",
}


def text(draft: Draft, building: Building, header: str, tokens: Tokens) -> str:
    """Markdown, in which text from the role is only text."""
    parts = [f"# What became of the tasks of {_escaped(draft.name)}\n\n{_escaped(header)}"]
    parts += _section("Run by ansible-core during the build", _played(building))
    doubts = [(step.task, step.doubt) for step in building.steps if step.task and step.doubt]
    parts += _section("To review, though they are in the image", doubts)
    for kind, head in HEADS.items():
        found = [*building.left, *building.dropped]
        parts += _section(head, [(one.task, one.reason) for one in found if one.kind == kind])
    parts += _section("In the pod", _in_the_pod(draft))
    done = [
        (step.task, "") for step in building.steps if step.task and step.phase is not Phase.ANSIBLE and not step.doubt
    ]
    parts += _section("In the image", done)
    return tokens.blank("\n\n".join(parts) + "\n")


def _played(building: Building) -> list[tuple[RecordedTask, str]]:
    return [(task, building.by_ansible.get(id(task), "")) for task in building.played]


def _in_the_pod(draft: Draft) -> list[tuple[RecordedTask, str]]:
    held = draft.contents
    places: Mapping[str, str] = {
        **{file.path: "in the ConfigMap" for file in held.config},
        **{file.path: "in the Secret" for file in held.secret},
        **dict.fromkeys(held.variables, "variables of the container"),
    }
    found = []
    for bucket, task in draft.done.order:
        if bucket in {buckets.FILES, buckets.EDITS} and (place := places.get(tasks.target(task))):
            found.append((task, place))
        elif bucket == buckets.POD:
            found.append((task, "a setting of the pod, or a finding"))
        elif bucket == buckets.PATHS and tasks.is_below(tasks.target(task), draft.volumes):
            found.append((task, "an empty volume"))
    return found


def _section(head: str, found: list[tuple[RecordedTask, str]]) -> list[str]:
    lines = [
        f"- {_escaped(f'{task.place} {_what(task)}')}{f': {_escaped(line(why))}' if why else ''}" for task, why in found
    ]
    once = list(dict.fromkeys(lines))
    return [f"## {head}\n\n" + "\n".join(once)] if once else []


def _what(task: RecordedTask) -> str:
    said = line(commands.text(task), longest=100) if task.module in {"command", "shell", "raw"} else ""
    return f"{task.module}: {said}" if said else tasks.describe(task)


def _escaped(text: str) -> str:
    return ESCAPED.sub(r"\\\1", text)
