# SPDX-License-Identifier: Apache-2.0
"""migrate.yaml: where the estate is described, and what the person has decided about the target."""

from __future__ import annotations

import datetime
from enum import StrEnum

import msgspec

from migrate.model.product import Product
from migrate.model.workload import Kind, Nature, Placement


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One environment (production, staging).

    `inventories` as ansible-playbook's -i takes them, `extra_vars` as its -e does (KEY=VALUE or @FILE), and libvirt
    connection URIs, opened read-only; `test:FILE` opens a description file by libvirt's own test driver. `openstack`
    names clouds of clouds.yaml, as NAME or NAME/REGION, or `envvars` for the OS_* variables. `facts` is a folder of
    Ansible's fact cache (jsonfile, or `ansible -m setup --tree`): what machines are, what they use and whom they talk
    to. Without it, plays are recorded with the cache of the project's ansible.cfg, if that lies in the project.
    `sources` asks sources that other packages bring: by their name, what each is to ask.
    """

    inventories: tuple[str, ...] = ()
    libvirt: tuple[str, ...] = ()
    openstack: tuple[str, ...] = ()
    extra_vars: tuple[str, ...] = ()
    facts: str = ""
    sources: dict[str, tuple[str, ...]] = {}


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Limits of a run: `source_timeout` in seconds per hypervisor, or per page of a cloud's answer.

    `all_projects` lists the servers of every project of a cloud, which only an administrator may. `trust_project` loads
    the project's own plugins. With `cache`, recordings are kept for the next run, which plays again only what changed.
    With `linters`, those that are on PATH are asked about manifests; kubeconform only where `schemas` says where its
    schemas are, because it would fetch them.
    So many `players` (processes) share the recording of one environment; 0 is one for each processor.
    """

    source_timeout: float = 30.0
    all_projects: bool = False
    trust_project: bool = False
    cache: bool = True
    linters: bool = True
    schemas: str = ""
    players: int = 1


class ImageMode(StrEnum):
    """How recorded tasks get into an image: as instructions, by Ansible during the build, or `auto`: by Ansible only
    where no instruction does the same.
    """

    AUTO = "auto"
    INSTRUCTIONS = "instructions"
    ANSIBLE = "ansible"


class Mirrors(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Addresses that builds use instead of the public ones: `images` is a registry for bases, `apt` stands for
    http://deb.debian.org and http://archive.ubuntu.com, `pip` and `npm` are package indexes, `gem` a source of gems.
    """

    images: str = ""
    apt: str = ""
    pip: str = ""
    npm: str = ""
    gem: str = ""


class Routes(StrEnum):
    """How the hosts of web servers and balancers lead to pods: by Ingress, by the Gateway API, or not at all."""

    INGRESS = "ingress"
    GATEWAY = "gateway"
    NONE = "none"


class Package(StrEnum):
    """What manifests come in: kustomizations, or a Helm chart of the same objects beside them."""

    KUSTOMIZE = "kustomize"
    HELM = "helm"


class Secrets(StrEnum):
    """How secrets are referred to: a skeleton to be filled, an ExternalSecret, or a SealedSecret to be filled."""

    PLAIN = "plain"
    EXTERNAL = "external"
    SEALED = "sealed"


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is generated for: namespace, registry prefix of images, Kubernetes minor version.

    `base_image` is the base of all images; `bases` gives one by system (`debian12`) or by name of a workload, `mirrors`
    where builds fetch from, `image_mode` how tasks get into images. With `runtime_images` an image that the catalog
    knows to be made of the same packages is the base, where nothing else is installed.

    `{environment}` in the namespace stands for the environment's name, which is the namespace where none is given.
    `route_class` is the class of Ingresses or Gateways; `secret_store` the ClusterSecretStore of ExternalSecrets.
    """

    namespace: str = ""
    registry: str = ""
    base_image: str = ""
    bases: dict[str, str] = {}
    mirrors: Mirrors = Mirrors()
    image_mode: ImageMode = ImageMode.AUTO
    runtime_images: bool = False
    kubernetes: str = "1.31"
    routes: Routes = Routes.INGRESS
    route_class: str = ""
    secrets: Secrets = Secrets.PLAIN
    secret_store: str = "default"
    package: Package = Package.KUSTOMIZE


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person decides for workloads: names or roles (globs) → kind, nature, placement, and why.

    `reason` is required; `owner` stands for it, until the end of the day `expires` (2027-01-31), if there is one.
    """

    reason: str
    workload: str = ""
    role: str = ""
    environment: str = ""
    kind: Kind | None = None
    nature: Nature | None = None
    placement: Placement | None = None
    owner: str = ""
    expires: datetime.date | None = None
    line: int = 0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole file. Paths are relative to the file; `environments` without a name for one is the key `default`.

    `catalog` holds products of one's own, or names files of them; they come before the shipped ones.
    """

    version: int = 1
    project: str = "."
    playbooks: tuple[str, ...] = ()
    environments: dict[str, Environment] = {}
    target: Target = Target()
    policy: Policy = Policy()
    overrides: tuple[Override, ...] = ()
    catalog: tuple[Product | str, ...] = ()
