# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookups, filters and tests: only pure ones run; the answer of one that must not run, or isn't there, is a token or
unknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from ansible._internal._templating._jinja_common import UndefinedMarker
from ansible._internal._templating._marker_behaviors import MarkerBehavior
from ansible._internal._templating._utils import TemplateContext
from ansible.errors import AnsibleError
from ansible.plugins.loader import filter_loader, lookup_loader, test_loader
from ansible.plugins.lookup import LookupBase
from jinja2 import Environment

from migrate.engine.gaps import Gaps
from migrate.engine.taint import TOKEN, Taint
from migrate.engine.witness import WITNESS
from migrate.model.task import TokenKind

PURE_LOOKUPS = frozenset(
    "dict file fileglob first_found flattened indexed_items inventory_hostnames items list nested sequence "
    "subelements template together "
    "vars varnames unvault".split()
)
BLINDING_FILTERS = frozenset("password_hash hash checksum md5 sha1 b64encode vault random shuffle".split())
SELECTING = re.compile(r"(?:^|\.|_)(?:select|filter|reject|enabled|only|exclude|remove|sort|unique)")
KNOWN = Environment()


class Passing:
    """While a loop is being found, filters that aren't there but select by their name hand on all they were given."""

    def __init__(self) -> None:
        self.active = False
        self.names: list[str] = []

    @contextmanager
    def on(self) -> Iterator[list[str]]:
        self.active, self.names = True, []
        try:
            yield self.names
        finally:
            self.active = False


PASSING = Passing()


def patch_lookups(gaps: Gaps, taint: Taint, trusted: Iterable[str] = ()) -> None:
    """Only lookups that are known to be pure run, and those in folders that are trusted; of any other the answer is a
    token.
    """
    roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in trusted)
    get = lookup_loader.get

    def get_pure(name: str, *args: Any, **kwargs: Any) -> Any:
        short = name.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
        if short.removeprefix("community.general.") == "flattened":
            return Flattened()
        if short in PURE_LOOKUPS or own(name):
            return get(name, *args, **kwargs)
        gaps.add("forbidden", name, f"lookup {name} was not run")
        return Withheld(name, taint, kwargs.get("loader"))

    def own(name: str) -> bool:
        path = lookup_loader.find_plugin(name) if roots else None
        return bool(path) and os.path.realpath(str(path)).startswith(roots)

    lookup_loader.get = get_pure
    contains = type(lookup_loader).__contains__
    type(lookup_loader).__contains__ = lambda self, name: (
        (self is lookup_loader and name == "flattened") or contains(self, name)
    )


