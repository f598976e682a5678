# SPDX-License-Identifier: Apache-2.0
"""`migrate init` and `migrate schema`: what a person needs before the first run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


class Document(StrEnum):
    CONFIG = "config"
    ASSESSMENT = "assessment"
    CATALOG = "catalog"
    VERIFICATION = "verification"


@app.command(epilog="Example: `cd ansible && migrate init && migrate assess`")
def init(
    folder: Annotated[Path, typer.Argument(help="Where to look around.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a migrate.yaml that is there.")] = False,
) -> None:
    """Look around for inventories, playbooks and hypervisors, and write a migrate.yaml with comments."""
    from migrate.init import write

    typer.echo(write(folder, force=force))


@app.command(epilog="Example: `migrate schema config > migrate.schema.json`")
def schema(document: Annotated[Document, typer.Argument(help="Which file to describe.")]) -> None:
    """Print the JSON Schema of migrate.yaml, of an assessment, of a catalog entry, or of what `verify` says."""
    from migrate.commands.schema import schema_of

    typer.echo(schema_of(document.value))
