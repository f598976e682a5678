# SPDX-License-Identifier: Apache-2.0
"""How much a pod asks for: shares of the VM where its size is known, plain defaults elsewhere."""

from __future__ import annotations

from typing import Any

from migrate.generate.estate import Estate
from migrate.model.workload import Workload

MEBIBYTE = 1024 * 1024
DEFAULT: dict[str, Any] = {"requests": {"cpu": "100m", "memory": "128Mi"}}


def resources(workload: Workload, estate: Estate, containers: int) -> tuple[dict[str, Any], str]:
    """`resources` of each container, and where they come from. The smallest machine counts."""
    machines = estate.machines_of(workload)
    vcpus = min((machine.vcpus for machine in machines if machine.vcpus), default=0)
    memory = min((machine.memory for machine in machines if machine.memory), default=0)
    if not (vcpus and memory):
        return DEFAULT, "default, not measured: no source knows the size of its machines"
    sharing = max(len(estate.residents.get((workload.environment, machine.name), ())) for machine in machines) or 1
    share = sharing * containers
    mebibytes = memory // MEBIBYTE
    requests = {"cpu": f"{max(50, vcpus * 250 // share)}m", "memory": f"{max(64, mebibytes // 2 // share)}Mi"}
    source = (
        f"default, not measured: a quarter of {vcpus} vCPUs and half of {mebibytes} MiB of the smallest VM, "
        f"among {share} containers; limit: all of its memory"
    )
    return {"requests": requests, "limits": {"memory": f"{max(64, mebibytes)}Mi"}}, source
