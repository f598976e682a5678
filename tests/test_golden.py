# SPDX-License-Identifier: Apache-2.0
"""Plays every case of tests/golden: an estate (migrate.yaml, project/, estate.xml) and what is expected of it.

`expected/assessment.json` is the assessment, reduced to what matters; `expected/deploy/`, in the cases that have it,
holds the generated files. `pytest tests/test_golden.py --update-golden` writes both anew: read the diff line by line.
"""

from __future__ import annotations

import ast
import datetime
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate import config as configuration
from migrate import pipeline
from migrate.assess.assess import RULE_MODULES
from migrate.assess.deciding import MOVES
from migrate.assess.rules import RULES
from migrate.model.artifact import Artifact
from migrate.model.assessment import Assessment
from migrate.model.finding import Finding
from migrate.model.workload import Decision, Edge, Evidence, Kind, Nature, Placement, Port, Reach, Unit, Workload

HERE = Path(__file__).resolve().parent / "golden"
TODAY = datetime.date(2026, 1, 1)
PACKAGE = HERE.parents[1] / "migrate"
CASES = sorted(path.parent for path in HERE.glob("*/migrate.yaml"))
WITH_FILES = [case for case in CASES if (case / "expected" / "deploy").is_dir()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, request: pytest.FixtureRequest) -> None:
    config = configuration.load(case / "migrate.yaml")
    assessment = pipeline.assess(config, case, today=TODAY)
    artifacts, _ = pipeline.generate(assessment, config, case)
    said = json.dumps(reduced(assessment), indent=2, ensure_ascii=False) + "\n"
    if request.config.getoption("--update-golden"):
        update(case / "expected", said, artifacts)
    assert said.splitlines() == (case / "expected" / "assessment.json").read_text(encoding="utf-8").splitlines()
    keeps_its_promises(assessment)
    if case in WITH_FILES:
        same_files(artifacts, case / "expected" / "deploy")


def update(folder: Path, said: str, artifacts: list[Artifact]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "assessment.json").write_text(said, encoding="utf-8")
    if (folder / "deploy").is_dir():
        shutil.rmtree(folder / "deploy")
        for artifact in artifacts:
            path = folder / "deploy" / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="utf-8")


def same_files(artifacts: list[Artifact], folder: Path) -> None:
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert [artifact.path for artifact in artifacts] == there
    for artifact in artifacts:
        assert artifact.text == (folder / artifact.path).read_text(encoding="utf-8"), artifact.path


def keeps_its_promises(assessment: Assessment) -> None:
    """Whatever a case expects, these hold for every workload."""
    for workload in assessment.workloads:
        pointing = {str(one.points) for one in workload.evidence}
        assert workload.reason, workload.name
        assert (workload.wave or 0) > 0 or workload.placement not in MOVES, workload.name
        if workload.override is not None:
            continue  # a person may say anything, and answers for it
        assert (workload.nature is Nature.STATEFUL) == ("stateful" in pointing), workload.name
        assert workload.nature is not Nature.STATELESS or "stateless" in pointing, workload.name
        moves = workload.placement in (Placement.DEPLOYMENT, Placement.CRONJOB)
        assert not moves or workload.nature is Nature.STATELESS, workload.name
        assert workload.kind is not Kind.STATELESS or workload.nature is Nature.STATELESS, workload.name


def test_every_rule_fires_in_some_case() -> None:
    assert RULE_MODULES
    seen = {
        line.split(" ", 1)[0]
        for case in CASES
        for workload in expected(case)["workloads"].values()
        for line in workload["evidence"]
    }
    assert set(RULES.names()) - seen == set()


def test_every_finding_turns_up_in_some_test() -> None:
    """All checks of discover, record and assess: in a golden case, or where only recorded answers have them."""
    seen = {line.split(" ", 2)[1] for case in CASES for line in expected(case)["findings"]}
    seen |= {
        word
        for room in ("discover", "record")
        for path in (HERE.parent / room).glob("test_*.py")
        for word in strings(path)
    }
    checks = {
        check
        for room in ("discover", "record", "assess")
        for path in (PACKAGE / room).rglob("*.py")
        for check in checks_of(path)
    }
    assert checks
    assert checks - seen == set()


def checks_of(path: Path) -> Iterator[str]:
    """Names of checks in `Finding(…)` calls, written out as the first argument or as `check=`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
            for value in [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "check")]:
                if isinstance(value, ast.Constant):
                    yield str(value.value)


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def expected(case: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((case / "expected" / "assessment.json").read_text(encoding="utf-8"))
    return read


def reduced(assessment: Assessment) -> dict[str, Any]:
    """What a reader of the diff wants to see: a line for each thing, without line noise."""
    services = {one.id: told(one) for one in assessment.workloads if one.kind is not Kind.PLUMBING}
    plumbing = {
        one.id: f"{one.placement}: {', '.join(one.machines)}"
        for one in assessment.workloads
        if one.kind is Kind.PLUMBING
    }
    return {
        "partial": assessment.partial,
        "workloads": services,
        "plumbing": plumbing,
        "findings": [finding(one) for one in assessment.findings],
    }


def told(workload: Workload) -> dict[str, Any]:
    return {
        "verdict": f"{workload.kind}, {workload.nature}, {workload.placement}",
        "reason": workload.reason,
        "software": workload.software,
        "role": workload.role,
        "machines": ", ".join(workload.machines),
        "units": [unit(one) for one in workload.units],
        "ports": [port(one) for one in workload.ports],
        "data_dirs": list(workload.data_dirs),
        "wave": f"{'none' if workload.wave is None else workload.wave}: {workload.wave_reason}",
        "size": workload.size.source if workload.size else "not known",
        **({"override": override(workload.override)} if workload.override else {}),
        "edges": [edge(one) for one in workload.edges],
        "evidence": [evidence(one) for one in workload.evidence],
    }


def unit(one: Unit) -> str:
    words = [one.manager, one.name, f"[{one.schedule}]" if one.schedule else "", one.image, one.command]
    return " ".join(word for word in words if word)


def port(one: Port) -> str:
    return f"{one.number}/{one.protocol} ({one.source})"


def edge(one: Edge) -> str:
    what = "" if one.reach is Reach.WORKLOAD else f" {one.reach}"
    comes = f"{one.source} → " if one.via.startswith("allowed by") else ""
    protocol = "" if one.protocol == "tcp" else f"/{one.protocol}"
    return f"{comes}{one.target}:{one.port}{protocol}{what}, {one.via} ({one.seen})"


def override(one: Decision) -> str:
    who = f" by {one.owner}" if one.owner else ""
    until = f" until {one.expires}" if one.expires else ""
    return f"{one.reason}{who}{until} ({one.place}); ours: {one.kind}, {one.nature}, {one.placement}: {one.because}"


def evidence(one: Evidence) -> str:
    where = " ".join(str(word) for word in (one.place, one.machine) if word)
    return f"{one.rule} → {one.points}: {one.saw}" + (f" ({where})" if where else "")


def finding(one: Finding) -> str:
    return f"{one.severity} {one.check} {one.subject}" + (f" ({one.place})" if one.place else "")
