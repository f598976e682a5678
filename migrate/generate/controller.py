# SPDX-License-Identifier: Apache-2.0
"""Deployments and CronJobs around a pod."""

from __future__ import annotations

import re
from typing import Any

from migrate.files import dump_all, dump_yaml
from migrate.generate import config, names, notes, pod
from migrate.generate.draft import Draft, Process, header
from migrate.generate.estate import Estate
from migrate.generate.service import NAME
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding, Severity

Object = dict[str, Any]
CHECKSUM = "migrate.hybrid/config-sha256"
CRON = re.compile(r"@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[\d*/,-]+ [\d*/,-]+( [\w*/,?-]+){3}")


def deployment(draft: Draft, estate: Estate, image: str) -> Artifact:
    """`deployment.yaml`: one pod for each machine."""
    replicas = max(1, len(set(draft.workload.machines)))
    spec = pod.spec(draft, estate, image)
    if replicas > 1:
        spec = {**spec, "topologySpreadConstraints": [_spread(draft)]}
    found = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(draft.name, draft),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {NAME: draft.name}},
            "template": {"metadata": _pod_metadata(draft), "spec": spec},
        },
    }
    machines = notes.listed(sorted(set(draft.workload.machines))) or "none known"
    sources = {"spec.replicas": f"one for each machine: {machines}"}
    sources |= pod.provenance(draft, estate, "spec.template.spec")
    text = dump_yaml(found, header=header(draft.workload))
    return Artifact(f"{estate.folder(draft.workload)}/base/deployment.yaml", text, sources)


def cron_jobs(draft: Draft, estate: Estate, image: str) -> tuple[list[Artifact], list[Finding]]:
    """`cronjob.yaml`: one document for each scheduled unit whose schedule is understood."""
    good = [process for process in draft.processes if CRON.fullmatch(" ".join(process.unit.schedule.split()))]
    bad = [process for process in draft.processes if process not in good]
    findings = [_no_schedule(draft, process) for process in bad]
    if not draft.processes:
        findings.append(_nothing_scheduled(draft))
    if len(set(draft.workload.machines)) > 1 and good:
        findings.append(_once(draft))
    if not good:
        return [], findings
    text = dump_all([_cron_job(draft, estate, image, process) for process in good], header=header(draft.workload))
    at = "spec.jobTemplate.spec.template.spec"
    sources = {f"spec.schedule[{one.name}]": f"{one.unit.manager} {one.unit.name} ({one.unit.place})" for one in good}
    sources |= pod.provenance(draft, estate, at)
    return [Artifact(f"{estate.folder(draft.workload)}/base/cronjob.yaml", text, sources)], findings


def _cron_job(draft: Draft, estate: Estate, image: str, process: Process) -> Object:
    spec = pod.spec(draft, estate, image)
    index = draft.processes.index(process)
    job = {**spec, "restartPolicy": "Never", "containers": [spec["containers"][index]]}
    template = {"metadata": _pod_metadata(draft), "spec": job}
    name = process.name if len(draft.processes) == 1 else names.label(f"{draft.name}-{process.name}")
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(name, draft),
        "spec": {
            "schedule": " ".join(process.unit.schedule.split()),
            # On one machine cron starts a second run beside the first; for most jobs that was never wanted.
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": template}},
        },
    }


def _metadata(name: str, draft: Draft) -> Object:
    return {"name": name, "labels": {NAME: draft.name}}


def _pod_metadata(draft: Draft) -> Object:
    found: Object = {"labels": {NAME: draft.name}}
    checksum = config.checksum(draft)
    return {**found, "annotations": {CHECKSUM: checksum}} if checksum else found


def _spread(draft: Draft) -> Object:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {NAME: draft.name}},
    }


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
