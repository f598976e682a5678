# SPDX-License-Identifier: Apache-2.0
"""A project played twice: by ansible-playbook in check mode, and by the recording engine; as steps that compare.

ansible-playbook runs in namespaces of its own where every file system but its working folder is read-only and no
network is, so that it can change nothing of this machine, whatever a module makes of check mode.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from migrate.clients.engine import SETTINGS, Engine
from migrate.model.task import RecordedTask, Token
from migrate.record.facts import profile
from tests.real.content import CACHE

COLLECTIONS = ("ansible/posix", "community/general", "community/postgresql")
WHEEL = "ansible==12.3.0"
NOT_RECORDED = frozenset(
    "set_fact include_vars add_host group_by debug assert fail meta validate_argument_spec setup gather_facts pause "
    "wait_for_connection set_stats ping async_status".split()
)
"""Actions that are about the controller's own memory, or about nothing: the engine runs or drops them."""
LOCKED = """
mount --make-rprivate /
mount --bind "$WORK" "$WORK"
mount --bind /proc/sys /proc/sys
awk '{print $5}' /proc/self/mountinfo | sort -u | while read -r point; do
  case $point in
    "$WORK" | /proc | /proc/[a-rt-z]* | /dev | /dev/*) ;;
    *) mount -o remount,bind,ro "$point" 2>/dev/null || true ;;
  esac
done
for folder in / /etc /usr/local /var/lib /run /root /tmp; do
  if touch "$folder/.written" 2>/dev/null; then echo "$folder can be written to" >&2; exit 97; fi
done
cd "$WORK"
exec "$@"
"""


@dataclass(frozen=True)
class Step:
    """A task (one loop item) on one machine, from either side. `doubt` tells why it may not run, or that it failed."""

    machine: str
    place: tuple[str, int]
    action: str
    args: dict[str, Any]
    name: str
    handler: bool
    notify: tuple[str, ...]
    delegate_to: str
    become_user: str
    environment: dict[str, str]
    files: dict[str, str | None]
    doubt: str = ""
    unresolved: str = ""
    run_once: bool = False


@dataclass(frozen=True)
class Sides:
    """Both plays of one project."""

    recorded: list[Step]
    ran: list[Step]
    tokens: dict[str, Token]
    skipped: dict[tuple[str, tuple[str, int]], str] = field(default_factory=dict)
    failed: dict[tuple[str, tuple[str, int]], str] = field(default_factory=dict)
    lots: frozenset[str] = frozenset()
    """Roles that draw lots."""
    unfit: int = 0
    """Modules that failed on this machine, which is not the one that they were meant for."""


def collections() -> Path:
    """The collections that the example names, from the `ansible` wheel."""
    folder = CACHE / WHEEL.replace("==", "-")
    if not (folder / ".complete").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(CACHE), WHEEL]
        subprocess.run(pip, check=True)
        (wheel,) = CACHE.glob(f"{WHEEL.replace('==', '-')}-*.whl")
        wanted = tuple(f"ansible_collections/{name}/" for name in COLLECTIONS)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(wanted)])
        (folder / ".complete").touch()
    return folder


def play_twice(
    project: Path, inventory: str, playbook: str, work: Path, more_collections: Sequence[Path] = ()
) -> Sides:
    """`inventory` and `playbook` are relative to the project, which lies in `work`."""
    facts = profile("debian12").values
    tasks, tokens, hosts = record(project, inventory, playbook, facts)
    notes = run(project, inventory, playbook, work, facts, hosts, [collections(), *more_collections])
    sides = Sides(list(merged(recorded_step(task) for task in tasks)), [], {token.text: token for token in tokens})
    unfit = 0
    for note in notes:
        place = (relative(project, note["path"]), note["line"])
        if note["action"].rsplit(".", 1)[-1] in NOT_RECORDED:
            continue
        if note["kind"] == "ran":
            unfit += bool(note["why"])
            sides.ran.append(ran_step(note, place))
        else:
            getattr(sides, note["kind"])[note["machine"], place] = note["why"]
    roles = project.glob("roles/*/")
    lots = frozenset(
        role.name for role in roles if any("random(" in read(path) for path in role.rglob("defaults/**/*"))
    )
    return replace(sides, lots=lots, unfit=unfit)


