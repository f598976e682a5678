# SPDX-License-Identifier: Apache-2.0
"""A product of the software catalog: what is known of it before any project is read."""

from __future__ import annotations

import msgspec

from migrate.model.workload import Kind, Placement


class CatalogPort(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A default listening port; `name` is a valid Kubernetes port name."""

    port: int
    protocol: str = "tcp"
    name: str = ""


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it runs in a container's foreground; `writable` folders hold no state; `probe` is {path, port} or {tcp}.

    `logs` are files that the package writes and that become links to the output; `images` are, by system, those that
    are made of its own packages. `packages` it can't run without, though its own package only recommends them;
    `root_only` are regular expressions of configuration lines that only root can obey. `prepare` are shell
    commands of the build, after its packages are there.
    """

    command: tuple[str, ...] = ()
    user: str = ""
    writable: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    images: dict[str, str] = {}
    prepare: tuple[str, ...] = ()
    probe: dict[str, str | int] = {}
    packages: tuple[str, ...] = ()
    root_only: tuple[str, ...] = ()


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One catalog entry. Names in packages, clients, units, processes, images, modules and roles are fnmatch globs.

    `nature` is stateless, stateful or depends (`reason` says on what). `starts`: the Debian package starts its unit.
    """

    title: str
    category: str
    nature: str
    kind: Kind
    placement: Placement
    reason: str
    key: str = ""
    packages: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    ports: tuple[CatalogPort, ...] = ()
    data_dirs: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    starts: bool = False
    replaced_by: str = ""
    run: Run | None = None
    sources: dict[str, str] = {}
