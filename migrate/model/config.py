# SPDX-License-Identifier: Apache-2.0
"""migrate.yaml: where the estate is described, and what the person has decided about the target."""

from __future__ import annotations

import msgspec


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One environment (production, staging).

    `inventories` as ansible-playbook's -i takes them, `extra_vars` as its -e does (KEY=VALUE or @FILE), and libvirt
    connection URIs, opened read-only; `test:FILE` opens a description file by libvirt's own test driver.
    """

    inventories: tuple[str, ...] = ()
    libvirt: tuple[str, ...] = ()
    extra_vars: tuple[str, ...] = ()


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Limits of a run: `source_timeout` in seconds per hypervisor; `trust_project` loads its own filters and tests."""

    source_timeout: float = 30.0
    trust_project: bool = False


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is generated for: namespace, registry prefix of images, base image override, Kubernetes minor version."""

    namespace: str = ""
    registry: str = ""
    base_image: str = ""
    kubernetes: str = "1.31"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole file. Paths are relative to the file; `environments` without a name for one is the key `default`."""

    version: int = 1
    project: str = "."
    playbooks: tuple[str, ...] = ()
    environments: dict[str, Environment] = {}
    target: Target = Target()
    policy: Policy = Policy()
