# SPDX-License-Identifier: Apache-2.0
"""The command line: parse, call one stage, print, exit. The only place that catches MigrateError."""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType
from typing import Annotated

import typer

from migrate import __version__
from migrate.cli import assess, catalog, discover, explain, generate, lint, start, verify
from migrate.errors import FINE, MigrateError

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
for part in (assess, discover, generate, explain, lint, verify, catalog, start):
    app.add_typer(part.app)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        typer.echo(f"migrate {__version__}")
        raise typer.Exit(FINE)


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
        # Not app(…): that puts an exception hook of Typer's in the place of ours.
        typer.main.get_command(app)(prog_name="migrate")
    except MigrateError as error:
        print(f"migrate: {error}", file=sys.stderr)
        if error.hint:
            print(f"  → {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FINE)
