# SPDX-License-Identifier: Apache-2.0
"""`migrate lint`: what is wrong with manifests."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.options import Assign, ConfigFile

app = typer.Typer()


class Shape(StrEnum):
    TABLE = "table"
    JSON = "json"


@app.command(
    epilog="Examples: `migrate lint`  ·  `migrate lint deploy --format json`  ·  "
    "`migrate lint deploy --set target.kubernetes=1.34`  ·  `migrate lint deploy --set policy.linters=false`"
)
def lint(
    folder: Annotated[Path, typer.Argument(help="Folder of manifests.")] = Path("deploy"),
    config: ConfigFile = None,
    assign: Assign = None,
    format: Annotated[Shape, typer.Option("--format", "-f", help="How to print the findings.")] = Shape.TABLE,
) -> None:
    """Check manifests that were generated, or edited since: what a cluster would refuse, and what would hurt later.

    hadolint, kube-linter, kube-score, kubeconform and polaris are asked, too, where they are on PATH.
    """
    from migrate.commands.lint import linted
    from migrate.commands.sources import Given

    raise typer.Exit(linted(Given(config=config, assign=tuple(assign or ())), folder, format.value))
