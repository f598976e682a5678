# SPDX-License-Identifier: Apache-2.0
"""From recorded tasks to steps of a build: as instructions, by Ansible, or left with a reason."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec

from migrate.generate import (
    accounts,
    buckets,
    commands,
    fetching,
    logs,
    packages,
    paths,
    playbook,
    settings,
    shell,
    sources,
    tasks,
)
from migrate.generate.draft import Draft
from migrate.generate.estate import Estate
from migrate.generate.file import File
from migrate.generate.steps import Impossible, Phase, Scene, Step, each_file_once, one_playbook, with_tools_first
from migrate.generate.tasks import Left
from migrate.model.config import ImageMode
from migrate.model.product import Product
from migrate.model.task import RecordedTask

# Said by instructions in every mode: their numbers and texts are decided here.
ALWAYS = {buckets.ACCOUNTS, buckets.FILES, buckets.EDITS, buckets.POD}
EXPRESS: Mapping[str, Callable[[RecordedTask, Scene], Step | str]] = {
    buckets.PACKAGES: packages.express,
    buckets.PATHS: paths.express,
    buckets.INSTALLS: packages.express_language,
    buckets.SOURCES: sources.express,
    buckets.FETCHES: fetching.express,
    buckets.COMMANDS: shell.express,
    buckets.SETTINGS: settings.express,
}
UNKNOWN = "no instruction of a build does this"


class Building(msgspec.Struct, frozen=True):
    """The steps in order; tasks that Ansible runs, with the reason; and those that are left for a person."""

    steps: tuple[Step, ...]
    by_ansible: Mapping[int, str]
    left: tuple[Left, ...]
    dropped: tuple[Left, ...]

    @property
    def played(self) -> tuple[RecordedTask, ...]:
        """What the playbook runs, in its order."""
        return tuple(step.task for step in self.steps if step.phase is Phase.ANSIBLE and step.task)


def plan(draft: Draft, family: str, estate: Estate) -> Building:
    """Each task of the draft in one way."""
    mode, tokens = estate.target.image_mode, estate.tokens
    scene, files = _scene(draft, family), {id(file.task): file for file in draft.contents.image}
    prepared = list(_prepared(draft, estate, family))
    # Where Ansible installs the packages, their files are there only after it.
    steps: list[Step] = [*_accounts(draft, family), *(prepared if mode is not ImageMode.ANSIBLE else ())]
    reasons: dict[int, str] = {}
    left: list[Left] = []
    for bucket, task in draft.done.order:
        made = _express(bucket, task, scene, files, mode)
        if not isinstance(made, str):
            steps += _with_modes(_accompanied(made, draft.product), scene) if made else []
            continue
        refused = "it is left to instructions" if mode is ImageMode.INSTRUCTIONS else playbook.refusal(task, tokens)
        if isinstance(made, Impossible):
            refused = made
        if refused:
            left.append(Left(task, "review", made if mode is ImageMode.INSTRUCTIONS else refused))
        else:
            reasons[id(task)] = made
            steps.append(Step(Phase.ANSIBLE, task))
    steps += prepared if mode is ImageMode.ANSIBLE else []
    steps = each_file_once(with_tools_first(one_playbook(steps)))
    for step in steps:
        if step.phase is Phase.ANSIBLE and step.task:
            reasons.setdefault(id(step.task), "it stands between others that Ansible runs")
    return Building(tuple(steps), reasons, (*draft.done.left, *left), draft.done.dropped)


def _accompanied(step: Step, product: Product | None) -> Step:
    """Beside the package of a product what it can't run without: recommended packages are not installed."""
    if (
        not product
        or not product.run
        or not any(fnmatchcase(one, name) for one in step.packages for name in product.packages)
    ):
        return step
    return msgspec.structs.replace(step, needs=(*step.needs, *product.run.packages))


def _with_modes(step: Step, scene: Scene) -> Iterable[Step]:
    """chmod where the role asks for something else than what a build context keeps; the group may always read."""
    yield step
    lines = tuple(line for file in step.files for line in _modes(file, scene))
    if lines:
        yield Step(Phase.MODES, None, commands=lines)


