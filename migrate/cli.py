# SPDX-License-Identifier: Apache-2.0
"""The command line: parse, call one stage, print, exit. The only place that catches MigrateError."""

from __future__ import annotations

import os
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from migrate import __version__
from migrate.errors import DECISION_NEEDED, FINE, SOURCE_FAILED, MigrateError

INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h: never taken for an answer

app = typer.Typer(
    name="migrate",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Reads an Ansible project and the VMs that it configures; says what can move to Kubernetes, "
    "what stays on its VM, and why.",
    epilog="Exit codes: 0 fine, 1 something needs a decision, 2 wrong use, "
    "3 a source failed and the result is partial.",
)


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class Document(StrEnum):
    CONFIG = "config"
    ASSESSMENT = "assessment"
    CATALOG = "catalog"


Playbooks = Annotated[
    list[str] | None, typer.Argument(help="Playbooks to record, relative to the project.", show_default=False)
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Configuration file. [default: migrate.yaml, where there is one]", show_default=False
    ),
]
Project = Annotated[
    Path | None, typer.Option("--project", "-p", help="Folder of the Ansible project.", show_default=False)
]
Inventories = Annotated[
    list[str] | None,
    typer.Option("--inventory", "-i", help="Inventory file, folder or host list. May be repeated.", show_default=False),
]
Libvirt = Annotated[
    list[str] | None,
    typer.Option("--libvirt", help="libvirt connection URI, opened read-only. May be repeated.", show_default=False),
]
ExtraVars = Annotated[
    list[str] | None,
    typer.Option(
        "--extra-vars", "-e", help="KEY=VALUE or @FILE, as for ansible-playbook. May be repeated.", show_default=False
    ),
]
Environments = Annotated[
    list[str] | None,
    typer.Option(
        "--environment", "-E", help="Only this environment of the configuration. May be repeated.", show_default=False
    ),
]


Trust = Annotated[
    bool,
    typer.Option("--trust-project", help="Load the project's own filter and test plugins, because it is yours."),
]
Assign = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any value of target or policy, for example target.registry=registry.example.com. May be repeated.",
        show_default=False,
    ),
]


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        typer.echo(f"migrate {__version__}")
        raise typer.Exit(FINE)


@app.command(
    epilog="Examples: `migrate assess`  ·  `migrate assess --explain postgresql`  ·  "
    "`migrate assess --format json -o assessment.json`  ·  "
    "`migrate assess -p ansible -i ansible/hosts.ini site.yml --libvirt qemu:///system`"
)
def assess(
    playbooks: Playbooks = None,
    config: ConfigFile = None,
    project: Project = None,
    inventory: Inventories = None,
    libvirt: Libvirt = None,
    extra_vars: ExtraVars = None,
    environment: Environments = None,
    trust_project: Trust = False,
    assign: Assign = None,
    explain: Annotated[
        str, typer.Option("--explain", metavar="WORKLOAD", help="All evidence for one workload, with file and line.")
    ] = "",
    format: Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the answer to a file.", show_default=False)
    ] = None,
) -> None:
    """Say which workloads can move to Kubernetes, which stay on their VMs, and why.

    Nothing of the project is executed and nothing is connected to but the hypervisors, read-only.
    """
    options = locals()
    from migrate.commands import assessed, given_as, show, undecided

    assessment = assessed(given_as(options))
    show(assessment, format.value, explain, output)
    raise typer.Exit(SOURCE_FAILED if assessment.partial else DECISION_NEEDED if undecided(assessment) else FINE)


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
    extra_vars: ExtraVars = None,
    environment: Environments = None,
    trust_project: Trust = False,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the files.")] = False,
) -> None:
    """Write Dockerfiles and manifests for what can move, and Services that lead to what stays.

    A file that a person has edited is never overwritten.
    """
    options = locals()
    from migrate.commands import generated, given_as

    raise typer.Exit(generated(given_as(options), assessment, output, dry_run=dry_run))


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
    """Print the JSON Schema of migrate.yaml, of an assessment, or of a catalog entry."""
    from migrate.commands import schema_of

    typer.echo(schema_of(document.value))


def report_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error that we did not foresee must not look like an answer: its exit code is none of ours."""
    traceback.print_exception(kind, error, trace)
    print("migrate: this is a bug; please report it with the text above", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(INTERNAL_ERROR)


def main() -> None:
    """The command `migrate`."""
    sys.excepthook = report_bug
    try:
        app(prog_name="migrate")
    except MigrateError as error:
        print(f"migrate: {error}", file=sys.stderr)
        if error.hint:
            print(f"  → {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FINE)


if __name__ == "__main__":
    main()
