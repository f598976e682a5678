# SPDX-License-Identifier: Apache-2.0
"""Options about sources, applied to migrate.yaml; and the assessment that they ask for."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from migrate import config as configuration
from migrate import pipeline
from migrate.errors import UsageError
from migrate.model.assessment import Assessment
from migrate.model.config import Config, Environment


class Given(msgspec.Struct, frozen=True):
    """Options about sources, as typed; each replaces what migrate.yaml says."""

    config: Path | None = None
    project: Path | None = None
    inventories: tuple[str, ...] = ()
    libvirt: tuple[str, ...] = ()
    openstack: tuple[str, ...] = ()
    extra_vars: tuple[str, ...] = ()
    playbooks: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    fact_cache: str = ""
    trusted: bool = False
    cached: bool = True
    assign: tuple[str, ...] = ()


def given_as(options: Mapping[str, Any]) -> Given:
    """The options of a command, by parameter name, that are about sources; a command need not have all of them."""

    def many(name: str) -> tuple[str, ...]:
        return tuple(options.get(name) or ())

    return Given(
        config=options["config"],
        project=options["project"],
        inventories=many("inventory"),
        libvirt=many("libvirt"),
        openstack=many("openstack"),
        extra_vars=many("extra_vars"),
        playbooks=many("playbooks"),
        environments=many("environment"),
        fact_cache=options.get("fact_cache", ""),
        trusted=options["trust_project"],
        cached=not options["no_cache"],
        assign=many("assign"),
    )


def settings(given: Given) -> tuple[Config, Path]:
    """The configuration with options applied, and the folder that its paths are relative to."""
    path = given.config or (
        Path(configuration.NAME) if Path(configuration.NAME).is_file() and not given.project else None
    )
    config, base = (configuration.load(path), path.parent) if path else (Config(), Path())
    changes: dict[str, Any] = {}
    if given.project is not None:
        changes["project"] = str(given.project.absolute())
    if given.playbooks:
        changes["playbooks"] = given.playbooks
    policy = config.policy
    if given.trusted or not given.cached:
        changes["policy"] = msgspec.structs.replace(
            policy, trust_project=policy.trust_project or given.trusted, cache=policy.cache and given.cached
        )
    if given.inventories or given.libvirt or given.openstack or given.extra_vars or given.fact_cache:
        changes["environments"] = overridden(config, given)
    return assigned(msgspec.structs.replace(config, **changes), given.assign), base


def assigned(config: Config, pairs: tuple[str, ...]) -> Config:
    """The configuration with `part.key=value` of --set. Raises UsageError for a key that there is not."""
    for pair in pairs:
        key, sign, value = pair.partition("=")
        part, _, name = key.partition(".")
        struct = configuration.PARTS.get(part)
        if not sign or struct is None or name not in struct.__struct_fields__:
            known = [f"{part}.{field}" for part, one in configuration.PARTS.items() for field in one.__struct_fields__]
            raise UsageError(f"--set {pair}: no such value", hint=f"There are: {', '.join(known)}.")
        try:
            changed = msgspec.convert({**msgspec.to_builtins(getattr(config, part)), name: value}, struct, strict=False)
        except msgspec.ValidationError as error:
            raise UsageError(f"--set {pair}: {error}") from error
        config = msgspec.structs.replace(config, **{part: changed})
    return config


def overridden(config: Config, given: Given) -> dict[str, Environment]:
    """Sources given as options: one environment of its own when -i is there, else added to those of the file."""
    extra = tuple(f"@{Path(text[1:]).absolute()}" if text.startswith("@") else text for text in given.extra_vars)
    libvirt = tuple(absolute_uri(uri) for uri in given.libvirt)
    facts = str(Path(given.fact_cache).absolute()) if given.fact_cache else ""
    if given.inventories:
        inventories = tuple(here_or_as_typed(text) for text in given.inventories)
        return {
            "default": Environment(
                inventories=inventories,
                libvirt=libvirt,
                openstack=given.openstack,
                extra_vars=extra,
                facts=facts,
            )
        }
    if not config.environments:
        raise UsageError("no inventory given", hint="Give one with -i, or write a migrate.yaml with `migrate init`.")
    return {
        name: msgspec.structs.replace(
            one,
            libvirt=libvirt or one.libvirt,
            openstack=given.openstack or one.openstack,
            extra_vars=(*one.extra_vars, *extra),
            facts=facts or one.facts,
        )
        for name, one in config.environments.items()
    }


def here_or_as_typed(text: str) -> str:
    """A path that exists from where the user stands; otherwise it is looked for in the project."""
    return str(Path(text).absolute()) if "," not in text and Path(text).exists() else text


def absolute_uri(uri: str) -> str:
    """`test:FILE` names a file from where the user stands."""
    return f"test://{Path(uri[5:]).absolute()}" if uri.startswith("test:") and not uri.startswith("test:/") else uri


def assessed(given: Given) -> Assessment:
    config, base = settings(given)
    with watching() as watch:
        return pipeline.assess(config, base, only=given.environments, watch=watch, today=datetime.date.today())


@contextmanager
def watching() -> Iterator[pipeline.Watch]:
    """Progress on standard error, for a person only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update
