# SPDX-License-Identifier: Apache-2.0
"""What the container runs: a unit's command line, translated from systemd, supervisor or cron to exec form."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping

import msgspec

from migrate.generate import logs
from migrate.generate.contents import instance
from migrate.generate.estate import Estate, addresses, ports
from migrate.generate.peers import rewrite
from migrate.generate.tokens import variable
from migrate.model.workload import Unit, Workload

SHELL = ("/bin/sh", "-c")
PREFIX = re.compile(r"^[-@+!:|]+")
VARIABLE = re.compile(r"\$\{(\w+)\}|^\$(\w+)$")
INTO_BACKGROUND = {"--daemon", "--daemonize", "--detach", "--background"}
SPECIFIER = re.compile(r"%(\(program_name\)s|[a-zA-Z%])")
IN_EVERY_POD = {"HOSTNAME"}
BIND_OPTIONS = {"--host", "--bind", "--address", "--listen", "--bind-address", "-b", "-H", "-l"}
EVERYWHERE = "0.0.0.0"


class Command(msgspec.Struct, frozen=True):
    """`words` in exec form, empty where nothing is known; `notes` for provenance; `problems` as (check, message)."""

    words: tuple[str, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


def of_unit(unit: Unit, known: Mapping[str, str], late: frozenset[str], workload: Workload, estate: Estate) -> Command:
    """The command of a unit; `known` variables are filled in now, `late` ones (secrets) by a shell in the container."""
    product = estate.product(workload)
    of_product = product.run.command if product and product.run else ()
    unit = msgspec.structs.replace(unit, command=_without_tokens(unit.command, estate))
    if not unit.command:
        return Command(of_product, f"catalog entry {workload.software}" if of_product else "")
    if _forks(unit, workload):
        return _in_foreground(unit, of_product, workload)
    if unit.manager in {"cron", "shell"}:
        words: tuple[str, ...] = _of_shell_line(logs.of_line(unit.command))
    elif unit.image:
        # Its entrypoint is not ours, so Kubernetes fills in what is only known in the pod.
        filled = {**known, **{name: f"$({name})" for name in late}}
        words = _expanded(_words(unit), filled, frozenset())
    else:
        words = _expanded(_words(unit), known, late | IN_EVERY_POD)
    source = f"{unit.manager} unit {unit.name}" + (f" ({unit.place})" if unit.place else "")
    return _for_a_pod(Command(words, source), workload, estate)


def of_step(
    unit: Unit, known: Mapping[str, str], late: frozenset[str], workload: Workload, estate: Estate
) -> tuple[str, ...]:
    """The words of another command of the unit, such as what comes before the start."""
    unit = msgspec.structs.replace(unit, command=_without_tokens(unit.command, estate))
    words = _expanded(_words(unit), known, late | IN_EVERY_POD)
    return _for_a_pod(Command(words), workload, estate).words


def _without_tokens(text: str, estate: Estate) -> str:
    """Secrets of a command line become variables; see environment.of_unit."""
    for token in estate.tokens.inside(text):
        text = re.sub(re.escape(token.text), f"${{{variable(token)}}}", text, flags=re.IGNORECASE)
    return text


def _forks(unit: Unit, workload: Workload) -> bool:
    """Whether the unit's file says that its program goes into the background."""
    files = (task.file for task in workload.tasks if task.file and task.file.text)
    name = unit.name.removesuffix(".service") + ".service"
    texts = [file.text or "" for file in files if posixpath.basename(file.dest) == name]
    return any(re.search(r"^\s*Type\s*=\s*forking\s*$", text, re.MULTILINE) for text in texts)


def _in_foreground(unit: Unit, of_product: tuple[str, ...], workload: Workload) -> Command:
    """The catalog's command for a program that would leave its container at once."""
    program = posixpath.basename((PREFIX.sub("", unit.command).split() or [""])[0])
    known = bool(of_product) and program == posixpath.basename(of_product[0])
    told = "the catalog's command is used instead, check its arguments" if known else "no other command is known"
    problem = ("runs-in-background", f"it sends {program} into the background, which ends a container; {told}")
    return Command(of_product if known else (), f"catalog entry {workload.software}" if known else "", (), (problem,))


