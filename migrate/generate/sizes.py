# SPDX-License-Identifier: Apache-2.0
"""How much a pod asks for: shares of the VM where its size is known, plain defaults elsewhere."""

from __future__ import annotations

from typing import Any

from migrate.model.workload import Workload

MEBIBYTE = 1024 * 1024
# A full disk of a node takes the neighbours along.
DISK = ("128Mi", "2Gi")
DEFAULT: dict[str, Any] = {
    "requests": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": DISK[0]},
    "limits": {"cpu": "1", "memory": "1Gi", "ephemeral-storage": DISK[1]},
}


def resources(workload: Workload, containers: int) -> tuple[dict[str, Any], str]:
    """`resources` of each container, and where they come from; never more than the VM had."""
    size = workload.size
    if size is None or not size.memory:
        return DEFAULT, "default, not measured: no source knows the size of its machines"
    memory = max(64, size.memory // MEBIBYTE // containers)
    requests = {"cpu": f"{max(50, int(size.vcpus * 1000) // containers)}m", "memory": f"{memory}Mi"}
    limits = {"cpu": str(max(1, size.vm_vcpus)), "memory": f"{max(memory, size.vm_memory // MEBIBYTE)}Mi"}
    source = ("" if not size.guess else "not measured: ") + size.source
    every = f"{source}, among {containers} containers" if containers > 1 else source
    told = f"{every}; limits: what the VM had"
    return {
        "requests": {**requests, "ephemeral-storage": DISK[0]},
        "limits": {**limits, "ephemeral-storage": DISK[1]},
    }, told
