# SPDX-License-Identifier: Apache-2.0
"""`migrate explain`: where a field of a generated file comes from."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer()


@app.command(
    epilog="Examples: `migrate explain deploy/web/base/deployment.yaml:spec.replicas`  ·  "
    "`migrate explain 'deploy/web/base/deployment.yaml:spec.template.spec.containers[web].ports'`  ·  "
    "`migrate explain deploy/web/Dockerfile`"
)
def explain(
    what: Annotated[str, typer.Argument(metavar="FILE[:FIELD]", help="A generated file, and a field of it.")],
) -> None:
    """Say of a field of a generated file which role line, fact, catalog entry or default it comes from.

    Items of lists go by their names. Without a field, all of the file are listed.
    """
    from migrate.commands.explain import explained

    typer.echo(explained(what), nl=False)
