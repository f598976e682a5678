# SPDX-License-Identifier: Apache-2.0
"""The one door to the recording child: starts it with a clean environment and speaks JSON lines with it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import msgspec

from migrate.clients.players import Heard, in_order, together
from migrate.errors import DisagreementError, EngineError
from migrate.model.finding import Finding, Severity
from migrate.model.messages import Answer, Done, Failed, Inventory, Open, Play, PlayRole, Progress, Recorded, Request
from migrate.model.task import RecordedTask, Token

DECODER = msgspec.json.Decoder(Answer)
PATIENCE = 900.0
"""Seconds without a word after which a child is given up. It speaks after each play, and stops slow tasks itself."""
START = "import sys; sys.path[:] = {path!r}; from migrate.engine.__main__ import main; main()"
SETTINGS = {
    "ANSIBLE_GATHERING": "explicit",
    "ANSIBLE_INVENTORY_ENABLED": "host_list,yaml,ini,toml",
    "ANSIBLE_ALLOW_BROKEN_CONDITIONALS": "1",
    "ANSIBLE_LOCALHOST_WARNING": "0",
    "ANSIBLE_DEPRECATION_WARNINGS": "0",
    "ANSIBLE_COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH": "ignore",
    "ANSIBLE_DUPLICATE_YAML_DICT_KEY": "ignore",
    "ANSIBLE_ERROR_ON_MISSING_HANDLER": "0",
    "ANSIBLE_NOCOLOR": "1",
}
PLUGINS = [
    "ANSIBLE_LIBRARY",
    "ANSIBLE_MODULE_UTILS",
    *(
        f"ANSIBLE_{kind}_PLUGINS"
        for kind in (
            "ACTION BECOME CACHE CALLBACK CLICONF CONNECTION DOC_FRAGMENT FILTER HTTPAPI INVENTORY LOOKUP NETCONF "
            "STRATEGY TERMINAL TEST VARS"
        ).split()
    ),
]


class Engine:
    """A child that has one inventory open. Use as a context manager; leaving it ends the child and its temporary
    folder.
    """

    def __init__(
        self,
        project: Path,
        inventories: Sequence[str],
        playbooks: Sequence[str],
        extra_vars: Sequence[str] = (),
        *,
        trusted: bool = False,
        task_seconds: int = 60,
        patience: float = PATIENCE,
        players: int = 1,
    ) -> None:
        pipes = [os.pipe() for _ in range(players - 1)]
        self._others = [os.fdopen(reading, "rb") for reading, _ in pipes]
        self._request = Open(
            project=str(project),
            inventories=tuple(inventories),
            playbooks=tuple(playbooks),
            extra_vars=tuple(extra_vars),
            task_seconds=task_seconds,
            trusted=trusted,
            outputs=tuple(writing for _, writing in pipes),
        )
        self._patience, self._late, self._opened = patience, False, Done()
        self._folder = tempfile.TemporaryDirectory(prefix="migrate-", ignore_cleanup_errors=True)
        Path(self._folder.name, "ansible.cfg").touch()
        self._log = Path(self._folder.name, "stderr").open("w+b")  # noqa: SIM115  # closed in __exit__
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-c", START.format(path=safe_path(project))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=self._folder.name,
            env=environment(self._folder.name, project / "collections" if trusted else None),
            pass_fds=self._request.outputs,
        )  # fmt: skip
        for writing in self._request.outputs:
            os.close(writing)
        self._send(self._request)

    def inventory(self) -> tuple[Inventory, Done]:
        """All hosts and classes; blocks until the child has read them."""
        found = Inventory(hosts=(), classes=())
        for answer in self._answers(self._stdout):
            if isinstance(answer, Inventory):
                found = answer
            elif isinstance(answer, Done):
                self._opened = answer
                return found, answer
        raise self._death()

    def play(
        self,
        playbooks: Sequence[str],
        facts: dict[int, dict[str, Any]],
        progress: Callable[[Progress], None],
        known: Mapping[str, tuple[str, ...]] | None = None,
        *,
        pool: Executor | None = None,
    ) -> tuple[list[RecordedTask], Done]:
        """Everything recorded, with findings and the classes as refined.

        What was recorded before the child died is kept, with a finding of severity error. With a `pool`, all players
        that this engine was made for share the classes, and one thread hears each. Raises DisagreementError when only
        a single player can tell.
        """
        players = 1 + len(self._others) if pool else 1
        request = Play(playbooks=tuple(playbooks), facts=facts, known=dict(known or {}), players=players)
        return self._played(request, progress, pool)

    def play_role(
        self, folder: Path, facts: dict[str, Any], *, anyway: bool = False
    ) -> tuple[list[RecordedTask], Done]:
        """Everything recorded of one role alone; what the child learnt of other roles is forgotten first."""
        return self._played(PlayRole(folder=str(folder), facts=facts, anyway=anyway), lambda _: None)

    @property
    def alive(self) -> bool:
        """False once the child has ended: then ask a new one."""
        return self._child.poll() is None

    def _played(
        self, request: Request, progress: Callable[[Progress], None], pool: Executor | None = None
    ) -> tuple[list[RecordedTask], Done]:
        self._send(request)
        others = [pool.submit(self._hear, stream, lambda _: None) for stream in self._others] if pool else []
        parts = [self._hear(self._stdout, progress), *(other.result() for other in others)]
        answers = [part.done for part in parts if part.done is not None]
        if len(answers) == len(parts):
            done = together(answers)
            if done is None:
                raise DisagreementError("the players of a project saw different things")
            return in_order(parts), done
        return self._cut_short(parts)

    def _cut_short(self, parts: Sequence[Heard]) -> tuple[list[RecordedTask], Done]:
        """What is left when the child, or one of the players that it made, died."""
        error = self._death()
        tasks = in_order(parts)
        if not tasks:
            raise error
        tokens = {token.text: token for token in self._opened.tokens}
        tokens |= {text: token for part in parts for text, token in part.tokens.items()}
        return self._kept(tasks), self._ended(error, tuple(tokens[text] for text in sorted(tokens)))

    def _hear(self, stream: BinaryIO, progress: Callable[[Progress], None]) -> Heard:
        """All that one player says."""
        heard = Heard()
        for answer in self._answers(stream):
            if isinstance(answer, Recorded):
                heard.add(answer)
            elif isinstance(answer, Progress):
                progress(answer)
            elif isinstance(answer, Done):
                heard.done = answer
                break
        return heard

    def _kept(self, tasks: Sequence[RecordedTask]) -> list[RecordedTask]:
        """Tasks of classes that we know of: a dead child told of no class that it split."""
        known = {-1, *(made.number for made in self._opened.classes)}
        return [task for task in tasks if task.kind in known]

    def _ended(self, error: EngineError, tokens: tuple[Token, ...]) -> Done:
        cut = Finding(
            check="limit", subject=self._request.project, message=f"{error}; what was recorded before is kept",
            remedy=error.hint, severity=Severity.ERROR,
        )  # fmt: skip
        return Done(findings=(cut,), tokens=tokens, classes=self._opened.classes)

    def _send(self, request: Request) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(msgspec.json.encode(request) + b"\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._death() from None

    @property
    def _stdout(self) -> BinaryIO:
        assert self._child.stdout is not None
        return cast(BinaryIO, self._child.stdout)

    def _answers(self, stream: BinaryIO) -> Iterator[Answer]:
        while line := self._line(stream):
            answer = DECODER.decode(line)
            if isinstance(answer, Failed):
                raise EngineError(answer.message, hint=answer.hint)
            yield answer

    def _line(self, stream: BinaryIO) -> bytes:
        """The next line; nothing at the end of a child, which comes at once to one that was silent for too long."""
        timer = threading.Timer(self._patience, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            line = stream.readline()
        finally:
            timer.cancel()
        return line if line.endswith(b"\n") else b""

    def _give_up(self) -> None:
        self._late = True
        self._child.kill()

    def _death(self) -> EngineError:
        if self._others:
            self._child.kill()  # it may be a player that it made who died
        self._child.wait(timeout=10)
        if self._late:
            return EngineError(
                f"the recording engine said nothing for {self._patience:.0f} seconds and was ended",
                hint="Leave out the playbook that it was at, or look in it for a loop without end.",
            )
        self._log.seek(0)
        log = self._log.read()
        if os.environ.get("MIGRATE_DEBUG"):
            sys.stderr.buffer.write(log)
            sys.stderr.flush()
        last = log.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        return EngineError(
            f"the recording engine ended with status {self._child.returncode}: {last[0]}",
            hint="Please report this with the playbook that causes it; other sources were read.",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.kill()
        self._child.wait()
        with contextlib.suppress(BrokenPipeError):  # what a dead child never read
            self._child.stdin.close()
        for stream in (self._child.stdout, *self._others):
            stream.close()
        self._log.close()
        self._folder.cleanup()


def environment(folder: str, collections: Path | None = None) -> dict[str, str]:
    """Nothing of the caller's environment: no ANSIBLE_*, no PYTHON*, no credentials, no proxies.

    `collections` are those of a trusted project, for their filters and tests.
    """
    kept = {key: value for key, value in os.environ.items() if key in ("SYSTEMROOT",)}
    own = {
        "HOME": folder,
        "TMPDIR": folder,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
    }
    ansible = {
        "ANSIBLE_HOME": folder,
        "ANSIBLE_LOCAL_TEMP": folder,
        "ANSIBLE_CONFIG": str(Path(folder, "ansible.cfg")),
        "ANSIBLE_ROLES_PATH": folder,
        "ANSIBLE_COLLECTIONS_PATH": str(collections.absolute()) if collections else folder,
        **dict.fromkeys(PLUGINS, folder),
    }
    if collections:
        own["PYTHONDONTWRITEBYTECODE"] = "1"
    return {**kept, **own, **ansible, **SETTINGS}


def safe_path(project: Path) -> list[str]:
    """Where the child finds migrate and ansible-core: where we do, but never in the project or in the current folder.

    A virtual environment inside the project is the caller's own, and stays.
    """
    own = [Path(sys.prefix), Path(sysconfig.get_paths()["stdlib"]), Path(__file__).parents[2]]
    root = project.resolve()
    paths = [Path(path).resolve() for path in sys.path if path]
    return [
        str(path)
        for path in paths
        if not path.is_relative_to(root) or any(path.is_relative_to(kept.resolve()) for kept in own)
    ]
