# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share: where the estate is described, and what is decided about the target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
OpenStack = Annotated[
    list[str] | None,
    typer.Option(
        "--openstack",
        metavar="CLOUD",
        help="Cloud of clouds.yaml, as NAME or NAME/REGION, or `envvars` for OS_*; read-only. May be repeated.",
        show_default=False,
    ),
]
ExtraVars = Annotated[
    list[str] | None,
    typer.Option(
        "--extra-vars", "-e", help="KEY=VALUE or @FILE, as for ansible-playbook. May be repeated.", show_default=False
    ),
]
FactCacheFolder = Annotated[
    str,
    typer.Option(
        "--fact-cache",
        metavar="DIR",
        help="Facts that Ansible gathered (jsonfile cache). [default: the cache of the project's ansible.cfg]",
        show_default=False,
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
    typer.Option("--trust-project", help="Load the project's own filters, tests and lookups, because it is yours."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Play everything again, and keep nothing for the next run.")]
Assign = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any value of target or policy, for example target.registry=registry.example.com. May be repeated.",
        show_default=False,
    ),
]
