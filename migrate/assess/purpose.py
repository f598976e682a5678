# SPDX-License-Identifier: Apache-2.0
"""What a role is for that starts nothing: plumbing of its host, something that others build on, or nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum

import msgspec

from migrate.assess import actions, chores
from migrate.assess.belonging import path_of, products_of
from migrate.assess.rules import readable, seen
from migrate.catalog import TOKEN, Index
from migrate.model.product import Product
from migrate.model.task import RecordedTask
from migrate.model.workload import Confidence, Evidence, Kind, Nature, Placement, Points, Workload

FACTS = "/etc/ansible/facts.d"
SUPPORT = frozenset(
    "users ca-certificates apt yum firewalld ufw selinux logrotate hosts sudo pam ansible sysctl filesystems".split()
)
"""Plumbing that services bring along, too."""
BINARIES = re.compile(r"^/usr/(?:local/)?(?:s?bin|lib|share|libexec)(?:/|$)|^/opt/[^/]+/bin(?:/|$)")
UNIT = re.compile(r"/systemd/(?:system|user)/[^/]+\.(?:service|timer|socket|path)$|^/etc/init\.d/|^/etc/supervisor")
CODE = frozenset("git subversion hg unarchive get_url maven_artifact synchronize".split())


BY_OTHERS = re.compile(
    r"^(?:lib|python\d*-|php[\d.]*-|ruby-|perl-|golang-|fonts-|linux-|gcc|g\+\+|make$|cmake|build-essential|epel-release|policycoreutils|selinux-)|"
    r"-(?:dev|devel|doc|docs|common|data|utils?|tools?|cli|clients?|headers|libs?|release|plugins?|keyring|bin)$|^@"
)
"""Names of packages that others use: libraries, headers, tools, repositories."""
INSTALLER = re.compile(
    r"(?:^|[\s/;&])(?:\./)?(?:un)?(?:install|setup)[\w.\-]*(?:\.(?:sh|run|bin|py|pl))?(?=\s|$)|\bmake\s+(?:\S+\s+)*install\b|\.(?:run|bin)(?=\s|$)"
)
AWAY = "It takes something away from its host."


class Sort(Enum):
    """What one task is for."""

    NOTHING = "nothing"
    HOST = "host"
    SUPPORT = "support"
    LIBRARY = "library"
    CONFIGURES = "configures"
    DARK = "dark"


class Purpose(msgspec.Struct, frozen=True):
    """Like a verdict, of a role as a whole."""

    kind: Kind
    placement: Placement
    reason: str
    nature: Nature = Nature.STATELESS
    confidence: Confidence = Confidence.HIGH
    because: str = ""
    software: tuple[str, ...] = ()
    replaced_by: str = ""
    look_at: str = ""
    evidence: tuple[Evidence, ...] = ()


class Sorted(msgspec.Struct, frozen=True):
    """A task, what it is for, and the product that told."""

    task: RecordedTask
    sort: Sort
    product: Product | None = None


def purpose(tasks: Sequence[RecordedTask], workloads: Sequence[Workload], index: Index) -> Purpose:
    """The verdict on a role without a service or job of its own. `workloads` are plumbing."""
    every = [sorted_out(task, index) for task in tasks]
    telling = [one for one in every if one.sort is not Sort.NOTHING]
    if not telling:
        return Purpose(
            Kind.LIBRARY, Placement.DROP, "It only has variables, handlers, plugins or dependencies for others.",
            because="no task of its own does anything", replaced_by="what builds on it",
        )  # fmt: skip
    held = {sort: [one for one in telling if one.sort is sort] for sort in Sort}
    known = [one for one in workloads if one.software not in SUPPORT]
    dark = [one for one in held[Sort.DARK] if not harmless(one.task)]
    runtimes = [one for one in held[Sort.LIBRARY] if one.product is not None and one.product.key != "tools"]
    if runtimes and not known and not any(one.product is not None for one in held[Sort.HOST]):
        return of_library(runtimes, dark)
    if (brought := [one for one in dark if brings(one.task)]) and not known:
        return unknown(brought)
    if held[Sort.HOST] or known:
        return of_host(known or workloads, held[Sort.HOST] or held[Sort.SUPPORT], dark)
    if held[Sort.LIBRARY]:
        return of_library(held[Sort.LIBRARY], dark)
    if held[Sort.CONFIGURES]:
        return of_other(held[Sort.CONFIGURES])
    if held[Sort.SUPPORT] and not dark:
        return of_host(workloads, held[Sort.SUPPORT], dark)
    return unknown(dark or telling)


def sorted_out(task: RecordedTask, index: Index) -> Sorted:
    """What one task is for, by its products, module, path and command."""
    if nothing(task):
        return Sorted(task, Sort.NOTHING)
    products = [index.products[key] for key in sorted(products_of(task, index))]
    plumbing = [one for one in products if one.kind is Kind.PLUMBING]
    if plumbing:
        own = next((one for one in plumbing if one.key not in SUPPORT), None)
        return Sorted(task, Sort.HOST if own else Sort.SUPPORT, own or plumbing[0])
    if is_library(task, products, index):
        return Sorted(task, Sort.LIBRARY, next(iter(products), None))
    services = [one for one in products if one.kind is not Kind.LIBRARY]
    if services and not actions.is_removal(task):
        return Sorted(task, Sort.CONFIGURES, services[0])
    if task.module in chores.MODULES or chores.about_path(path_of(task)) or chores.about_command(shell(task)):
        return Sorted(task, Sort.HOST)
    if task.module in actions.PACKAGE_MODULES:
        named = [name for name in actions.packages(task) if not TOKEN.search(name)]
        return Sorted(task, Sort.SUPPORT if all(map(BY_OTHERS.search, named)) else Sort.DARK)
    if task.module == "file":
        return Sorted(task, Sort.SUPPORT)
    return Sorted(task, Sort.DARK)


def nothing(task: RecordedTask) -> bool:
    """Only looks, tells other roles something, or does nothing with these settings."""
    if chores.only_looks(task.module) or path_of(task).startswith(FACTS):
        return True
    if shell(task):
        return chores.command_looks(shell(task))
    if task.module in actions.PACKAGE_MODULES:
        return not actions.packages(task) and not actions.removed_packages(task)
    return str(task.args.get("daemon_reload", "")).lower() in ("true", "yes") and len(task.args) == 1


def shell(task: RecordedTask) -> str:
    """The command line of a shell task; "" for any other."""
    return actions.shell_text(task) if task.module in actions.SHELL_MODULES else ""


def is_library(task: RecordedTask, products: Iterable[Product], index: Index) -> bool:
    """Installs what others run or call: runtimes, clients, command line tools."""
    if actions.is_removal(task):
        return False
    names = actions.packages(task)
    if names and any(index.clients.find(name) for name in names):
        return True
    if names and any(one.kind is Kind.LIBRARY for one in products):
        return True
    if task.module in actions.LANGUAGE_MODULES:
        return True
    modules = index.module(task.action)
    if modules and all(one.kind is not Kind.PLUMBING for one in modules):
        return True  # objects on a server that something else runs
    return task.module in CODE and bool(BINARIES.match(str(task.args.get("dest", ""))))


def brings(task: RecordedTask) -> bool:
    """A program that nobody knows is fetched, unpacked or installed by its own installer: it may run, and keep data."""
    return task.module in CODE or bool(INSTALLER.search(shell(task)))


def harmless(task: RecordedTask) -> bool:
    """True where not knowing it hides no service: a file below /etc, or something on the controller."""
    local = task.delegate_to in ("localhost", "127.0.0.1")
    dest = task.file.dest if task.file is not None else ""
    written = (dest.startswith("/etc/") and not UNIT.search(dest)) or bool(dest and not TOKEN.sub("", dest).strip("/"))
    stopped = task.module in actions.SERVICE_MODULES and not any(start.running for start in actions.starts(task))
    return (
        stopped
        or local
        or written
        or task.module in ("file", "lineinfile", "blockinfile", "replace", "ini_file", "template")
    )


def of_host(workloads: Sequence[Workload], shown: Sequence[Sorted], dark: Sequence[Sorted]) -> Purpose:
    known = [one for one in workloads if one.reason]
    product = next((one.product for one in shown if one.product is not None and one.product.key not in SUPPORT), None)
    first: Workload | Product | None = known[0] if known else product
    away = bool(shown) and all(actions.is_removal(one.task) for one in shown)
    reason = (
        "It takes something away from its host."
        if away
        else first.reason
        if first
        else "It sets up the machine that it runs on."
    )
    products = dict.fromkeys(one.product.key for one in shown if one.product is not None)
    return Purpose(
        Kind.PLUMBING,
        first.placement if first else Placement.DROP,
        reason,
        confidence=Confidence.MEDIUM if dark else Confidence.HIGH,
        because=f"its tasks are about the host itself{'; ' + some(dark) + ' not understood' if dark else ''}",
        software=tuple(dict.fromkeys([*(one.software for one in known), *products])),
        replaced_by=(first.replaced_by if first else "") or "the node's own setup and the image's build",
        evidence=evidence(shown, "is about the host"),
    )


def of_library(shown: Sequence[Sorted], dark: Sequence[Sorted]) -> Purpose:
    named = [one.product.key for one in shown if one.product is not None]
    return Purpose(
        Kind.LIBRARY,
        Placement.DROP,
        "It brings programs, clients or objects that others use, and starts nothing.",
        confidence=Confidence.MEDIUM if dark else Confidence.HIGH,
        because=f"what it installs runs nothing by itself{'; ' + some(dark) + ' not understood' if dark else ''}",
        software=tuple(dict.fromkeys(named)),
        replaced_by="a layer of the image that needs it",
        evidence=evidence(shown, "is for others to use"),
    )


def of_other(shown: Sequence[Sorted]) -> Purpose:
    """Configuration of a product that something else runs."""
    titles = list(dict.fromkeys(one.product.title for one in shown if one.product is not None))
    told = f"It configures {', '.join(titles)}, which nothing in it starts."
    return Purpose(
        Kind.UNKNOWN,
        Placement.DECIDE,
        told,
        Nature.UNKNOWN,
        Confidence.LOW,
        "what it configures runs by other means",
        software=tuple(dict.fromkeys(one.product.key for one in shown if one.product is not None)),
        look_at=f"Look at which role starts {', '.join(titles)}.",
        evidence=evidence(shown, "configures it"),
    )


def unknown(dark: Sequence[Sorted]) -> Purpose:
    return Purpose(
        Kind.UNKNOWN,
        Placement.DECIDE,
        f"Nothing seen says what it runs: look at {some(dark)}.",
        Nature.UNKNOWN,
        Confidence.LOW,
        "none of its tasks is understood",
        look_at=f"Look at {some(dark)}.",
        evidence=evidence(dark, "is not understood"),
    )


def some(shown: Sequence[Sorted], most: int = 3) -> str:
    places = list(dict.fromkeys(f"{one.task.module} at {one.task.place}" for one in shown))
    return ", ".join(places[:most]) + (f" and {len(places) - most} more" if len(places) > most else "")


def evidence(shown: Sequence[Sorted], what: str, most: int = 5) -> tuple[Evidence, ...]:
    found = []
    for one in shown[:most]:
        about = f" ({one.product.title})" if one.product is not None else ""
        told = seen(one.task, f"{one.task.module} {what}{about}")
        found.append(Evidence(rule="purpose", saw=readable(told.saw), points=Points.NEITHER, place=told.place))
    return tuple(found)
