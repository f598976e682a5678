# SPDX-License-Identifier: Apache-2.0
"""The stages together: a source that fails costs only itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import pipeline
from migrate.clients.engine import Engine
from migrate.discover import libvirt
from migrate.errors import EngineError, SourceError, UsageError
from migrate.model.assessment import Figures
from migrate.model.config import Config, Environment
from migrate.model.finding import Finding, Severity

PLAY = "- {hosts: all, gather_facts: false, tasks: [{service: {name: '{{ unit }}', state: started}}]}\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "site.yml").write_text(PLAY)
    (tmp_path / "one").write_text("a1 unit=nginx\n")
    (tmp_path / "two").write_text("b1 unit=postgresql\n")
    return tmp_path


def config(**environments: Environment) -> Config:
    return Config(project="project", playbooks=("site.yml",), environments=environments)


BOTH = config(one=Environment(("one",)), two=Environment(("two",)))


def test_environments_are_judged_apart(base: Path) -> None:
    told = pipeline.assess(BOTH, base)
    assert [one.id for one in told.workloads] == ["one/nginx", "two/postgresql"]
    assert (told.environments, told.figures.machines, told.partial) == (("one", "two"), 2, False)


def test_only_some(base: Path) -> None:
    assert [one.id for one in pipeline.assess(BOTH, base, only=["two"]).workloads] == ["two/postgresql"]


def test_a_single_default_has_no_name(base: Path) -> None:
    told = pipeline.assess(config(default=Environment(("one",))), base)
    assert [one.id for one in told.workloads] == ["nginx"]


def test_extra_variables_win(base: Path) -> None:
    (base / "vars.yml").write_text("unit: memcached\n")
    told = pipeline.assess(config(default=Environment(("one",), extra_vars=("@vars.yml",))), base)
    assert [one.name for one in told.workloads] == ["memcached"]


@pytest.mark.parametrize(
    ("settings", "only"),
    [
        (BOTH, ["three"]),
        (config(), []),
        (Config(project="project", environments={"one": Environment(("one",))}), []),
        (Config(project="missing", playbooks=("site.yml",), environments={"one": Environment(("one",))}), []),
    ],
)
def test_what_cant_be_asked(base: Path, settings: Config, only: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        pipeline.assess(settings, base, only=only)
    assert caught.value.hint


def test_an_engine_that_dies_leaves_the_rest(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(self: Engine) -> None:
        raise EngineError("it died", hint="look")

    monkeypatch.setattr(Engine, "inventory", dies)
    estate = base / "estate.xml"
    estate.write_text("<domain type='test'><name>x</name><memory>1024</memory><os><type>hvm</type></os></domain>")
    told = pipeline.assess(config(one=Environment(("one",), libvirt=("test:missing.xml",))), base)
    assert told.partial
    assert {finding.check for finding in told.findings} == {"engine-failed", "libvirt-unreachable"}


def test_errors_come_first() -> None:
    note = Finding("a", "x", "…", severity=Severity.NOTE)
    error = Finding("b", "x", "…", severity=Severity.ERROR)
    estates = [pipeline.Estate("", (), (note, error), Figures())]
    told = pipeline.together(estates)
    assert [finding.check for finding in told.findings] == ["b", "a"]
    assert told.partial


def test_progress_is_told(base: Path) -> None:
    seen: list[str] = []
    pipeline.assess(BOTH, base, only=["one"], watch=seen.append)
    assert seen[0] == "one: reading inventory, hypervisors and clouds"
    assert seen[-1] == "one: judging workloads"


def test_without_libvirt_bindings_the_inventory_is_still_judged(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SourceError("libvirt-python is not installed", hint="install it")

    monkeypatch.setattr(libvirt, "discover", refuse)
    told = pipeline.assess(config(default=Environment(("one",), ("qemu:///system",))), base)
    assert [one.name for one in told.workloads] == ["nginx"]
    assert told.partial
    assert [one.remedy for one in told.findings if one.check == "libvirt-unreachable"] == ["install it"]


def test_a_workload_has_one_name_in_all_environments(tmp_path: Path) -> None:
    """Where one environment has two of a kind, the group is part of the name in the other as well."""
    play = (
        "- {hosts: %s, gather_facts: false, tasks: [{apt: {name: nginx}}, {service: {name: nginx, state: started}}]}\n"
    )
    (tmp_path / "site.yml").write_text(play % "web" + play % "mail")
    (tmp_path / "production").write_text("[web]\nweb1\n[mail]\nmail1\n")
    (tmp_path / "staging").write_text("[web]\nstg1\n")
    both = {name: Environment(inventories=(name,)) for name in ("production", "staging")}
    assessment = pipeline.assess(Config(playbooks=("site.yml",), environments=both), tmp_path)
    assert [one.id for one in assessment.workloads] == [
        "production/nginx-mail",
        "production/nginx-web",
        "staging/nginx-web",
    ]
