# SPDX-License-Identifier: Apache-2.0
"""Measures `migrate assess` against `ansible-inventory --list` on generated estates, and prints the ratios.

Each figure is of a whole process, from start to exit: wall time, CPU time, and the peak of the
memory (resident set) of the process and all its children added up, sampled every 20 ms. Pages that parent and child
share count twice, so the sum is an upper bound. Caches are empty, but for what says «again»: that is a second run with
nothing changed. Tasks recorded per second of CPU are measured on public projects, downloaded once (--no-public: not).
"""

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from estates import Estate, write_estate
from public import Project, projects

PAGE = os.sysconf("SC_PAGE_SIZE")
RIVAL, OURS, AGAIN = "ansible-inventory --list", "migrate assess", "migrate assess, again"


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds of wall and CPU time, bytes of memory at its peak."""

    wall: float
    cpu: float
    memory: int


def tree_memory(pid: int) -> int:
    """Resident bytes of a process and its descendants; 0 where /proc is not there or the process has gone."""
    total = 0
    with suppress(OSError, ValueError, IndexError):
        total = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            total += sum(tree_memory(int(child)) for child in children.read_text().split())
    return total


def measure(command: Sequence[str], *, folder: Path, fine: Sequence[int] = (0,), cache: str = "") -> Cost:
    """Run a command to its end, its output thrown away; an exit code that is not `fine` ends the benchmark."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(cache or empty),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        peak = 0
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(0.02)
        wall = time.perf_counter() - begun
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
        if process.returncode not in fine or "Traceback" in said:
            sys.exit(f"{shlex.join(command)}\nended with exit code {process.returncode}:\n{said[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, max(peak, usage.ru_maxrss * 1024))


def environment(cache: str) -> Mapping[str, str]:
    """This process's environment without the user's Ansible settings, and with a cache folder of its own."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {**plain, "XDG_CACHE_HOME": cache}


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        round(statistics.median(cost.memory for cost in costs)),
    )


def measure_estate(estate: Estate, *, migrate: Sequence[str], runs: int) -> dict[str, Cost]:
    """Cost of each command on one estate, in turns, so that a slow minute of the machine hits both."""
    rival = [beside_python("ansible-inventory"), "-i", estate.inventory, "--list"]
    ours = [*migrate, "assess", "--project", str(estate.project), "-i", estate.inventory, estate.playbook]
    for uri in estate.libvirt_uris:
        ours += ["--libvirt", uri]
    costs: dict[str, list[Cost]] = {RIVAL: [], OURS: [], AGAIN: []}
    for _ in range(runs):
        costs[RIVAL].append(measure(rival, folder=estate.project))
        with tempfile.TemporaryDirectory() as cache:
            for name in (OURS, AGAIN):
                costs[name].append(measure(ours, folder=estate.project, fine=(0, 1), cache=cache))
    return {name: middle(several) for name, several in costs.items()}


@dataclass(frozen=True)
class Recorded:
    """What recording a project took, and took again with nothing changed."""

    tasks: int
    first: Cost
    again: Cost

    @property
    def speed(self) -> float:
        """Tasks per second of processor time, of the whole first run."""
        return self.tasks / self.first.cpu


def measure_recording(project: Project, *, migrate: Sequence[str], runs: int) -> Recorded:
    first, again = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            output = Path(cache, "assessment.json")
            command = [*migrate, "assess", *project.arguments, "--format", "json", "-o", str(output)]
            first.append(measure(command, folder=project.folder, fine=(0, 1, 3), cache=cache))
            told = output.read_bytes()
            again.append(measure(command, folder=project.folder, fine=(0, 1, 3), cache=cache))
            if output.read_bytes() != told:
                sys.exit(f"{project.name}: the second run gave other bytes")
    return Recorded(json.loads(told)["figures"]["tasks"], middle(first), middle(again))


def recording_lines(found: Mapping[str, Recorded]) -> Iterator[str]:
    yield f"{'project':<16}{'tasks':>7}{'wall s':>9}{'CPU s':>9}{'again':>9}{'CPU s':>9}{'tasks/s of CPU':>16}"
    for name, one in found.items():
        figures = f"{one.first.wall:9.2f}{one.first.cpu:9.2f}{one.again.wall:9.2f}{one.again.cpu:9.2f}"
        yield f"{name:<16}{one.tasks:7,}{figures}{one.speed:16.0f}"


def beside_python(name: str) -> str:
    """A command of the environment that runs this script."""
    return str(Path(sys.executable).with_name(name))


def table_lines(costs: Mapping[int, Mapping[str, Cost]]) -> Iterator[str]:
    """The table of figures, for people."""
    yield f"{'hosts':>7}  {'command':<26}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'ms/host':>9}"
    for size, by_name in costs.items():
        for name, cost in by_name.items():
            figures = f"{cost.wall:9.2f}{cost.cpu:9.2f}{cost.memory / 1e6:9.0f}{cost.wall / size * 1000:9.2f}"
            yield f"{size:7,}  {name:<26}{figures}"


def ratios_of(costs: Mapping[int, Mapping[str, Cost]]) -> dict[str, float]:
    """Our figures divided by those of ansible-inventory, and the largest estate's divided by the smallest's."""

    def ratio(size: int, figure: Callable[[Cost], float]) -> float:
        return figure(costs[size][OURS]) / figure(costs[size][RIVAL])

    found = {f"wall, {OURS} / {RIVAL}, {size:,} hosts": ratio(size, lambda cost: cost.wall) for size in costs}
    found |= {f"memory, {OURS} / {RIVAL}, {size:,} hosts": ratio(size, lambda cost: cost.memory) for size in costs}
    for size, by_name in costs.items():
        found[f"wall, second run / first, {size:,} hosts"] = by_name[AGAIN].wall / by_name[OURS].wall
    small, large = min(costs), max(costs)
    if small != large:
        each = {size: costs[size][OURS].wall / size for size in costs}
        found[f"wall per host, {OURS}, {large:,} hosts / {small:,} hosts"] = each[large] / each[small]
    return found


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", default="1000,10000", help="sizes of the estates (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=1, help="runs of each command; the median counts (default: 1)")
    parser.add_argument("--hypervisors", type=int, default=10, help="libvirt connections for the hosts (default: 10)")
    parser.add_argument("--command", default=shlex.quote(beside_python("migrate")), help="what to run as `migrate`")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/bench"), help="where to write them (default: %(default)s)"
    )
    parser.add_argument("--public", action=argparse.BooleanOptionalAction, default=True, help="record public projects")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    migrate = shlex.split(arguments.command)
    costs: dict[int, dict[str, Cost]] = {}
    for size in sorted(int(size) for size in arguments.hosts.split(",")):
        folder = arguments.folder.resolve() / str(size)
        shutil.rmtree(folder, ignore_errors=True)
        print(f"measuring with {size:,} hosts", file=sys.stderr)
        estate = write_estate(folder, size, hypervisors=arguments.hypervisors)
        costs[size] = measure_estate(estate, migrate=migrate, runs=arguments.runs)
    help_cpu = middle([measure([*migrate, "--help"], folder=Path.cwd()) for _ in range(5)]).cpu
    ratios = ratios_of(costs)
    recorded: dict[str, Recorded] = {}
    for project in projects(arguments.folder.resolve()) if arguments.public else ():
        print(f"recording {project.name}", file=sys.stderr)
        recorded[project.name] = one = measure_recording(project, migrate=migrate, runs=arguments.runs)
        ratios[f"wall, second run / first, {project.name}"] = one.again.wall / one.first.wall
        ratios[f"CPU, second run / first, {project.name}"] = one.again.cpu / one.first.cpu
    if arguments.json:
        figures = {str(size): {name: asdict(cost) for name, cost in by_name.items()} for size, by_name in costs.items()}
        public = {name: asdict(one) for name, one in recorded.items()}
        told = {"costs": figures, "public": public, "ratios": ratios, "help_cpu_seconds": help_cpu}
        print(json.dumps(told, indent=2))
        return
    print(
        *table_lines(costs),
        "",
        *recording_lines(recorded),
        "",
        *(f"{value:7.2f}  {name}" for name, value in ratios.items()),
        sep="\n",
    )
    print(f"{help_cpu:7.2f}  s of CPU, migrate --help")


if __name__ == "__main__":
    main()
