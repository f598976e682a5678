# SPDX-License-Identifier: Apache-2.0
"""What a VM uses of its size, from libvirt's statistics (https://libvirt.org/manpages/virsh.html#domstats)."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.model.machine import Usage

KIBIBYTE = 1024
GUEST = "libvirt's balloon statistics, without what the guest could give back"
HOST = "what the hypervisor gave it, the guest's caches included"


def usage(statistics: Mapping[str, int]) -> Usage | None:
    """Memory by the guest's own account where its driver tells, else by the hypervisor's; None where nobody does."""
    memory, source = memory_of(statistics)
    cpus = cpus_of(statistics)
    if memory < 0 and cpus < 0:
        return None
    over = f"; processors over {statistics['elapsed'] / 1e9:.0f} s" if cpus >= 0 else ""
    return Usage(source=f"{source or 'libvirt'}{over}", memory=memory, cpus=cpus)


def memory_of(statistics: Mapping[str, int]) -> tuple[int, str]:
    """(bytes, who says so); -1 where it isn't known. Without `last-update` the guest never answered."""
    available = statistics.get("balloon.available", 0)
    if available and statistics.get("balloon.last-update", 1):
        for free in ("balloon.usable", "balloon.unused"):
            if 0 < statistics.get(free, 0) <= available:
                return (available - statistics[free]) * KIBIBYTE, GUEST
    if resident := statistics.get("balloon.rss", 0):
        return resident * KIBIBYTE, HOST
    return -1, ""


def cpus_of(statistics: Mapping[str, int]) -> float:
    """Processors that it kept busy; -1 where it isn't known."""
    elapsed = statistics.get("elapsed", 0)
    if not elapsed or "cpu.before" not in statistics or "cpu.time" not in statistics:
        return -1.0
    return round(max(0, statistics["cpu.time"] - statistics["cpu.before"]) / elapsed, 2)
