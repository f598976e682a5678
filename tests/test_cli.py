# SPDX-License-Identifier: Apache-2.0
"""The command line as a person meets it: exit codes, help, schemas, bad input, and the same bytes twice."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import typer
import yaml

from migrate import __version__
from migrate.cli import app

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "inventories" / "example"
GOLDEN = Path(__file__).resolve().parent / "golden"
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # it is a group

SITE = "- {hosts: all, gather_facts: false, tasks: [{service: {name: %s, state: started}}]}\n"


def migrate(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "migrate.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An Ansible project with one stateless service on one host."""
    (tmp_path / "hosts").write_text("[web]\nweb1\n")
    (tmp_path / "site.yml").write_text(SITE % "nginx")
    return tmp_path


def asked(project: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return migrate("assess", "-i", "hosts", "-p", ".", "site.yml", *arguments, cwd=project)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example estate's assessment as JSON, made once."""
    file = tmp_path_factory.mktemp("example") / "assessment.json"
    done = migrate("assess", "-c", EXAMPLE / "migrate.yaml", "--format", "json", "-o", file)
    assert (done.returncode in (0, 1), done.stdout) == (True, ""), done.stderr
    return file


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_readme_names_it(command: str) -> None:
    help_text = migrate(command, "--help").stdout
    assert re.search(rf"Examples?:[^`]*`[^`]*migrate {command}", help_text)
    assert f"`migrate {command}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_version() -> None:
    done = migrate("--version")
    assert (done.returncode, done.stdout) == (0, f"migrate {__version__}\n")


def test_fine_is_0(project: Path) -> None:
    done = asked(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nginx" in done.stdout


def test_a_decision_needed_is_1(project: Path) -> None:
    (project / "site.yml").write_text(SITE % "something")
    done = asked(project)
    assert done.returncode == 1
    assert "Need a decision" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("assess", "--nonsense"), "--nonsense"),
        (("assess", "--format", "xml"), "xml"),
        (("nonsense",), "nonsense"),
        (("assess", "-p", "missing", "-i", "hosts", "site.yml"), "missing"),
        (("assess", "-p", ".", "-i", "hosts"), "no playbook given"),
        (("assess", "-p", ".", "site.yml"), "no inventory given"),
        (("assess", "-c", "missing.yaml"), "missing.yaml: no such file"),
        (("assess", "-c", "migrate.yaml", "-E", "produktion"), "no environment produktion"),
        (("assess", "-p", ".", "-i", "hosts", "site.yml", "--explain", "ngnix"), "ngnix"),
        (("assess", "-p", ".", "-i", "hosts", "site.yml", "-o", "hosts/file"), "hosts/file"),
        (("generate", "--assessment", "missing.json"), "missing.json"),
        (("init",), "migrate.yaml exists"),
    ],
)
def test_wrong_use_is_2_and_says_what_to_do(project: Path, arguments: tuple[str, ...], said: str) -> None:
    text = "project: .\nplaybooks: [site.yml]\nenvironments: {production: {inventories: [hosts]}}\n"
    (project / "migrate.yaml").write_text(text)
    if "site.yml" in arguments or "-p" in arguments:
        (project / "migrate.yaml").unlink()
    done = migrate(*arguments, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "→" in done.stderr or "Try" in done.stderr


def test_a_hypervisor_that_fails_is_3_with_the_rest_printed(project: Path) -> None:
    done = asked(project, "--libvirt", "test:missing.xml")
    assert done.returncode == 3
    assert "nginx" in done.stdout
    assert "PARTIAL" in done.stdout


def test_a_missing_playbook_is_3_with_the_rest_printed(project: Path) -> None:
    done = asked(project, "gone.yml")
    assert done.returncode == 3
    assert "nginx" in done.stdout
    assert "gone.yml" in done.stdout


@pytest.mark.parametrize("text", ["", "[web]\n", "all: {hosts: {}}\n"])
def test_no_hosts_are_said_loudly(project: Path, text: str) -> None:
    (project / "hosts").write_text(text)
    done = asked(project)
    assert done.returncode == 3
    assert "0 HOSTS" in done.stdout


def test_explain_has_file_and_line(project: Path) -> None:
    done = asked(project, "--explain", "nginx")
    assert "site.yml:1" in done.stdout


def test_markdown_and_output(project: Path) -> None:
    done = asked(project, "--format", "markdown", "-o", "answer.md")
    assert (done.returncode, done.stdout) == (0, "")
    assert (project / "answer.md").read_text(encoding="utf-8").startswith("**1 machine runs 1 workload")


def test_schemas_describe_the_example(example: Path) -> None:
    schemas = {
        name: json.loads(migrate("schema", name).stdout) for name in ("config", "assessment", "catalog", "verification")
    }
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    settings = yaml.safe_load((EXAMPLE / "migrate.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(settings, schemas["config"])
    jsonschema.validate(json.loads(example.read_text(encoding="utf-8")), schemas["assessment"])


def test_assessing_twice_gives_the_same_bytes(example: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    migrate("assess", "-c", EXAMPLE / "migrate.yaml", "--format", "json", "-o", again)
    assert again.read_bytes() == example.read_bytes()
    assert str(ROOT) not in example.read_text(encoding="utf-8")


def test_generating_twice_changes_nothing(example: Path, tmp_path: Path) -> None:
    options = ("generate", "--assessment", example, "-c", EXAMPLE / "migrate.yaml", "-o", tmp_path / "deploy")
    first = migrate(*options)
    before = contents(tmp_path / "deploy")
    second = migrate(*options)
    assert first.returncode == second.returncode
    assert "0 files written" in second.stdout
    assert contents(tmp_path / "deploy") == before
    listed = migrate(*options, "--dry-run").stdout.split()
    assert set(listed) <= before.keys()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_init_then_assess(project: Path) -> None:
    assert migrate("init", cwd=project).returncode == 0
    done = migrate("assess", cwd=project)
    assert done.returncode == 0
    assert "nginx" in done.stdout


def test_help_is_quick() -> None:
    """No heavy library is loaded to print help."""
    heavy = ("ansible", "libvirt", "rich", "yaml", "networkx")
    code = f"import sys, migrate.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_values_can_be_set_without_a_file(project: Path) -> None:
    wanted = ["--set", "target.registry=registry.example.com", "--set", "policy.source_timeout=5"]
    done = migrate("generate", "-i", "hosts", "-p", ".", "site.yml", *wanted, cwd=project)
    assert done.returncode in (0, 1), done.stderr
    assert "image: registry.example.com/nginx" in (project / "deploy/nginx/base/deployment.yaml").read_text()


def test_edits_survive_and_conflicts_are_shown(project: Path) -> None:
    """The image is edited by hand; then another registry makes a new one of it."""
    generate = ["generate", "-i", "hosts", "-p", ".", "site.yml"]
    assert migrate(*generate, cwd=project).returncode in (0, 1)
    file = project / "deploy/nginx/base/deployment.yaml"
    ours = re.sub("image: .*", "image: mine:1", file.read_text())
    file.write_text(ours)
    done = migrate(*generate, "--set", "target.registry=registry.example.com", cwd=project)
    assert done.returncode == 1
    assert file.read_text() == ours
    for part in ("in conflict with edits", "<<<<<<< yours", "image: mine:1", "image: registry.example.com/nginx"):
        assert part in done.stdout
    again = migrate(*generate, "--keep", "nginx/base/deployment.yaml", cwd=project)
    assert "<<<<<<<" not in again.stdout
    assert file.read_text() == ours


def test_a_field_is_explained(project: Path) -> None:
    assert migrate("generate", "-i", "hosts", "-p", ".", "site.yml", cwd=project).returncode in (0, 1)
    said = migrate("explain", "deploy/nginx/base/deployment.yaml:spec.replicas", cwd=project)
    assert (said.returncode, "one for each machine" in said.stdout) == (0, True)
    assert migrate("explain", "deploy/nginx/base/deployment.yaml:spec.replicos", cwd=project).returncode == 2


def test_a_value_that_there_is_not_is_2(project: Path) -> None:
    done = asked(project, "--set", "target.colour=blue")
    assert done.returncode == 2
    assert "target.registry" in done.stderr


def test_the_fleet_and_what_changed_in_it(project: Path) -> None:
    def fleet(*arguments: str) -> subprocess.CompletedProcess[str]:
        return migrate("discover", "-i", "hosts", "-p", ".", *arguments, cwd=project)

    assert fleet("--diff").returncode == 2  # nothing to compare with
    first = fleet("--format", "csv")
    assert (first.returncode, first.stdout.splitlines()[1].split(",")[:2]) == (0, ["", "web1"])
    assert (fleet("--diff").returncode, len(list((project / ".migrate" / "fleet").iterdir()))) == (0, 1)
    (project / "hosts").write_text("[web]\nweb2\n")
    changed = fleet("--diff")
    assert (changed.returncode, changed.stdout) == (1, "+ web2: appeared\n- web1: vanished\n")
    lost = fleet("--libvirt", "test:missing.xml", "--format", "json")
    assert (lost.returncode, json.loads(lost.stdout)["partial"]) == (3, True)
    assert len(list((project / ".migrate" / "fleet").iterdir())) == 2, "no snapshot of a partial answer"


def test_a_bug_is_no_answer() -> None:
    """An error that nobody foresaw has an exit code of its own, and is shown whole."""
    slip = "cli.app.command('slip')(lambda: 1 / 0); sys.argv[1:] = ['slip']; cli.main()"
    code = f"import sys; from migrate import cli; {slip}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 70
    assert "ZeroDivisionError" in done.stderr and "this is a bug" in done.stderr
