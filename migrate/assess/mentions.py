# SPDX-License-Identifier: Apache-2.0
"""Addresses that a text names as something to connect to, with line, port and what told it; comments don't count."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from migrate.assess.rules import TOKENS

# https://www.iana.org/assignments/service-names-port-numbers, and the manuals of the drivers that have own schemes.
SCHEME_PORTS = {
    "http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21, "sftp": 22, "ssh": 22,
    "postgres": 5432, "postgresql": 5432, "postgis": 5432, "mysql": 3306, "mysql2": 3306, "mariadb": 3306,
    "sqlserver": 1433, "mssql": 1433, "oracle": 1521, "cockroachdb": 26257, "clickhouse": 9000,
    "mongodb": 27017, "redis": 6379, "rediss": 6379, "memcached": 11211, "memcache": 11211,
    "amqp": 5672, "amqps": 5671, "stomp": 61613, "mqtt": 1883, "mqtts": 8883, "nats": 4222, "kafka": 9092,
    "ldap": 389, "ldaps": 636, "smtp": 25, "smtps": 465, "submission": 587, "imap": 143, "imaps": 993,
    "etcd": 2379, "zk": 2181, "zookeeper": 2181, "cassandra": 9042, "neo4j": 7687, "bolt": 7687, "influxdb": 8086,
    "syslog": 514, "statsd": 8125, "nfs": 2049,
}  # fmt: skip
WEB = ("http", "https", "ws", "wss")

HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[\w.\-]*[A-Za-z0-9_])?)"
URL = re.compile(
    r"\b(?P<scheme>[A-Za-z][A-Za-z0-9]*)(?:\+[\w\-]+)*://(?:[^\s/\"'<>?#]*@)?(?P<hosts>[^\s/\"'<>?#;)}\]|\\]+)"
)
MORE_USER = re.compile(r"[^\s\"']*@")
"""A password with a slash in it: what stands before the slash is no host, and must not be shown as one."""
ORACLE = re.compile(rf"jdbc:oracle:\w+:[^@\s]*@(?://)?(?P<host>{HOST}):(?P<port>\d{{2,5}})")
PAIR = re.compile(rf"(?<![\w.\-/@$%])\[?(?P<host>{HOST})\]?:(?P<port>\d{{2,5}})(?![\w.\-:])")
SETTING = re.compile(
    r"(?<![\w\-])(?P<key>[A-Za-z_][\w.\-]*)(?=[\"']?\]?(?:\s*(?:=>|:=|[=:])\s*|\s+)[\"'\[]*(?P<value>[^\s\"'\]};]+))"
)
HOST_KEY = re.compile(
    r"(?:^|[_.\-]|(?<=[a-z])(?=[A-Z]))(?P<word>hosts?|host_?name|addr(?:ess(?:es)?)?|servers?|endpoints?|url|uri|dsn|"
    r"upstreams?|peers?|brokers?|nodes?|seeds?|seed_hosts|master|primary|replicaof|slaveof|retry_join|"
    r"contact_?points|cluster|ip)$"
    r"|^(?:host|server|relayhost|smarthost|forward|proxy_pass|fastcgi_pass|uwsgi_pass|grpc_pass|replicaof|slaveof)$",
    re.IGNORECASE,
)
OWN_KEY = re.compile(
    r"(?:^|[_.\-])(?:bind|listen|listener|advertised?|announce|public|external|root|site|self|own|canonical|callback|"
    r"redirect|allowed|trusted|cors|origins?|domain|virtual|web_?root|homepage|docs?|help|home|forwarded|real)(?:$|[_.\-])"
    r"|^(?:host_?name|fqdn|server_?name|server_?alias|my_?hostname|node_?name|server_?admin|listen|bind|frontend_?url|"
    r"proxy_set_header|x-forwarded-host|root_url|app_url|site_?url|server_id)$",
    re.IGNORECASE,
)
BASE = re.compile(r"(?:^|[_.\-])base(?:$|[_.\-])", re.IGNORECASE)
"""`base_url` is one's own or another's: it counts where a machine of the fleet has that name."""
STORE_KEY = re.compile(
    r"(?:^|_)(?:DB|DATABASE|PG|POSTGRES\w*|MYSQL|MARIADB|REDIS|VALKEY|CACHE|MEMCACHED?|MONGO(?:DB)?|AMQP|RABBIT(?:MQ)?|"
    r"CELERY_BROKER|BROKER|QUEUE|KAFKA|ELASTIC(?:SEARCH)?|OPENSEARCH|SMTP|LDAP|S3|MINIO|STORAGE)_?"
    r"(?:HOST|SERVERS?|URL|URI|DSN|ADDR(?:ESS)?|ENDPOINT|CONNECTION(?:_STRING)?)$",
    re.IGNORECASE,
)
ENDPOINT_KEY = re.compile(r"(?:^|[_.\-])(?:url|uri|dsn|endpoint|host|server)$", re.IGNORECASE)
PORT_SETTING = re.compile(
    r"(?<![\w\-])(?P<key>[A-Za-z_][\w.\-]*)(?=[\"']?\]?(?:\s*(?:=>|:=|[=:])\s*|\s+)[\"']?(?P<port>\d{2,5})\b)"
)
PORT_KEY = re.compile(r"_?port$", re.IGNORECASE)
BARE = re.compile(r"(?<![\w.\-/@])[A-Za-z0-9](?:[\w\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9\-]+)*(?![\w\-/(])")
LISTENS = re.compile(r"^\s*(?:listen|bind|listen_addresses|bind-address|Listen\w+)\b", re.IGNORECASE)
ACTION = re.compile(
    r"^(?:server|upstream|backend|peer|proxy_pass|fastcgi_pass|uwsgi_pass|grpc_pass|ProxyPass\w*|Balancer\w+)\b", re.I
)
COMMENT = ("#", ";", "//", "-- ", "rem ")
OPENED = re.compile(r"<!--|/\*(?:[\s*]|$)")
CODE_TAIL = re.compile(r"\s(?:#|//)\s.*$")
CODE_ENDINGS = (
    ".py",
    ".rb",
    ".js",
    ".ts",
    ".php",
    ".go",
    ".java",
    ".pl",
    ".html",
    ".css",
    ".md",
    ".sql",
    ".list",
    ".repo",
    ".sources",
)
NEAR = 3


class Mention(msgspec.Struct, frozen=True):
    """`host` is "" where only the setting is known, and `via` says which. `sure` may name what is outside the fleet."""

    host: str
    port: int = 0
    line: int = 0
    via: str = ""
    protocol: str = "tcp"
    sure: bool = False


class PortSaid(msgspec.Struct, frozen=True):
    """`DB_PORT = 5432`: the number, and the key without its last word."""

    line: int
    prefix: str
    number: int


@lru_cache(maxsize=1024)
def mentions(text: str) -> tuple[Mention, ...]:
    """Everything that a settings file, script or command names as an address; workloads share files, so it is kept."""
    lines = list(plain_lines(text))
    said = [one for number, line in lines for one in port_settings(number, line)]
    return tuple(one for number, line in lines for one in in_line(number, line, said))


def plain_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without comments and what follows one."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if inside or OPENED.match(bare):
            inside = not ("*/" in bare or "-->" in bare)
        elif bare and not bare.lower().startswith(COMMENT):
            yield number, CODE_TAIL.sub("", line)


def in_line(number: int, line: str, said: Sequence[PortSaid]) -> Iterator[Mention]:
    if LISTENS.match(line):
        return
    for pattern, read in ((ORACLE, oracle), (URL, url)):
        found = list(pattern.finditer(line))
        yield from (one for match in found for one in read(match, line, number))
        for match in reversed(found):
            line = line[: match.start()] + " " * len(match[0]) + line[match.end() :]
    yield from settings(number, line, said)
    yield from names_in(number, line)


def names_in(number: int, line: str) -> Iterator[Mention]:
    """`db1:5432` wherever it stands, and names that no sentence has by chance; but not what is said of itself."""
    taken: list[range] = []
    for match in PAIR.finditer(line):
        taken.append(range(*match.span()))
        if not OWN_KEY.search(key_before(line, match.start())) and not TOKENS.search(match["host"]):
            host = match["host"].strip("[]")
            via = "an upstream" if ACTION.match(line.strip()) else f"{host}:{match['port']}"
            yield Mention(host, int(match["port"]), number, via, sure=is_outside(host))
    for match in BARE.finditer(line):
        own = OWN_KEY.search(key_before(line, match.start()))
        if telling(match[0]) and not own and not any(match.start() in span for span in taken):
            yield Mention(match[0], 0, number, "its name" if not match[0][0].isdigit() else "its address")


def oracle(match: re.Match[str], line: str, number: int) -> Iterator[Mention]:
    yield Mention(match["host"], int(match["port"]), number, "oracle URL", sure=True)


def url(match: re.Match[str], line: str, number: int) -> Iterator[Mention]:
    """Each host of a URL; without a port its scheme's. One of the web counts as outside only where a setting has it."""
    scheme = match["scheme"].lower()
    key = key_before(line, match.start())
    if OWN_KEY.search(key) or scheme not in SCHEME_PORTS or MORE_USER.match(line, match.end()):
        return
    sure = scheme not in WEB or bool(key and (HOST_KEY.search(key) or ACTION.match(key)) and not BASE.search(key))
    for part in match["hosts"].split(","):
        host, port = split_port(part)
        via = f"{scheme} URL" + (f" in {key}" if key else "")
        if TOKENS.search(host):
            yield Mention("", port or SCHEME_PORTS[scheme], number, via, sure=True)
        elif re.fullmatch(HOST, host) or re.fullmatch(r"[0-9A-Fa-f:]+", host):
            protocol = "udp" if scheme in ("syslog", "statsd") else "tcp"
            yield Mention(host, port or SCHEME_PORTS[scheme], number, via, protocol, sure)


