# SPDX-License-Identifier: Apache-2.0
"""Generated files on disk: stable YAML bytes, and writing that never harms what a person edited."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from migrate.errors import FileError

LONGEST_KEY = 100
LOOKS_LIKE_A_NUMBER = re.compile(r"[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0[oOxXbB]\w+|[yYnN]")
UNFIT_FOR_A_BLOCK = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue002-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
BLOCK = re.compile("^(?P<key>[ -]*[^\n]*: |[ -]*)['\"]?\ue000(?P<number>\\d+)\ue001['\"]?$", re.MULTILINE)


class _Dumper(yaml.CSafeDumper):
    """libyaml's emitter, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    # YAML 1.2 and Go readers see numbers and booleans (1e3, 08, y) where PyYAML's 1.1 rules see text.
    style = "'" if LOOKS_LIKE_A_NUMBER.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(value: Any, *, header: str = "") -> str:
    """YAML of plain dicts, lists, scalars: keys in the order given, long text as blocks; `header` becomes comments."""
    blocks: list[str] = []
    comments = "".join(f"# {line}\n" for line in header.splitlines())
    plain = _set_blocks_aside(value, blocks)
    text = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)
    return comments + BLOCK.sub(lambda match: _block(match, blocks), text)


def dump_all(values: Iterable[Any], *, header: str = "") -> str:
    """Several YAML documents in one text."""
    texts = [dump_yaml(value) for value in values]
    return "".join(f"# {line}\n" for line in header.splitlines()) + "---\n".join(texts)


def load_documents(path: Path) -> list[Any]:
    """The documents of a YAML file that a person may have edited. Raises FileError with the line."""
    try:
        return parse_documents(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} can't be read: {error}", hint="Generate it again.") from error


def parse_documents(text: str, name: str) -> list[Any]:
    """The documents of a text; `name` is where it comes from."""
    try:
        return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        raise FileError(f"{where} is no YAML: {getattr(error, 'problem', error)}", hint="Mend that line.") from error


def _set_blocks_aside(value: Any, blocks: list[str]) -> Any:
    """Swap many-line text for marks: libyaml quotes text with tabs or trailing spaces, and nobody can read that."""
    if isinstance(value, Mapping):
        return {key: _set_blocks_aside(item, blocks) if _is_simple(key) else item for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_set_blocks_aside(item, blocks) for item in value]
    if not isinstance(value, str) or "\n" not in value or not value.strip() or UNFIT_FOR_A_BLOCK.search(value):
        return value
    blocks.append(value)
    return f"\ue000{len(blocks) - 1}\ue001"


def _is_simple(key: Any) -> bool:
    """Whether libyaml writes `key: value` on one line."""
    return not isinstance(key, str) or (len(key) < LONGEST_KEY and key.isprintable())


def _block(match: re.Match[str], blocks: list[str]) -> str:
    """A literal block scalar, two columns right of its key."""
    text, before = blocks[int(match["number"])], match["key"]
    column = len(before) - len(before.lstrip(" -"))
    margin = " " * (column + 2 if before.endswith(": ") else column)
    indicator = "2" if text[0] in " \n\t" else ""
    chomping = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    lines = [margin + line if line else "" for line in text.removesuffix("\n").split("\n")]
    return f"{before}|{indicator}{chomping}\n" + "\n".join(lines)


def replace_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file by renaming a finished temporary one over it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise FileError(f"{path} can't be written: {error}", hint="Check the output folder.") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink()
        raise FileError(f"{path} can't be written: {error}", hint="Check the output folder.") from error
