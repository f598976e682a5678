# SPDX-License-Identifier: Apache-2.0
"""Templates of objects: values that differ between environments, or that people set, are lifted out of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from migrate.files import dump_yaml
from migrate.generate.manifest import Object
from migrate.model.fields import item_name

# Fields that a values file always has, because people want to set them.
SETTINGS = ("endpoints", "hostnames", "image", "replicas", "resources", "rules", "schedule", "tls")
MARK = re.compile(r"^(?P<margin>[ -]*)(?P<key>\"[^\"]*\"|'[^']*'|[^\s:]+): LIFTED-(?P<number>\d+)$", re.MULTILINE)
EXPRESSION = re.compile(r"migrateHelm([0-9a-f]+)x")
SHELLS = ("spec", "template", "metadata", "jobTemplate")  # left out of the names of values
Path = tuple[str, ...]


class Lifted(msgspec.Struct, frozen=True):
    """The text of a template, and for each environment the values that it asks for."""

    text: str
    values: Mapping[str, Object]


def lift(objects: Mapping[str, Object], key: str, *, everywhere: bool) -> Lifted:
    """`objects` by environment; where some environment has none, a value says whether to write the object."""
    lifter = _Lifter(list(objects), {name: {} for name in objects}, [])
    found = lifter.value(list(objects.values()), (), "")
    text = MARK.sub(lambda match: _asking(match, lifter.paths, key), written(dump_yaml(found)))
    if not everywhere:
        for own in lifter.values.values():
            own["enabled"] = True
        text = f"{{{{- if dig `{key}` `enabled` false $v }}}}\n{text}{{{{- end }}}}\n"
    return Lifted(text, lifter.values)


class _Lifter(msgspec.Struct):
    """What is gathered on the way through objects; `paths` are (path, is optional, has expressions inside)."""

    environments: list[str]
    values: dict[str, Object]
    paths: list[tuple[Path, bool, bool]]

    def value(self, found: Sequence[Any], path: Path, field: str) -> Any:
        """The common value, or a mark for one that is lifted; `found` has one for each environment."""
        if field in SETTINGS and path[-2:-1] != ("metadata",):
            return self.lifted(found, path)
        if all(isinstance(one, dict) for one in found):
            return self.mapping(found, path)
        if all(isinstance(one, list) for one in found) and _are_alike(found):
            items = zip(*found, strict=True)
            return [self.value(each, (*path, item_name(each[0], number)), "") for number, each in enumerate(items)]
        return found[0] if all(one == found[0] for one in found) else self.lifted(found, path)

    def mapping(self, found: Sequence[Object], path: Path) -> Object:
        keys = list(dict.fromkeys(key for one in found for key in one))
        return {
            key: self.value([one[key] for one in found], (*path, key), key)
            if all(key in one for one in found)
            else self.lifted([one.get(key) for one in found], (*path, key))
            for key in keys
        }

    def lifted(self, found: Sequence[Any], path: Path) -> str:
        short = tuple(part for part in path if part not in SHELLS)
        path = path if not short or any(known == short for known, _, _ in self.paths) else short
        templated = any(EXPRESSION.search(str(value)) for value in found)
        for name, value in zip(self.environments, found, strict=True):
            if value is not None:
                _put(self.values[name], path, _for_tpl(value) if templated else value)
        self.paths.append((path, any(value is None for value in found), templated))
        return f"LIFTED-{len(self.paths) - 1}"


def _are_alike(found: Sequence[list[Any]]) -> bool:
    """Whether lists have the same items by name, so that only what is inside them can differ."""
    if not all(isinstance(item, dict) for one in found for item in one):
        return False
    named = [[item_name(item, number) for number, item in enumerate(one)] for one in found]
    return bool(named[0]) and all(one == named[0] for one in named) and len(set(named[0])) == len(named[0])


def _put(values: Object, path: Path, value: Any) -> None:
    for part in path[:-1]:
        values = values.setdefault(part, {})
    values[path[-1]] = value


def _asking(match: re.Match[str], paths: Sequence[tuple[Path, bool, bool]], key: str) -> str:
    """`field: {{ value }}`; nothing at all where an environment has no such field."""
    path, optional, templated = paths[int(match["number"])]
    asked = f"dig {' '.join(f'`{part}`' for part in (key, *path))} nil $v"
    margin, field = match["margin"], match["key"]
    value = f"tpl ({asked} | toJson) $" if templated else f"{asked} | toJson"
    line = f"{margin}{field}: {{{{ {value} }}}}"
    if not optional or "-" in margin:  # the first field of an item has to stay, for the dash
        return line
    return f"{margin}{{{{- if not (kindIs `invalid` ({asked})) }}}}\n{line}\n{margin}{{{{- end }}}}"


def expression(text: str) -> str:
    """A word that stands for `{{ text }}` until the file is written; YAML quotes no such word."""
    return f"migrateHelm{text.encode().hex()}x"


def written(text: str) -> str:
    """YAML in which braces of the objects mean nothing to Helm, and ours stand in quotes."""
    return EXPRESSION.sub(lambda match: f"'{{{{ {bytes.fromhex(match[1]).decode()} }}}}'", _escaped(text))


def _escaped(text: str) -> str:
    return text.replace("{{", "{{ `{{` }}")


def _for_tpl(value: Any) -> Any:
    """A value with expressions inside, as `tpl` reads it: braces of its own are escaped."""
    if isinstance(value, dict):
        return {key: _for_tpl(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_for_tpl(item) for item in value]
    if not isinstance(value, str):
        return value
    return EXPRESSION.sub(lambda match: f"{{{{ {bytes.fromhex(match[1]).decode()} }}}}", _escaped(value))
