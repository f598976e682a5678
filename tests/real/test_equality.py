# SPDX-License-Identifier: Apache-2.0
"""What is recorded is what Ansible would do."""

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from migrate.model.task import TokenKind
from tests.real.content import only, unpacked
from tests.real.played import Sides, Step, play_twice

pytestmark = pytest.mark.real

EXAMPLE = Path(__file__).parents[2] / "inventories" / "example" / "ansible"
INLINE_VAULT = re.compile(r"^(?P<name>\w+): !vault \|\n(?:[ \t]+.*\n)+", re.MULTILINE)
VAULTED = re.compile(r"\bvault_\w+")
ROLES = "atd cron memcached nginx ntp redis_server sshd tinyproxy unbound".split()


def stand_in(name: str) -> str:
    return f"stand-in of {name.replace('_', ' ')}"


def estate(work: Path) -> Sides:
    """The example, with plain variables where its vaults are."""
    project = work / "project"
    shutil.copytree(EXAMPLE, project)
    names = {name for path in project.rglob("*.yml") for name in VAULTED.findall(path.read_text())}
    for path in project.rglob("*.yml"):
        text = path.read_text()
        if text.startswith("$ANSIBLE_VAULT"):
            path.write_text(yaml.safe_dump({name: stand_in(name) for name in names}))
        elif "!vault" in text:
            path.write_text(INLINE_VAULT.sub(lambda found: f"{found['name']}: {stand_in(found['name'])}\n", text))
    return play_twice(project, "inventories/production", "site.yml", work)


def debops(work: Path) -> Sides:
    """A host and a play for each role."""
    project = work / "project"
    project.mkdir()
    collection = only(unpacked("debops"), "galaxy.yml").parent
    shutil.copytree(collection / "roles", project / "roles")
    (project / "hosts").write_text("".join(f"[{name}]\n{name.replace('_', '-')}1\n" for name in ROLES))
    plays = [{"hosts": name, "become": True, "roles": [name]} for name in ROLES]
    (project / "site.yml").write_text(yaml.safe_dump(plays))
    return play_twice(project, "hosts", "site.yml", work, [collection.parents[2]])


FIELDS = "action args name handler notify delegate_to become_user environment files".split()
TOKEN = re.compile(r"mg(?:sec|need|unk)_\w*?_[0-9a-f]{6}_x", re.IGNORECASE)


@dataclass(frozen=True)
class Difference:
    """A field that is not the same, or (with field "recorded" or "ran") a step that only one side has."""

    field: str
    step: Step
    recorded: Any
    ran: Any
    sides: Sides

    def __str__(self) -> str:
        return f"{self.step.machine} {self.step.place} {self.field}: {self.recorded!r:.600} is {self.ran!r:.600}"


def compare(sides: Sides) -> tuple[int, list[Difference]]:
    """How many steps stand side by side, and what differs. Order counts, machine by machine."""
    recorded, ran = streams(sides.recorded), streams(sides.ran)
    pairs, found = 0, []
    for key in sorted(recorded.keys() | ran.keys(), key=str):
        ours, theirs = recorded[key], ran[key]
        matcher = SequenceMatcher(None, [step.place for step in ours], [step.place for step in theirs], autojunk=False)
        for kind, begin, end, first, last in matcher.get_opcodes():
            if kind == "equal":
                pairs += end - begin
                for one, other in zip(ours[begin:end], theirs[first:last], strict=True):
                    found += differences(one, other, sides)
                continue
            found += [Difference("recorded", step, step.args, None, sides) for step in ours[begin:end]]
            found += [Difference("ran", step, None, step.args, sides) for step in theirs[first:last]]
    return pairs, found


def streams(steps: Iterable[Step]) -> defaultdict[Any, list[Step]]:
    """What runs on a machine for itself, in order; what other machines delegate to it, task by task."""
    found: defaultdict[Any, list[Step]] = defaultdict(list)
    for step in steps:
        found[step.machine, step.place if step.delegate_to else ""].append(step)
    return found


def differences(one: Step, other: Step, sides: Sides) -> Iterator[Difference]:
    for field in FIELDS:
        ours, theirs = getattr(one, field), getattr(other, field)
        if ours != theirs:
            yield Difference(field, one, ours, theirs, sides)


def is_secret(found: Difference) -> bool:
    """The same once each token of a secret is replaced by the value that the stand-in gives it."""
    return revealed(found.recorded, found.sides) == found.ran


