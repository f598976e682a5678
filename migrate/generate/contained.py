# SPDX-License-Identifier: Apache-2.0
"""A workload that moves into containers: its image, its configuration and its controller."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from migrate.generate import (
    accompany,
    buckets,
    builds,
    config,
    controller,
    hardening,
    image,
    notes,
    paths,
    routes,
    secrets,
    service,
    tasks,
    traffic,
)
from migrate.generate.draft import Draft, draft, unit_texts
from migrate.generate.estate import Estate, ports
from migrate.generate.image import Image
from migrate.generate.manifest import Made, Manifest, identity
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding, Severity
from migrate.model.workload import Placement, Workload


def deployment(workload: Workload, estate: Estate) -> Made:
    """Image, Deployment, Service, ConfigMaps, and what goes with them."""
    decided = draft(workload, estate)
    built = _image(decided, estate)
    found = [controller.deployment(decided, estate, _reference(decided, estate, built))]
    return _made(decided, estate, built, [*found, *service.in_front_of_pods(workload, estate)])


def daemon_set(workload: Workload, estate: Estate) -> Made:
    """The same with a DaemonSet."""
    decided = draft(workload, estate)
    built = _image(decided, estate)
    found = [controller.daemon_set(decided, estate, _reference(decided, estate, built))]
    return _made(decided, estate, built, [*found, *service.in_front_of_pods(workload, estate)], [_sees_little(decided)])


def cron_job(workload: Workload, estate: Estate) -> Made:
    """The same with CronJobs; nothing where no schedule is known."""
    decided = draft(workload, estate)
    built = _image(decided, estate)
    jobs, findings = controller.cron_jobs(decided, estate, _reference(decided, estate, built))
    if not jobs:
        return Made(workload, *identity(workload, estate), findings=tuple(findings))
    return _made(decided, estate, built, jobs, findings)


def _made(
    decided: Draft, estate: Estate, built: Image, manifests: list[Manifest], findings: Iterable[Finding] = ()
) -> Made:
    return Made(
        decided.workload,
        *identity(decided.workload, estate),
        manifests=(*manifests, *accompany.every(decided, estate)),
        configs=tuple(config.config_maps(decided)),
        build=built.artifacts,
        examples=tuple(secrets.examples(decided, estate)),
        findings=(*findings, *_findings(decided, estate, built)),
    )


def _image(decided: Draft, estate: Estate) -> Image:
    return image.build(decided, estate) if decided.needs_image else Image((), "", ())


def shared_images(estate: Estate) -> tuple[dict[str, str], list[Artifact], list[Finding]]:
    """Images with folders of their own: id of a workload → reference, their files, and what to know of them."""
    references: dict[str, str] = {}
    contexts: dict[str, dict[str, Artifact]] = {}
    findings: list[Finding] = []
    for one in builds.shared(estate.members, estate):
        known = msgspec.structs.replace(estate, names={one.workload.id: one.name, **estate.names})
        built = image.build(draft(one.workload, known), known, is_shared=True)
        reference = "/".join(filter(None, (estate.target.registry.rstrip("/"), one.name))) + f":{built.tag}"
        references |= dict.fromkeys(one.members, reference)
        findings += built.findings
        inside = {artifact.path.partition("/")[2]: artifact for artifact in built.artifacts}
        # Where environments differ, each has its own below the one that comes first.
        same = contexts.get(one.name) in (None, inside)
        folder = "/".join(filter(None, (builds.FOLDER, one.name, "" if same else one.workload.environment)))
        contexts.setdefault(one.name, inside)
        contexts[folder] = {
            path: msgspec.structs.replace(artifact, path=f"{folder}/{path}") for path, artifact in inside.items()
        }
    artifacts = [each for folder, inside in contexts.items() if "/" in folder for each in inside.values()]
    return references, artifacts, findings


def _reference(decided: Draft, estate: Estate, built: Image) -> str:
    if not built.tag:
        return ""
    return "/".join(filter(None, (estate.target.registry.rstrip("/"), decided.name))) + f":{built.tag}"


def _findings(decided: Draft, estate: Estate, built: Image) -> list[Finding]:
    every = [*built.findings, *decided.findings, *secrets.needed(decided, estate)]
    every += hardening.findings(decided.workload, decided.done)
    every += traffic.findings(decided.workload, estate)
    every += routes.findings(decided.workload, estate.routing.routes.get(decided.workload.id, ()), estate)
    for check in (_differing, _owned_folders, _state_folders, _unprobed, _other_schedule, _unpinned, _prebuilt):
        every += check(decided)
    return every


def _sees_little(decided: Draft) -> Finding:
    """What looks after a machine wants to see it, which the level `restricted` does not allow."""
    message = f"{decided.name} runs on every node, and sees its own container there instead of the node."
    remedy = "Where it must see the node, use the DaemonSet of its makers in a namespace of its own."
    return notes.finding(decided.workload, "sees-only-its-pod", message, remedy, severity=Severity.NOTE)


def _differing(decided: Draft) -> list[Finding]:
    """Machines of one workload that are not alike: the pods are all like the first."""
    found = []
    first = tasks.representative(decided.workload)
    for machine, places in tasks.differing(decided.workload).items():
        message = f"{machine} differs from {first} in {notes.listed(places)}; pods are like {first}."
        remedy = "Make the machines alike, or split the workload."
        found.append(notes.finding(decided.workload, "machines-differ", message, remedy))
    return found


def _owned_folders(decided: Draft) -> list[Finding]:
    """Folders that the process may write on its VM and may not in its container."""
    owned = paths.owned(decided.done.of(buckets.PATHS), decided.user, decided.volumes)
    if not owned:
        return []
    message = f"{decided.user} owns {notes.listed(path for path, _ in owned)}; in the container they are read-only."
    remedy = "If the process writes there, mount an emptyDir, or keep the data elsewhere."
    place = owned[0][1].place
    return [notes.finding(decided.workload, "read-only-folder", message, remedy, severity=Severity.NOTE, place=place)]


def _state_folders(decided: Draft) -> list[Finding]:
    """Folders that a unit wants kept, and that begin empty with every pod."""
    kept = paths.state_folders(unit_texts(decided.workload))
    if not kept:
        return []
    message = f"The unit wants {notes.listed(kept)} kept between starts; every pod begins with it empty."
    remedy = "Keep the data in a database or object store, or leave the workload on its VM."
    return [notes.finding(decided.workload, "state-folder", message, remedy)]


def _unprobed(decided: Draft) -> list[Finding]:
    if ports(decided.workload) or decided.workload.placement is not Placement.DEPLOYMENT:
        return []
    message = f"{decided.name} listens on no known port, so nothing but the end of its process tells that it is ill."
    remedy = "Add an exec probe if its software has one."
    return [notes.finding(decided.workload, "no-probe", message, remedy, severity=Severity.NOTE)]


def _other_schedule(decided: Draft) -> list[Finding]:
    """Scheduled units of a workload that becomes a Deployment, and the other way round."""
    used = {process.unit.name for process in decided.processes}
    scheduled = decided.workload.placement is Placement.CRONJOB
    others = [unit for unit in decided.workload.units if unit.name not in used and bool(unit.schedule) != scheduled]
    if not others:
        return []
    message = f"{notes.listed(unit.name for unit in others)} of {decided.name} does not fit its placement: no files."
    remedy = "Make it a workload of its own."
    return [notes.finding(decided.workload, "other-units", message, remedy, place=others[0].place)]


def _unpinned(decided: Draft) -> list[Finding]:
    images = [process.unit.image for process in decided.processes if process.unit.image]
    loose = [one for one in images if "@" not in one and (":" not in one.rpartition("/")[2] or one.endswith(":latest"))]
    if not loose:
        return []
    message = f"{notes.listed(loose)} is whatever the registry has today."
    return [notes.finding(decided.workload, "image-not-pinned", message, "Name a version or a digest in the role.")]


def _prebuilt(decided: Draft) -> list[Finding]:
    """Files that the role writes beside a container: only its volumes say where they appear inside."""
    files = (*decided.contents.config, *decided.contents.secret, *decided.contents.image)
    if not decided.is_prebuilt or not files:
        return []
    where = notes.listed(file.path for file in files)
    message = f"{decided.name} runs as an image; {where} are mounted, if at all, at their paths on the VM."
    remedy = "Compare with the volumes of the container and change mountPath."
    return [notes.finding(decided.workload, "container-files", message, remedy, place=files[0].task.place)]
