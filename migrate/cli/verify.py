# SPDX-License-Identifier: Apache-2.0
"""`migrate verify`: the files, tried."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


class Tool(StrEnum):
    PODMAN = "podman"
    DOCKER = "docker"
    BUILDAH = "buildah"


Workloads = Annotated[
    list[str] | None,
    typer.Argument(help="Workloads, as `web`, `production/web` or `web-*`; all without one.", show_default=False),
]
Folder = Annotated[Path, typer.Option("--output", "-o", help="Folder that `migrate generate` wrote.")]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="[WORKLOAD=]URL",
        help="Compare status, headers and body with what this VM answers. May be repeated.",
        show_default=False,
    ),
]
Paths = Annotated[
    list[str] | None,
    typer.Option("--path", help="One more path to ask for, besides probes and routes. May be repeated."),
]
Given = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="NAME=HOST:PORT",
        help="Where a service that the pod needs really is, instead of a stand-in. May be repeated.",
        show_default=False,
    ),
]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Seconds until a pod is ready, or a job has ended.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the pods running, to look into them.")]
Outside = Annotated[
    bool,
    typer.Option("--allow-outside", help="Let pods reach your network, and not only stand-ins: they may change it."),
]
BuildOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--build-option", help="An option for the build, such as --network=host. May be repeated.", show_default=False
    ),
]
Chosen = Annotated[
    Tool | None, typer.Option("--builder", help="The tool to use. [default: the first that works]", show_default=False)
]
As = Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.")]


@app.command(
    epilog="Examples: `migrate verify`  ·  `migrate verify shop-web --with postgresql=127.0.0.1:5432`  ·  "
    "`migrate verify nginx --against http://web1 --path /login`"
)
def verify(
    workloads: Workloads = None,
    output: Folder = Path("deploy"),
    against: Against = None,
    path: Paths = None,
    given: Given = None,
    timeout: Timeout = 60,
    keep: Keep = False,
    allow_outside: Outside = False,
    build_option: BuildOptions = None,
    builder: Chosen = None,
    format: As = Format.TABLE,
) -> None:
    """Build the images, start the pods as generated, wait for them and ask them.

    Secrets are stand-ins, other services too, and nothing else can be reached. Containers and networks are taken away
    again; images stay, because they make the next run quick.
    """
    options = locals()
    from migrate.commands.verify import verified

    raise typer.Exit(verified(options))
