# SPDX-License-Identifier: Apache-2.0
"""What goes with a controller: account, NetworkPolicy and Secrets of its pods, routes, disruption budget."""

from __future__ import annotations

from migrate.generate import routes, secrets, traffic
from migrate.generate.draft import Draft
from migrate.generate.estate import Estate
from migrate.generate.manifest import LABEL_SOURCES, NAME, Manifest, Object, labels
from migrate.model.workload import Placement


def every(draft: Draft, estate: Estate) -> list[Manifest]:
    """ServiceAccount and NetworkPolicy; for Deployments of several pods a PodDisruptionBudget."""
    found = [_service_account(draft, estate), traffic.policy(draft.workload, estate)]
    found += secrets.manifests(draft, estate)
    found += routes.manifests(draft.workload, estate.routing.routes.get(draft.workload.id, ()), estate)
    if draft.workload.placement is Placement.DEPLOYMENT and len(set(draft.workload.machines)) > 1:
        found.append(_disruption_budget(draft, estate))
    return found


def _service_account(draft: Draft, estate: Estate) -> Manifest:
    found: Object = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": draft.name, "labels": labels(draft.workload, estate)},
        "automountServiceAccountToken": False,
    }
    sources = {"automountServiceAccountToken": "default: what ran on a VM does not ask the Kubernetes API"}
    return Manifest("serviceaccount.yaml", found, {**LABEL_SOURCES, **sources})


def _disruption_budget(draft: Draft, estate: Estate) -> Manifest:
    found: Object = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": draft.name, "labels": labels(draft.workload, estate)},
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": {NAME: draft.name}},
        },
    }
    sources = {
        "spec.maxUnavailable": "default: nodes are drained one by one, as machines were",
        "spec.unhealthyPodEvictionPolicy": "default: a pod that is ill anyway keeps no node from being drained",
        "spec.selector": "name of the workload",
    }
    return Manifest("poddisruptionbudget.yaml", found, {**LABEL_SOURCES, **sources})