def _modes(file: File, scene: Scene) -> Iterable[str]:
    path, wanted = shlex.quote(file.path), file.mode or "0644"
    if not wanted.isdecimal():
        yield f"chmod {wanted} {path}"
    elif not int(wanted, 8) & 0o004:
        yield f"chgrp {scene.account.gid} {path}"
        yield f"chmod {int(wanted, 8) | 0o040:04o} {path}"
    elif int(wanted, 8) not in {0o644, 0o755}:
        yield f"chmod {int(wanted, 8):04o} {path}"


def _express(
    bucket: str, task: RecordedTask, scene: Scene, files: Mapping[int, File], mode: ImageMode
) -> Step | str | None:
    if bucket in {buckets.ACCOUNTS, buckets.POD}:
        return None
    if bucket in {buckets.FILES, buckets.EDITS}:
        return _file(bucket, task, scene, files)
    if bucket == buckets.COMMANDS and (reason := commands.needs_a_server(task)):
        return Impossible(reason)
    if mode is ImageMode.ANSIBLE or bucket not in EXPRESS:
        return "the mode is `ansible`" if mode is ImageMode.ANSIBLE else UNKNOWN
    return EXPRESS[bucket](task, scene)


def _file(bucket: str, task: RecordedTask, scene: Scene, files: Mapping[int, File]) -> Step | str | None:
    """A COPY, nothing where its text is mounted or a later task writes it, or an edit of a text that is not known."""
    if file := files.get(id(task)):
        early = tasks.is_below(file.path, fetching.OF_SOURCES)
        phase = Phase.SOURCES if early else Phase.COPIES
        return Step(phase, task, files=(file,))
    if bucket == buckets.FILES and task.file is None:
        return paths.copy_inside(task)
    known = bucket == buckets.FILES or tasks.target(task) in scene.paths
    return None if known else f"{tasks.target(task)} comes from a package or a command"


def _prepared(draft: Draft, estate: Estate, family: str) -> Iterable[Step]:
    """What the catalog knows that the files of a package need, to log to the output and to run without root."""
    products = map(estate.product, estate.members.get(draft.workload.id, (draft.workload,)))
    for run in (product.run for product in products if product and product.run):
        if lines := [*logs.links(run.logs, family), *run.prepare]:
            yield Step(Phase.FOLDERS, None, commands=tuple(lines))


def _accounts(draft: Draft, family: str) -> Iterable[Step]:
    recorded = draft.done.of(buckets.ACCOUNTS)
    people = accounts.created(recorded, draft.account)
    lines = accounts.shell_lines(people, {*_names(draft.done.of(buckets.PACKAGES)), draft.workload.software})
    if lines:
        tools = ("shadow",) if family == "apk" else ()
        yield Step(Phase.ACCOUNTS, recorded[0] if recorded else None, commands=tuple(lines), needs=tools)


def _names(recorded: Iterable[RecordedTask]) -> Iterable[str]:
    return packages.wanted(recorded)[0]


def _scene(draft: Draft, family: str) -> Scene:
    """What is there, as far as the tasks themselves say."""
    made = {tasks.target(task) for task in draft.done.of(buckets.PATHS) if task.args.get("state") == "directory"}
    folders = fetching.FOLDERS | made
    got = (task for task in draft.done.of(buckets.FETCHES) if task.module == "get_url")
    downloads = frozenset(fetching.target(task, folders) for task in got)
    held = draft.contents
    known = {file.path for file in (*held.config, *held.secret, *held.image)} | set(held.variables)
    fetched = {str(task.args.get("dest") or "") for task in draft.done.of(buckets.FETCHES)} - {""}
    used = {str(task.args.get("src")) for task in draft.done.of(buckets.FETCHES) if task.module == "unarchive"}
    return Scene(
        family=family,
        account=draft.account,
        user=draft.user,
        volumes=tuple(draft.volumes),
        paths=frozenset(known | fetched),
        downloads=downloads & used,
        folders=folders,
    )
