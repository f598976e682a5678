# SPDX-License-Identifier: Apache-2.0
"""What is wrong with manifests, ours or edited ones, before anyone reads them and before a cluster refuses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from migrate.check import assemble, dockerfile, outside, reading
from migrate.check.checks import (
    CHECKS,
    Check,
    Fault,
    availability,
    network,
    references,
    running,
    secrets,
    security,
    shape,
)
from migrate.check.fields import minor_of
from migrate.check.reading import Loaded
from migrate.check.scene import Scene
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding, Severity
from migrate.model.place import Place

CHECK_MODULES = (shape, references, security, running, availability, network, secrets)


def check(artifacts: Iterable[Artifact], *, kubernetes: str) -> list[Finding]:
    """All findings in their usual order; `kubernetes` is the minor version that the files are for."""
    artifacts = list(artifacts)
    loaded = reading.load(artifacts)
    return _judged(artifacts, loaded, assemble.assemble(loaded, minor_of(kubernetes)))


def ask_others(
    artifacts: Iterable[Artifact], said: Sequence[Finding], *, kubernetes: str, schemas: str = ""
) -> outside.Heard:
    """What linters on PATH say that `said`, our own findings, do not. `schemas` is where kubeconform's are."""
    artifacts = list(artifacts)
    made = assemble.assemble(reading.load(artifacts), minor_of(kubernetes))
    return outside.consult(made.scenes, artifacts, outside.known(kubernetes, schemas), said)


def _judged(artifacts: Sequence[Artifact], loaded: Loaded, made: assemble.Assembly) -> list[Finding]:
    found = [*_unreadable(loaded), *(_misfit(one, loaded) for one in made.misfits)]
    for artifact in artifacts:
        if PurePosixPath(artifact.path).name == "Dockerfile":
            found += dockerfile.faults(artifact)
    found += [_finding(row, fault, loaded) for row, fault in _faults(made.scenes)]
    return sorted(found, key=Finding.sort_key)


def _faults(scenes: Iterable[Scene]) -> Iterator[tuple[Check, Fault]]:
    """Each once, though several overlays may use the base that it is in."""
    seen = set()
    for scene in scenes:
        for row in CHECKS:
            for fault in row.look(scene):
                key = (row.name, fault.where.path, fault.where.index, fault.at, fault.message)
                if key not in seen:
                    seen.add(key)
                    yield row, fault


def _finding(row: Check, fault: Fault, loaded: Loaded) -> Finding:
    path = fault.where.path
    place = Place(path, reading.find_line(loaded.texts.get(path, ""), fault.where.index, fault.at))
    return Finding(row.name, path, f"{fault.where}: {fault.message}.", row.remedy, row.severity, place)


def _unreadable(loaded: Loaded) -> Iterator[Finding]:
    for one in loaded.unreadable:
        message = f"{one.place.path} can't be read: {one.why}."
        remedy = "Correct the YAML; kubectl and kustomize refuse it too."
        yield Finding("unreadable", one.place.path, message, remedy, Severity.ERROR, one.place)


def _misfit(one: assemble.Misfit, loaded: Loaded) -> Finding:
    path, severity = one.where.path, Severity.ERROR if one.serious else Severity.NOTE
    place = Place(path, reading.find_line(loaded.texts.get(path, ""), one.where.index, one.at))
    remedy = "Correct it, or add the file." if one.serious else "Look at the output of kubectl kustomize yourself."
    return Finding("kustomization", path, f"{path}: {one.message}.", remedy, severity, place)
