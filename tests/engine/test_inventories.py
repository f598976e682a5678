# SPDX-License-Identifier: Apache-2.0
"""Made-up inventories: the engine finds the hosts, groups and variables in them that ansible-core by itself finds."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.clients.engine import environment

SCRIPT = Path(__file__).parents[1] / "fuzz" / "inventories.py"
COUNT = itertools.count()
NAMES = st.sampled_from(["web", "db", "cache", "edge", "all_of_them", "r2", "zone"])
HOSTS = st.sampled_from(
    ["web1", "web2", "db[1:3]", "n[01:05:2].example.org", "c[a:c]", "192.0.2.7", "localhost", "x-1", "h1:2222"]
)
KEYS = st.sampled_from(
    ["port", "name", "items_of", "ansible_host", "ansible_port", "users", "enabled", "x", "tier", "deep_one", "größe"]
)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**6), 10**12), st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(["{{ port }}", "yes", "0644", "1e3", "2024-01-01", "a: b", "#x", "it's", "", " ", "10.0.0.1", "~"]),
)  # fmt: skip
SHAPES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
VARS = st.dictionaries(KEYS, SHAPES, max_size=4)
GROUP = st.recursive(
    st.fixed_dictionaries(
        {}, optional={"hosts": st.dictionaries(HOSTS, st.none() | VARS, max_size=3), "vars": VARS}
    ),
    lambda inner: st.fixed_dictionaries(
        {"children": st.dictionaries(NAMES, inner, max_size=2)}, optional={"vars": VARS}
    ),
    max_leaves=4,
)  # fmt: skip
WORDS = st.sampled_from(
    ["80", "yes", "'a b'", '"x"', "[1, 2]", "{'a': 1}", "None", "a=b", "None", "1.5", "0x1F", "a\\ b"]
)
PAIR = st.builds(lambda key, word: f"{key}={word}", st.sampled_from(["port", "x", "tier", "ansible_host"]), WORDS)
LINES = st.one_of(
    st.builds(lambda host, pairs: " ".join([host, *pairs]), HOSTS, st.lists(PAIR, max_size=2)),
    st.builds(lambda name: f"[{name}]", NAMES),
    st.builds(lambda name: f"[{name}:vars]\nport=1\nx = y # z", NAMES),
    st.builds(lambda name, child: f"[{name}]\n[{child}]\n[{name}:children]\n{child}", NAMES, NAMES),
    st.sampled_from(["", "# a comment", "; another", "[broken", "novalue=", "  indented", "[a:b:c]"]),
)


class Readers:
    """Both ways to read, each in a child that stays."""

    def __init__(self, folder: Path) -> None:
        (folder / "ansible.cfg").touch()
        self.folder, self.agreed = folder, 0
        self.children = [self._started(name) for name in ("ours", "ansible")]

    def _started(self, name: str) -> subprocess.Popen[str]:
        root = str(SCRIPT.parents[2])
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**environment(str(self.folder)), "PYTHONPATH": root},
        )  # fmt: skip

    def read(self, path: Path) -> list[Any]:
        said = []
        for child in self.children:
            assert child.stdin and child.stdout
            child.stdin.write(f"{path}\n")
            child.stdin.flush()
            said.append(json.loads(child.stdout.readline()))
        return said

    def agree(self, files: dict[str, str]) -> None:
        folder = self.folder / f"case{next(COUNT)}"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        ours, theirs = self.read(folder / next(iter(files)))
        if theirs["refused"]:
            return  # the engine keeps more of such a file
        self.agreed += 1
        assert ours == theirs


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    made = Readers(tmp_path_factory.mktemp("inventories"))
    yield made
    for child in made.children:
        child.kill()
        child.wait()


FREELY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def dumped(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True)


@FREELY
@given(top=st.dictionaries(NAMES | st.just("all"), GROUP, min_size=1, max_size=3), group_vars=VARS, host_vars=VARS)
def test_yaml(readers: Readers, top: dict[str, Any], group_vars: dict[str, Any], host_vars: dict[str, Any]) -> None:
    files = {
        "hosts.yml": dumped(top),
        "group_vars/web.yml": dumped(group_vars),
        "host_vars/web1/a.yml": dumped(host_vars),
    }
    readers.agree(files)


@FREELY
@given(lines=st.lists(LINES, max_size=8), group_vars=VARS)
def test_ini(readers: Readers, lines: list[str], group_vars: dict[str, Any]) -> None:
    readers.agree({"hosts": "\n".join(lines) + "\n", "group_vars/all/all.yml": dumped(group_vars)})


def test_most_could_be_compared(readers: Readers) -> None:
    assert readers.agreed > 50
