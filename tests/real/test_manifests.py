# SPDX-License-Identifier: Apache-2.0
"""Every generated manifest passes linters and is taken by a real API server, its pods too."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from migrate.check import assemble, reading
from migrate.check.folder import read
from tests.real import gotools
from tests.real.controlplane import Cluster, cluster, until
from tests.real.running import migrate
from tests.real.test_content import debops_project

pytestmark = pytest.mark.real
EXAMPLE = Path(__file__).parents[2] / "inventories" / "example"
ENVIRONMENTS = ("production", "staging")
PROJECTS = (*ENVIRONMENTS, "debops")
TARGET, SERVER = "1.31", "1.34"
HASH = re.compile(r"-[bcdfghkmt2456789]{10}$")
CUSTOM = ("ExternalSecret", "SealedSecret", "HTTPRoute")
# Where no environment has a name, nobody has named a namespace either.
RESTRICTED = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "debops", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}
Documents = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy")
    run = migrate("generate", "-c", "migrate.yaml", "-o", str(folder), cwd=EXAMPLE)
    assert run.code in (0, 1), run.err
    return folder


@pytest.fixture(scope="module")
def debops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files for roles that nobody here wrote."""
    folder = tmp_path_factory.mktemp("debops-deploy")
    project = debops_project(tmp_path_factory.mktemp("debops"))
    run = migrate("generate", "-p", ".", "-i", "hosts", "site.yml", "-o", str(folder), cwd=project)
    assert run.code in (0, 1), run.err
    return folder


@pytest.fixture(scope="module")
def folders(deploy: Path, debops: Path) -> dict[str, Path]:
    """Where the kustomization of each project is."""
    return {**{name: deploy / "environments" / name for name in ENVIRONMENTS}, "debops": debops}


@pytest.fixture(scope="module")
def rendered(folders: dict[str, Path]) -> Documents:
    """What kustomize makes of each."""
    kubectl = gotools.program("cluster", "kubectl") / "kubectl"
    return {name: kustomized(kubectl, folder) for name, folder in folders.items()}


