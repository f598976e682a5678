# SPDX-License-Identifier: Apache-2.0
"""Files to merge: from an assessment to Dockerfiles and manifests, for what moves and for what stays."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

import msgspec

from migrate.generate import (
    built,
    chart,
    contained,
    estate,
    joining,
    layers,
    notes,
    provenance,
    roots,
    routing,
    service,
    tokens,
)
from migrate.generate.estate import Estate
from migrate.generate.manifest import Made, Object, identity
from migrate.model.artifact import Artifact
from migrate.model.assessment import Assessment
from migrate.model.config import Package, Target
from migrate.model.finding import Finding, Severity
from migrate.model.product import Product
from migrate.model.workload import Placement, Workload

Generated = tuple[list[Artifact], list[Finding]]


def generate(
    assessment: Assessment, *, catalog: Mapping[str, Product], target: Target, revision: str = ""
) -> tuple[list[Artifact], list[Finding]]:
    """All files by path, and all findings in their usual order; the same assessment always yields the same bytes.

    `revision` is the commit of the project, for labels of images.
    """
    known, artifacts, findings = _known(assessment, catalog, target, revision)
    made = _made(known)
    findings += [finding for one in made for finding in one.findings]
    for group in _groups(made):
        laid, told = layers.lay(group, known)
        artifacts += laid
        findings += told
    for environment, inside in _by_environment(made).items():
        artifacts += roots.of_environment(environment, inside, known)
    if target.package is Package.HELM and made:
        artifacts += chart.chart(_by_environment(made), known)
    findings += [*_target_findings(artifacts, target), *_class_findings(artifacts, target)]
    return _guarded(artifacts, findings, known)


def objects(assessment: Assessment, *, catalog: Mapping[str, Product], target: Target) -> dict[str, list[Object]]:
    """Environment → all its objects, as kustomize builds them from the files."""
    known, _, _ = _known(assessment, catalog, target, "")
    return {name: built.objects(inside, known) for name, inside in _by_environment(_made(known)).items()}


def _known(
    assessment: Assessment, catalog: Mapping[str, Product], target: Target, revision: str
) -> tuple[Estate, list[Artifact], list[Finding]]:
    """The estate with one workload for each pod, and the images that several share."""
    joined = joining.join(assessment)
    known = estate.index(joined.assessment, catalog, target)
    known = msgspec.structs.replace(known, members=joined.members, sockets=joined.sockets, revision=revision)
    known = msgspec.structs.replace(known, routing=routing.find(known))
    references, artifacts, findings = contained.shared_images(known)
    told = [notes.joined(group) for group in joined.members.values()]
    return msgspec.structs.replace(known, images=references), artifacts, [*findings, *told]


def _made(known: Estate) -> list[Made]:
    """What is made of each workload, those that lead first: bases look like the environment with most machines."""
    count = Counter(machine.environment for machine in known.assessment.machines)
    order = sorted(known.folders, key=lambda name: (-count[name], name))
    ordered = sorted(known.assessment.workloads, key=lambda one: (order.index(one.environment), one.name))
    return [GENERATORS.get(workload.placement, _nothing)(workload, known) for workload in ordered]


def _groups(made: Iterable[Made]) -> list[list[Made]]:
    """Those of one name, whatever their environment; only those that have files."""
    found: defaultdict[str, list[Made]] = defaultdict(list)
    for one in made:
        if one.manifests:
            found[one.name].append(one)
    return [found[name] for name in sorted(found)]


def _by_environment(made: Iterable[Made]) -> dict[str, list[Made]]:
    found: defaultdict[str, list[Made]] = defaultdict(list)
    for one in made:
        if one.manifests:
            found[one.environment].append(one)
    return dict(sorted(found.items()))


def _bridge(workload: Workload, known: Estate) -> Made:
    """What stays on its VM: a name for it inside the cluster, and nothing else."""
    manifests, findings = service.bridge(workload, known)
    return Made(workload, *identity(workload, known), tuple(manifests), findings=tuple(findings))


def _nothing(workload: Workload, known: Estate) -> Made:
    told = (notes.not_generated(workload, known),)
    return Made(workload, *identity(workload, known), findings=told)


GENERATORS: Mapping[Placement, Callable[[Workload, Estate], Made]] = {
    Placement.DEPLOYMENT: contained.deployment,
    Placement.CRONJOB: contained.cron_job,
    Placement.DAEMONSET: contained.daemon_set,
    Placement.VM: _bridge,
}


def _class_findings(artifacts: Iterable[Artifact], target: Target) -> list[Finding]:
    """A Gateway is of some class, and only the cluster knows which there are."""
    if target.route_class or not any(artifact.path.endswith("gateway.yaml") for artifact in artifacts):
        return []
    message = "The class of the Gateway is not known; gateway.yaml says `default`."
    remedy = "Set target.route_class in migrate.yaml to a class that `kubectl get gatewayclasses` shows."
    return [Finding("gateway-class", "migrate.yaml", message, remedy)]


def _target_findings(artifacts: Iterable[Artifact], target: Target) -> list[Finding]:
    if target.registry or not any(artifact.path.endswith("/Dockerfile") for artifact in artifacts):
        return []
    message = "Images are named without a registry, so only a cluster that has them already can start the pods."
    remedy = "Set target.registry in migrate.yaml to where images are pushed."
    return [Finding("no-registry", "migrate.yaml", message, remedy, Severity.NOTE)]


def _guarded(artifacts: Iterable[Artifact], findings: Iterable[Finding], known: Estate) -> Generated:
    """The last look: no token leaves, and where one would have, a person is told what is missing."""
    clean, told = [], list(findings)
    for artifact in artifacts:
        clean.append(tokens.guard_artifact(artifact, known.tokens))
        if clean[-1].text != artifact.text:
            told.append(_blanked(artifact, known))
    guarded = (tokens.guard_finding(one, known.tokens) for one in told)
    return sorted([*clean, *provenance.files(clean)]), sorted(guarded, key=Finding.sort_key)


def _blanked(artifact: Artifact, known: Estate) -> Finding:
    needed = notes.listed(token.name for token in known.tokens.inside(artifact.text))
    message = f"{artifact.path} needs {needed} in a place where only fixed text can be; it says so there instead."
    return Finding(
        "value-blanked", artifact.path, message, "Write the value by hand, or let the role pass it in a file."
    )
