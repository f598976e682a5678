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
    Inventories,
    Libvirt,
    NoCache,
    OpenStack,
    Playbooks,
    Project,
    Trust,
)
from migrate.model.config import ImageMode

app = typer.Typer()


@app.command(
    epilog="Examples: `migrate generate`  ·  `migrate generate --dry-run`  ·  "
    "`migrate generate --assessment assessment.json -o deploy`"
)
def generate(
    playbooks: Playbooks = None,
    config: ConfigFile = None,
    project: Project = None,
    inventory: Inventories = None,
    libvirt: Libvirt = None,
    openstack: OpenStack = None,
    extra_vars: ExtraVars = None,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the files.")] = False,
) -> None:
    """Write Dockerfiles and manifests for what can move, and Services that lead to what stays.

    A file that a person has edited is never overwritten.
    """
    options = locals()
    if image_mode:
        options["assign"] = [*(assign or ()), f"target.image_mode={image_mode.value}"]
    from migrate.commands.generate import generated
    from migrate.commands.sources import given_as

    raise typer.Exit(generated(given_as(options), assessment, output, dry_run=dry_run))
