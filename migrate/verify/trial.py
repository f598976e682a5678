# SPDX-License-Identifier: Apache-2.0
"""One workload tried: its image built, its pod started, waited for and asked, and all of it taken away again."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from migrate.clients import certificates
from migrate.clients.builder import Builder, BuilderError
from migrate.model.trial import Passed, Trial
from migrate.verify import asking, neighbours, standins, translate, volumes, waiting
from migrate.verify.folder import Subject
from migrate.verify.neighbours import Given, Seen
from migrate.verify.running import Pod
from migrate.verify.translate import Run, Sources

Watch = Callable[[str], None]
LOG_LINES = 12
REPOSITORY = "localhost/migrate-verify"


class Options(msgspec.Struct, frozen=True):
    """`timeout` in seconds until ready; `closed`: the pod reaches nothing but stand-ins; `against`: name → URL."""

    timeout: float = 60.0
    keep: bool = False
    closed: bool = True
    given: tuple[Given, ...] = ()
    against: Mapping[str, str] = {}
    paths: tuple[str, ...] = ()
    build_options: tuple[str, ...] = ()


class Found:
    """What is known of a trial so far."""

    def __init__(self, subject: Subject) -> None:
        self.begun = time.monotonic()
        self.trial = Trial(workload=subject.name, environment=subject.environment, kind=subject.kind)

    def note(self, **changes: Any) -> None:
        self.trial = msgspec.structs.replace(self.trial, **changes)

    def problem(self, *texts: str) -> None:
        self.note(problems=(*self.trial.problems, *texts))

    def done(self, values: Sequence[str]) -> Trial:
        """The trial without secrets in any of its texts."""
        seconds = round(time.monotonic() - self.begun, 1)
        return _redacted(msgspec.structs.replace(self.trial, seconds=seconds), values)


def attempt(subject: Subject, tool: Builder, options: Options, watch: Watch) -> Trial:
    """Try one workload to the end, or to the first step that fails."""
    found = Found(subject)
    sources, drawn = _sources(subject)
    image = _image(subject, tool, options, found, watch)
    if image and not tool.starts_pods:
        found.note(notes=(f"{tool.name} builds images and starts no pods; install podman or docker for the rest",))
    elif image:
        try:
            _start(subject, image, sources, tool, options, found, watch)
        except BuilderError as error:
            found.note(started=Passed.NO)
            found.problem(*_told(error))
    return found.done(drawn)


def _sources(subject: Subject) -> tuple[Sources, list[str]]:
    made, drawn = standins.fill(subject.pod, subject.secrets, Maker(subject.name))
    fields = {
        "metadata.name": subject.name,
        "metadata.namespace": subject.environment.replace("/", "-") or "default",
        "spec.nodeName": "migrate-verify",
        "spec.serviceAccountName": "default",
    }
    return Sources(subject.config, made, fields), drawn


class Maker:
    """Worthless secrets; one certificate for all that a pod wants, so that keys fit."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pem = ""

    def word(self) -> str:
        return secrets.token_hex(12)

    def certificate(self) -> str:
        self._pem = self._pem or certificates.self_signed(self._name)
        return self._pem


def _image(subject: Subject, tool: Builder, options: Options, found: Found, watch: Watch) -> str:
    """The image to start; "" where there is none."""
    watch(f"{subject.id}: building")
    begun = time.monotonic()
    image = subject.image
    try:
        if subject.context:
            image = _own_name(subject.context, subject.image)
            tool.build(subject.context, image, options.build_options)
        elif not tool.has_image(image):
            tool.pull(image)
        for name, folder in subject.others.items():
            tool.build(folder, _own_name(folder, name), options.build_options)
        size = tool.size(image)
    except BuilderError as error:
        found.note(image=subject.image, built=Passed.NO, build_seconds=round(time.monotonic() - begun, 1))
        found.problem(*_told(error))
        return ""
    found.note(image=image, built=Passed.YES, size=size, build_seconds=round(time.monotonic() - begun, 1))
    return image


def _own_name(folder: Path, image: str) -> str:
    """What an image is called here, so that it takes nobody's place."""
    return f"{REPOSITORY}/{folder.name.lower()}:{_tag(image)}"


def _tag(image: str) -> str:
    name = image.rpartition("/")[2].partition("@")[0]
    return name.partition(":")[2] or "verify"


