# SPDX-License-Identifier: Apache-2.0
"""What the commands of the command line do, once their options are parsed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from migrate import config as configuration
from migrate import pipeline
from migrate.errors import DECISION_NEEDED, FINE, SOURCE_FAILED, FileError, UsageError
from migrate.files import replace_file, write_all
from migrate.model.assessment import Assessment
from migrate.model.config import Config, Environment
from migrate.model.finding import Finding, Severity
from migrate.model.product import Product
from migrate.model.workload import Placement
from migrate.report import explain, markdown
from migrate.report import json as report_json


class Given(msgspec.Struct, frozen=True):
    """Options about sources, as typed; each replaces what migrate.yaml says."""

    config: Path | None = None
    project: Path | None = None
    inventories: tuple[str, ...] = ()
    libvirt: tuple[str, ...] = ()
    extra_vars: tuple[str, ...] = ()
    playbooks: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    trusted: bool = False
    assign: tuple[str, ...] = ()


def given_as(options: Mapping[str, Any]) -> Given:
    """The options of a command, by parameter name, that are about sources."""

    def many(name: str) -> tuple[str, ...]:
        return tuple(options[name] or ())

    return Given(
        config=options["config"],
        project=options["project"],
        inventories=many("inventory"),
        libvirt=many("libvirt"),
        extra_vars=many("extra_vars"),
        playbooks=many("playbooks"),
        environments=many("environment"),
        trusted=options["trust_project"],
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
    if given.trusted:
        changes["policy"] = msgspec.structs.replace(config.policy, trust_project=True)
    if given.inventories or given.libvirt or given.extra_vars:
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
    if given.inventories:
        inventories = tuple(here_or_as_typed(text) for text in given.inventories)
        return {"default": Environment(inventories=inventories, libvirt=libvirt, extra_vars=extra)}
    if not config.environments:
        raise UsageError("no inventory given", hint="Give one with -i, or write a migrate.yaml with `migrate init`.")
    return {
        name: msgspec.structs.replace(one, libvirt=libvirt or one.libvirt, extra_vars=(*one.extra_vars, *extra))
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
        return pipeline.assess(config, base, only=given.environments, watch=watch)


@contextmanager
def watching() -> Iterator[pipeline.Watch]:
    """Progress on standard error, for a person only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


def undecided(assessment: Assessment) -> bool:
    """Whether a person has to say something before the answer is whole."""
    silent = any(finding.check in ("no-workload", "missing-role") for finding in assessment.findings)
    return silent or any(workload.placement is Placement.DECIDE for workload in assessment.workloads)


def show(assessment: Assessment, format: str, workload: str, output: Path | None) -> None:
    """Print or write the answer."""
    text = explain.explain(assessment, workload) if workload else formatted(assessment, format, output)
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        replace_file(output, text.encode())
    except OSError as error:
        raise FileError(
            f"{output}: {error.strerror}", hint="Give -o a file in a folder that exists and may be written."
        ) from error


def formatted(assessment: Assessment, format: str, output: Path | None) -> str:
    if format == "json":
        return report_json.encode(assessment).decode()
    if format == "markdown":
        return markdown.render(assessment)
    from migrate.report import terminal

    tty = output is None and sys.stdout.isatty()
    return terminal.render(assessment, color=tty)


def generated(given: Given, file: Path | None, output: Path, *, dry_run: bool) -> int:
    """Write (or list) the files; returns the exit code."""
    config, _ = settings(given)
    assessment = read_assessment(file) if file else assessed(given)
    artifacts, findings = pipeline.generate(assessment, config)
    if dry_run:
        for artifact in artifacts:
            print(artifact.path)
        return FINE
    done = write_all(artifacts, output)
    print(
        f"{output}: {len(done.written)} files written, {len(done.unchanged)} unchanged, {len(done.removed)} removed",
        flush=True,
    )
    tell([*done.findings, *findings])
    if assessment.partial:
        print("migrate: the assessment is partial, so files may be missing", file=sys.stderr)
        return SOURCE_FAILED
    return (
        DECISION_NEEDED
        if any(finding.severity is not Severity.NOTE for finding in [*done.findings, *findings])
        else FINE
    )


def read_assessment(file: Path) -> Assessment:
    try:
        return report_json.decode(file.read_bytes(), str(file))
    except OSError as error:
        raise FileError(
            f"{file}: {error.strerror}", hint="Write one with `migrate assess --format json -o FILE`."
        ) from error


def tell(findings: list[Finding]) -> None:
    """Findings of files that were made, the urgent first."""
    from migrate.report import terminal

    sys.stdout.write(terminal.render_findings(findings, color=sys.stdout.isatty()))


def schema_of(document: str) -> str:
    if document == "catalog":
        described = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "catalog entry",
            **msgspec.json.schema(Product),
        }
    else:
        described = configuration.schema() if document == "config" else report_json.schema()
    return json.dumps(described, indent=2)
