# SPDX-License-Identifier: Apache-2.0
"""`migrate discover`: the fleet, as all sources see it."""

from __future__ import annotations

from enum import StrEnum
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
    Project,
    Trust,
)

app = typer.Typer()


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


@app.command(
    epilog="Examples: `migrate discover`  ·  `migrate discover --format csv -o fleet.csv`  ·  "
    "`migrate discover --diff`  ·  `migrate discover -p ansible -i hosts.ini --openstack production`"
)
def discover(
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
    format: Annotated[Format, typer.Option("--format", "-f", help="How to print the list.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the list to a file.", show_default=False)
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Only what appeared, vanished or changed since the last time; exit code 1.")
    ] = False,
) -> None:
    """List the machines that inventories, hypervisors and clouds know, each once.

    A snapshot is kept in .migrate/fleet beside the configuration, unless a source failed.
    """
    options = locals()
    from migrate.commands.discover import discovered
    from migrate.commands.sources import given_as

    raise typer.Exit(discovered(given_as(options), format.value, output, diff=diff))
