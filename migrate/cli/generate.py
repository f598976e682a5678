# SPDX-License-Identifier: Apache-2.0
"""`migrate generate`: the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.options import (
    Assign,
    ConfigFile,
    Environments,
    ExtraVars,
    FactCacheFolder,
    Inventories,
    Libvirt,
    NoCache,
    OpenStack,
    Playbooks,
    Project,
    Trust,
)
from migrate.model.config import ImageMode, Package

app = typer.Typer()


@app.command(
    epilog="Examples: `migrate generate`  ·  `migrate generate --dry-run`  ·  "
    "`migrate generate --assessment assessment.json -o deploy`  ·  "
    "`migrate generate --keep web/base/deployment.yaml`  ·  `migrate generate --package helm`"
)
def generate(
    playbooks: Playbooks = None,
    config: ConfigFile = None,
    project: Project = None,
    inventory: Inventories = None,
    libvirt: Libvirt = None,
    openstack: OpenStack = None,
    extra_vars: ExtraVars = None,
    fact_cache: FactCacheFolder = "",
    environment: Environments = None,
    trust_project: Trust = False,
    no_cache: NoCache = False,
    assign: Assign = None,
    assessment: Annotated[
        Path | None,
        typer.Option(
            "--assessment",
            "-a",
            help="Use this file of `assess --format json` instead of assessing anew.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")] = Path("deploy"),
    image_mode: Annotated[
        ImageMode | None,
        typer.Option(
            "--image-mode",
            help="How tasks get into images: as instructions, by ansible-core during the build, or auto, which takes "
            "ansible-core only where no instruction does the same. [default: target.image_mode, or auto]",
            show_default=False,
        ),
    ] = None,
    package: Annotated[
        Package | None,
        typer.Option(
            "--package",
            help="`helm` writes a Helm chart of the same objects, too. [default: target.package, or kustomize]",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the files.")] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="PATH", help="Leave this edited file as it is now. May be repeated."),
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option("--take", metavar="PATH", help="Replace this file by what is generated. May be repeated."),
    ] = None,
) -> None:
    """Write Dockerfiles and manifests for what can move, and Services that lead to what stays.

    What a person edited since the last run is kept, and merged with what is new; where both changed the same lines the
    file stays as it is, both sides are shown, and the exit code is 1.
    """
    options = locals()
    if image_mode:
        options["assign"] = [*(assign or ()), f"target.image_mode={image_mode.value}"]
    if package:
        options["assign"] = [*(options["assign"] or ()), f"target.package={package.value}"]
    from migrate.commands.generate import Output, generated
    from migrate.commands.sources import given_as

    wanted = Output(output, dry_run=dry_run, keep=tuple(keep or ()), take=tuple(take or ()))
    raise typer.Exit(generated(given_as(options), assessment, wanted))
