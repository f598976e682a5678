# SPDX-License-Identifier: Apache-2.0
"""What a person is told of files that were edited, deleted, or are generated no longer."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from migrate.keeping.deciding import Act, Step
from migrate.model.finding import Finding, Severity

KEEP = "`--keep {path}` leaves the file as it is from now on, `--take {path}` takes what is generated."
# Act → (check, severity, message, remedy)
TOLD: dict[Act, tuple[str, Severity, str, str]] = {
    Act.MERGE: (
        "edit-merged",
        Severity.NOTE,
        "{path} was edited; what is new was merged into it.",
        "Read the difference before you commit it.",
    ),
    Act.EDITED: (
        "edit-kept",
        Severity.NOTE,
        "{path} was edited and stays so; nothing new is generated for it.",
        "Nothing to do. `--take {path}` would take what is generated.",
    ),
    Act.CONFLICT: (
        "edit-conflict",
        Severity.WARNING,
        "{path} was edited where what is generated changed, too; your file is left as it is.",
        f"Edit the file so that both fit, and generate again. {KEEP}",
    ),
    Act.UNMERGED: (
        "edit-unmerged",
        Severity.WARNING,
        "{path} was edited and what is generated changed; it could not be merged and is left as it is.",
        f"Install git, whose merge-file does it, or merge by hand. {KEEP}",
    ),
    Act.FOREIGN: (
        "edited-by-hand",
        Severity.WARNING,
        "{path} was there before and differs from what would be generated; it is left as it is.",
        f"Move it away and generate again. {KEEP}",
    ),
    Act.ORPHAN: (
        "no-longer-generated",
        Severity.WARNING,
        "{path} is generated no longer, but was edited; it is left as it is.",
        "`--keep {path}` makes it your own, `--take {path}` deletes it.",
    ),
    Act.DELETED: (
        "deletion-kept",
        Severity.NOTE,
        "{path} was deleted and stays so.",
        "Nothing to do. `--take {path}` would bring it back.",
    ),
    Act.DELETED_BUT_NEW: (
        "deletion-kept",
        Severity.WARNING,
        "{path} was deleted, and what is generated for it has changed; it stays deleted.",
        "`--keep {path}` leaves it so, `--take {path}` brings it back as it is now.",
    ),
}


def of_step(path: str, step: Step) -> Finding | None:
    """The finding for one file; None where there is nothing to say."""
    if step.act not in TOLD:
        return None
    check, severity, message, remedy = TOLD[step.act]
    return Finding(check, path, message.format(path=path), remedy.format(path=path), severity)


def of_removed(removed: Iterable[str], wanted: Collection[str]) -> list[Finding]:
    """One note for each folder of which nothing is left."""
    still = {path.partition("/")[0] for path in wanted}
    gone = sorted({path.partition("/")[0] for path in removed if "/" in path} - still)
    message = "{0} is generated no longer; its files are deleted."
    remedy = "Look at the deletion in the diff before you commit it, and delete its objects in the cluster."
    return [Finding("workload-removed", name, message.format(name), remedy, Severity.NOTE) for name in gone]