class Flattened(LookupBase):  # type: ignore[misc]  # ansible ships no types
    """`with_flattened`, which left ansible-core and which many roles still use: nested lists in one."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[Any]:
        found: list[Any] = []
        for term in terms:
            found += (
                self.run(term, variables) if isinstance(term, (list, tuple)) else [] if term in (None, "") else [term]
            )
        return found


class Withheld(LookupBase):  # type: ignore[misc]  # ansible ships no types
    """Answers a token for each term of a lookup that must not run."""

    accept_args_markers = accept_lazy_markers = False

    def __init__(self, name: str, taint: Taint, loader: Any = None) -> None:
        super().__init__(loader=loader)
        self.lookup, self.taint = name, taint

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[Any]:
        kind = TokenKind.SECRET if self.lookup.rsplit(".", 1)[-1] in SECRET_LOOKUPS else TokenKind.NEEDED
        if not terms:
            return [self.taint.token(f"lookup {self.lookup}", kind)]
        found = [self.found(term, variables) for term in terms]
        return [
            path or self.taint.token(f"lookup {self.lookup} {term}", kind)
            for path, term in zip(found, terms, strict=True)
        ]

    def found(self, term: Any, variables: Any) -> str:
        """What a lookup that looks for files would find in the role, where its name and its term say that it is one."""
        if not self._loader or not isinstance(term, str) or not LOOKS_FOR_FILES.search(self.lookup):
            return ""
        for folder in ("templates", "files", "tasks", "vars"):
            if path := self.find_file_in_search_path(variables or {}, folder, term, ignore_missing=True):
                return str(path)
        return ""


LOOKS_FOR_FILES = re.compile(r"(?:^|[._])(?:\w+_src|find_file|find_template|file_path|template_path)$")
SECRET_LOOKUPS = frozenset(
    "password hashi_vault vault_read vault_kv2_get passwordstore onepassword bitwarden aws_secret "
    "azure_keyvault_secret".split()
)


def patch_filters(gaps: Gaps) -> None:
    """Filters that would make a token unrecognisable hand it on unchanged; those that draw lots answer the same each
    time.

    The answer of a filter that isn't there is unknown, so that one line of a template costs only itself.
    """
    get = filter_loader.get
    found: dict[str, Any] = {}

    def get_seeing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name not in found:
            found[name] = get_anew(name, *args, **kwargs)
        return found[name]

    def get_anew(name: str, *args: Any, **kwargs: Any) -> Any:
        plugin = find(get, name, *args, **kwargs)
        if plugin is None and name not in KNOWN.filters:
            gaps.add("unknown-filter", name, f"filter {name} is not installed")
            return filter_loader._wrap_func(name, name, absent(name))
        if plugin is not None and name in ("default", "d"):
            plugin._function = unless_unknown(plugin.j2_function)
        if plugin is not None and name.rsplit(".", 1)[-1] in BLINDING_FILTERS and not getattr(plugin, "_seeing", False):
            plugin._function = see_through(plugin.j2_function, name.rsplit(".", 1)[-1])
            plugin._seeing = True
        return plugin

    filter_loader.get = get_seeing


class Knowing(MarkerBehavior):  # type: ignore[misc]  # ansible ships no types
    """A behaviour that tells which undefined names only a real run defines."""

    def is_unknown(self, name: str) -> bool:
        raise NotImplementedError


def unless_unknown(default: Callable[..., Any]) -> Callable[..., Any]:
    """`default`, which is no answer where a real run would have one: what is unknown stays unknown."""

    @wraps(default)
    def answer(value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, UndefinedMarker):
            context = TemplateContext.current(optional=True)
            behavior = context.templar.marker_behavior if context else None
            if isinstance(behavior, Knowing) and behavior.is_unknown(str(value._undefined_name)):
                return value
        return default(value, *args, **kwargs)

    return answer


def absent(name: str) -> Callable[..., Any]:
    """What stands for a filter that isn't there."""

    def answer(value: Any = None, *_: Any, **__: Any) -> Any:
        if PASSING.active and SELECTING.search(name) and isinstance(value, (list, dict)):
            PASSING.names.append(name)
            return value
        return UndefinedMarker(name=f"filter {name}")

    return answer


def patch_tests(gaps: Gaps) -> None:
    """The answer of a test that isn't there is unknown."""
    get = test_loader.get
    found: dict[str, Any] = {}

    def get_any(name: str, *args: Any, **kwargs: Any) -> Any:
        if name not in found:
            found[name] = get_anew(name, *args, **kwargs)
        return found[name]

    def get_anew(name: str, *args: Any, **kwargs: Any) -> Any:
        plugin = find(get, name, *args, **kwargs)
        if plugin is None and name not in KNOWN.tests:
            gaps.add("unknown-filter", name, f"test {name} is not installed")
            return test_loader._wrap_func(name, name, lambda *_, **__: UndefinedMarker(name=f"test {name}"))
        return plugin

    test_loader.get = get_any


def find(get: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
    """A plugin or None, also where ansible-core would raise for a collection that isn't there."""
    try:
        return get(name, *args, **kwargs)
    except (KeyError, AnsibleError):
        return None


def see_through(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def seeing(value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and TOKEN.search(value):
            return WITNESS.see(value)
        if name in ("random", "shuffle") and "seed" not in kwargs:
            kwargs["seed"] = "migrate"
        return function(value, *args, **kwargs)

    return seeing
