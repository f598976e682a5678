# SPDX-License-Identifier: Apache-2.0
"""Kustomizations as kustomize would build them; tests/real/test_manifests.py compares with kustomize itself."""

from __future__ import annotations

from migrate.check import assemble, check, reading
from migrate.check.scene import Object, Scene
from migrate.model.artifact import Artifact

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - {name: web, image: "example.com:5000/web:1", env: [{name: A, value: a}]}
      - {name: side, image: side}
"""


def scenes(files: dict[str, str]) -> tuple[Scene, ...]:
    artifacts = [Artifact(path, text) for path, text in files.items()]
    return assemble.assemble(reading.load(artifacts), 31).scenes


def only(files: dict[str, str], kind: str = "Deployment") -> Object:
    (scene,) = scenes(files)
    (found,) = scene.of(kind)
    return found


def base(more: str, **files: str) -> dict[str, str]:
    resources = {"base/kustomization.yaml": f"{HEAD}resources: [web.yaml]\n", "base/web.yaml": DEPLOYMENT}
    overlay = {"over/kustomization.yaml": f"{HEAD}resources: [../base]\n{more}"}
    return resources | overlay | {f"over/{name}.yaml": text for name, text in files.items()}


def told(files: dict[str, str]) -> list[str]:
    found = check([Artifact(path, text) for path, text in files.items()], kubernetes="1.31")
    return [one.message for one in found if one.check == "kustomization"]


def test_a_patch_merges_lists_by_their_key() -> None:
    patch = DEPLOYMENT.partition("spec:")[0] + (
        "spec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n      - name: web\n"
        "        env: [{name: B, value: b}, {name: A, $patch: delete}]\n"
    )
    found = only(base("patches: [{path: patch.yaml}]\n", patch=patch))
    assert found.get("spec.replicas") == 3
    first, second = found.get("spec.template.spec.containers")
    assert first["env"] == [{"name": "B", "value": "b"}]
    assert second == {"name": "side", "image": "side"}


def test_json_patches() -> None:
    operations = (
        "- {op: replace, path: /spec/replicas, value: 5}\n"
        "- {op: add, path: /spec/template/spec/containers/-, value: {name: third}}\n"
        "- {op: remove, path: /spec/template/spec/containers/0}\n"
        "- {op: add, path: /metadata/labels, value: {a~1b: c}}\n"
    )
    more = "patches:\n- target: {kind: Deployment}\n  path: patch.yaml\n"
    found = only(base(more, patch=operations))
    assert found.get("spec.replicas") == 5
    assert [one["name"] for one in found.get("spec.template.spec.containers")] == ["side", "third"]
    assert found.labels == {"a~1b": "c"}


def test_inline_patches_and_deletions() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n$patch: delete\n"
    more = "patches:\n- patch: |\n    " + patch.replace("\n", "\n    ").rstrip(" ")
    (scene,) = scenes(base(more))
    assert scene.objects == ()


def test_images_replicas_namespace_labels() -> None:
    more = (
        "namespace: shop\nreplicas: [{name: web, count: 4}]\n"
        "images: [{name: 'example.com:5000/web', newTag: '2'}, {name: side, newName: other, digest: 'sha256:1'}]\n"
        "labels:\n- pairs: {team: a}\n  includeTemplates: true\n"
    )
    found = only(base(more))
    images = [one["image"] for one in found.get("spec.template.spec.containers")]
    assert images == ["example.com:5000/web:2", "other@sha256:1"]
    assert (found.namespace, found.get("spec.replicas"), found.labels) == ("shop", 4, {"team": "a"})
    assert found.get("spec.template.metadata.labels") == {"team": "a"}


def test_config_maps_of_files_and_variables() -> None:
    files = {
        "kustomization.yaml": HEAD + "configMapGenerator:\n- name: a\n  files: [b=c.txt, c.txt]\n  literals: [d=e]\n"
        "  envs: [f.env]\n  options: {disableNameSuffixHash: true, labels: {x: y}}\n",
        "c.txt": "text",
        "f.env": "# comment\nG=h=i\n",
    }
    found = only(files, "ConfigMap")
    assert found.get("data") == {"b": "text", "c.txt": "text", "d": "e", "G": "h=i"}
    assert found.data["metadata"] == {"name": "a", "labels": {"x": "y"}}


def test_what_a_generator_makes_has_labels_of_its_kustomization() -> None:
    head = HEAD + "generatorOptions: {labels: {a: b, c: d}}\n"
    entry = "configMapGenerator: [{name: a, literals: [x=y], options: {labels: {c: e}}}]\n"
    assert only({"kustomization.yaml": head + entry}, "ConfigMap").labels == {"a": "b", "c": "e"}


def test_an_overlay_adds_to_a_config_map() -> None:
    files = {
        "base/kustomization.yaml": HEAD + "configMapGenerator: [{name: a, literals: [b=c, d=e]}]\n",
        "over/kustomization.yaml": HEAD
        + "resources: [../base]\nconfigMapGenerator: [{name: a, behavior: merge, literals: [b=x]}]\n",
    }
    assert only(files, "ConfigMap").get("data") == {"b": "x", "d": "e"}


def test_what_is_missing_is_told() -> None:
    assert told({"kustomization.yaml": HEAD + "resources: [gone.yaml]\n"}) == [
        "kustomization.yaml: there is no gone.yaml."
    ]
    assert told(base("patches: [{path: gone.yaml}]\n")) == ["over/kustomization.yaml: there is no over/gone.yaml."]
    nobody = DEPLOYMENT.replace("name: web}", "name: nobody}", 1)
    assert told(base("patches: [{path: patch.yaml}]\n", patch=nobody)) == [
        "over/kustomization.yaml: patch.yaml changes nothing that is here."
    ]


def test_what_is_not_followed_is_told() -> None:
    assert "not followed" in told({"kustomization.yaml": HEAD + "helmCharts: []\n"})[0]
    assert "knows no field resource" in told({"kustomization.yaml": HEAD + "resource: []\n"})[0]
    assert "elsewhere" in told({"kustomization.yaml": HEAD + "resources: ['https://example.com/x?ref=1']\n"})[0]


def test_a_folder_that_leads_to_itself_ends() -> None:
    assert (
        scenes(
            {"a/kustomization.yaml": HEAD + "resources: [../b]\n", "b/kustomization.yaml": HEAD + "resources: [../a]\n"}
        )
        == ()
    )


def test_loose_files_are_one_scene_for_each_folder() -> None:
    found = scenes({"a/x.yaml": DEPLOYMENT, "a/y.yaml": DEPLOYMENT, "b/z.yaml": DEPLOYMENT})
    assert [(scene.root, len(scene.objects)) for scene in found] == [("a", 2), ("b", 1)]


def test_templates_of_charts_are_left_alone() -> None:
    files = {"chart/Chart.yaml": "name: a\n", "chart/templates/a.yaml": "{{ if .Values.a }}\na: b\n{{ end }}\n"}
    assert check([Artifact(path, text) for path, text in files.items()], kubernetes="1.31") == []


def test_a_key_that_stands_twice_and_a_bomb_are_refused() -> None:
    bomb = "a: &a [x, x]\nb: &b [" + ", ".join(["*a"] * 101) + "]\n"
    for text in ("a: 1\na: 2\n", bomb, "a: &a\n- *a\n", "a: [\n"):
        (found,) = check([Artifact("a.yaml", text)], kubernetes="1.31")
        assert found.check == "unreadable"


def test_dates_stay_text() -> None:
    (scene,) = scenes({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {day: 2026-01-31}\n"})
    assert scene.objects[0].get("data.day") == "2026-01-31"


def test_kinds_of_others_have_words_of_their_own() -> None:
    gateway = """apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: a}
spec: {gatewayClassName: a, listeners: [{name: a, port: 80, protocol: HTTP}]}
---
apiVersion: kind.x-k8s.io/v1alpha4
kind: Cluster
"""
    assert check([Artifact("a.yaml", gateway)], kubernetes="1.31") == []