def kustomized(kubectl: Path, folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run([str(kubectl), "kustomize", str(folder)], check=False, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def inside(name: str) -> list[str]:
    """The flag for objects that name no namespace."""
    return ["--namespace", name]


def root_of(folder: Path) -> Path:
    """The folder that was generated into."""
    return folder.parents[1] if folder.parent.name == "environments" else folder


def text_of(documents: list[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(documents)


@pytest.mark.parametrize("version", [TARGET, SERVER])
@pytest.mark.parametrize("name", PROJECTS)
def test_kubernetes_validate(rendered: Documents, name: str, version: str) -> None:
    assert len(rendered[name]) > 20
    for document in rendered[name]:
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, version, strict=True)


@pytest.fixture(scope="module")
def schemas(rendered: Documents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Schemas for kubeconform, which would fetch them from the network: those in kubernetes-validate, each whole."""
    source = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    folder = tmp_path_factory.mktemp("schemas")
    kinds = {one["kind"].lower() for documents in rendered.values() for one in documents}
    for version in (TARGET, SERVER):
        there, here = source / f"v{version}.0-local-strict", folder / f"v{version}.0"
        here.mkdir()
        shared = json.loads((there / "_definitions.json").read_text())["$defs"]
        for path in there.glob("*.json"):
            if path.name.partition("-")[0] in kinds:
                whole = {**json.loads(path.read_text()), "$defs": shared}
                text = re.sub(r'"\$ref": "[^"]*#/', '"$ref": "#/', json.dumps(whole))
                (here / path.name).write_text(text)
    return folder


@pytest.mark.parametrize("version", [TARGET, SERVER])
@pytest.mark.parametrize("name", PROJECTS)
def test_kubeconform(rendered: Documents, schemas: Path, name: str, version: str) -> None:
    pattern = f"{schemas}/v{version}.0/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    command = [str(gotools.program("linters", "kubeconform") / "kubeconform"), "-strict", "-output=json", "-summary"]
    command += [f"-kubernetes-version={version}.0", f"-schema-location={pattern}", f"-skip={','.join(CUSTOM)}"]
    done = subprocess.run(command, input=text_of(rendered[name]), check=False, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert done.returncode == 0, [one["msg"] for one in told["resources"]]
    assert told["summary"]["valid"] == sum(one["kind"] not in CUSTOM for one in rendered[name])


@pytest.mark.parametrize("name", PROJECTS)
def test_kube_score(rendered: Documents, name: str) -> None:
    command = [str(gotools.program("linters", "kube-score") / "kube-score"), "score", "--output-format=ci"]
    done = subprocess.run(
        [*command, f"--kubernetes-version=v{TARGET}", "-"],
        input=text_of(rendered[name]),
        check=False,
        capture_output=True,
        text=True,
    )
    critical = [line for line in done.stdout.splitlines() if line.startswith("[CRITICAL]")]
    assert done.returncode == 0 and not critical, "\n".join(critical) or done.stderr


@pytest.mark.parametrize("name", PROJECTS)
def test_we_read_kustomizations_as_kustomize_does(rendered: Documents, folders: dict[str, Path], name: str) -> None:
    """Our checks look at what they assemble; that is what kustomize builds, but for the hashes in names."""
    root = root_of(folders[name])
    made = assemble.assemble(reading.load(read(root)), 31)
    here = folders[name].relative_to(root).as_posix().replace(".", "")
    (scene,) = [one for one in made.scenes if one.root == here]
    ours = {key(one.data): one.data for one in scene.objects}
    theirs = {key(one): one for one in rendered[name]}
    assert ours.keys() == theirs.keys()
    for name_of, one in theirs.items():
        assert without_hashes(ours[name_of]) == without_hashes(one), name_of


def key(one: dict[str, Any]) -> tuple[str, str]:
    return one["kind"], HASH.sub("", one["metadata"]["name"]) if one["kind"] == "ConfigMap" else one["metadata"]["name"]


def without_hashes(value: Any) -> Any:
    """ConfigMaps by their plain names; labels of generators are theirs alone."""
    if isinstance(value, dict):
        return {name: without_hashes(inner) for name, inner in value.items() if (name, inner) != ("namespace", "")}
    if isinstance(value, list):
        return [without_hashes(inner) for inner in value]
    return HASH.sub("", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as found:
        for path in gotools.crds():
            found.kubectl("apply", "--server-side", "-f", str(path))
        yield found


@pytest.fixture(scope="module", params=PROJECTS)
def applied(
    request: pytest.FixtureRequest, server: Cluster, folders: dict[str, Path], rendered: Documents
) -> Iterator[str]:
    """An environment as a person applies it: namespace, then secrets from the skeletons, then everything."""
    name = str(request.param)
    namespaces = [one for one in rendered[name] if one["kind"] == "Namespace"] or [RESTRICTED]
    assert [one["metadata"]["name"] for one in namespaces] == [name]
    assert namespaces[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    # In a cluster of somebody's own, a namespace that is there already is not ours to use, and to delete.
    server.kubectl("create", "--save-config", "-f", "-", text=text_of(namespaces))
    for path in sorted(root_of(folders[name]).rglob("secret.example.yaml")):
        if "overlays" not in path.parts or name in path.parts:
            server.kubectl("apply", "--namespace", name, "-f", str(path))
    yield name
    server.kubectl("delete", "namespace", name, "--wait=false")


def test_the_api_server_takes_everything(server: Cluster, applied: str, rendered: Documents) -> None:
    """Strict validation of a dry run names all fields that it does not know; server-side apply, only some."""
    text = text_of(rendered[applied])
    dry = server.kubectl("apply", "--dry-run=server", "--validate=strict", *inside(applied), "-f", "-", text=text)
    assert "Warning" not in dry.stderr, dry.stderr
    real = server.kubectl("apply", "--server-side", "--validate=strict", *inside(applied), "-f", "-", text=text)
    assert "Warning" not in real.stderr, real.stderr
    again = server.kubectl("apply", "--server-side", "--validate=strict", *inside(applied), "-f", "-", text=text)
    assert again.stdout.count("serverside-applied") == len(rendered[applied])


def test_pods_are_admitted_and_placed(server: Cluster, applied: str, rendered: Documents) -> None:
    """A Deployment that breaks `restricted` is taken; its pods are not. So count pods."""
    server.kubectl("apply", "--server-side", *inside(applied), "-f", "-", text=text_of(rendered[applied]))
    jobs = [one["metadata"]["name"] for one in rendered[applied] if one["kind"] == "CronJob"]
    for job in jobs:
        server.kubectl("create", "job", f"{job}-now", f"--from=cronjob/{job}", "--namespace", applied)
    nodes = len(server.get("nodes"))
    wanted = {
        one["metadata"]["name"]: nodes if one["kind"] == "DaemonSet" else one["spec"].get("replicas", 1)
        for one in rendered[applied]
        if one["kind"] in ("Deployment", "DaemonSet")
    } | {f"{job}-now": 1 for job in jobs}

    def placed() -> dict[str, int]:
        found: dict[str, int] = {}
        for pod in server.get("pods", "--namespace", applied):
            if pod["spec"].get("nodeName"):
                owner = pod["metadata"]["ownerReferences"][0]
                name = owner["name"].rpartition("-")[0] if owner["kind"] == "ReplicaSet" else owner["name"]
                found[name] = found.get(name, 0) + 1
        return found

    try:
        until(lambda: placed() == wanted, "all pods")
    except AssertionError as error:
        refused = [one["message"] for one in server.get("events", "--namespace", applied) if one["type"] == "Warning"]
        raise AssertionError(f"wanted {wanted}, placed {placed()}\n" + "\n".join(refused)) from error
    assert len(wanted) > 4
    print(f"{applied}: {sum(wanted.values())} pods of {len(wanted)} controllers placed")


def test_bridges_lead_to_machines(server: Cluster, applied: str, rendered: Documents) -> None:
    server.kubectl("apply", "--server-side", *inside(applied), "-f", "-", text=text_of(rendered[applied]))
    slices = {one["metadata"]["name"]: one for one in server.get("endpointslices", "--namespace", applied)}
    ours = [one for one in rendered[applied] if one["kind"] == "EndpointSlice"]
    assert ours
    for one in ours:
        kept = slices[one["metadata"]["name"]]
        addresses = [endpoint["addresses"] for endpoint in kept["endpoints"]]
        assert addresses == [endpoint["addresses"] for endpoint in one["endpoints"]]
        service = kept["metadata"]["labels"]["kubernetes.io/service-name"]
        # The controller of Services without selector makes none of its own beside ours.
        assert [name for name, each in slices.items() if each["metadata"]["labels"].get("kubernetes.io/service-name") == service and each["addressType"] == one["addressType"]] == [one["metadata"]["name"]]  # fmt: skip  # noqa: E501


def test_policies_and_budgets_are_there(server: Cluster, applied: str, rendered: Documents) -> None:
    server.kubectl("apply", "--server-side", *inside(applied), "-f", "-", text=text_of(rendered[applied]))
    for kind in ("NetworkPolicy", "PodDisruptionBudget"):
        wanted = {one["metadata"]["name"] for one in rendered[applied] if one["kind"] == kind}
        assert wanted <= {one["metadata"]["name"] for one in server.get(kind.lower(), "--namespace", applied)}


@pytest.mark.parametrize(
    ("secrets", "routes", "kinds"),
    [
        ("external", "gateway", {"ExternalSecret", "Gateway", "HTTPRoute"}),
        ("sealed", "ingress", {"SealedSecret", "Ingress"}),
    ],
)
def test_objects_of_others(server: Cluster, tmp_path: Path, secrets: str, routes: str, kinds: set[str]) -> None:
    """With the CRDs of those who defined them: the Gateway API, External Secrets, Sealed Secrets."""
    options = (
        "--set",
        f"target.secrets={secrets}",
        "--set",
        f"target.routes={routes}",
        "--set",
        f"target.namespace={secrets}",
    )
    arguments = ("-c", "migrate.yaml", "-E", "production", "-o", str(tmp_path), *options)
    run = migrate("generate", *arguments, cwd=EXAMPLE)
    assert run.code in (0, 1), run.err
    documents = kustomized(server.program, tmp_path / "environments" / "production")
    assert kinds <= {one["kind"] for one in documents}
    server.kubectl("create", "namespace", secrets)
    text = text_of([one for one in documents if one["kind"] != "Namespace"])
    dry = server.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", text=text)
    assert "Warning" not in dry.stderr, dry.stderr
    server.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", text=text)
    server.kubectl("delete", "namespace", secrets, "--wait=false")


def test_the_server_refuses_what_is_wrong(server: Cluster, applied: str) -> None:
    """That the tests above can fail."""
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "wrong"}, "dada": {}}
    arguments = ("apply", "--dry-run=server", "--validate=strict", "--namespace", applied, "-f", "-")
    done = server.kubectl(*arguments, text=json.dumps(wrong), check=False)
    assert done.returncode and 'unknown field "dada"' in done.stderr
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root"},
        "spec": {"containers": [{"name": "a", "image": "a:1"}]},
    }
    done = server.kubectl(*arguments, text=json.dumps(pod), check=False)
    assert done.returncode and "PodSecurity" in done.stderr