def split_port(text: str) -> tuple[str, int]:
    """`db1:5432`, `[::1]:5432` or a host alone."""
    host, sign, port = text.rpartition(":")
    if sign and port.isdigit() and len(port) < 6 and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return text.strip("[]").rstrip(":.,"), 0


def key_before(line: str, end: int) -> str:
    """The setting that a value at `end` belongs to; "" for a word in a sentence."""
    found = re.search(r"([A-Za-z_][\w.\-]*)[\"']?\]?(?:\s*(?:=>|:=|[=:])\s*|\s+)[\"'\[]*$", line[:end])
    if found and found[1].lower() == "jdbc":
        return key_before(line, found.start())
    return found[1] if found and len(found[1]) > 1 else ""  # `-b redis://…` is an option of some program


def settings(number: int, line: str, said: Sequence[PortSaid]) -> Iterator[Mention]:
    """`DB_HOST: db1`, with the port of `DB_PORT`; a value that is hidden is told as the setting alone."""
    for match in SETTING.finditer(line):
        key = match["key"]
        if not HOST_KEY.search(key) or OWN_KEY.search(key):
            continue
        value = match["value"].strip("\"',;()")
        if hidden_in := TOKENS.search(value):
            if STORE_KEY.search(key) or ENDPOINT_KEY.search(key):
                yield Mention("", paired(key, number, said), number, f"{key}, {hidden(hidden_in[0])}", sure=True)
            continue
        for part in value.split(","):
            host, port = split_port(part.strip("\"' []"))
            if plausible(host):
                via = "an upstream" if ACTION.match(line.strip()) else key
                yield Mention(host, port or paired(key, number, said), number, via, sure=is_outside(host))


