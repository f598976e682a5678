# SPDX-License-Identifier: Apache-2.0
"""Write the files for what an assessment says."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from migrate import pipeline
from migrate.clients import git, worktree
from migrate.commands.sources import Given, assessed, settings
from migrate.errors import DECISION_NEEDED, FINE, SOURCE_FAILED, FileError, UsageError
from migrate.keeping import Written, memory, write_all
from migrate.keeping.deciding import Merged
from migrate.model.artifact import Artifact
from migrate.model.assessment import Assessment
from migrate.model.finding import Finding, Severity
from migrate.report import clean
from migrate.report import json as report_json


class Output(msgspec.Struct, frozen=True):
    """Where files go and how: `keep` and `take` are paths below the folder that a person has decided about."""

    folder: Path = Path("deploy")
    dry_run: bool = False
    keep: tuple[str, ...] = ()
    take: tuple[str, ...] = ()


def generated(given: Given, file: Path | None, options: Output) -> int:
    """Write (or list) the files; returns the exit code."""
    config, base = settings(given)
    assessment = read_assessment(file) if file else assessed(given)
    revision = worktree.revision(base / config.project)
    artifacts, findings = pipeline.generate(assessment, config, base, revision=revision)
    if options.dry_run:
        for artifact in artifacts:
            print(artifact.path)
        return FINE
    must_be_whole(given, artifacts, options.folder)
    more, told = pipeline.other_linters(artifacts, findings, config)
    findings = sorted([*findings, *more], key=Finding.sort_key)
    done = write_all(artifacts, options.folder, merge=merged, keep=options.keep, take=options.take)
    print(counted(options.folder, done), told, sep="; ", flush=True)
    tell([*done.findings, *findings])
    show_conflicts(done)
    if assessment.partial:
        print("migrate: the assessment is partial, so files may be missing", file=sys.stderr)
        return SOURCE_FAILED
    urgent = any(finding.severity is not Severity.NOTE for finding in [*done.findings, *findings])
    return DECISION_NEEDED if urgent else FINE


def counted(folder: Path, done: Written) -> str:
    """What was done, in one line."""
    counts = f"{len(done.written)} files written, {len(done.unchanged)} unchanged, {len(done.removed)} removed"
    merges = f", {len(done.merged)} merged with edits" if done.merged else ""
    conflicts = f", {len(done.conflicts)} in conflict with edits" if done.conflicts else ""
    return f"{folder}: {counts}{merges}{conflicts}"


def merged(mine: str, before: str, now: str) -> Merged | None:
    """The three-way merge of git."""
    found = git.merge_file(mine, before, now)
    return Merged(*found) if found else None


def must_be_whole(given: Given, artifacts: Sequence[Artifact], folder: Path) -> None:
    """Bases are common to all environments, so a folder with several can't be brought up to date for one alone."""
    before, now = environments_in(memory.read(folder)), environments_in(artifact.path for artifact in artifacts)
    if given.environments and (missing := sorted(before - now)):
        hint = "Generate all environments together, or give another folder with -o."
        raise UsageError(f"{folder} has files of {', '.join(missing)}, too", hint=hint)


def environments_in(paths: Iterable[str]) -> set[str]:
    """`environments/staging/kustomization.yaml` → staging."""
    parts = (path.split("/") for path in paths)
    return {words[1] for words in parts if words[0] == "environments" and len(words) > 2}


def show_conflicts(done: Written) -> None:
    """Both sides of each conflict; the files themselves are not touched."""
    for conflict in done.conflicts:
        print(f"\nConflict in {conflict.path}")
        for line in hunks(conflict.text):
            indent = " " * (len(line) - len(line.lstrip(" ")))
            print(f"  {indent}{clean.clean(line)}")


def hunks(text: str) -> Iterator[str]:
    """The lines between the marks of a merge, with the marks; all lines where there are no marks."""
    lines = text.splitlines()
    inside = not any(line.startswith("<<<<<<< ") for line in lines)
    for line in lines:
        inside = inside or line.startswith("<<<<<<< ")
        if inside:
            yield line
        inside = inside and not line.startswith(">>>>>>> ")


def read_assessment(file: Path) -> Assessment:
    try:
        return report_json.decode(file.read_bytes(), str(file))
    except OSError as error:
        raise FileError(
            f"{file}: {error.strerror}", hint="Write one with `migrate assess --format json -o FILE`."
        ) from error


def tell(findings: list[Finding]) -> None:
    """Findings of files that were made, the urgent first."""
    from migrate.report import terminal

    sys.stdout.write(terminal.render_findings(findings, color=sys.stdout.isatty()))
