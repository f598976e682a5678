# SPDX-License-Identifier: Apache-2.0
"""Measures how fast files for 1,000 workloads are made, against PyYAML's C emitter writing the same objects alone.

The workloads are those of the example estate, repeated under other names, from other roles, on other machines. Three
figures: all files of an assessment (deciding, Dockerfiles, manifests, provenance, checks), the emitter over the objects
of the manifests among them, and `dump_yaml` over the same objects, which is what our own emission costs. Peak memory
is that of the process once all files are made.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

from migrate import pipeline
from migrate.files import dump_yaml
from migrate.model.artifact import Artifact
from migrate.model.assessment import Assessment
from migrate.model.config import Config
from migrate.model.task import RecordedTask
from migrate.model.workload import Placement, Workload
from migrate.report import json as report_json

EXAMPLE = Path(__file__).parents[1] / "inventories" / "example" / "migrate.yaml"
MOVING = {Placement.DEPLOYMENT, Placement.CRONJOB, Placement.VM}


def example(folder: Path) -> Assessment:
    """The example estate, assessed once."""
    output = folder / "assessment.json"
    command = [sys.executable, "-m", "migrate.cli", "assess", "-c", str(EXAMPLE), "-E", "production"]
    done = subprocess.run(
        [*command, "--format", "json", "-o", str(output)], check=False, capture_output=True, text=True
    )
    if done.returncode not in (0, 1):
        sys.exit(f"migrate assess: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return report_json.decode(output.read_bytes(), str(output))


def repeated(assessment: Assessment, count: int) -> Assessment:
    """At least `count` workloads that get files, each copy of the estate with names of its own."""
    each = [workload for workload in assessment.workloads if workload.placement in MOVING]
    copies = range(-(-count // len(each)))
    machines = tuple(replace(one, name=f"{one.name}-{copy}") for copy in copies for one in assessment.machines)
    return replace(assessment, workloads=tuple(copied(one, copy) for copy in copies for one in each), machines=machines)


def copied(workload: Workload, copy: int) -> Workload:
    """The same under another name, on machines and from roles of its own."""
    return replace(
        workload,
        name=f"{workload.name}-{copy}",
        machines=tuple(f"{name}-{copy}" for name in workload.machines),
        tasks=tuple(moved(task, copy) for task in workload.tasks),
        edges=tuple(
            replace(edge, source=f"{edge.source}-{copy}", target=f"{edge.target}-{copy}") for edge in workload.edges
        ),
    )


def moved(task: RecordedTask, copy: int) -> RecordedTask:
    place = replace(task.place, path=f"estate{copy}/{task.place.path}")
    return replace(task, machine=f"{task.machine}-{copy}", place=place)


def objects(artifacts: list[Artifact]) -> Iterator[Any]:
    for artifact in artifacts:
        if artifact.path.endswith((".yaml", ".yml")):
            yield from (one for one in yaml.load_all(artifact.text, Loader=yaml.CSafeLoader) if one is not None)


def timed(work: Any, runs: int) -> tuple[float, Any]:
    """The best of some runs, and what the work gives."""
    best, found = float("inf"), None
    for _ in range(runs):
        begun = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - begun)
    return best, found


def measure(assessment: Assessment, runs: int) -> dict[str, float]:
    whole, (artifacts, _) = timed(lambda: pipeline.generate(assessment, Config()), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    plain = list(objects(artifacts))
    dumper = yaml.CSafeDumper
    alone, text = timed(lambda: yaml.dump_all(plain, Dumper=dumper, sort_keys=False, allow_unicode=True), runs)
    ours, texts = timed(lambda: [dump_yaml(one) for one in plain], runs)
    manifests = sum(len(one.text) for one in artifacts if one.path.endswith((".yaml", ".yml")))
    every = sum(len(one.text) for one in artifacts)
    return {
        "workloads": len(assessment.workloads),
        "files": len(artifacts),
        "megabytes of files": every / 1e6,
        "megabytes of manifests": manifests / 1e6,
        "seconds, all files": whole,
        "seconds, emitter alone": alone,
        "seconds, dump_yaml alone": ours,
        "MB/s, all files": every / whole / 1e6,
        "MB/s, emitter alone": len(text) / alone / 1e6,
        "MB/s, dump_yaml": sum(map(len, texts)) / ours / 1e6,
        "peak MB": peak / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", type=int, default=1000, help="how many, at least (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each emitter; the best counts (default: 3)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(repeated(example(Path(folder)), arguments.workloads), arguments.runs)
    figures["dump_yaml / emitter alone"] = figures["MB/s, dump_yaml"] / figures["MB/s, emitter alone"]
    figures["all files / emitter alone"] = figures["MB/s, all files"] / figures["MB/s, emitter alone"]
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    print(*(f"{value:10,.2f}  {name}" for name, value in figures.items()), sep="\n")


if __name__ == "__main__":
    main()