def record(
    project: Path, inventory: str, playbook: str, facts: dict[str, Any]
) -> tuple[list[RecordedTask], tuple[Token, ...], list[str]]:
    path = str(project / playbook)
    with Engine(project, [str(project / inventory)], [path]) as engine:
        found, _ = engine.inventory()
        tasks, done = engine.play([path], {made.number: facts for made in found.classes}, lambda _: None)
    return tasks, done.tokens, sorted({made.representative for made in done.classes})


def run(
    project: Path, inventory: str, playbook: str, work: Path, facts: dict[str, Any], hosts: list[str], paths: list[Path]
) -> list[dict[str, Any]]:
    """What ansible-playbook notes when it plays on these hosts, which all are this machine, in check mode."""
    notes, cache = work / "notes", work / "facts"
    for folder in (cache, work / "tmp"):
        folder.mkdir()
    for host in [*hosts, "localhost"]:
        (cache / f"s1_{host}").write_text(json.dumps({"__payload__": json.dumps(facts)}))
    (work / "ansible.cfg").touch()
    environment = {
        **SETTINGS,
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "WORK": str(work),
        "NOTES": str(notes),
        "HOME": str(work),
        "TMPDIR": str(work / "tmp"),
        "ANSIBLE_HOME": str(work),
        "ANSIBLE_CONFIG": str(work / "ansible.cfg"),
        "ANSIBLE_REMOTE_TEMP": str(work / "tmp"),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, paths)),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("plugins")),
        "ANSIBLE_CALLBACKS_ENABLED": "noting",
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(cache),
        "ANSIBLE_TRANSPORT": "local",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-euc", LOCKED]
    play = ["ansible-playbook", "--check", "--diff", "--forks", "4", "--limit", ",".join(hosts)]
    play += ["-i", str(project / inventory), str(project / playbook)]
    done = subprocess.run(
        [*command, "locked", *play], check=False, env=environment, capture_output=True, text=True, timeout=600
    )
    (work / "log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return [json.loads(line) for line in notes.read_text().splitlines()]


def recorded_step(task: RecordedTask) -> Step:
    return Step(
        machine=task.machine, place=(task.place.path, task.place.line), action=task.action, args=task.args,
        name=task.name, handler=task.handler, notify=task.notify, delegate_to=task.delegate_to,
        become_user=task.become_user, environment=task.environment,
        files={task.file.dest: task.file.text} if task.file else {},
        doubt=task.conditional, unresolved=task.unresolved,
    )  # fmt: skip


def merged(steps: Iterator[Step]) -> Iterator[Step]:
    """The engine tells each file of a copied folder as a task of its own."""
    last: Step | None = None
    for step in steps:
        alike = last is not None and (last.machine, last.place, last.args) == (step.machine, step.place, step.args)
        if last is not None and alike and step.files and not step.files.keys() & last.files.keys():
            last.files.update(step.files)
            continue
        if last is not None:
            yield last
        last = step
    if last is not None:
        yield last


def ran_step(note: dict[str, Any], place: tuple[str, int]) -> Step:
    args = {key: value for key, value in note["args"].items() if value is not None}
    if note["files"]:
        args.pop("content", None)
    return Step(
        machine=note["machine"], place=place, action=note["action"], args=args, name=note["name"],
        handler=note["handler"], notify=tuple(note["notify"]), delegate_to=note["delegate_to"],
        become_user=note["become_user"], environment=note["environment"],
        files={file["dest"]: file["text"] for file in note["files"]},
        doubt=note["why"], run_once=note["run_once"],
    )  # fmt: skip


def relative(project: Path, path: str) -> str:
    """As the engine tells it; the handlers that all roles of debops share come from its collection here."""
    real, root = Path(path).resolve(), project.resolve()
    if real.is_relative_to(root):
        return str(real.relative_to(root))
    _, found, inside = str(real).rpartition("/roles/")
    return f"roles/{inside}" if found else real.name


def read(path: Path) -> str:
    return path.read_text() if path.is_file() else ""