def _start(
    subject: Subject, image: str, sources: Sources, tool: Builder, options: Options, found: Found, watch: Watch
) -> None:
    """From the built image to the last answer."""
    watch(f"{subject.id}: starting")
    seen = Seen()
    with contextlib.ExitStack() as stack:
        pod = stack.enter_context(_pod(subject, image, tool, options, seen))
        if options.keep:
            found.note(kept=pod.name)
        pod.others = {name: _own_name(folder, name) for name, folder in subject.others.items()}
        runs = _runs(subject, sources, pod, found)
        waiting.initialise(pod, [run for run in runs if run.name in pod.first], options.timeout, found)
        for run in runs:
            if run.name not in pod.first:
                pod.run(run)
        watch(f"{subject.id}: waiting")
        if subject.is_job:
            waiting.until_end(pod, options.timeout, found)
        elif waiting.until_ready(pod, subject.pod, options.timeout, found):
            watch(f"{subject.id}: asking")
            asking.ask(subject, pod, options, found)
        _aftermath(subject, pod, seen, found)


def _runs(subject: Subject, sources: Sources, pod: Pod, found: Found) -> list[Run]:
    """Every container, with its volumes made; what would differ from a cluster is a problem."""
    known = msgspec.structs.replace(
        sources, fields={**sources.fields, "status.podIP": pod.address, "status.hostIP": pod.gateway}
    )
    found.problem(*volumes.make(subject.pod, known, pod.scratch))
    every = (*(subject.pod.get("initContainers") or ()), *subject.pod["containers"])
    runs = [translate.of_container(container, subject.pod, known) for container in every]
    found.problem(*(problem for run in runs for problem in run.problems))
    return runs


@contextlib.contextmanager
def _pod(subject: Subject, image: str, tool: Builder, options: Options, seen: Seen) -> Iterator[Pod]:
    """Network, stand-ins, and the pod's own network namespace; everything is gone afterwards, unless it is kept."""
    name = f"migrate-verify-{subject.name}-{secrets.token_hex(3)}"
    scratch = Path(tempfile.mkdtemp(prefix="migrate-verify-"))
    pod = Pod(tool, name, image, scratch, subject)
    try:
        pod.gateway = tool.make_network(name, closed=options.closed)
        with neighbours.standing_in(pod.gateway, subject.neighbours, options.given, seen) as names:
            hosts = {**names, **translate.aliases(subject.pod)}
            flags = [f"--network={name}", f"--dns={pod.gateway}", *translate.sysctls(subject.pod)]
            flags += [f"--add-host={host}:{address}" for host, address in sorted(hosts.items())]
            pod.address = tool.hold(name, image, flags)
            yield pod
    finally:
        if not options.keep:
            pod.remove()
            tool.delete_below(scratch, image)
            shutil.rmtree(scratch, ignore_errors=True)


def _aftermath(subject: Subject, pod: Pod, seen: Seen, found: Found) -> None:
    """What it asked for, and its last words where something failed."""
    inside = {one.name for one in subject.neighbours}
    strangers = sorted(name for name in seen.names if name.split(".")[0] not in inside)
    notes = [f"asked for {', '.join(strangers)}, which only your network can resolve"] if strangers else []
    notes += [f"port taken on this machine, so no stand-in listens: {one}" for one in seen.taken]
    found.note(needs=tuple(sorted(seen.asked)), notes=(*found.trial.notes, *notes))
    if not found.trial.is_fine:
        found.note(log=tuple(pod.logs(LOG_LINES)))


def _told(error: BuilderError) -> list[str]:
    """The error, the end of what the tool said, and the hint."""
    said = [line for line in error.said.splitlines() if line.strip()]
    return [" · ".join([str(error), *said[-3:], *([f"→ {error.hint}"] if error.hint else [])])]


def _redacted(trial: Trial, values: Sequence[str]) -> Trial:
    def clean(text: str) -> str:
        return standins.redact(text, values)

    return msgspec.structs.replace(
        trial,
        problems=tuple(map(clean, trial.problems)),
        notes=tuple(map(clean, trial.notes)),
        log=tuple(map(clean, trial.log)),
        answers=tuple(msgspec.structs.replace(one, answer=clean(one.answer)) for one in trial.answers),
        differences=tuple(
            msgspec.structs.replace(one, pod=clean(one.pod), vm=clean(one.vm)) for one in trial.differences
        ),
    )
