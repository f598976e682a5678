# SPDX-License-Identifier: Apache-2.0
"""What linters of others say of the same manifests, on our scale of severity, and without what we have said already."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from migrate.check.checks import CHECKS
from migrate.check.reach import number, reach, table, tables, text
from migrate.check.scene import Object, Scene
from migrate.clients import linters
from migrate.files import dump_all
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding, Severity
from migrate.model.place import Place

MANIFESTS, BUILDS = "manifests", "builds"
GRADES = {1: Severity.WARNING, 5: Severity.NOTE}  # of kube-score; 7 and 10 are fine
LEVELS = {"error": Severity.ERROR, "warning": Severity.WARNING}
DANGERS = {"danger": Severity.WARNING, "warning": Severity.NOTE}


class Report(msgspec.Struct, frozen=True):
    """One thing that a linter says: of an object (`kind`, `name`), or of a file and line."""

    check: str
    message: str
    severity: Severity
    kind: str = ""
    name: str = ""
    path: str = ""
    line: int = 0
    remedy: str = ""


class Linter(msgspec.Struct, frozen=True):
    """A program: flags before the files, what it reads, how its answer is understood; `lacks`: why it is not asked."""

    name: str
    flags: tuple[str, ...]
    reads: str
    understand: Callable[[Any], Iterator[Report]]
    one_folder: bool = False
    lacks: str = ""


class Heard(msgspec.Struct, frozen=True):
    """Findings, and which linters ran, are not on PATH, or gave no answer (with the reason)."""

    findings: tuple[Finding, ...] = ()
    ran: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def told(self) -> str:
        """One line for a person."""
        parts = [", ".join((f"{len(CHECKS.names())} checks of migrate", *self.ran))]
        parts += [f"not on PATH: {', '.join(self.absent)}"] if self.absent else []
        parts += [f"no answer: {', '.join(self.failed)}"] if self.failed else []
        return f"checked with {'; '.join(parts)}"


def of_kube_linter(answer: Any) -> Iterator[Report]:
    for one in tables(table(answer).get("Reports")):
        target = table(reach(one, "Object.K8sObject"))
        kind = text(reach(target, "GroupVersionKind.Kind"))
        message, remedy = text(reach(one, "Diagnostic.Message")), text(one.get("Remediation"))
        yield Report(text(one.get("Check")), message, Severity.WARNING, kind, text(target.get("Name")), remedy=remedy)


def of_kube_score(answer: Any) -> Iterator[Report]:
    for one in tables(answer):
        kind, name = text(reach(one, "type_meta.kind")), text(reach(one, "object_meta.name"))
        for row in tables(one.get("checks")):
            severity = GRADES.get(number(row.get("grade")))
            if severity is None or row.get("skipped"):
                continue
            for comment in tables(row.get("comments")) or [{}]:
                said = ": ".join(filter(None, (text(comment.get("path")), text(comment.get("summary")))))
                remedy = text(comment.get("description"))
                yield Report(text(reach(row, "check.id")), said, severity, kind, name, remedy=remedy)


def of_kubeconform(answer: Any) -> Iterator[Report]:
    for one in tables(table(answer).get("resources")):
        if one.get("status") in ("statusInvalid", "statusError"):
            name, kind = text(one.get("name")), text(one.get("kind"))
            yield Report("invalid", text(one.get("msg")), Severity.ERROR, kind, name)


def of_polaris(answer: Any) -> Iterator[Report]:
    for one in tables(table(answer).get("Results")):
        kind, name = text(one.get("Kind")), text(one.get("Name"))
        pod = table(one.get("PodResult"))
        groups = [one.get("Results"), pod.get("Results")]
        groups += [each.get("Results") for each in tables(pod.get("ContainerResults"))]
        for row in (row for group in groups for row in table(group).values() if isinstance(row, dict)):
            severity = DANGERS.get(text(row.get("Severity")))
            if severity and row.get("Success") is False:
                yield Report(text(row.get("ID")), text(row.get("Message")), severity, kind, name)


def of_hadolint(answer: Any) -> Iterator[Report]:
    for one in tables(answer):
        severity, path = LEVELS.get(text(one.get("level")), Severity.NOTE), text(one.get("file"))
        code, message = text(one.get("code")), text(one.get("message"))
        yield Report(code, message, severity, path=path, line=number(one.get("line")))


def known(kubernetes: str, schemas: str) -> tuple[Linter, ...]:
    """All that we can ask. kubeconform would fetch schemas from the network, so it needs to be told where they are."""
    conform = ("-output=json", "-strict", f"-kubernetes-version={kubernetes}.0", f"-schema-location={schemas}")
    score = ("score", "--output-format=json", f"--kubernetes-version=v{kubernetes}")
    return (
        Linter("hadolint", ("--no-fail", "--format=json"), BUILDS, of_hadolint),
        Linter("kube-linter", ("lint", "--format=json"), MANIFESTS, of_kube_linter),
        Linter("kube-score", score, MANIFESTS, of_kube_score),
        Linter("kubeconform", conform, MANIFESTS, of_kubeconform, lacks="" if schemas else "policy.schemas is not set"),
        Linter("polaris", ("audit", "--format=json", "--audit-path"), MANIFESTS, of_polaris, one_folder=True),
    )


def consult(
    scenes: Sequence[Scene], artifacts: Iterable[Artifact], asked: Sequence[Linter], said: Sequence[Finding]
) -> Heard:
    """Ask every linter that is on PATH; `said` are our own findings, which need not be said twice."""
    there = [linter for linter in asked if not linter.lacks and linters.find(linter.name)]
    absent = tuple(linter.name for linter in asked if linter not in there and not linter.lacks)
    found: dict[tuple[str, str, str], Finding] = {}
    ran: list[str] = []
    failed = [f"{linter.name} ({linter.lacks})" for linter in asked if linter.lacks and linters.find(linter.name)]
    with tempfile.TemporaryDirectory(prefix="migrate-lint-") as name:
        folder = Path(name)
        files = {MANIFESTS: _write_scenes(scenes, folder), BUILDS: _write_builds(artifacts, folder)}
        for linter in there:
            reports, why = _ask(linter, files[linter.reads], folder)
            (failed if why else ran).append(f"{linter.name} ({why})" if why else linter.name)
            for report in reports:
                one = _finding(linter, report, _places(scenes), said)
                if one is not None:
                    found.setdefault((one.check, one.subject, one.message), one)
    return Heard(tuple(found.values()), tuple(ran), absent, tuple(failed))


def _ask(linter: Linter, files: Sequence[str], folder: Path) -> tuple[list[Report], str]:
    """The reports, or why there are none."""
    if not files:
        return [], ""
    answer = linters.ask([linter.name, *linter.flags, *([MANIFESTS] if linter.one_folder else files)], folder)
    if answer.failed or not answer.out:
        return [], answer.failed
    try:
        return list(linter.understand(json.loads(answer.out))), ""
    except ValueError:
        return [], "an answer that is no JSON"


def _write_scenes(scenes: Sequence[Scene], folder: Path) -> list[str]:
    """One file for each scene: linters look for what belongs together in one place."""
    (folder / MANIFESTS).mkdir()
    names = []
    for index, scene in enumerate(scenes):
        path = f"{MANIFESTS}/{index}.yaml"
        (folder / path).write_text(dump_all(one.data for one in scene.objects), encoding="utf-8")
        names.append(path)
    return names


def _write_builds(artifacts: Iterable[Artifact], folder: Path) -> list[str]:
    names = []
    for artifact in artifacts:
        if artifact.path.rpartition("/")[2] == "Dockerfile":
            path = folder / BUILDS / artifact.path
            path.parent.mkdir(parents=True)
            path.write_text(artifact.text, encoding="utf-8")
            names.append(f"{BUILDS}/{artifact.path}")
    return names


def _places(scenes: Iterable[Scene]) -> Mapping[tuple[str, str], Object]:
    return {(one.kind, one.name): one for scene in scenes for one in scene.objects}


def _finding(
    linter: Linter, report: Report, places: Mapping[tuple[str, str], Object], said: Sequence[Finding]
) -> Finding | None:
    """A report as a finding; None where one of ours says the same of the same object."""
    one = places.get((report.kind, report.name))
    path = report.path.removeprefix(f"{BUILDS}/") or (one.path if one else linter.name)
    who = f"{one}: " if one else f"{path}: "
    same = {row.name for row in CHECKS if f"{linter.name}:{report.check}" in row.asked_by}
    if any(each.check in same and each.message.startswith(who) for each in said):
        return None
    message = f"{who}{' '.join(report.message.split()).rstrip('.')}."
    remedy = report.remedy or f"See what {linter.name} says of {report.check}."
    return Finding(f"{linter.name}:{report.check}", path, message, remedy, report.severity, Place(path, report.line))
