# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a Dockerfile that a cluster would only show later: moving bases, root, secrets in layers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.check.checks.secrets import in_dockerfile
from migrate.model.artifact import Artifact
from migrate.model.finding import Finding, Severity
from migrate.model.place import Place

FROM = re.compile(r"(?i)^FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*$")


def faults(artifact: Artifact) -> Iterator[Finding]:
    """Findings of one Dockerfile."""
    for number, message in in_dockerfile(artifact.text):
        remedy = "Mount the value when the container runs; every layer of an image can be read."
        yield _finding("secret-value", artifact, number, message, remedy, Severity.ERROR)
    stages: set[str] = set()
    user, last = "", 0
    for number, line in enumerate(artifact.text.splitlines(), 1):
        match = FROM.match(line)
        if match:
            yield from _base(artifact, number, match["image"], stages)
            stages.add((match["stage"] or "").lower())
            user = ""
        if re.match(r"(?i)^USER\s", line):
            user, last = line.split()[1], number
    if stages and user.partition(":")[0] in ("", "root", "0"):
        message = "the image runs as root where nobody says otherwise"
        remedy = "End with USER and a number of 10000 or more."
        yield _finding("image-user", artifact, last, message, remedy, Severity.WARNING)


def _base(artifact: Artifact, number: int, image: str, stages: set[str]) -> Iterator[Finding]:
    name = image.rpartition("/")[2]
    if image.lower() in stages or image == "scratch" or "$" in image or "@" in image:
        return
    if ":" not in name or name.endswith(":latest"):
        message = f"the base image {image} is another one each day"
        yield _finding("image-tag", artifact, number, message, "Name a version.", Severity.WARNING)


def _finding(check: str, artifact: Artifact, line: int, message: str, remedy: str, severity: Severity) -> Finding:
    told = f"{artifact.path}: {message}."
    return Finding(check, artifact.path, told, remedy, severity, Place(artifact.path, line))
