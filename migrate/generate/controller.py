# SPDX-License-Identifier: Apache-2.0
"""Deployments and CronJobs around a pod."""

from __future__ import annotations

import re

from migrate.generate import names, notes, pod, waivers
from migrate.generate.draft import Draft, Process
from migrate.generate.estate import Estate
from migrate.generate.manifest import LABEL_SOURCES, NAME, Manifest, Object, labels
from migrate.model.finding import Finding, Severity

CRON = re.compile(r"@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[\d*/,-]+ [\d*/,-]+( [\w*/,?-]+){3}")
LATEST = 300
POD = "spec.template.spec"
JOB = "spec.jobTemplate.spec.template.spec"


def deployment(draft: Draft, estate: Estate, image: str) -> Manifest:
    """`deployment.yaml`: one pod for each machine."""
    replicas = max(1, len(set(draft.workload.machines)))
    spec = pod.spec(draft, estate, image)
    spec |= {"topologySpreadConstraints": [_spread(draft)], "affinity": _affinity(draft)}
    found = _around_pods("Deployment", {"replicas": replicas}, draft, estate, spec)
    machines = notes.listed(sorted(set(draft.workload.machines))) or "none known"
    sources = {
        "spec.replicas": f"one for each machine: {machines}",
        f"{POD}.affinity": "default: a node may die, as a machine might",
        f"{POD}.topologySpreadConstraints": "default: a node may die, as a machine might",
    }
    return Manifest("deployment.yaml", found, _sources(sources, draft, estate))


def daemon_set(draft: Draft, estate: Estate, image: str) -> Manifest:
    """`daemonset.yaml`: one pod on each node, as there was one on each machine."""
    spec = pod.spec(draft, estate, image)
    spec["tolerations"] = [{"operator": "Exists", "effect": "NoSchedule"}]
    found = _around_pods("DaemonSet", {}, draft, estate, spec)
    sources = {f"{POD}.tolerations": "default: on nodes for special work, too, as it was on every machine"}
    return Manifest("daemonset.yaml", found, _sources(sources, draft, estate))


def cron_jobs(draft: Draft, estate: Estate, image: str) -> tuple[list[Manifest], list[Finding]]:
    """A file for each scheduled unit whose schedule is understood."""
    good = [process for process in draft.processes if CRON.fullmatch(" ".join(process.unit.schedule.split()))]
    bad = [process for process in draft.processes if process not in good]
    findings = [_no_schedule(draft, process) for process in bad]
    if not draft.processes:
        findings.append(_nothing_scheduled(draft))
    if len(set(draft.workload.machines)) > 1 and good:
        findings.append(_once(draft))
    return [_cron_job(draft, estate, image, process, alone=len(good) == 1) for process in good], findings


def _cron_job(draft: Draft, estate: Estate, image: str, process: Process, *, alone: bool) -> Manifest:
    spec = pod.spec(draft, estate, image)
    index = draft.processes.index(process)
    job = {**spec, "restartPolicy": "Never", "containers": [spec["containers"][index]]}
    template = {"metadata": {"labels": labels(draft.workload, estate)}, "spec": job}
    name = process.name if len(draft.processes) == 1 else names.label(f"{draft.name}-{process.name}")
    found: Object = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(name, draft, estate, job),
        "spec": {
            "schedule": " ".join(process.unit.schedule.split()),
            # On one machine cron starts a second run beside the first; for most jobs that was never wanted.
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": LATEST,
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": template}},
        },
    }
    sources = {
        "metadata.annotations": waivers.SOURCE,
        "spec.schedule": process.told,
        "spec.concurrencyPolicy": "default: a second run beside the first was never wanted",
        "spec.startingDeadlineSeconds": "default: cron does not make up for what it missed long ago",
        "spec.jobTemplate.spec.backoffLimit": "default: cron, too, does not try again",
        f"{JOB}.restartPolicy": "default: cron, too, does not try again",
        "spec.jobTemplate.spec.template.metadata.labels": "name of the workload, category of its catalog entry",
        **pod.provenance(draft, estate, JOB),
    }
    file = "cronjob.yaml" if alone else f"cronjob-{process.name}.yaml"
    return Manifest(file, found, {**LABEL_SOURCES, **sources})


def _around_pods(kind: str, more: Object, draft: Draft, estate: Estate, spec: Object) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": _metadata(draft.name, draft, estate, spec),
        "spec": {
            **more,
            "selector": {"matchLabels": {NAME: draft.name}},
            "template": {"metadata": {"labels": labels(draft.workload, estate)}, "spec": spec},
        },
    }


def _metadata(name: str, draft: Draft, estate: Estate, spec: Object) -> Object:
    annotations = waivers.of_pods(spec)
    more = {"annotations": annotations} if annotations else {}
    return {"name": name, "labels": labels(draft.workload, estate), **more}


def _sources(more: dict[str, str], draft: Draft, estate: Estate) -> dict[str, str]:
    own = {
        "metadata.annotations": waivers.SOURCE,
        "spec.selector": "name of the workload",
        "spec.template.metadata.labels": "name of the workload, category of its catalog entry",
    }
    return {**LABEL_SOURCES, **own, **more, **pod.provenance(draft, estate, POD)}


def _spread(draft: Draft) -> Object:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {NAME: draft.name}},
    }


def _affinity(draft: Draft) -> Object:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {NAME: draft.name}}}
    preferred = {"weight": 100, "podAffinityTerm": term}
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preferred]}}


def _no_schedule(draft: Draft, process: Process) -> Finding:
    message = f"When {process.unit.name} runs ({process.unit.schedule or 'no schedule'}) can't be said in cron's terms."
    remedy = "Write a CronJob by hand, with the schedule in five fields."
    return notes.finding(draft.workload, "schedule-unknown", message, remedy, place=process.unit.place)


def _nothing_scheduled(draft: Draft) -> Finding:
    message = f"{draft.name} is to be a CronJob, but no scheduled unit of it is known."
    remedy = "Choose another placement, or write the CronJob by hand."
    return notes.finding(draft.workload, "schedule-unknown", message, remedy)


def _once(draft: Draft) -> Finding:
    count = len(set(draft.workload.machines))
    message = f"{draft.name} ran on each of {count} machines; the CronJob runs once for all."
    remedy = "Check that it does not work on files of each machine."
    return notes.finding(draft.workload, "runs-once", message, remedy, severity=Severity.NOTE)
