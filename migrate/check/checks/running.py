# SPDX-License-Identifier: Apache-2.0
"""Whether pods start, are asked how they are, and get what they need: images, probes, resources, schedules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from migrate.check.checks import Fault, check, of_container, of_pod
from migrate.check.reach import Table, number, reach, table, tables, text
from migrate.check.scene import Pod, Scene
from migrate.model.finding import Severity

IMAGE = re.compile(
    r"(?P<name>(?:(?:[a-zA-Z0-9](?:[\w.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
BY_CONTENTS = re.compile(r"build-[0-9a-f]{8,}|sha256-[0-9a-f]{12,}|[0-9a-f]{40}")
PATIENCE = 3


@check(Severity.ERROR, remedy="Write registry/name:tag, the name in lower case.")
def image_name(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one in pod.containers:
            if not IMAGE.fullmatch(text(one.data.get("image"))):
                yield of_container(pod, one, "image", "the image has no legal name")


@check(
    Severity.WARNING,
    remedy="Name a version; the newest image is another one each day.",
    asked_by="kube-linter:latest-tag kube-score:container-image-tag polaris:tagNotSpecified",
)
def image_tag(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one in pod.containers:
            match = IMAGE.fullmatch(text(one.data.get("image")))
            if match and not match["digest"] and match["tag"] in (None, "latest"):
                yield of_container(pod, one, "image", f"the image has {'the tag latest' if match['tag'] else 'no tag'}")


@check(
    Severity.WARNING,
    remedy="IfNotPresent where tag or digest name the contents, Always for every other tag (docs/policy.md).",
    asked_by="kube-score:container-image-pull-policy polaris:pullPolicyNotAlways",
)
def pull_policy(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one in pod.containers:
            match = IMAGE.fullmatch(text(one.data.get("image")))
            fixed = match and (match["digest"] or BY_CONTENTS.fullmatch(match["tag"] or ""))
            if match and not fixed and one.data.get("imagePullPolicy") != "Always":
                yield of_container(pod, one, "imagePullPolicy", "a node may keep an old image under this tag")


@check(
    Severity.WARNING,
    remedy="Ask the port that it serves; readinessProbe is what a Service goes by.",
    asked_by="kube-linter:no-liveness-probe kube-linter:no-readiness-probe kube-score:pod-probes "
    "polaris:readinessProbeMissing polaris:livenessProbeMissing kube-linter:no-startup-probe",
)
def probe_missing(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        if pod.runs_once:
            continue
        for one in pod.serving:
            listening = [port for port in tables(one.data.get("ports")) if port.get("protocol", "TCP") == "TCP"]
            missing = [probe for probe in ("readinessProbe", "livenessProbe") if listening and not one.data.get(probe)]
            if missing:
                yield of_container(pod, one, "", f"it serves, but has no {' and no '.join(missing)}")


@check(
    Severity.WARNING,
    remedy="Raise failureThreshold or periodSeconds of the livenessProbe, or ask it something else.",
    asked_by="kube-score:pod-probes-identical",
)
def hasty_liveness(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one in pod.serving:
            ready, alive = table(one.data.get("readinessProbe")), table(one.data.get("livenessProbe"))
            if alive and _question(ready) == _question(alive) and _gives_up(alive) < PATIENCE * _gives_up(ready):
                message = f"liveness asks what readiness asks, and gives up after {_gives_up(alive)} s already"
                yield of_container(pod, one, "livenessProbe", message)


def _question(probe: Table) -> tuple[str, ...]:
    return tuple(repr(probe.get(way)) for way in ("httpGet", "tcpSocket", "exec", "grpc"))


def _gives_up(probe: Table) -> int:
    """Seconds of silence after which a probe counts as failed; Kubernetes' defaults where nothing is said."""
    return (number(probe.get("periodSeconds")) or 10) * (number(probe.get("failureThreshold")) or 3)


