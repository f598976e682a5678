# SPDX-License-Identifier: Apache-2.0
"""Objects of others (Gateway API, External Secrets, Sealed Secrets) against the CRDs that their makers publish."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from migrate.generate import objects
from tests.generate import test_layers as layers
from tests.generate.estates import CATALOG, NGINX, file

pytestmark = pytest.mark.real
PUBLISHED = {
    "sigs.k8s.io/gateway-api@v1.2.1": "config/crd/standard/*_*s.yaml",
    "github.com/external-secrets/external-secrets@v0.16.2": "config/crds/bases/external-secrets.io_external*.yaml",
    "github.com/bitnami-labs/sealed-secrets@v0.27.3": "helm/sealed-secrets/crds/*.yaml",
}
WANTED = {"ExternalSecret", "Gateway", "HTTPRoute", "SealedSecret"}
SITE = "server { listen 443 ssl; server_name shop.example.com; ssl_certificate /x; }\n"
Schemas = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    """(apiVersion, kind) → schema, from Go modules, which Go keeps in its own cache."""
    found: Schemas = {}
    for module, pattern in PUBLISHED.items():
        done = subprocess.run(["go", "mod", "download", "-json", module], capture_output=True, text=True, check=True)
        for path in sorted(Path(json.loads(done.stdout)["Dir"]).glob(pattern)):
            for crd in yaml.safe_load_all(path.read_text()):
                names, group = crd["spec"]["names"], crd["spec"]["group"]
                for version in crd["spec"]["versions"]:
                    schema = strict(version["schema"]["openAPIV3Schema"])
                    schema["properties"]["metadata"] = {}  # the API server's own
                    found[f"{group}/{version['name']}", names["kind"]] = schema
    return found


def strict(schema: Any) -> Any:
    """A schema that refuses unknown fields, as `--validate=strict` does."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items()}
    is_open = found.get("x-kubernetes-preserve-unknown-fields", False)
    closed = found.get("type") == "object" and "properties" in found and not is_open
    return {"additionalProperties": False, **found} if closed else found


def test_objects_of_others_fit_their_schemas(schemas: Schemas) -> None:
    estate = layers.two_environments()
    routed = msgspec.structs.replace(NGINX, tasks=(*NGINX.tasks, file("copy", 60, "/etc/nginx/conf.d/x.conf", SITE)))
    estate = msgspec.structs.replace(
        estate, workloads=tuple(routed if one == NGINX else one for one in estate.workloads)
    )
    seen = set()
    for target in layers.TARGETS.values():
        for found in objects(estate, catalog=CATALOG, target=target).values():
            for one in found:
                schema = schemas.get((one["apiVersion"], one["kind"]))
                if schema:
                    jsonschema.validate(one, schema)
                    seen.add(one["kind"])
    assert seen == WANTED
