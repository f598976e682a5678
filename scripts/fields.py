# SPDX-License-Identifier: Apache-2.0
"""Writes migrate/check/fields.json anew: the fields of the kinds that manifests hold, by Kubernetes version.

    .venv/bin/python scripts/fields.py

Built-in kinds come from the schemas in kubernetes-validate, the others from the CRDs in Go modules (needs `go`).
migrate/check/fields.py says how a field is written down.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
OUTPUT = Path(__file__).parents[1] / "migrate" / "check" / "fields.json"
KINDS = """
ConfigMap Secret Service ServiceAccount Namespace PersistentVolumeClaim Pod Endpoints LimitRange ResourceQuota
Deployment StatefulSet DaemonSet ReplicaSet Job CronJob HorizontalPodAutoscaler PodDisruptionBudget NetworkPolicy
Ingress IngressClass EndpointSlice Role RoleBinding ClusterRole ClusterRoleBinding PriorityClass StorageClass
""".split()
CRDS = {
    "sigs.k8s.io/gateway-api@v1.4.1": [
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
        "config/crd/standard/gateway.networking.k8s.io_gateways.yaml",
    ],
    "github.com/external-secrets/external-secrets@v0.16.2": [
        "config/crds/bases/external-secrets.io_externalsecrets.yaml"
    ],
    "github.com/bitnami-labs/sealed-secrets@v0.40.0": ["helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml"],
}
PLAIN = {"string", "integer", "boolean", "number"}
Types = dict[str, dict[str, str]]


def main() -> None:
    kinds: dict[str, str] = {}
    types: Types = {}
    minors = sorted(int(path.name.split(".")[1]) for path in SCHEMAS.glob("*-strict"))
    for minor in minors:
        note(minor, kinds, types)
    marked = {name: {field: code(seen, minors) for field, seen in fields.items()} for name, fields in types.items()}
    served = {kind: code(seen, minors) for kind, seen in kinds.items()}
    for crd in custom():
        add_custom(crd, served, marked)
    parts = {"versions": [minors[0], minors[-1]], "kinds": served, "types": marked}
    OUTPUT.write_text(
        "{" + ",\n".join(f'"{name}": {lined(part)}' for name, part in parts.items()) + "}\n", encoding="utf-8"
    )
    print(f"{OUTPUT}: {len(served)} kinds, {len(marked)} types")


def lined(part: Any) -> str:
    """JSON with one line for each entry, so that a diff can be read."""
    if isinstance(part, list):
        return json.dumps(part)
    return (
        "{\n"
        + ",\n".join(f" {json.dumps(name)}: {json.dumps(part[name], sort_keys=True)}" for name in sorted(part))
        + "}"
    )


def note(minor: int, kinds: dict[str, Any], types: dict[str, Any]) -> None:
    """All that one version knows, reached from KINDS: kind or field → {minor: what it is}."""
    defs = json.loads((SCHEMAS / f"v1.{minor}.0-local-strict" / "_definitions.json").read_text())["$defs"]
    todo = []
    for name, schema in defs.items():
        for one in schema.get("x-kubernetes-group-version-kind", ()):
            if one["kind"] in KINDS and "properties" in schema:
                api = "/".join(word for word in (one["group"], one["version"]) if word)
                kinds.setdefault(f"{api} {one['kind']}", {})[minor] = short(name)
                todo.append(name)
    done = set()
    while todo:
        name = todo.pop()
        if name in done:
            continue
        done.add(name)
        for field, schema in defs[name].get("properties", {}).items():
            told, needed = described(schema, defs)
            todo += needed
            required = "*" if field in defs[name].get("required", ()) else ""
            types.setdefault(short(name), {}).setdefault(field, {})[minor] = required + told


def described(schema: dict[str, Any], defs: dict[str, Any]) -> tuple[str, list[str]]:
    """How a field is written down, and the definitions that this names."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        target = defs[name]
        if "oneOf" in target:
            return ("quantity" if "number" in json.dumps(target["oneOf"]) else "int-or-string"), []
        if "properties" in target:
            return short(name), [name]
        return first_type(target) or "any", []
    kind = first_type(schema)
    if kind == "array":
        inner, needed = described(schema["items"], defs)
        key = schema.get("x-kubernetes-patch-merge-key", "")
        return f"[{inner}{'/' + key if key else ''}", needed
    if kind == "object":
        inner, needed = described(schema.get("additionalProperties") or {}, defs)
        return ("{" + inner if schema.get("additionalProperties") else "any"), needed
    return (kind if kind in PLAIN else "any"), []


def first_type(schema: dict[str, Any]) -> str:
    found = schema.get("type", "")
    return str(next((one for one in found if one != "null"), "") if isinstance(found, list) else found)


def code(seen: dict[int, str], minors: list[int]) -> str:
    """The newest description, and the versions that know it where not all do."""
    first, last = min(seen), max(seen)
    since = f"@{first}" if first > minors[0] else ""
    until = f"-{last}" if last < minors[-1] else ""
    return seen[last] + since + until


def short(name: str) -> str:
    """io.k8s.api.apps.v1.Deployment → apps.v1.Deployment."""
    return re.sub(r"^io\.k8s\.(api|apimachinery\.pkg\.apis|apimachinery\.pkg|kube-aggregator\.pkg\.apis)\.", "", name)


def custom() -> Iterator[dict[str, Any]]:
    for module, paths in CRDS.items():
        asked = subprocess.run(["go", "mod", "download", "-json", module], capture_output=True, text=True, check=True)
        folder = Path(json.loads(asked.stdout)["Dir"])
        for path in paths:
            yield from yaml.safe_load_all((folder / path).read_text(encoding="utf-8"))


def add_custom(crd: dict[str, Any], kinds: dict[str, str], types: Types) -> None:
    spec = crd["spec"]
    for version in spec["versions"]:
        if version["served"]:
            name = f"{spec['names']['kind']}.{version['name']}"
            kinds[f"{spec['group']}/{version['name']} {spec['names']['kind']}"] = name
            schema = version["schema"]["openAPIV3Schema"]
            schema["properties"]["metadata"] = {"$name": "meta.v1.ObjectMeta"}
            add_type(name, schema, types)


def add_type(name: str, schema: dict[str, Any], types: Types) -> None:
    types[name] = {}
    for field, inner in schema.get("properties", {}).items():
        required = "*" if field in schema.get("required", ()) else ""
        types[name][field] = required + inline(f"{name}.{field}", inner, types)


def inline(name: str, schema: dict[str, Any], types: Types) -> str:
    """As `described`, of a schema that holds its parts instead of naming them."""
    if "$name" in schema:
        return str(schema["$name"])
    if schema.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    kind = schema.get("type")
    if kind == "array":
        return "[" + inline(name, schema["items"], types)
    if kind == "object" and schema.get("properties") and not schema.get("x-kubernetes-preserve-unknown-fields"):
        add_type(name, schema, types)
        return name
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return "{" + inline(name, schema["additionalProperties"], types)
    return str(kind) if kind in PLAIN else "any"


if __name__ == "__main__":
    main()
