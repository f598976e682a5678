# SPDX-License-Identifier: Apache-2.0
"""A trial from end to end, with a tool that starts nothing: what is told, and that everything is taken away."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from migrate.clients import wire
from migrate.model.trial import Passed
from migrate.verify import trial, waiting
from migrate.verify.folder import Neighbour, Subject
from migrate.verify.trial import Options, attempt
from migrate.verify.verify import verify
from tests.verify.faketool import FakeTool
from tests.verify.test_neighbours import free_port
from tests.verify.test_talk import PAGE, answers

SECRET_ENV = [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "TOKEN"}}}]
QUICK = Options(timeout=2)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(waiting, "PAUSE", 0.01)
    monkeypatch.setattr(waiting, "STILL", 0.05)
    monkeypatch.setattr(waiting, "RESTARTS", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def subject(
    tmp_path: Path, *, kind: str = "Deployment", pod: dict[str, Any] | None = None, **container: Any
) -> Subject:
    spec = {"containers": [{"name": "web", "image": "web:1", "env": SECRET_ENV, **container}], **(pod or {})}
    return Subject("web", "production", kind, spec, {}, {}, context=tmp_path, image="web:1")


def serving(port: int) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/healthz", "port": port}}
    return {"ports": [{"containerPort": port}], "readinessProbe": probe, "livenessProbe": probe}


def left(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("migrate-verify-*"))


def test_all_is_well(tmp_path: Path) -> None:
    port = free_port()
    tool = FakeTool()
    with wire.listening("127.0.0.1", port, answers(lambda said: PAGE % 200)):
        found = attempt(subject(tmp_path, **serving(port)), tool, QUICK, lambda _: None)
    assert found.is_fine, found
    assert [found.built, found.started, found.ready, found.answered] == [Passed.YES] * 4
    assert tool.done == ["build", "network", "hold", "run", "remove", "delete"]
    assert [one.question for one in found.answers][:2] == [
        f"readinessProbe GET :{port}/healthz", f"livenessProbe GET :{port}/healthz",
    ]  # fmt: skip
    assert not left(tmp_path)


def test_not_ready(tmp_path: Path) -> None:
    port = free_port()
    with wire.listening("127.0.0.1", port, answers(lambda said: PAGE % 503)):
        found = attempt(subject(tmp_path, **serving(port)), FakeTool(), Options(timeout=0.2), lambda _: None)
    assert (found.started, found.ready, found.answered) == (Passed.YES, Passed.NO, Passed.UNTRIED)
    assert "healthz: 503" in found.problems[0]


def test_it_ends_again_and_again(tmp_path: Path) -> None:
    tool = FakeTool(("exited", 3))
    found = attempt(subject(tmp_path), tool, QUICK, lambda _: None)
    assert (found.started, found.restarts) == (Passed.NO, 1)
    assert "exit code 3" in found.problems[0]


def test_it_recovers(tmp_path: Path) -> None:
    found = attempt(subject(tmp_path), FakeTool(("exited", 1), ("running", 0)), Options(timeout=5), lambda _: None)
    assert (found.ready, found.restarts) == (Passed.YES, 1)


def test_secrets_are_given_and_not_shown(tmp_path: Path) -> None:
    tool = FakeTool(("exited", 1))
    found = attempt(subject(tmp_path), tool, QUICK, lambda _: None)
    assert len(tool.variables["TOKEN"]) >= 16
    assert tool.variables["TOKEN"] not in str(found)
    assert found.log == ("last words: <stand-in>",)


@pytest.mark.parametrize("step", ["build", "network", "hold", "run"])
def test_a_tool_that_fails(tmp_path: Path, step: str) -> None:
    tool = FakeTool(broken=step)
    found = attempt(subject(tmp_path), tool, QUICK, lambda _: None)
    assert Passed.NO in (found.built, found.started)
    assert "no space left" in found.problems[0]
    assert step == "build" or tool.done[-2:] == ["remove", "delete"]
    assert not left(tmp_path)


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting, "until_ready", interrupted)
    tool = FakeTool()
    with pytest.raises(KeyboardInterrupt):
        attempt(subject(tmp_path), tool, QUICK, lambda _: None)
    assert tool.done[-2:] == ["remove", "delete"] and not left(tmp_path)


def test_kept(tmp_path: Path) -> None:
    tool = FakeTool()
    found = attempt(subject(tmp_path), tool, Options(timeout=2, keep=True), lambda _: None)
    assert found.kept.startswith("migrate-verify-web-") and "remove" not in tool.done


@pytest.mark.parametrize(
    ("states", "code", "fine"), [([("exited", 0)], 0, True), ([("running", 0), ("exited", 4)], 4, False)]
)
def test_jobs_run_once(tmp_path: Path, states: list[tuple[str, int]], code: int, fine: bool) -> None:
    found = attempt(subject(tmp_path, kind="CronJob"), FakeTool(*states), QUICK, lambda _: None)
    assert (found.exit_code, found.is_fine) == (code, fine)


def test_a_job_without_end(tmp_path: Path) -> None:
    found = attempt(subject(tmp_path, kind="CronJob"), FakeTool(), Options(timeout=0.1), lambda _: None)
    assert found.exit_code is None and "no end" in found.problems[0]


def test_init_containers_come_first(tmp_path: Path) -> None:
    pod = {"initContainers": [{"name": "first", "image": "web:1"}]}
    tool = FakeTool(("exited", 0), ("running", 0))
    found = attempt(subject(tmp_path, pod=pod), tool, QUICK, lambda _: None)
    assert list(tool.flags) == ["first", "web"] and found.ready is Passed.YES


def test_what_it_asked_for(tmp_path: Path) -> None:
    port, asked = free_port(), free_port()

    def needy(said: bytes) -> bytes:
        return PAGE % (503 if wire.get(f"http://127.0.0.1:{asked}/").status == 200 else 200)

    one = subject(tmp_path, **serving(port))
    one = Subject(one.name, "", one.kind, one.pod, {}, {}, (Neighbour("postgresql", (asked,)),), context=tmp_path)
    with wire.listening("127.0.0.1", port, answers(needy)):
        found = attempt(one, FakeTool(), Options(timeout=0.3), lambda _: None)
    assert found.needs == (f"postgresql:{asked}",)


def test_several_containers_share_volumes(tmp_path: Path) -> None:
    mounts = [{"name": "run", "mountPath": "/run/app"}]
    containers = [{"name": name, "image": "web:1", "volumeMounts": mounts} for name in ("a", "b")]
    pod = {"containers": containers, "volumes": [{"name": "run", "emptyDir": {}}]}
    tool = FakeTool()
    attempt(subject(tmp_path, pod=pod), tool, QUICK, lambda _: None)
    (first,), (second,) = ([flag for flag in tool.flags[name] if flag.startswith("--volume")] for name in ("a", "b"))
    assert first == second and first.endswith("/run:/run/app")


def test_volumes_of_config_and_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: dict[str, str] = {}

    class Looking(FakeTool):
        def run(self, pod: str, name: str, image: str, flags: Any, words: Any, variables: Any) -> None:
            for flag in flags:
                source = flag.removeprefix("--volume=").split(":")[0]
                if flag.startswith("--volume") and Path(source).is_file():
                    texts[flag.split(":")[1]] = Path(source).read_text()

    mounts = [
        {"name": "config", "mountPath": "/etc/a", "subPath": "a.conf", "readOnly": True},
        {"name": "secret", "mountPath": "/etc/s", "subPath": "s"},
    ]
    volumes = [
        {"name": "config", "configMap": {"name": "c"}},
        {"name": "secret", "secret": {"secretName": "s", "defaultMode": 0o440}},
    ]
    one = subject(tmp_path, pod={"volumes": volumes}, volumeMounts=mounts)
    one = Subject(
        one.name, "", one.kind, one.pod, {"c": {"a.conf": "listen 80\n"}}, {}, context=tmp_path, image="web:1"
    )
    found = attempt(one, Looking(), QUICK, lambda _: None)
    assert texts["/etc/a"] == "listen 80\n" and len(texts["/etc/s"]) >= 16
    assert found.is_fine, found.problems


def test_a_volume_that_needs_what_is_not_there(tmp_path: Path) -> None:
    pod = {"volumes": [{"name": "config", "configMap": {"name": "gone"}}, {"name": "data", "hostPath": {"path": "/"}}]}
    found = attempt(subject(tmp_path, pod=pod), FakeTool(), QUICK, lambda _: None)
    assert any("gone" in text for text in found.problems) and any("hostPath" in text for text in found.problems)


def test_buildah_only_builds(tmp_path: Path) -> None:
    found = attempt(subject(tmp_path), FakeTool(name="buildah"), QUICK, lambda _: None)
    assert (found.built, found.started) == (Passed.YES, Passed.UNTRIED) and "no pods" in found.notes[0]


def test_the_vm_answers_otherwise(tmp_path: Path) -> None:
    port, vm = free_port(), free_port()
    with (
        wire.listening("127.0.0.1", port, answers(lambda said: PAGE % 200)),
        wire.listening("127.0.0.1", vm, answers(lambda said: PAGE % 301)),
    ):
        options = Options(timeout=2, against={"web": f"http://127.0.0.1:{vm}"}, paths=("login",))
        found = attempt(subject(tmp_path, **serving(port)), FakeTool(), options, lambda _: None)
    assert {(one.route, one.pod, one.vm) for one in found.differences} == {
        (f"GET {path}", "200", "301") for path in ("/", "/healthz", "/login")
    }
    assert not found.is_fine


def test_one_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    done = verify([subject(tmp_path), subject(tmp_path)], FakeTool(broken="build"), QUICK)
    assert len(done.trials) == 2 and done.builder == "podman 1.0"


def test_the_names_of_trials_differ() -> None:
    assert trial.Maker("a").word() != trial.Maker("a").word()
