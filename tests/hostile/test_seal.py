# SPDX-License-Identifier: Apache-2.0
"""The seccomp filter, in a child of its own and without the audit hook: the kernel refuses, threads still start."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.engine import sealing

ROOT = str(Path(__file__).parents[2])
SCRIPT = """
import ctypes, json, os, socket, subprocess, sys, threading, _posixsubprocess
from migrate.engine.sealing import CALLS, FORKS, Seal

libc = ctypes.CDLL(None, use_errno=True)
seal = Seal()
problems = [seal.close()]
before = os.fork()
if before == 0:
    os._exit(7)
_, status = os.waitpid(before, 0)
problems.append(seal.close_forks())


def fork_exec():
    reading, writing = os.pipe()
    pipes = (-1, -1, -1, -1, -1, -1, reading, writing)
    fixed = (True, (), None, None, *pipes, True, False, -1, None, None, None, -1, None)
    more = () if sys.version_info >= (3, 14) else (False,)
    return _posixsubprocess.fork_exec([b"true"], [b"/bin/true"], *fixed, *more)


def call(name):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long({**CALLS, **FORKS}[name][seal.column]), 0, 0, 0, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), name)


DEEDS = {
    "fork": os.fork, "fork_exec": fork_exec, "run": lambda: subprocess.run(["true"]), "socket": socket.socket,
    "exec": lambda: os.execv("/bin/true", ["true"]), "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "kill": lambda: os.kill(os.getpid(), 0), "shell": lambda: os.system("true") and 1 / 0,
    **{f"call {name}": (lambda name=name: call(name)) for name, rows in CALLS.items() if rows[seal.column]},
}
said = {}
for name, deed in DEEDS.items():
    try:
        deed()
        said[name] = "done"
    except PermissionError:
        said[name] = "refused"
    except ZeroDivisionError:
        said[name] = "refused"
threads = []
thread = threading.Thread(target=lambda: threads.append(1))
thread.start()
thread.join()
print(json.dumps([problems, os.waitstatus_to_exitcode(status), len(threads), said]))
"""


@pytest.mark.skipif(platform.machine() not in sealing.MACHINES, reason="no filter for this processor")
def test_the_kernel_refuses() -> None:
    code = f"import sys; sys.path.insert(0, {ROOT!r})\n{SCRIPT}"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60).stdout
    problems, forked, threads, said = json.loads(told)
    assert (problems, forked, threads) == (["", ""], 7, 1)
    assert {name for name, what in said.items() if what != "refused"} == set()
    assert len(said) > 40


def test_where_there_is_no_filter_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "m68k")
    seal = sealing.Seal()
    assert "m68k" in seal.close()
    assert seal.close_forks() == ""


def test_numbers_are_there_for_each_processor() -> None:
    assert all(len(numbers) == len(sealing.MACHINES) for numbers in (sealing.CALLS | sealing.FORKS).values())
