# SPDX-License-Identifier: Apache-2.0
"""Users and groups: whom the container runs as, and which accounts the image gets."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

import msgspec

from migrate.model.product import Product
from migrate.model.task import RecordedTask
from migrate.model.workload import Workload

DEFAULT_ID = 10001
# Accounts that every base image has: creating them again would fail.
OF_THE_BASE = frozenset(
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody nogroup users adm tty "
    "disk staff wheel operator halt shutdown ftp _apt".split()
)


class Account(msgspec.Struct, frozen=True):
    """A user with its group. `source` says where the number comes from."""

    name: str
    uid: int
    gid: int
    group: str = ""
    home: str = ""
    source: str = ""
    given: bool = False


def run_as(workload: Workload, tasks: Iterable[RecordedTask], product: Product | None) -> Account:
    """Whom the process runs as: the unit's user with the number that the role gives it, else 10001; never root."""
    of_product = product.run.user if product and product.run else ""
    name = next((unit.user for unit in workload.units if unit.user), of_product)
    users, groups = _present(tasks, "user"), _present(tasks, "group")
    if name.isdecimal() and int(name) > 0:
        return Account("", int(name), int(name), source="the number that the unit or the catalog gives")
    task = users.get(name)
    if task is None:
        return Account("", DEFAULT_ID, DEFAULT_ID, source=f"default; {name or 'root'} has no number in the role")
    return _account(name, task, groups, DEFAULT_ID)


def created(tasks: Iterable[RecordedTask], run_user: Account) -> list[Account]:
    """Accounts that the image gets, by name; numbers after 10001 where the role gives none."""
    users, groups = _present(tasks, "user"), _present(tasks, "group")
    others = [name for name in sorted(users) if name not in OF_THE_BASE and name != run_user.name]
    numbered = enumerate(others, start=DEFAULT_ID + 1)
    accounts = [_account(name, users[name], groups, number) for number, name in numbered]
    return ([run_user] if run_user.name and run_user.name not in OF_THE_BASE else []) + accounts


def shell_lines(accounts: Iterable[Account], packages: Iterable[str]) -> list[str]:
    """groupadd and useradd; where a package of the same name may have made the account, only if it did not."""
    lines = []
    for account in accounts:
        name, group = shlex.quote(account.name), shlex.quote(account.group)
        ids = f"--gid {account.gid}{' --non-unique' if account.given else ''}"
        home = f" --home-dir {shlex.quote(account.home)}" if account.home.startswith("/") else ""
        add_group = f"groupadd {ids} {group}"
        add_user = f"useradd --uid {account.uid} {ids} --no-create-home{home} --shell /usr/sbin/nologin {name}"
        if account.name in packages:
            add_group = f"(getent group {group} >/dev/null || {add_group})"
            add_user = f"(getent passwd {name} >/dev/null || {add_user})"
        lines += [add_group, add_user]
    return lines


def _account(name: str, task: RecordedTask, groups: Mapping[str, RecordedTask], number: int) -> Account:
    uid = _number(task.args.get("uid"))
    group = str(task.args.get("group") or name)
    group = name if group in OF_THE_BASE or group.isdecimal() else group
    gid = _number(groups[group].args.get("gid")) if group in groups else 0
    source = f"{task.place}" if uid else f"default; {task.place} gives {name} no number"
    home = str(task.args.get("home") or "")
    return Account(name, uid or number, gid or uid or number, group, home, source, given=bool(uid or gid))


def _present(tasks: Iterable[RecordedTask], module: str) -> dict[str, RecordedTask]:
    found = {str(task.args.get("name", "")): task for task in tasks if task.module == module}
    return {name: task for name, task in found.items() if name and task.args.get("state") != "absent"}


def _number(value: object) -> int:
    """A uid or gid; 0 where none (or root's) is given."""
    return int(str(value)) if str(value).isdecimal() else 0