@check(
    Severity.WARNING,
    remedy="Set requests and limits of cpu, memory and ephemeral-storage.",
    asked_by="kube-linter:unset-cpu-requirements kube-linter:unset-memory-requirements "
    "kube-linter:unset-ephemeral-storage-requirements kube-score:container-resources "
    "kube-score:container-ephemeral-storage-request-and-limit polaris:cpuRequestsMissing polaris:cpuLimitsMissing "
    "polaris:memoryRequestsMissing polaris:memoryLimitsMissing",
)
def resources_missing(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one in pod.containers:
            found = table(one.data.get("resources"))
            missing = [
                f"{part}.{what}"
                for part in ("requests", "limits")
                for what in ("cpu", "memory", "ephemeral-storage")
                if table(found.get(part)).get(what) is None
            ]
            if missing:
                yield of_container(pod, one, "resources", f"there is no {', '.join(missing)}")


@check(Severity.ERROR, remedy="A request may not be above its limit, and neither may be negative.")
def resources_wrong(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one in pod.containers:
            found = table(one.data.get("resources"))
            requests, limits = table(found.get("requests")), table(found.get("limits"))
            for what in sorted(map(str, {*requests, *limits})):
                low, high = amount(requests.get(what)), amount(limits.get(what))
                if low is not None and high is not None and low > high:
                    yield of_container(
                        pod, one, f"resources.requests.{what}", f"it requests more {what} than its limit"
                    )
                if any(each is not None and each < 0 for each in (low, high)):
                    yield of_container(pod, one, f"resources.{what}", f"{what} is negative")


SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def amount(value: object) -> Decimal | None:
    """A quantity as a number; None for what is none."""
    match = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+))([numkMGTPE]i?|[KMGTPE]i|[eE][+-]?\d{1,3})?", str(value), re.ASCII)
    if not match:
        return None
    digits, suffix = Decimal(match[1]), match[2] or ""
    if suffix in BINARY:
        return digits * Decimal(2) ** BINARY[suffix]
    if suffix in SUFFIXES:
        return digits.scaleb(SUFFIXES[suffix])
    return digits.scaleb(int(suffix[1:])) if suffix[0] in "eE" else None


MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()
FIELDS: tuple[tuple[int, int, list[str]], ...] = ((0, 59, []), (0, 23, []), (1, 31, []), (1, 12, MONTHS), (0, 6, DAYS))
EVERY = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}


@check(Severity.ERROR, remedy="Write five fields as cron takes them, for example `15 2 * * *`.")
def schedule(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("CronJob"):
        found = one.get("spec.schedule")
        if found is not None and not legal_schedule(text(found)):
            yield Fault(one, "spec.schedule", "the schedule is none that Kubernetes understands")


def legal_schedule(written: str) -> bool:
    """As robfig/cron reads it: five fields with names of months and days, or a word such as @daily."""
    if written in EVERY or re.fullmatch(r"@every (\d+(\.\d+)?(h|m|s|ms))+", written):
        return True
    parts = written.split()
    return len(parts) == len(FIELDS) and all(
        _legal_field(part.lower(), *known) for part, known in zip(parts, FIELDS, strict=True)
    )


def _legal_field(part: str, low: int, high: int, names: list[str]) -> bool:
    return all(_legal_range(entry, low, high, names) for entry in part.split(","))


def _legal_range(entry: str, low: int, high: int, names: list[str]) -> bool:
    match = re.fullmatch(r"(?:[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", entry, re.ASCII)
    if not match or match["step"] == "0":
        return False
    if match["first"] is None:
        return True
    first, last = (_of_name(each, names) for each in (match["first"], match["last"] or match["first"]))
    return low <= first <= last <= high


def _of_name(word: str, names: list[str]) -> int:
    if word in names:
        return names.index(word) + (1 if names is MONTHS else 0)
    return int(word) if word.isdecimal() else -1


@check(
    Severity.WARNING,
    remedy="Set startingDeadlineSeconds, concurrencyPolicy, and restartPolicy OnFailure or Never.",
    asked_by="kube-score:cronjob-has-deadline kube-score:cronjob-restartpolicy kube-linter:restart-policy",
)
def cron_job(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("CronJob"):
        for field in ("startingDeadlineSeconds", "concurrencyPolicy"):
            if one.get(f"spec.{field}") is None:
                yield Fault(one, f"spec.{field}", f"there is no {field}")
    for pod in scene.pods:
        if pod.runs_once and pod.spec.get("restartPolicy") not in ("OnFailure", "Never"):
            yield of_pod(pod, "restartPolicy", "a job's pod may not restart for ever")


@check(
    Severity.NOTE,
    remedy="Set ttlSecondsAfterFinished.",
    asked_by="kube-linter:job-ttl-seconds-after-finished",
)
def job_stays(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("Job"):
        if one.get("spec.ttlSecondsAfterFinished") is None:
            yield Fault(one, "spec", "the Job stays when it has ended")


@check(Severity.NOTE, remedy="Remove the volume, or mount it.")
def unused_volume(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for name in _unmounted(pod):
            yield of_pod(pod, "volumes", f"nothing mounts the volume {name}")


def _unmounted(pod: Pod) -> list[str]:
    fields = ("volumeMounts", "volumeDevices")
    used = {text(one.get("name")) for each in pod.containers for key in fields for one in tables(each.data.get(key))}
    return [name for name in (text(one.get("name")) for one in tables(pod.spec.get("volumes"))) if name not in used]


@check(
    Severity.NOTE,
    remedy="Use RollingUpdate, unless two versions can't run side by side.",
    asked_by="kube-linter:no-rolling-update-strategy kube-score:deployment-strategy",
)
def rollout(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("Deployment"):
        if reach(one.data, "spec.strategy.type") == "Recreate" and number(one.get("spec.replicas")) != 1:
            yield Fault(one, "spec.strategy", "each change stops all pods before new ones start")
