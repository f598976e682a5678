# SPDX-License-Identifier: Apache-2.0
"""Charts: what differs is a value, what people set is a value, and braces of configuration mean nothing to Helm."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from migrate.generate.lifting import expression, lift
from migrate.generate.manifest import Object
from migrate.model.config import Package
from tests.generate.estates import NGINX, assessment
from tests.generate.test_layers import TARGET, with_chart


def deployment(replicas: int, **more: Any) -> Object:
    container = {"name": "web", "image": f"web:{replicas}", "args": ["{{ x }}"], **more}
    spec = {"replicas": replicas, "template": {"spec": {"containers": [container]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def test_what_differs_and_what_people_set_is_lifted() -> None:
    lifted = lift({"a": deployment(1), "b": deployment(2)}, "deployment", everywhere=True)
    assert lifted.values == {
        "a": {"replicas": 1, "containers": {"web": {"image": "web:1"}}},
        "b": {"replicas": 2, "containers": {"web": {"image": "web:2"}}},
    }
    assert "  replicas: {{ dig `deployment` `replicas` nil $v | toJson }}\n" in lifted.text
    assert "image: {{ dig `deployment` `containers` `web` `image` nil $v | toJson }}\n" in lifted.text


def test_braces_of_an_object_are_text() -> None:
    assert "'{{ `{{` }} x }}'" in lift({"a": deployment(1)}, "deployment", everywhere=True).text


def test_a_field_that_only_some_have_is_asked_for() -> None:
    lifted = lift({"a": deployment(1), "b": deployment(1, workingDir="/srv")}, "deployment", everywhere=True)
    assert "{{- if not (kindIs `invalid` (dig `deployment` `containers` `web` `workingDir` nil $v)) }}" in lifted.text
    assert "workingDir" not in lifted.values["a"]["containers"]["web"]


def test_an_object_that_only_some_have_is_switched_on() -> None:
    lifted = lift({"a": deployment(1)}, "deployment", everywhere=False)
    assert lifted.text.startswith("{{- if dig `deployment` `enabled` false $v }}\n")
    assert lifted.values["a"]["enabled"] is True


def test_expressions_in_values_are_for_tpl() -> None:
    one, two = (deployment(1, volumes=[{"name": expression(f"f {n}")}, {"text": "{{"}][:n]) for n in (1, 2))
    lifted = lift({"a": one, "b": two}, "deployment", everywhere=True)
    assert lifted.values["b"]["containers"]["web"]["volumes"] == [{"name": "{{ f 2 }}"}, {"text": "{{ `{{` }}"}]
    assert "tpl (dig `deployment` `containers` `web` `volumes` nil $v | toJson) $" in lifted.text


def test_nothing_of_one_environment_is_common() -> None:
    """Helm merges mappings, so what production alone has must not be in values.yaml."""
    files = {artifact.path: artifact.text for artifact in with_chart()}
    common, own = (yaml.safe_load(files[f"chart/values{name}.yaml"]) for name in ("", "-production"))
    assert own["nginx"]["deployment"]["replicas"] == 2
    assert "replicas" not in common.get("nginx", {}).get("deployment", {})
    assert yaml.safe_load(files["chart/Chart.yaml"])["name"] == "shop"


def test_no_chart_unless_asked_for() -> None:
    from migrate.generate import generate
    from tests.generate.estates import CATALOG

    assert not [one for one in generate(assessment(NGINX), catalog=CATALOG, target=TARGET)[0] if "chart" in one.path]
    helm = msgspec.structs.replace(TARGET, package=Package.HELM)
    paths = {one.path for one in generate(assessment(NGINX), catalog=CATALOG, target=helm)[0]}
    assert {"chart/Chart.yaml", "chart/templates/nginx/deployment.yaml", "chart/values-production.yaml"} <= paths