def revealed(value: Any, sides: Sides) -> Any:
    if isinstance(value, dict):
        return {key: revealed(item, sides) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(revealed(item, sides) for item in value)
    if not isinstance(value, str):
        return value

    def reveal(found: re.Match[str]) -> str:
        token = sides.tokens.get(found[0])
        plain = stand_in(token.name) if token is not None and token.kind is TokenKind.SECRET else found[0]
        return quote(plain) if "://" in found.string[: found.start()].rpartition("\n")[2] else plain

    return TOKEN.sub(reveal, value)


def fits(ours: Any, theirs: Any, kinds: Iterable[str]) -> bool:
    """The same where tokens of these kinds stand for anything."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(fits(ours[key], theirs[key], kinds) for key in ours)
    if isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)):
        return len(ours) == len(theirs) and all(fits(*pair, kinds) for pair in zip(ours, theirs, strict=True))
    if not isinstance(ours, str) or not TOKEN.search(ours):
        return bool(ours == theirs)
    if any(not token.startswith(tuple(f"mg{kind}_" for kind in kinds)) for token in TOKEN.findall(ours)):
        return False
    pattern = ".*".join(re.escape(part) for part in TOKEN.split(ours))
    return re.fullmatch(pattern, str(theirs), re.DOTALL) is not None


def is_drawn(found: Difference) -> bool:
    role = found.step.place[0].split("/")[1]
    return role in found.sides.lots and re.sub(r"\d+", "0", str(found.recorded)) == re.sub(r"\d+", "0", str(found.ran))


def is_not_found(found: Difference) -> bool:
    return (
        found.field == "files"
        and bool(TOKEN.search(str(found.step.args.get("src"))))
        and None in found.recorded.values()
    )


def is_unrendered(found: Difference) -> bool:
    return found.field == "files" and not found.ran and bool(TOKEN.search(str(found.recorded)))


def is_of_unknown_loop(found: Difference) -> bool:
    here = (found.step.machine, found.step.place)
    doubts = [step.doubt for step in found.sides.recorded if (step.machine, step.place) == here]
    return found.field == "ran" and any("loop over" in doubt for doubt in doubts)


def skipped(found: Difference) -> str:
    return found.sides.skipped.get((found.step.machine, found.step.place), "")


REASONS: dict[str, Callable[[Difference], bool]] = {
    "a secret is a token, and means the stand-in": is_secret,
    "a secret written out, or under no_log, is a token": lambda d: fits(d.recorded, d.ran, ["sec"]),
    "a lookup that must not run is a token": lambda d: fits(d.recorded, d.ran, ["sec", "need"]),
    "what a filter of a collection answers is a token": lambda d: fits(d.recorded, d.ran, ["sec", "need", "unk"]),
    "which template it is, a lookup that must not run says": is_not_found,
    "a template that asks for what neither side has": is_unrendered,
    "the item of a loop that is recorded once, as unknown": lambda d: "loop over" in d.step.doubt,
    "made of an answer that only a real run has": lambda d: d.field == "args" and "(result of" in d.step.doubt,
    "drawn by lot": is_drawn,
    "an item of a loop that is recorded once, as unknown": is_of_unknown_loop,
    "marked as conditional": lambda d: d.field == "recorded" and bool(d.step.doubt),
    "left out in check mode": lambda d: d.field == "recorded" and "check_mode" in skipped(d),
    "a handler of what is the same already": lambda d: d.field == "recorded" and d.step.handler,
    "once for each batch, recorded once": lambda d: d.field == "ran" and d.step.run_once,
}
"""Why something may differ, and how to tell; the first that fits is taken."""


def judge(name: str, sides: Sides) -> tuple[int, list[Difference]]:
    """Print the figures; returns how many steps were compared, and the differences that nothing explains."""
    pairs, found = compare(sides)
    reasons: Counter[str] = Counter()
    unexplained = []
    for difference in found:
        reason = next((reason for reason, fits in REASONS.items() if fits(difference)), "")
        reasons[reason or "NOT EXPLAINED"] += 1
        unexplained += [] if reason else [difference]
    unlike = len({id(difference.step) for difference in found if difference.field in FIELDS})
    print(
        f"\n{name}: {len(sides.recorded)} recorded; {len(sides.ran)} ran, {sides.unfit} of them failed on this machine"
    )
    print(f"  {pairs} compared, {pairs - unlike} equal in every field, {unlike} with a difference")
    for reason, count in reasons.most_common():
        print(f"  {count:4} {reason}")
    return pairs, unexplained


def test_the_example_is_recorded_as_ansible_plays_it(tmp_path: Path) -> None:
    pairs, unexplained = judge("example", estate(tmp_path))
    assert not unexplained, "\n".join(map(str, unexplained))
    assert pairs > 500


def test_public_roles_are_recorded_as_ansible_plays_them(tmp_path: Path) -> None:
    pairs, unexplained = judge("debops", debops(tmp_path))
    assert not unexplained, "\n".join(map(str, unexplained))
    assert pairs > 100
