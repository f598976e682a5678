# SPDX-License-Identifier: Apache-2.0
"""`migrate assess`: the front door."""

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
    FactCacheFolder,
    Inventories,
    Libvirt,
    NoCache,
    OpenStack,
    Playbooks,
    Project,
    Trust,
)
from migrate.errors import DECISION_NEEDED, FINE, SOURCE_FAILED

app = typer.Typer()


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    DOT = "dot"


NOT_OF_ROLES = (
    "playbooks config project inventory libvirt openstack extra_vars fact_cache environment trust_project assign "
    "explain".split()
)


@app.command(
    epilog="Examples: `migrate assess`  ·  `migrate assess --explain postgresql`  ·  "
    "`migrate assess --format json -o assessment.json`  ·  "
    "`migrate assess --format html -o report.html`  ·  "
    "`migrate assess --format dot | dot -Tsvg > needs.svg`  ·  "
    "`migrate assess -p ansible -i ansible/hosts.ini site.yml --libvirt qemu:///system`  ·  "
    "`migrate assess --role roles/nginx`  ·  `migrate assess --roles-dir roles --format json`"
)
def assess(
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
    explain: Annotated[
        str,
        typer.Option(
            "--explain", metavar="NAME", help="All evidence for one workload, with file and line; or one machine."
        ),
    ] = "",
    format: Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the answer to a file.", show_default=False)
    ] = None,
    role: Annotated[
        Path | None,
        typer.Option("--role", metavar="DIR", help="Only this role: what would become of it.", show_default=False),
    ] = None,
    roles_dir: Annotated[
        Path | None,
        typer.Option("--roles-dir", metavar="DIR", help="Every role below this folder.", show_default=False),
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", metavar="SYSTEM", help="The system that roles are recorded for.")
    ] = "debian-12",
) -> None:
    """Say which workloads can move to Kubernetes, which stay on their VMs, and why.

    Nothing of the project is executed and nothing is connected to but the hypervisors, read-only.
    """
    options = locals()
    if role is not None or roles_dir is not None:
        from migrate.commands.roles import Asked, assess_roles

        given = tuple(f"--{name}".replace("_", "-") for name in NOT_OF_ROLES if options[name])
        raise typer.Exit(assess_roles(Asked(role, roles_dir, profile, format.value, output, given)))
    from migrate.commands.assess import show, undecided
    from migrate.commands.sources import assessed, given_as

    assessment = assessed(given_as(options))
    show(assessment, format.value, explain, output)
    raise typer.Exit(SOURCE_FAILED if assessment.partial else DECISION_NEEDED if undecided(assessment) else FINE)
