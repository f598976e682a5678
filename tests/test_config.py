# SPDX-License-Identifier: Apache-2.0
"""migrate.yaml: every problem with its line, and what was probably meant."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from migrate.config import load
from migrate.errors import FileError
from migrate.model.config import Environment

WHOLE = """
version: 1
project: ansible
playbooks: [site.yml]
environments:
  production: {inventories: [hosts], libvirt: ["qemu:///system"], extra_vars: [release=42]}
target: {namespace: shop, kubernetes: "1.31"}
policy: {source_timeout: 5}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "migrate.yaml"
    path.write_text(text)
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    config = load(written(tmp_path, WHOLE))
    production = Environment(inventories=("hosts",), libvirt=("qemu:///system",), extra_vars=("release=42",))
    assert config.environments == {"production": production}
    assert (config.target.namespace, config.policy.source_timeout) == ("shop", 5.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: not a mapping"),
        ("- a\n", ":1: not a mapping"),
        ("project: [\n", "line 2"),
        ("project: .\nplaybook: [a]\n", ":2: unknown key playbook; did you mean playbooks?"),
        ("target:\n  name: x\n  zzz: 1\n", ":3: unknown key target.zzz"),
        ("environments:\n  p:\n    libvrit: []\n", ":3: unknown key environments.p.libvrit; did you mean"),
        ("project: .\nplaybooks: site.yml\n", ":2: playbooks: Expected `array`, got `str`"),
        ("policy:\n  source_timeout: soon\n", ":2: policy.source_timeout:"),
        ("environments:\n  p:\n    inventories: [[a]]\n", "Expected `str`, got `array`"),
        ("environments:\n  p: hosts\n", "Expected `object`, got `str`"),
        ("overrides: {a: 1}\n", ":1: overrides: it must be a list"),
        ("overrides:\n  - workload: x\n    kind: batch\n", ":2: overrides: Object missing required field `reason`"),
        ("overrides:\n  - {workload: x, kind: batch, reason: ' '}\n", ":2: overrides: an override needs a reason"),
        ("overrides:\n  - {kind: batch, reason: r}\n", ":2: overrides: an override needs a workload or a role"),
        ("overrides:\n  - {workload: x, reason: r}\n", ":2: overrides: an override needs a kind"),
        ("overrides:\n  - {workload: x, reason: r, expires: soon, nature: stateful}\n", "expires"),
        ("overrides:\n  - {workload: x, reason: r, nature: statefull}\n", "statefull"),
        (
            "overrides:\n  - {workload: x, reasn: r}\n",
            ":2: unknown key overrides.reasn; did you mean overrides.reason?",
        ),
        ("catalog:\n  - {title: x}\n", ":2: catalog: Object missing required field"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileError) as caught:
        load(written(tmp_path, text))
    assert said in str(caught.value)
    assert caught.value.hint


def test_overrides_know_their_line_and_day(tmp_path: Path) -> None:
    one = "  - {workload: x, reason: r, nature: stateful, expires: 2027-01-31}\n"
    text = f"overrides:\n{one}  - workload: y\n    kind: batch\n    reason: r\n"
    first, second = load(written(tmp_path, text)).overrides
    assert (first.line, first.expires, second.line) == (2, datetime.date(2027, 1, 31), 3)


def test_all_unknown_keys_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        load(written(tmp_path, "a: 1\nb: 2\n"))
    assert len(str(caught.value).splitlines()) == 2


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        load(tmp_path / "migrate.yaml")