def hidden(token: str) -> str:
    return {"mgsec": "a secret", "mgnee": "which is defined nowhere"}.get(token[:5].lower(), "known only to a real run")


def port_settings(number: int, line: str) -> Iterator[PortSaid]:
    for match in PORT_SETTING.finditer(line):
        if PORT_KEY.search(match["key"]) and 0 < int(match["port"]) < 65536:
            yield PortSaid(number, PORT_KEY.sub("", match["key"]).lower(), int(match["port"]))


def paired(key: str, line: int, said: Sequence[PortSaid]) -> int:
    """The port of the setting with the same beginning; without a beginning (`host`, `port`) only a near one."""
    prefix = HOST_KEY.sub("", key).rstrip("_.-").lower()
    near = [one for one in said if one.prefix.rstrip("_.-") == prefix and (prefix or abs(one.line - line) <= NEAR)]
    return min(near, key=lambda one: abs(one.line - line)).number if near else 0


def plausible(host: str) -> bool:
    return (
        bool(re.fullmatch(HOST, host)) and not host.isdigit() and host.lower() not in ("true", "false", "none", "null")
    )


def is_outside(host: str) -> bool:
    """Looks like a whole DNS name or an IP address, so that it is one although no machine has it."""
    name = host.strip("[]").lower()
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", name):
        return True
    labels = name.split(".")
    return (
        len(labels) > 1
        and labels[-1].isalpha()
        and len(labels[-1]) > 1
        and labels[-1] not in FILE_ENDINGS
        and all(labels)
    )


FILE_ENDINGS = frozenset(
    "py rb js ts php sh conf cfg ini yml yaml json xml log sock socket service target timer pid key crt pem sql db "
    "html txt so jar war lock csv gz zip css env j2 template properties toml md pl lua list repo".split()
)


def telling(word: str) -> bool:
    """A name that no sentence has by chance: with a digit or a dot in it."""
    marked = any(letter.isdigit() or letter == "." for letter in word)
    return marked and not word.isdigit() and not TOKENS.fullmatch(word)
