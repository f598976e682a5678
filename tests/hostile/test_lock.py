# SPDX-License-Identifier: Apache-2.0
"""The audit hook, in a child of its own: each forbidden event raises, and each way to do it for real as well."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.engine.confine import CHANGES, FORBIDDEN, LISTS

SCRIPT = """
import json, os, socket, subprocess, sys, importlib.util, types, _io
from migrate.engine import confine
project, own, outside = sys.argv[1:]
inside_module = importlib.util.spec_from_file_location("evil", project + "/evil.py")
confine.lock([project], [own], lambda what: None)
DEEDS = {
    **{event: (lambda event=event: sys.audit(event)) for event in confine.FORBIDDEN},
    **{event: (lambda event=event: sys.audit(event, *[outside] * 3)) for event in (*confine.CHANGES, *confine.LISTS)},
    "read outside": lambda: open(outside + "/word"),
    "write outside": lambda: open(outside + "/new", "w"),
    "write in the project": lambda: open(project + "/evil.py", "a"),
    "read by descriptor flags": lambda: os.open(outside + "/word", os.O_RDONLY),
    "follow a link": lambda: open(project + "/link"),
    "list outside": lambda: os.listdir(outside),
    "move out": lambda: os.rename(own + "/mine", outside + "/theirs"),
    "link in": lambda: os.link(outside + "/word", own + "/word"),
    "read a pipe": lambda: open(project + "/pipe"),
    "read a device": lambda: open("/dev/zero"),
    "read a process": lambda: open("/proc/self/environ"),
    "run a program": lambda: subprocess.run(["true"]),
    "run a shell": lambda: os.system("true"),
    "fork": lambda: os.fork(),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "import from the project": lambda: inside_module.loader.exec_module(types.ModuleType("evil")),
}
ALLOWED = {
    "read in the project": lambda: open(project + "/evil.py").close(),
    "write in our own folder": lambda: open(own + "/new", "w").close(),
    "import from the interpreter": lambda: __import__("colorsys"),
    "no device": lambda: open("/dev/null").close(),
}
said = {}
for name, deed in {**DEEDS, **ALLOWED}.items():
    try:
        deed()
        said[name] = "done"
    except confine.ForbiddenError:
        said[name] = "refused"
print(json.dumps([said, list(ALLOWED)]))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], list[str]]:
    base = tmp_path_factory.mktemp("lock")
    for name in ("project", "own", "outside"):
        (base / name).mkdir()
    (base / "project/evil.py").write_text("x = 1\n")
    (base / "project/link").symlink_to(base / "outside/word")
    (base / "own/mine").write_text("")
    (base / "outside/word").write_text("word")
    subprocess.run(["mkfifo", str(base / "project/pipe")], check=True)
    folders = [str(base / name) for name in ("project", "own", "outside")]
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{SCRIPT}", *folders]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
    return told[0], told[1]


def test_each_forbidden_event_is_refused(said: tuple[dict[str, str], list[str]]) -> None:
    deeds = {name: what for name, what in said[0].items() if name not in said[1]}
    assert {name for name, what in deeds.items() if what != "refused"} == set()
    assert {*FORBIDDEN, *CHANGES, *LISTS} <= deeds.keys()


def test_reading_the_project_is_not(said: tuple[dict[str, str], list[str]]) -> None:
    assert {said[0][name] for name in said[1]} == {"done"}
