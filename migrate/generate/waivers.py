# SPDX-License-Identifier: Apache-2.0
"""Annotations that tell other linters where docs/policy.md has settled a question against them, and only there."""

from __future__ import annotations

from migrate.generate.manifest import Object

LINTER, SCORE = "ignore-check.kube-linter.io", "kube-score/ignore"
SOURCE = "default: tells linters what docs/policy.md has settled otherwise"
SYSCTL = "Kubernetes counts it as safe, and the level restricted takes it"
BRIDGE = "it leads to a VM by EndpointSlices"


def of_pods(spec: Object) -> dict[str, str]:
    """What the controller around a pod spec needs; nothing for most."""
    containers = spec["containers"]
    found, ignored = {}, []
    if any(one.get("imagePullPolicy") == "IfNotPresent" for one in containers):
        ignored.append("container-image-pull-policy")
        found[exempt("pullPolicyNotAlways")] = "true"
    if any(_question(one, "livenessProbe") == _question(one, "readinessProbe") != {} for one in containers):
        ignored.append("pod-probes-identical")
    if "restartPolicy" not in spec and not any("readinessProbe" in one for one in containers):
        # It takes a Service without selector, as bridges are, for one that selects every pod.
        ignored.append("pod-probes")
        found |= {exempt(name): "true" for name in ("livenessProbeMissing", "readinessProbeMissing")}
    if any(entry["name"].startswith("net.") for entry in spec.get("securityContext", {}).get("sysctls", ())):
        found[f"{LINTER}/unsafe-sysctls"] = SYSCTL
    if ignored:
        found[SCORE] = ",".join(sorted(ignored))
    return dict(sorted(found.items()))


def of_bridge() -> dict[str, str]:
    """What a Service without selector needs."""
    return {f"{LINTER}/dangling-service": BRIDGE}


def exempt(check: str) -> str:
    """Polaris' way to say so."""
    return f"polaris.fairwinds.com/{check}-exempt"


def _question(container: Object, probe: str) -> Object:
    """What a probe asks, without how often; probes that run a command are compared by nobody."""
    asked = container.get(probe, {})
    return {way: asked[way] for way in ("httpGet", "tcpSocket", "exec") if way in asked}
