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
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from migrate.errors import EngineError
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
    ) -> None:
        self._request = Open(
            project=str(project),
            inventories=tuple(inventories),
            playbooks=tuple(playbooks),
            extra_vars=tuple(extra_vars),
            task_seconds=task_seconds,
            trusted=trusted,
        )
        self._patience, self._late, self._opened = patience, False, Done()
        self._folder = tempfile.TemporaryDirectory(prefix="migrate-")
        Path(self._folder.name, "ansible.cfg").touch()
        self._log = Path(self._folder.name, "stderr").open("w+b")  # noqa: SIM115  # closed in __exit__
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-c", START.format(path=safe_path(project))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=self._folder.name,
            env=environment(self._folder.name, project / "collections" if trusted else None),
        )  # fmt: skip
        self._send(self._request)

    def inventory(self) -> tuple[Inventory, Done]:
        """All hosts and classes; blocks until the child has read them."""
        found = Inventory(hosts=(), classes=())
        for answer in self._answers():
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
    ) -> tuple[list[RecordedTask], Done]:
        """Everything recorded, with findings and the classes as refined.

        What was recorded before the child died is kept, with a finding of severity error.
        """
        return self._played(Play(playbooks=tuple(playbooks), facts=facts, known=dict(known or {})), progress)

    def play_role(
        self, folder: Path, facts: dict[str, Any], *, anyway: bool = False
    ) -> tuple[list[RecordedTask], Done]:
        """Everything recorded of one role alone; what the child learnt of other roles is forgotten first."""
        return self._played(PlayRole(folder=str(folder), facts=facts, anyway=anyway), lambda _: None)

    @property
    def alive(self) -> bool:
        """False once the child has ended: then ask a new one."""
        return self._child.poll() is None

    def _played(self, request: Request, progress: Callable[[Progress], None]) -> tuple[list[RecordedTask], Done]:
        tasks: list[RecordedTask] = []
        tokens: dict[str, Token] = {token.text: token for token in self._opened.tokens}
        self._send(request)
        for answer in self._answers():
            if isinstance(answer, Recorded):
                tasks.extend(answer.tasks)
                tokens.update((token.text, token) for token in answer.tokens)
            elif isinstance(answer, Progress):
                progress(answer)
            elif isinstance(answer, Done):
                return tasks, answer
        error = self._death()
        if not tasks:
            raise error
        return self._kept(tasks), self._ended(error, tuple(tokens[text] for text in sorted(tokens)))

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

    def _answers(self) -> Iterator[Answer]:
        while line := self._line():
            answer = DECODER.decode(line)
            if isinstance(answer, Failed):
                raise EngineError(answer.message, hint=answer.hint)
            yield answer

    def _line(self) -> bytes:
        """The next line; nothing at the end of a child, which comes at once to one that was silent for too long."""
        assert self._child.stdout is not None
        timer = threading.Timer(self._patience, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            line = self._child.stdout.readline()
        finally:
            timer.cancel()
        return line if line.endswith(b"\n") else b""

    def _give_up(self) -> None:
        self._late = True
        self._child.kill()

    def _death(self) -> EngineError:
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
        self._child.stdout.close()
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
