# SPDX-License-Identifier: Apache-2.0
"""Rules about what configuration says: where files, sessions and databases are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess import actions
from migrate.assess.rules import Seen, rule, seen
from migrate.assess.subject import Subject
from migrate.assess.unitfile import UnitText
from migrate.model.workload import Kind, Points

SQLITE = re.compile(
    r"sqlite3?:/{2,4}(?!:memory:)([^\s\"']+)|[\"'=:\s](/(?!usr|etc)[^\s\"':]+\.(?:sqlite3?|db3))\b|ENGINE\W+[\w.]*sqlite3"
    r"|\b(?:DB|DATABASE)_(?:CONNECTION|DRIVER|TYPE|ENGINE|CLIENT|DIALECT)\b[\"']?\s*[=:,]\s*[\"']?(?:pdo_)?sqlite3?\b"
    r"|^\s*[\"']?(?:adapter|dialect|driver|client|type|engine|backend)[\"']?\s*(?:[=:]|=>)\s*[\"']?(?:pdo_|better-)?sqlite3?\b"
    r"|^\s*(?:export\s+)?[\"']?(?![\w.\-]*(?:host|server|addr))[\w.\-]+[\"']?\s*[=:]\s*[\"']?(?!/etc/|/usr/)[\w./\-]+\.(?:sqlite3?|db3?)[\"']?\s*,?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
EMBEDDED = re.compile(
    r"jdbc:(?:h2|hsqldb|derby):(?!mem|tcp|hsql:)\S*|\b(?:boltdb|leveldb|badger)\b[^\n]*?(/\S+)", re.IGNORECASE
)
UPLOADS = re.compile(
    r"\b(MEDIA_ROOT|UPLOAD_(?:DIR|FOLDER|PATH|ROOT)|UPLOADS?_PATH|FILE_STORAGE_PATH|ATTACHMENTS?_(?:DIR|PATH)|STORAGE_(?:DIR|PATH|ROOT)|DATA_(?:DIR|PATH)|"
    r"data[._-]?dir(?:ectory)?|upload[._-]?(?:dir|path)|path\.data|dataDir)\b[\"']?\s*[=:]\s*[\"']?(/(?!tmp|run|var/cache)[^\s\"',;]+)",
    re.IGNORECASE,
)
SESSIONS = re.compile(
    r"session\.save_path\s*=\s*[\"']?(/[^\s\"']+)|SESSION_(?:ENGINE|TYPE|DRIVER)\W+[\w.]*\bfile\w*", re.IGNORECASE
)
STORES = (
    r"postgres(?:ql)?(?:\+\w+)?|mysql(?:\+\w+)?|mariadb(?:\+\w+)?|mongodb(?:\+srv)?|rediss?|amqps?|s3"
    r"|jdbc:(?:sqlserver|oracle:\w+):?\S*?"
)
ELSEWHERE = re.compile(
    rf"\b(?P<scheme>{STORES})://(?P<address>[^\s\"']*)"
    r"|\b(?P<key>bootstrap[._]servers|(?:DB|DATABASE|PG|MYSQL|REDIS|MONGO|AMQP|RABBITMQ)_?(?:HOST|SERVER|URL|URI|ADDR(?:ESS)?))\b"
    r"[\"']?\s*(?:=>|[=:,])?\s*[\"']?(?P<value>[\w\[][\w.@:\-/\[\]]*)"
    r"|\b(?P<bucket>(?:S3|AWS|STORAGE|GCS|MINIO)\w*_BUCKET(?:_?NAME)?|BUCKET(?:_?NAME)?)\b[\"']?\s*(?:=>|[=:])\s*[\"']?"
    r"(?!(?:true|false|none|null|yes|no)\b)(?=[\w.\-]*[a-z])(?P<name>[\w.\-]{3,})",
    re.IGNORECASE,
)
HERE = re.compile(
    r"^(?:[\w+:]+://)?(?:[^@/\s]*@)?(?:localhost|127(?:\.\d+){3}|\[?::1\]?|0\.0\.0\.0|/|$)|^(?:sqlite|file|h2|unix|socket)\b|^//?",
    re.IGNORECASE,
)
BACKUP = re.compile(
    r"\b(pg_dump(?:all)?|pg_basebackup|mysqldump|mariadb-dump|mariabackup|xtrabackup|mongodump|redis-cli\s+(?:--rdb|bgsave)|restic|borg(?:matic)?|barman|"
    r"pgbackrest|duplicity|rsnapshot|slapcat|influxd?\s+backup|etcdctl\s+snapshot|gitlab-(?:rake|backup)\S*\s+\S*backup|tar\s+(?:-\S+\s+)*-?c\w*f)\b"
)
CODE = (".py", ".rb", ".js", ".ts", ".php", ".go", ".java", ".pl", ".html", ".css", ".md", ".sql")
SETTINGS_NAME = re.compile(r"conf|settings|local|env|database|params|options", re.IGNORECASE)
SCRATCH = ("/var/cache", "/run", "/var/run", "/tmp", "/var/tmp", "/var/log", "/dev/shm")


@rule(Points.STATEFUL, advice="Move the file to a real database, or give it a volume and one replica.")
def local_database_file(subject: Subject) -> Iterator[Seen]:
    """SQLite, H2, Derby, BoltDB: a database in a file of this machine."""
    for task, text in subject.texts():
        for pattern in (SQLITE, EMBEDDED):
            if found := pattern.search(uncommented(text)):
                yield seen(task, f"its settings name a database in a local file: {found[0].strip()[:80]}")


@rule(Points.STATEFUL, advice="Move uploads to object storage, or give them a volume that replicas can share.")
def uploads_on_disk(subject: Subject) -> Iterator[Seen]:
    """A setting names a folder for uploads or data; of a database that is no news."""
    if subject.product is not None and subject.product.kind in (Kind.PLUMBING, Kind.STATEFUL):
        return
    for task, text in subject.texts():
        for found in UPLOADS.finditer(uncommented(text)):
            yield seen(task, f"its settings have {found[1]} = {found[2]}")


@rule(Points.STATEFUL, advice="Keep sessions in Redis, Valkey or the database, so that any replica can answer.")
def sessions_on_disk(subject: Subject) -> Iterator[Seen]:
    """Sessions are files."""
    for task, text in subject.texts():
        if found := SESSIONS.search(uncommented(text)):
            yield seen(task, f"sessions are files: {found[0][:80]}")


@rule(Points.STATELESS, advice="Its data is where its settings point; the bridge must reach it.")
def data_is_elsewhere(subject: Subject) -> Iterator[Seen]:
    """Code of one's own whose settings name a database, queue, cache or bucket that it reaches over the network."""
    if subject.product is not None and subject.product.kind in (Kind.PLUMBING, Kind.STATEFUL):
        return
    for task, text in subject.texts():
        if task.file is not None and is_code(task.file.dest):
            continue  # code can do many things; its settings say what it does here
        found = sorted({name.lower(): name for name in reaches(uncommented(text))}.values())
        if found:
            yield seen(task, f"its settings reach for data elsewhere: {', '.join(found[:3])}")


