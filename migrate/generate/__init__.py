# SPDX-License-Identifier: Apache-2.0
"""Files to merge: from an assessment to Dockerfiles and manifests, for what moves and for what stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from migrate.generate import contained, estate, kustomize, notes, service, tokens
from migrate.generate.estate import Estate
from migrate.model.artifact import Artifact
from migrate.model.assessment import Assessment
from migrate.model.config import Target
from migrate.model.finding import Finding, Severity
from migrate.model.product import Product
from migrate.model.workload import Placement, Workload

Made = tuple[list[Artifact], list[Finding]]


def generate(
    assessment: Assessment, *, catalog: Mapping[str, Product], target: Target
) -> tuple[list[Artifact], list[Finding]]:
    """All files by path, and all findings in their usual order; the same assessment always yields the same bytes."""
    known = estate.index(assessment, catalog, target)
    artifacts: list[Artifact] = []
    findings: list[Finding] = []
    with_files: defaultdict[str, list[Workload]] = defaultdict(list)
    for workload in sorted(assessment.workloads, key=lambda one: one.id):
        made, found = GENERATORS.get(workload.placement, _nothing)(workload, known)
        artifacts += made
        findings += found
        if made:
            with_files[workload.environment].append(workload)
    artifacts += [kustomize.of_environment(name, workloads, known) for name, workloads in with_files.items()]
    findings += _target_findings(artifacts, target)
    return _guarded(artifacts, findings, known)


def _bridge(workload: Workload, known: Estate) -> Made:
    """What stays on its VM: a name for it inside the cluster, and nothing else."""
    artifacts, findings = service.bridge(workload, known)
    if not artifacts:
        return [], findings
    return [*artifacts, kustomize.of_workload(workload, known, artifacts)], findings


def _nothing(workload: Workload, known: Estate) -> Made:
    return [], [notes.not_generated(workload, known)]


GENERATORS: Mapping[Placement, Callable[[Workload, Estate], Made]] = {
    Placement.DEPLOYMENT: contained.deployment,
    Placement.CRONJOB: contained.cron_job,
    Placement.VM: _bridge,
}


def _target_findings(artifacts: Iterable[Artifact], target: Target) -> list[Finding]:
    if target.registry or not any(artifact.path.endswith("/Dockerfile") for artifact in artifacts):
        return []
    message = "Images are named without a registry, so only a cluster that has them already can start the pods."
    remedy = "Set target.registry in migrate.yaml to where images are pushed."
    return [Finding("no-registry", "migrate.yaml", message, remedy, Severity.NOTE)]


def _guarded(artifacts: Iterable[Artifact], findings: Iterable[Finding], known: Estate) -> Made:
    """The last look: no token leaves, and where one would have, a person is told what is missing."""
    clean, told = [], list(findings)
    for artifact in artifacts:
        clean.append(tokens.guard_artifact(artifact, known.tokens))
        if clean[-1].text != artifact.text:
            told.append(_blanked(artifact, known))
    return sorted(clean), sorted((tokens.guard_finding(one, known.tokens) for one in told), key=Finding.sort_key)


def _blanked(artifact: Artifact, known: Estate) -> Finding:
    needed = notes.listed(token.name for token in known.tokens.inside(artifact.text))
    message = f"{artifact.path} needs {needed} in a place where only fixed text can be; it says so there instead."
    return Finding(
        "value-blanked", artifact.path, message, "Write the value by hand, or let the role pass it in a file."
    )
