# SPDX-License-Identifier: Apache-2.0
"""Generated files on disk: stable YAML bytes, and writing that never harms what a person edited."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import yaml

from migrate.errors import FileError
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding, Severity

LONGEST_KEY = 100
MANIFEST = ".migrate-manifest.json"
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


class Written(msgspec.Struct, frozen=True):
    """What `write_all` did, as paths below the folder; `findings` tell of files that a person has edited."""

    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class _Manifest(msgspec.Struct, frozen=True):
    """The record of a former run: what we wrote, by path, as sha256."""

    version: int = 1
    files: dict[str, str] = {}


def write_all(artifacts: Iterable[Artifact], folder: Path) -> Written:
    """Bring `folder` up to date. Files that a person changed (or made) stay as they are and become findings.

    A file that a person deleted comes back, because others refer to it. Raises FileError before anything is written
    when a path leaves the folder, appears twice or the record of the former run can't be read.
    """
    wanted = _by_path(artifacts, folder)
    old = read_manifest(folder)
    every = sorted(wanted.keys() | old.keys())
    edited = {path for path in every if _is_edited(folder / path, old.get(path), wanted.get(path))}
    written = tuple(path for path in sorted(wanted.keys() - edited) if _write(folder / path, wanted[path]))
    gone = sorted(old.keys() - wanted.keys() - edited)
    removed = tuple(path for path in gone if _remove(folder, path))
    new = {path: _digest(wanted[path].text.encode()) for path in wanted.keys() - edited}
    kept = {path: old[path] for path in edited & old.keys()}
    _write_manifest(folder, _Manifest(files=dict(sorted((new | kept).items()))))
    return Written(
        written=written,
        unchanged=tuple(sorted(wanted.keys() - edited - set(written))),
        removed=removed,
        findings=tuple(_edited(path, wanted.get(path), path in old) for path in sorted(edited)),
    )


def read_manifest(folder: Path) -> dict[str, str]:
    """Path → sha256 of what was written last time; empty before the first run."""
    path = folder / MANIFEST
    try:
        files = msgspec.json.decode(path.read_bytes(), type=_Manifest).files
        return {name: digest for name, digest in files.items() if _is_inside(folder, name)}
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        hint = "Restore it from version control; without it edits can't be told from generated text."
        raise FileError(f"{path} can't be read: {error}", hint=hint) from error


def _by_path(artifacts: Iterable[Artifact], folder: Path) -> dict[str, Artifact]:
    wanted: dict[str, Artifact] = {}
    for artifact in artifacts:
        path = PurePosixPath(artifact.path)
        if not _is_inside(folder, artifact.path):
            raise FileError(f"refusing to write {artifact.path!r}: it is outside {folder}", hint="Rename the workload.")
        if str(path) in wanted:
            raise FileError(f"two generated files are both named {path}", hint="Rename one of the workloads.")
        wanted[str(path)] = artifact
    return wanted


def _is_inside(folder: Path, name: str) -> bool:
    """Whether a path stays below the folder, also where a folder on the way is a link to elsewhere."""
    path = PurePosixPath(name)
    usual = not path.is_absolute() and ".." not in path.parts and str(path) not in {".", MANIFEST}
    return usual and (folder / path).parent.resolve().is_relative_to(folder.resolve())


def _is_edited(path: Path, recorded: str | None, wanted: Artifact | None) -> bool:
    """Whether the file on disk is neither what we wrote nor what we would write."""
    if not os.path.lexists(path):
        return False
    if path.is_symlink() or not path.is_file():
        return True
    current = _digest(path.read_bytes())
    return current != recorded and (wanted is None or current != _digest(wanted.text.encode()))


def _edited(path: str, wanted: Artifact | None, ours: bool) -> Finding:
    why = "was edited after it was generated" if ours else "was there before and is not generated"
    news = "differs from what would be generated now" if wanted else "is no longer generated"
    remedy = "Merge by hand, or delete it and generate again." if wanted else "Delete it if nothing needs it."
    return Finding("edited-by-hand", path, f"{path} {why} and {news}; it is left as it is.", remedy, Severity.WARNING)


def _write(path: Path, artifact: Artifact) -> bool:
    """Whether anything had to change; readers see the old file or the new one, never half of it."""
    data, mode = artifact.text.encode(), 0o755 if artifact.executable else 0o644
    if path.is_file() and path.read_bytes() == data:
        stale = bool(path.stat().st_mode & 0o100) != artifact.executable
        if stale:
            path.chmod(mode)
        return stale
    replace_file(path, data, mode=mode)
    return True


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


def _remove(folder: Path, path: str) -> bool:
    """Delete a file that is no longer generated, and the folders that this leaves empty."""
    target = folder / path
    if not target.is_file():
        return False
    target.unlink()
    for parent in target.relative_to(folder).parents:
        if parent == Path() or any((folder / parent).iterdir()):
            break
        (folder / parent).rmdir()
    return True


def _write_manifest(folder: Path, manifest: _Manifest) -> None:
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    path = folder / MANIFEST
    if not path.is_file() or path.read_bytes() != data:
        replace_file(path, data)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
