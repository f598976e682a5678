# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of files that a task puts on a machine: templates rendered, copies read."""

from __future__ import annotations

import os
from typing import Any

from ansible._internal._templating._engine import TemplateEngine, TemplateOptions
from ansible._internal._templating._jinja_bits import TemplateOverrides
from ansible.errors import AnsibleError
from ansible.playbook.task import Task
from ansible.template import trust_as_template

from migrate.engine.quickening import StableEngine, lazied
from migrate.engine.reader import LARGEST_FILE
from migrate.engine.taint import TOKEN
from migrate.model.task import RenderedFile

OVERRIDES = (
    "block_start_string block_end_string variable_start_string variable_end_string comment_start_string "
    "comment_end_string "
    "trim_blocks lstrip_blocks newline_sequence"
).split()
MOST_FILES = 2000
FILE_MODULES = {"template": "templates", "win_template": "templates", "copy": "files", "win_copy": "files"}


def rendered(
    module: str, task: Task, args: dict[str, Any], engine: TemplateEngine, variables: dict[str, Any]
) -> list[RenderedFile]:
    """The files that `template` or `copy` would leave; none for other modules and for remote sources.

    Raises AnsibleError when the source is missing or can't be rendered.
    """
    dest = args.get("dest")
    if module not in FILE_MODULES or not isinstance(dest, str) or truthy(args.get("remote_src")):
        return []
    owned = {key: str(args[key]) for key in ("mode", "owner", "group") if args.get(key) is not None}
    if module.endswith("copy") and args.get("content") is not None:
        content = args["content"]
        return [RenderedFile(dest=dest, text=content if isinstance(content, str) else as_json(content), **owned)]
    source = args.get("src")
    if not isinstance(source, str):
        return []
    if TOKEN.search(source):  # which file it is, only a real run knows
        return [RenderedFile(dest=dest, **owned)]
    path = engine._loader.path_dwim_relative_stack(task.get_search_path(), FILE_MODULES[module], source)
    if os.path.isdir(path):
        return [
            RenderedFile(dest=target, text=read(found), source=found, **owned)
            for found, target in below(path, source, dest)
        ]
    target = dest + os.path.basename(source).removesuffix(".j2") if dest.endswith("/") else dest
    text = render(path, args, engine, variables) if "template" in module else read(path)
    return [RenderedFile(dest=target, text=text, source=path, **owned)]


def below(path: str, source: str, dest: str) -> list[tuple[str, str]]:
    """(file, where it goes) for a copied folder; as with rsync, a slash at the end of `src` leaves its own name out."""
    top = dest if source.endswith("/") else os.path.join(dest, os.path.basename(path))
    found = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        found += [os.path.join(folder, name) for name in sorted(names)]
    return [(file, os.path.normpath(os.path.join(top, os.path.relpath(file, path)))) for file in found[:MOST_FILES]]


def render(path: str, args: dict[str, Any], engine: TemplateEngine, variables: dict[str, Any]) -> str:
    """One Jinja template with the variables of the task; names that Ansible takes from the clock and the controller
    are fixed.
    """
    source = trust_as_template(engine._loader.get_text_file_contents(path))
    name = os.path.basename(path)
    fixed = {
        "template_host": "controller", "template_path": name, "template_fullpath": name,
        "template_destpath": args.get("dest"), "template_uid": "root", "template_mtime": "", "template_run_date": "",
    }  # fmt: skip
    folders = [*variables.get("ansible_search_path", ()), engine.basedir, os.path.dirname(path)]
    added = fixed if "ansible_managed" in variables else {"ansible_managed": "Ansible managed", **fixed}
    renderer = StableEngine(engine._loader, {**variables, **added}, engine.marker_behavior)
    if isinstance(engine, StableEngine) and engine.lazied is not None:
        renderer.lazied = {**engine.lazied, **lazied(added)}
    renderer.environment.loader.searchpath = [
        found for folder in folders for found in (os.path.join(folder, "templates"), folder)
    ]
    chosen = {key: args[key] for key in OVERRIDES if args.get(key) is not None}
    overrides = TemplateOverrides.from_kwargs(
        {"trim_blocks": True, **{key: typed(key, value) for key, value in chosen.items()}}
    )
    text = renderer.template(source, options=TemplateOptions(escape_backslashes=False, overrides=overrides))
    return "" if text is None else str(text)


def typed(key: str, value: Any) -> Any:
    if key.endswith("_blocks"):
        return truthy(value)
    return str(value).replace("\\r", "\r").replace("\\n", "\n") if key == "newline_sequence" else str(value)


def read(path: str) -> str | None:
    """A file as text; None when it is binary, encrypted or too large to carry."""
    if os.path.getsize(path) > LARGEST_FILE:
        return None
    with open(path, "rb") as file:
        data = file.read()
    if b"\0" in data or data.startswith(b"$ANSIBLE_VAULT"):
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def as_json(value: Any) -> str:
    import json

    return json.dumps(value, indent=4, sort_keys=True, default=str)


def truthy(value: Any) -> bool:
    return str(value).lower() in ("true", "yes", "on", "1", "y", "t")


__all__ = ["AnsibleError", "rendered"]
