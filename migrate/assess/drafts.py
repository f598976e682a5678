# SPDX-License-Identifier: Apache-2.0
"""Draft workloads: what is known of a service or job before it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from migrate.assess.actions import Start
from migrate.assess.starting import base_of
from migrate.assess.unitfile import UnitText, unit_text
from migrate.model.product import Product
from migrate.model.task import RecordedTask
from migrate.model.workload import Kind, Unit

OF_PROCESS = tuple(
    f"Service.{key}" for key in ("ProtectSystem", "DynamicUser", "ReadWritePaths", "User", "WorkingDirectory")
)


class Draft(msgspec.Struct, eq=False):
    """A workload being put together; `role` and `hosts` are the outermost role and the play that it was found in."""

    name: str
    role: str
    hosts: str
    product: Product | None = None
    matched: str = ""
    starts: list[Start] = []
    units: dict[str, Unit] = {}
    kinds: set[int] = set()
    tasks: list[RecordedTask] = []
    texts: list[UnitText] = []
    cleans: str = ""

    @property
    def scheduled(self) -> bool:
        """True when all it does is run at set times."""
        return bool(self.units) and all(unit.schedule for unit in self.units.values())

    @property
    def running(self) -> bool:
        return any(start.running for start in self.starts)

    @property
    def plumbing(self) -> bool:
        return self.product is not None and self.product.kind is Kind.PLUMBING

    @property
    def own_service(self) -> bool:
        """A program of the user's that runs all the time."""
        return self.own_code and self.running and not self.scheduled

    def runs_in(self, folder: str) -> bool:
        """True when a command or working directory is in a folder, or a unit is named after it."""
        last = folder.rstrip("/").rsplit("/", 1)[-1]
        said = (text for unit in self.units.values() for text in (unit.command, f"{unit.directory}/"))
        return last in self.units or any(f"{folder.rstrip('/')}/" in text for text in said)

    @property
    def own_code(self) -> bool:
        """A program of the user's, be it in a runtime that is known."""
        return self.product is None or (self.product.category == "runtime" and not self.matched.startswith("unit "))


def merged(alike: Sequence[Draft]) -> Draft:
    """The same workload on several classes of machines."""
    first = alike[0]
    units = {name: unit for draft in reversed(alike) for name, unit in draft.units.items()}
    return msgspec.structs.replace(
        first,
        starts=[start for draft in alike for start in draft.starts],
        units=units,
        kinds={kind for draft in alike for kind in draft.kinds},
        tasks=[task for draft in alike for task in draft.tasks],
        texts=[text for draft in alike for text in draft.texts],
    )


def add_unit(draft: Draft, start: Start, written: Mapping[str, UnitText]) -> None:
    """The unit behind a start; a timer gives its service a schedule."""
    if not start.running:
        return
    base = base_of(start.name)
    text = unit_text(written, base)
    held = start.container
    if text is not None and held is not None:
        text = of_container(text)
    if text is not None and text not in draft.texts:
        draft.texts.append(text)
    old = draft.units.get(base)
    environment = held.environment if held else text.environment if text else start.environment
    draft.units[base] = Unit(
        name=base,
        manager=start.manager,
        command=start.command or (text.command if text and not held else "") or (old.command if old else ""),
        user=start.user or (text.first("Service.User") if text else ""),
        directory=text.first("Service.WorkingDirectory") if text else start.directory,
        environment={**old.environment, **environment} if held and old else environment,
        environment_files=(held.environment_files or (old.environment_files if old else ()))
        if held
        else files_of(text),
        schedule=start.schedule or timer_of(start, base, written) or (old.schedule if old else ""),
        image=start.image or (old.image if old else ""),
        place=start.task.place if start.manager == "package" or text is None else text.task.place,
    )


def files_of(text: UnitText | None) -> tuple[str, ...]:
    return tuple(path.lstrip("-") for path in text.all("Service.EnvironmentFile")) if text else ()


def of_container(text: UnitText) -> UnitText:
    """A unit that only runs a container: what it allows its process does not bind what is in the container."""
    told = {key: values for key, values in text.settings.items() if key not in OF_PROCESS}
    return msgspec.structs.replace(text, settings=told)


def timer_of(start: Start, base: str, written: Mapping[str, UnitText]) -> str:
    """When a timer runs its service; "" for a start that is not a timer's."""
    timer = written.get(f"{base}.timer")
    if not start.name.endswith(".timer"):
        return ""
    return timer.first("Timer.OnCalendar") or timer.first("Timer.OnUnitActiveSec") or "timer" if timer else "timer"
