# SPDX-License-Identifier: Apache-2.0
"""The one door to the recording child: starts it with a clean environment and speaks JSON lines with it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from migrate.errors import EngineError
from migrate.model.messages import Answer, Done, Failed, Inventory, Open, Play, Progress, Recorded, Request
from migrate.model.task import RecordedTask

DECODER = msgspec.json.Decoder(Answer)
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


class Engine:
    """A child that has one inventory open. Use as a context manager; leaving it ends the child and its temporary
    folder.
    """

    def __init__(
        self, project: Path, inventories: Sequence[str], playbooks: Sequence[str], extra_vars: Sequence[str] = ()
    ) -> None:
        self._request = Open(
            project=str(project),
            inventories=tuple(inventories),
            playbooks=tuple(playbooks),
            extra_vars=tuple(extra_vars),
        )
        self._folder = tempfile.TemporaryDirectory(prefix="migrate-")
        Path(self._folder.name, "ansible.cfg").touch()
        self._log = Path(self._folder.name, "stderr").open("w+b")  # noqa: SIM115  # closed in __exit__
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "migrate.engine"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=self._folder.name,
            env=environment(self._folder.name),
        )  # fmt: skip
        self._send(self._request)

    def inventory(self) -> tuple[Inventory, Done]:
        """All hosts and classes; blocks until the child has read them."""
        found = Inventory(hosts=(), classes=())
        for answer in self._answers():
            if isinstance(answer, Inventory):
                found = answer
            elif isinstance(answer, Done):
                return found, answer
        raise self._death()

    def play(
        self, playbooks: Sequence[str], facts: dict[int, dict[str, Any]], progress: Callable[[Progress], None]
    ) -> tuple[list[RecordedTask], Done]:
        """Everything recorded, with findings and the classes as refined."""
        tasks: list[RecordedTask] = []
        self._send(Play(playbooks=tuple(playbooks), facts=facts))
        for answer in self._answers():
            if isinstance(answer, Recorded):
                tasks.extend(answer.tasks)
            elif isinstance(answer, Progress):
                progress(answer)
            elif isinstance(answer, Done):
                return tasks, answer
        raise self._death()

    def _send(self, request: Request) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(msgspec.json.encode(request) + b"\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._death() from None

    def _answers(self) -> Iterator[Answer]:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            answer = DECODER.decode(line)
            if isinstance(answer, Failed):
                raise EngineError(answer.message, hint=answer.hint)
            yield answer

    def _death(self) -> EngineError:
        self._child.wait(timeout=10)
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


def environment(folder: str) -> dict[str, str]:
    """Nothing of the caller's environment but what Python needs to find migrate: no ANSIBLE_*, no credentials, no
    proxies.
    """
    kept = {key: value for key, value in os.environ.items() if key in ("PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT")}
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
        "ANSIBLE_COLLECTIONS_PATH": folder,
    }
    return {**kept, **own, **ansible, **SETTINGS}
