# SPDX-License-Identifier: GPL-3.0-or-later
"""Old syntax that today's ansible-core refuses, rewritten to what it meant then."""

from __future__ import annotations

import re
from typing import Any

from ansible.module_utils._internal._datatag import AnsibleTagHelper
from ansible.parsing.splitter import parse_kv
from ansible.plugins.loader import lookup_loader
from ansible.template import trust_as_template

CONDITIONAL = "_ansible_item_label"
"""The variable that carries a doubt to what an include brings in: the one that core passes on and nothing else here
reads.
"""

LOST = "_ansible_lost_names"
"""The variable that carries the names of loop variables that only a real run knows to what an include brings in."""
RENAMED = {
    "sudo": "become",
    "sudo_user": "become_user",
    "su": "become",
    "su_user": "become_user",
    "accelerate": "",
    "sudo_pass": "",
}
ONLY_IF_FAILED = "only if the block fails"
LOOPS = ("loop", "with_", "loop_control")


def modern_task(data: dict[Any, Any]) -> dict[Any, Any]:
    """A task or block in present syntax; the same object where nothing is old."""
    if "rescue" in data:
        data = with_rescue_in_line(data)
    if isinstance(data.get("vars"), list):
        data = changed(data, vars=merged(data["vars"]))
    if RENAMED.keys() & data.keys() and not isinstance(data.get("su"), dict):
        data = renamed(data)
    for key in [key for key in data if str(key).startswith("with_") and str(key)[5:] not in lookup_loader]:
        data = with_lookup(data, key)
    return modern_include(data) if "include" in data else data


def with_lookup(data: dict[Any, Any], key: str) -> dict[Any, Any]:
    """A loop over a lookup that isn't installed: its items are unknown, the task is not."""
    rest = {name: value for name, value in data.items() if name != key}
    template = AnsibleTagHelper.tag_copy(
        key, trust_as_template("{{ query('" + re.sub(r"[^\w.]", "", str(key)[5:]) + "') }}")
    )
    return AnsibleTagHelper.tag_copy(data, {**rest, "loop": template})


def modern_play(data: dict[Any, Any]) -> dict[Any, Any]:
    """A play in present syntax."""
    if isinstance(data.get("vars"), list):
        data = changed(data, vars=merged(data["vars"]))
    return renamed(data) if RENAMED.keys() & data.keys() else data


def modern_include(data: dict[Any, Any]) -> dict[Any, Any]:
    """`include: file a=b` was static unless it looped or named its file by a variable."""
    said = data["include"]
    words = parse_kv(str(said)) if isinstance(said, str) else {}
    file = AnsibleTagHelper.tag_copy(said, str(words.pop("_raw_params", said)))
    tags = words.pop("tags", None)
    dynamic = "{{" in file or any(str(key).startswith(LOOPS) for key in data)
    rest = {key: value for key, value in data.items() if key not in ("include", "static")}
    if words:
        old = rest.get("vars") if isinstance(rest.get("vars"), dict) else {}
        rest["vars"] = {**(old or {}), **{key: AnsibleTagHelper.tag_copy(said, value) for key, value in words.items()}}
    if tags:
        rest["tags"] = str(tags).split(",")
    return AnsibleTagHelper.tag_copy(data, {**rest, "include_tasks" if dynamic else "import_tasks": file})


def with_rescue_in_line(data: dict[Any, Any]) -> dict[Any, Any]:
    """Nothing fails while recording, so what would rescue a block follows it, marked as doubtful."""
    rescue = (
        [task for task in data["rescue"] or [] if isinstance(task, dict)] if isinstance(data["rescue"], list) else []
    )
    block = data.get("block") if isinstance(data.get("block"), list) else []
    rest = {key: value for key, value in data.items() if key not in ("block", "rescue")}
    doubtful = (
        [AnsibleTagHelper.tag_copy(data, {"block": rescue, "vars": {CONDITIONAL: ONLY_IF_FAILED}})] if rescue else []
    )
    return AnsibleTagHelper.tag_copy(data, {"block": [*(block or []), *doubtful], **rest})


def renamed(data: dict[Any, Any]) -> dict[Any, Any]:
    return AnsibleTagHelper.tag_copy(
        data, {name: value for key, value in data.items() if (name := RENAMED.get(key, key))}
    )


def changed(data: dict[Any, Any], **fields: Any) -> dict[Any, Any]:
    return AnsibleTagHelper.tag_copy(data, {**data, **fields})


def merged(mappings: list[Any]) -> dict[Any, Any]:
    return {key: value for mapping in mappings if isinstance(mapping, dict) for key, value in mapping.items()}
