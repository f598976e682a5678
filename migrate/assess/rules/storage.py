# SPDX-License-Identifier: Apache-2.0
"""Rules about folders, disks and volumes that hold what must not be lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess import actions
from migrate.assess.containers import Volume
from migrate.assess.rules import Seen, rule, seen
from migrate.assess.subject import Subject, within
from migrate.model.place import Place
from migrate.model.workload import Kind, Points

KEEP_ADVICE = "Keep it on its VM, or decide a volume for it in plan.yaml."
MEMORY = ("tmpfs", "ramfs", "none", "proc", "sysfs", "cgroup", "cgroup2", "devtmpfs", "hugetlbfs", "swap")
DATA_NAME = re.compile(
    r"^/(?!etc/|usr/|opt/[^/]+/(?:bin|lib|conf|etc|releases?)/|tmp/|run/|var/(?:run|log|cache|tmp|www/html$)|proc/|sys/|dev/|boot/)"
    r"(?:.*/)?(?:data|database|databases|db|uploads?|media|attachments?|storage|files?_store|filestore|blobs?|artifacts?|backups?|dumps?|repos(?:itories)?|"
    r"spool|mail|maildir|vmail|wal|pgdata|tsdb|volumes?|persistent|userdata|user_files|documents)(?:/|$)",
    re.IGNORECASE,
)
SHARED_STATE = re.compile(
    r"^/var/lib/(?!apt|dpkg|dhcp|systemd|misc|ucf|pam|polkit|dbus|private|logrotate|ntp|chrony|nginx|haproxy|sudo|python|cloud|AccountsService)[^/]+"
)
SCRATCH = ("/run", "/var/run", "/var/log", "/tmp", "/var/tmp", "/var/cache", "/dev", "/proc", "/sys")
OF_THE_HOST = tuple(
    "/run /var/run /var/log /tmp /dev /proc /sys /boot /lib/modules /usr/lib/modules /usr/share/zoneinfo".split()
)
SCRATCH_NAME = re.compile(r"(?:^|/)(?:logs?|cache|tmp|temp|sockets?)$|\.(?:sock|log|pid)$")
SOCKET_NAME = re.compile(r"(?:^|[-_])sockets?$")
DATA_WORD = re.compile(
    r"(?:^|[/_\-.])(?:data|databases?|db|store|storage|uploads?|media|backups?|files|state|repos?)(?:$|[/_\-.])", re.I
)
CONFIG_TARGET = re.compile(
    r"^/(?:usr/local/)?etc(?:/|$)|/(?:conf|config|config_files|etc|conf\.d|certs?|ssl|tls|pki)(?:/|$)|"
    r"\.(?:conf|cfg|cnf|ini|ya?ml|json|toml|properties|env|pem|crt|key)$"
)


@rule(Points.STATEFUL, advice=KEEP_ADVICE)
def data_directory(subject: Subject) -> Iterator[Seen]:
    """A task makes a folder where the product keeps data."""
    for task in subject.tasks:
        for path in actions.directories(task):
            if subject.product is not None and subject.keeps_in(path):
                yield seen(task, f"makes {path}, where {subject.product.title} keeps data")


@rule(Points.STATEFUL, advice="Look at what is in it: if it can be made again, say so in plan.yaml.")
def store_directory(subject: Subject) -> Iterator[Seen]:
    """A task makes a folder that is named like a store, or one in /var/lib."""
    for task in subject.tasks:
        for path in actions.directories(task):
            named = DATA_NAME.match(path) or owned_state(path, subject)
            if named and not subject.keeps_in(path) and not explained(path, subject):
                yield seen(task, f"makes {path}, which is named like a store")


def owned_state(path: str, subject: Subject) -> bool:
    """A folder in /var/lib, unless it is what a product known to keep nothing needs to run."""
    writable = subject.product.run.writable if subject.product and subject.product.run else ()
    return bool(SHARED_STATE.match(path)) and not any(within(path, folder) for folder in writable)


def explained(path: str, subject: Subject) -> bool:
    """True for a folder that the catalog calls writable but not state."""
    return bool(
        subject.product and subject.product.run and any(within(path, folder) for folder in subject.product.run.writable)
    )


@rule(Points.STATEFUL, advice=KEEP_ADVICE)
def unit_keeps_state(subject: Subject) -> Iterator[Seen]:
    """The unit asks systemd for a state folder, or may write below /var/lib or /srv."""
    for text in subject.draft.texts:
        for folder in text.all("Service.StateDirectory"):
            yield seen(text.task, f"its unit has StateDirectory={folder}, that is /var/lib/{folder}")
        for path in (word for value in text.all("Service.ReadWritePaths") for word in value.split()):
            clean = path.lstrip("-+")
            if clean.startswith(("/var/lib/", "/srv/", "/data", "/mnt")):
                yield seen(text.task, f"its unit may write to {clean}")


@rule(Points.STATEFUL, advice=KEEP_ADVICE)
def mounted_storage(subject: Subject) -> Iterator[Seen]:
    """A disk or network share is mounted where it keeps data; any role may have done it."""
    for task in subject.neighbours:
        for path, source, fstype in actions.mounts(task):
            if fstype not in MEMORY and (
                subject.keeps_in(path) or (task in subject.draft.tasks and not path.startswith("/boot"))
            ):
                about = subject.product.title if subject.product and subject.keeps_in(path) else "it"
                keeps = f", where {about} keeps data" if subject.keeps_in(path) else ""
                yield seen(task, f"mounts {source or 'a disk'} on {path}{keeps}")


@rule(Points.STATEFUL, advice="Find out what is on it: nobody makes a volume for what may be lost.")
def made_volume(subject: Subject) -> Iterator[Seen]:
    """Its role makes a logical volume, a pool, a dataset or a file system."""
    product = subject.product
    if product is not None and product.kind in (Kind.PLUMBING, Kind.LIBRARY, Kind.BUILD_AGENT):
        return
    points = Points.NEITHER if product is not None and product.nature == "stateless" else None
    for task in subject.tasks:
        for what in actions.volumes_made(task):
            yield seen(task, f"makes {what}", points)


@rule(Points.NEITHER, advice="Ask whether its data may be lost; then it is a cache, and can move.")
def data_in_memory(subject: Subject) -> Iterator[Seen]:
    """Where it keeps data is a file system in memory, which a reboot empties."""
    for task in subject.neighbours:
        for path, _, fstype in actions.mounts(task):
            if fstype in ("tmpfs", "ramfs") and subject.keeps_in(path):
                yield seen(task, f"{path} is in memory ({fstype}): a reboot empties it")


@rule(Points.STATEFUL, advice="Find out what is on the disk before anything moves.")
def extra_disk(subject: Subject) -> Iterator[Seen]:
    """The VM has a disk beside the one that it boots from."""
    product = subject.product
    if subject.draft.scheduled or (
        product is not None and product.kind in (Kind.PLUMBING, Kind.LIBRARY, Kind.BUILD_AGENT)
    ):
        return
    harmless = product is not None and product.nature == "stateless"
    points = Points.NEITHER if harmless or owned_by_other(subject) else Points.STATEFUL
    mounted = any(actions.mounts(task) for task in subject.neighbours)
    for machine in subject.machines:
        for disk in machine.data_disks:
            size = f" of {disk.capacity / 2**30:.0f} GiB" if disk.capacity else ""
            where = Place(path=next((source for source in machine.seen_by if source != "inventory"), machine.name))
            what = "" if mounted else ", and no task says what is on it"
            yield Seen(f"VM {machine.name} has a data disk {disk.target}{size}{what}", where, machine.name, points)


def owned_by_other(subject: Subject) -> bool:
    """True when another workload of the machines is known to keep data, so that the disk is most likely its own."""
    products = subject.index.products.values()
    mounted = [path for task in subject.neighbours for path, _, fstype in actions.mounts(task) if fstype not in MEMORY]
    own = subject.product.data_dirs if subject.product else ()
    return (
        bool(mounted)
        and not any(within(path, folder) or within(folder, path) for path in mounted for folder in own)
        and any(
            within(path, folder) or within(folder, path)
            for path in mounted
            for other in products
            if other.nature != "stateless"
            for folder in other.data_dirs
        )
    )


@rule(Points.STATEFUL, advice=KEEP_ADVICE)
def container_volume(subject: Subject) -> Iterator[Seen]:
    """A container writes to a folder of the host, to a volume, or to the volumes of another container."""
    told = set[Volume]()
    for start in subject.draft.starts:
        for volume in start.container.volumes if start.container is not None else ():
            if not volume.read_only and not is_scratch(volume) and volume not in told:
                told.add(volume)
                points = Points.NEITHER if is_catalogued(volume, subject) else None
                yield seen(start.task, f"its container writes to {volume}", points)


def is_scratch(volume: Volume) -> bool:
    """True for logs, caches, sockets and folders of the system; a name that speaks of data is never scratch."""
    source, target = volume.source.rstrip("/") or volume.source, volume.target.rstrip("/")
    if any(within(target, folder) for folder in SCRATCH) or SCRATCH_NAME.search(target):
        return True
    if DATA_WORD.search(target) or not target:
        return False
    if not source.startswith("/"):
        return bool(SOCKET_NAME.search(source))
    if any(within(source, folder) for folder in OF_THE_HOST) or source.endswith(".sock"):
        return True
    return within(source, "/etc") and not DATA_WORD.search(source) and bool(CONFIG_TARGET.search(target))


def is_catalogued(volume: Volume, subject: Subject) -> bool:
    """True where a product that is known to keep nothing has its configuration, or writes what is no state."""
    product = subject.product
    if product is None or product.nature != "stateless" or not volume.target:
        return False
    if CONFIG_TARGET.search(volume.target) and not DATA_WORD.search(volume.target):
        return True
    folders = (*(product.run.writable if product.run else ()), *product.config)
    return any(within(volume.target, folder) for folder in folders)
