# SPDX-License-Identifier: Apache-2.0
"""Kubernetes objects before they become files, and all that is made of one workload in one environment."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.generate.estate import Estate
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding
from migrate.model.workload import Workload

Object = dict[str, Any]
NAME = "app.kubernetes.io/name"
CONTROLLERS = ("Deployment", "DaemonSet", "CronJob")


class Manifest(msgspec.Struct, frozen=True):
    """One object, the file that it goes to, and field → source. `apart`: it is never shared between environments."""

    file: str
    object: Object
    sources: dict[str, str]
    apart: bool = False

    @property
    def kind(self) -> str:
        return str(self.object["kind"])

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])


class ConfigMap(msgspec.Struct, frozen=True):
    """What kustomize makes a ConfigMap of: files, or variables (`is_environment`); key → text, and key → source."""

    name: str
    data: dict[str, str]
    sources: dict[str, str]
    is_environment: bool = False


class Made(msgspec.Struct, frozen=True):
    """All that is made of one workload in one environment.

    `build` is the context of its image, below the workload's folder; `examples` are files that no kustomization lists.
    """

    workload: Workload
    name: str
    environment: str
    labels: dict[str, str]
    manifests: tuple[Manifest, ...] = ()
    configs: tuple[ConfigMap, ...] = ()
    build: tuple[Artifact, ...] = ()
    examples: tuple[Artifact, ...] = ()
    findings: tuple[Finding, ...] = ()


def labels(workload: Workload, estate: Estate) -> dict[str, str]:
    """Labels that are the same in every environment; kustomizations add those that are not."""
    product = estate.product(workload)
    component = {"app.kubernetes.io/component": product.category} if product and product.category else {}
    return {NAME: estate.name(workload), **component, "app.kubernetes.io/managed-by": "migrate"}


def identity(workload: Workload, estate: Estate) -> tuple[str, str, dict[str, str]]:
    """The first fields of Made."""
    return estate.name(workload), estate.folders[workload.environment], labels(workload, estate)


LABEL_SOURCES = {
    f"metadata.labels[{NAME}]": "name of the workload",
    "metadata.labels[app.kubernetes.io/component]": "category of its catalog entry",
    "metadata.labels[app.kubernetes.io/managed-by]": "default",
    "metadata.name": "name of the workload",
    "apiVersion": "default: the version of this API that target.kubernetes serves",
    "kind": "placement of the workload",
}


def own_labels(made: Made, estate: Estate) -> dict[str, str]:
    """Labels of one environment. The instance is the object's name: namespaces tell environments apart."""
    part_of = estate.namespace(made.workload.environment) or made.environment
    found = {"app.kubernetes.io/instance": made.name}
    return {**found, "app.kubernetes.io/part-of": part_of} if part_of else found