def reaches(text: str) -> Iterator[str]:
    """Names of settings and schemes of addresses of stores on other machines; what is on this machine doesn't count."""
    for match in ELSEWHERE.finditer(text):
        if match["bucket"]:
            yield match["bucket"]
        elif not HERE.match(match["address"] if match["scheme"] else match["value"]):
            yield f"{match['scheme']}://" if match["scheme"] else match["key"]


def is_code(path: str) -> bool:
    """A program, unless its name says that it holds settings (config.php, settings.py)."""
    return path.endswith(CODE) and not SETTINGS_NAME.search(path.rsplit("/", 1)[-1])


@rule(Points.STATELESS, advice="Run it as a Deployment with an emptyDir for what it writes.")
def writes_only_scratch(subject: Subject) -> Iterator[Seen]:
    """The unit protects the system and lets it write to caches, logs and run folders only."""
    for text in subject.draft.texts:
        if scratch_only(text):
            paths = writable(text)
            allowed = f"write only to {', '.join(paths)}" if paths else "write nothing but /tmp and /run"
            yield seen(text.task, f"its unit may {allowed} (ProtectSystem=strict)")


def writable(text: UnitText) -> list[str]:
    return [word.lstrip("-+") for value in text.all("Service.ReadWritePaths") for word in value.split()]


def scratch_only(text: UnitText) -> bool:
    strict = text.first("Service.ProtectSystem") == "strict" and not text.all("Service.StateDirectory")
    return strict and all(path.startswith(SCRATCH) for path in writable(text))


def confined(subject: Subject) -> bool:
    """True when no unit of it may write anything but scratch, so that a path in its settings is one that it reads."""
    units = {text.name for text in subject.draft.texts if text.type == "service"}
    return (
        bool(units)
        and all(scratch_only(text) for text in subject.draft.texts if text.type == "service")
        and all(unit.partition("@")[0] in {name.partition("@")[0] for name in units} for unit in subject.draft.units)
    )


@rule(Points.STATEFUL, advice="What is backed up must not be lost: it stays with its data.")
def backup_job(subject: Subject) -> Iterator[Seen]:
    """A job dumps or saves data of this machine."""
    for start in subject.draft.starts:
        if start.schedule or start.name.endswith(".timer"):
            yield from backups_in(subject)
            return


def backups_in(subject: Subject) -> Iterator[Seen]:
    for start in subject.draft.starts:
        if found := BACKUP.search(start.command):
            yield seen(start.task, f"its job runs {found[1]}")
    for task, text in subject.texts():
        if found := BACKUP.search(uncommented(text)):
            yield seen(task, f"its job runs {found[1]}")


@rule(Points.STATELESS, advice="Leave it out: what it removes is made anew with each pod.")
def only_cleans_up(subject: Subject) -> Iterator[Seen]:
    """A job does nothing but remove caches, logs and other scratch."""
    if subject.draft.cleans:
        start = next(start for start in subject.draft.starts if start.running)
        yield seen(start.task, f"it only cleans up: {subject.draft.cleans}")


@rule(Points.NEITHER, advice="Build it into the image.")
def code_of_ones_own(subject: Subject) -> Iterator[Seen]:
    """Where the code comes from."""
    for task in subject.tasks:
        if task.module in ("git", "subversion", "unarchive", "maven_artifact") and not actions.is_removal(task):
            yield seen(task, f"code comes from {actions.source_of(task)} by {task.module}")


def uncommented(text: str) -> str:
    """The text without lines that are comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", ";", "//", "--")))
