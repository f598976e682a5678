# SPDX-License-Identifier: Apache-2.0
"""`migrate catalog list|show|test`: the software that is known by name."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.cli.options import ConfigFile

app = typer.Typer()
catalog = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(
    catalog,
    name="catalog",
    help="Software that is known by its packages, units, images and roles; your own entries are among it.",
    epilog="Examples: `migrate catalog list redis`  ·  `migrate catalog show postgresql`  ·  `migrate catalog test`",
)

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@catalog.command("list", epilog="Examples: `migrate catalog list`  ·  `migrate catalog list database --json`")
def listing(
    word: Annotated[str, typer.Argument(help="Only what has this in its names, title or category.")] = "",
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """List products: what each is, and what becomes of it."""
    from migrate.commands.catalog import listed

    typer.echo(listed(config, word, as_json=json), nl=False)


@catalog.command(epilog="Example: `migrate catalog show postgresql`")
def show(
    key: Annotated[str, typer.Argument(help="Key of a product, as `list` shows it.")],
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show one entry whole, with the sources of its ports and data directories."""
    from migrate.commands.catalog import shown

    typer.echo(shown(config, key, as_json=json), nl=False)


@catalog.command(epilog="Examples: `migrate catalog test`  ·  `migrate catalog test acme-ledgerd postgresql-15`")
def test(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Packages, units, images, modules or roles: which products are they?", show_default=False),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Check every entry (sources, globs, ports), or say which products names belong to.

    Exit code 1: an entry has a problem, or a name belongs to no product.
    """
    from migrate.commands.catalog import tested

    raise typer.Exit(tested(config, names or ()))
