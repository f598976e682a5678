# SPDX-License-Identifier: GPL-3.0-or-later
"""One finalised task as a RecordedTask: secrets out, paths relative, roles named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleError
from ansible.playbook.handler import Handler
from ansible.playbook.task import Task
from msgspec.structs import replace

from migrate.engine.gaps import MISSING_FILTER, Gaps, first_cause, origin_of
from migrate.engine.inventory import plain
from migrate.engine.marking import peers_of
from migrate.engine.notebook import Notebook
from migrate.engine.quickening import StableEngine
from migrate.engine.rendering import rendered
from migrate.engine.witness import WITNESS
from migrate.model.place import Place
from migrate.model.task import RecordedTask, RenderedFile


@dataclass(frozen=True)
class Raw:
    """Arguments as written, and whether templating them asked what a token is."""

    args: dict[str, Any]
    asked: bool = False


def record(
    book: Notebook, host: str, task: Task, engine: StableEngine, variables: dict[str, Any], may_run: str, problem: str,
    raw: Raw,
) -> None:  # fmt: skip
    """Note a task. `may_run` tells why it may not run, `problem` why an argument is still a template, `raw` are its
    arguments as written.
    """
    place = where(book.gaps, task)
    derived = derived_args(book, raw, engine) if raw.asked else {}
    try:
        with WITNESS.listening() as asked:
            files = rendered(str(task.action).rsplit(".", 1)[-1], task, plain(dict(task.args)), engine, variables)
        if asked:
            derived["file"] = names_of(book, asked)
    except (AnsibleError, OSError) as error:
        files, problem = [], problem or f"file: {first_cause(error)}"
        book.gaps.add(
            "missing-file", str(task.args.get("src") or task.get_name()), tidy(book, problem, place), place=place
        )
    if problem and (missing := MISSING_FILTER.search(problem)):
        book.gaps.add("unknown-filter", str(task.get_name()), missing[0], place=place)
    machine = str(task.delegate_to or host)
    peers = peers_of(book.peers, machine, task, raw.args, engine, variables, files) if book.peers else []
    every: list[RenderedFile | None] = [*files] or [None]
    for index, file in enumerate(every):  # a copied folder is as many tasks as it has files
        clean = file and scrubbed(book, task, file, place)
        note = replace(noted(book, task, machine, clean, may_run, problem, place), derived=derived)
        book.note(replace(note, peers=peers[index]) if peers else note)


def derived_args(book: Notebook, raw: Raw, engine: StableEngine) -> dict[str, tuple[str, ...]]:
    """Which arguments, templated one by one, ask what a token is, and the names of those tokens."""
    found = {}
    for key, value in raw.args.items():
        own = StableEngine(engine._loader, engine._variables, engine.marker_behavior)
        own.lazied = engine.lazied
        with WITNESS.listening() as asked, contextlib.suppress(AnsibleError):
            own.template(value)
        if asked:
            found[str(key)] = names_of(book, asked)
    return found


def names_of(book: Notebook, tokens: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({book.taint.name_of(token) for token in tokens}))


def noted(
    book: Notebook, task: Task, machine: str, file: RenderedFile | None, may_run: str, problem: str, place: Place
) -> RecordedTask:
    return RecordedTask(
        machine=machine,
        action=str(task.resolved_action or task.action) if "{{" not in str(task.action) else str(task.action),
        args=book.taint.scrub_args(args_of(task, file is not None), str(place), all_strings=bool(task.no_log)),
        name=book.taint.scrub(str(task.name or ""), str(place)),
        place=place,
        roles=roles_of(task),
        play=book.play[0],
        hosts=book.play[1],
        handler=isinstance(task, Handler),
        notify=tuple(str(name) for name in task.notify or ()),
        conditional=tidy(book, may_run, place),
        unresolved=tidy(book, problem, place),
        delegate_to=str(task.delegate_to or ""),
        become_user=str(task.become_user or "") if task.become else "",
        environment=environment_of(book, task, place),
        file=file,
        kind=book.class_of(machine),
        asks=list(task.changed_when or ()) == [False],
        may_fail=bool(task.ignore_errors or task.failed_when),
    )


def tidy(book: Notebook, text: str, place: Place) -> str:
    return book.taint.scrub(book.gaps.relative(text), str(place)) if text else ""


def scrubbed(book: Notebook, task: Task, file: RenderedFile, place: Place) -> RenderedFile:
    """The file without literal secrets, its source relative to the project."""
    source = book.gaps.relative(file.source)
    if file.text is not None and task.no_log and not file.source:
        text: str | None = book.taint.scrub_args({"content": file.text}, str(place), all_strings=True)["content"]
    else:
        text = file.text if file.text is None else book.taint.scrub(file.text, source or place.path)
    return RenderedFile(dest=file.dest, text=text, source=source, mode=file.mode, owner=file.owner, group=file.group)


def args_of(task: Task, has_file: bool) -> dict[str, Any]:
    args = plain(dict(task.args))
    if has_file:
        args.pop("content", None)
    return {key: value for key, value in args.items() if value is not None}


def environment_of(book: Notebook, task: Task, place: Place) -> dict[str, str]:
    holder = task.environment
    items = [holder] if isinstance(holder, dict) else holder or []
    flat = {str(k): str(v) for item in items if isinstance(item, dict) for k, v in item.items()}
    scrubbed: dict[str, str] = book.taint.scrub_args(flat, str(place))
    return scrubbed


def where(gaps: Gaps, task: Task) -> Place:
    """File and line of a task."""
    origin = origin_of(task.get_ds())
    if origin is not None and getattr(origin, "path", None):
        return gaps.place(origin.path, origin.line_num or 0)
    path, _, line = (task.get_path() or "").rpartition(":")
    return gaps.place(path, int(line)) if path and line.isdigit() else Place(path="")


def roles_of(task: Task) -> tuple[str, ...]:
    """Names of the roles around a task, outermost first; dependencies stand inside the role that asked for them."""
    role = task._role
    if role is None:
        return ()
    chain = [role.get_name()]
    while role._parents and len(chain) < 50:
        role = role._parents[0]
        chain.append(role.get_name())
    return tuple(reversed(chain))