def _words(unit: Unit) -> list[str]:
    """shlex words of a systemd, supervisor or container command line, prefixes and specifiers gone."""
    prefix = PREFIX.match(unit.command)
    try:
        words = shlex.split(PREFIX.sub("", unit.command).replace("\\\n", " "))
    except ValueError:
        return [*SHELL, f"exec {unit.command}"]
    if prefix and "@" in prefix[0] and len(words) > 1:
        words = [words[0], *words[2:]]
    meaning = {"i": instance(unit), "I": instance(unit), "n": unit.name, "H": "${HOSTNAME}", "%": "%"}
    meaning |= {"(program_name)s": unit.name}
    words = [SPECIFIER.sub(lambda match: meaning.get(match[1], match[0]), word) for word in words]
    return [re.sub(r"%\(ENV_(\w+)\)s", r"${\1}", word) for word in words]


def _of_shell_line(text: str) -> tuple[str, ...]:
    """Cron lines are shell; only the plainest need no shell."""
    line = text.replace("\\%", "%")
    if re.fullmatch(r"[\w./:=@%+,\s-]+", line) and "=" not in line.split()[0]:
        return tuple(line.split())
    return (*SHELL, line)


def _expanded(words: list[str], known: Mapping[str, str], late: frozenset[str]) -> tuple[str, ...]:
    """Variables filled in; where one is only known in the pod, a shell does it there and then makes way."""
    if any((one or two) in late for word in words for one, two in VARIABLE.findall(word)):
        return (*SHELL, "exec " + " ".join(_for_shell(word, known, late) for word in words))
    filled: list[str] = []
    for word in words:
        alone = re.fullmatch(r"\$(\w+)", word)
        filled += shlex.split(known.get(alone[1], "")) if alone else [_fill(word, known)]
    return tuple(word.replace("$$", "$") for word in filled)


def _fill(word: str, known: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda match: known.get(match[1] or match[2], ""), word)


def _for_shell(word: str, known: Mapping[str, str], late: frozenset[str]) -> str:
    parts, position = [], 0
    for match in VARIABLE.finditer(word):
        name = match[1] or match[2]
        value = f'"${{{name}}}"' if name in late else shlex.quote(known.get(name, ""))
        parts += [shlex.quote(word[position : match.start()]) if match.start() > position else "", value]
        position = match.end()
    rest = word[position:]
    return "".join(parts) + (shlex.quote(rest) if rest or not parts else "")


def _for_a_pod(command: Command, workload: Workload, estate: Estate) -> Command:
    """Stay in the foreground, listen where the kubelet reaches, and use Service names."""
    stay = (word.replace("daemon on;", "daemon off;") for word in command.words if word not in INTO_BACKGROUND)
    words = tuple(stay)
    notes = ["it stays in the foreground"] if words != command.words else []
    pairs = zip(("", *words), words, strict=False)
    bound = tuple(_everywhere(word, before, workload, estate) for before, word in pairs)
    notes += ["it listens on all addresses, because a pod has its own"] if bound != words else []
    spoken = tuple(logs.of_word(word, before) for before, word in zip(("", *bound), bound, strict=False))
    notes += ["it logs to the container's output"] if spoken != bound else []
    bound = spoken
    rewritten = [rewrite(word, workload, estate) for word in bound]
    notes += [note for one in rewritten for note in one.notes]
    problems = [("address-in-config", f"its command has {left}") for one in rewritten for left in one.left]
    if any(posixpath.basename(word) == "celery" for word in words[:2]) and "multi" in words[:3]:
        problems.append(("runs-in-background", "`celery multi` starts workers and ends; a container ends with it"))
    return Command(tuple(one.text for one in rewritten), command.source, tuple(notes), tuple(problems))


def _everywhere(word: str, before: str, workload: Workload, estate: Estate) -> str:
    """`127.0.0.1:8000` → `0.0.0.0:8000` where 8000 is a port of the workload, and the same for `--host 127.0.0.1`."""
    own = [
        f"[{address}]" if ":" in address else address
        for machine in estate.machines_of(workload)
        for address in addresses(machine)
    ]
    hosts = "|".join(map(re.escape, ["127.0.0.1", "localhost", "[::1]", *own]))
    numbers = "|".join(str(port.number) for port in ports(workload))
    option = "" if before in BIND_OPTIONS else rf"(?:{'|'.join(sorted(BIND_OPTIONS))})="
    word = re.sub(rf"^({option})(?:{hosts})$", rf"\g<1>{EVERYWHERE}", word)
    return re.sub(rf"(?<![\w.])(?:{hosts}):({numbers})(?!\d)", rf"{EVERYWHERE}:\1", word) if numbers else word
