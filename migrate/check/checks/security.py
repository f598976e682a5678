# SPDX-License-Identifier: Apache-2.0
"""The Pod Security level `restricted`, whole, and what linters ask beyond it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate.check.checks import Fault, check, of_container, of_pod
from migrate.check.reach import Table, items, reach, table, tables, text
from migrate.check.scene import Container, Pod, Scene
from migrate.model.finding import Severity

LOWEST_ID = 10_000
VOLUMES = frozenset("configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret image".split())
# Sysctl → the first minor version in which `restricted` takes it.
SYSCTLS = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
}
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
SELINUX = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")


@check(
    Severity.ERROR,
    remedy="Write what the level restricted wants; a namespace that enforces it refuses the pod, not the Deployment.",
    asked_by="kube-linter:host-ipc kube-linter:host-network kube-linter:host-pid kube-linter:privileged-container "
    "kube-linter:privilege-escalation-container kube-linter:run-as-non-root kube-linter:drop-net-raw-capability "
    "kube-linter:docker-sock kube-linter:container-runtime-sock kube-linter:sensitive-host-mounts "
    "kube-linter:writable-host-mount kube-linter:unsafe-proc-mount kube-linter:unsafe-sysctls "
    "kube-linter:init-container-security-gap kube-score:container-security-context-privileged "
    "kube-score:container-seccomp-profile polaris:hostIPCSet polaris:hostPIDSet polaris:hostNetworkSet "
    "polaris:hostPathSet polaris:hostPortSet polaris:hostProcess polaris:linuxHardening polaris:procMount "
    "polaris:privilegeEscalationAllowed polaris:runAsRootAllowed polaris:runAsPrivileged "
    "polaris:dangerousCapabilities polaris:insecureCapabilities",
)
def restricted(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for at, message in _of_pod(pod, scene.minor):
            yield of_pod(pod, at, message)
        for one in pod.containers:
            for at, message in _of_container(pod, one):
                yield of_container(pod, one, at, message)


def _of_pod(pod: Pod, minor: int) -> Iterator[tuple[str, str]]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(field):
            yield field, f"{field} shares the node's own"
    for index, volume in enumerate(tables(pod.spec.get("volumes"))):
        for kind in sorted(map(str, set(volume) - VOLUMES - {"name"})):
            yield f"volumes[{index}].{kind}", f"a volume of the type {kind} reaches out of the pod"
    for index, sysctl in enumerate(tables(pod.security.get("sysctls"))):
        since = SYSCTLS.get(text(sysctl.get("name")))
        if since is None or since > minor:
            yield f"securityContext.sysctls[{index}]", f"{sysctl.get('name')} is not on the list of safe sysctls"
    yield from _of_both(pod.security)
    if pod.security.get("runAsUser") == 0:
        yield "securityContext.runAsUser", "runs as root"


# Field below securityContext, what is wrong with it, and whether it is, by the container's own and the pod's settings.
CONTROLS: tuple[tuple[str, str, Callable[[Table, Table], bool]], ...] = (
    ("privileged", "is privileged", lambda own, pod: bool(own.get("privileged"))),
    (
        "allowPrivilegeEscalation",
        "may gain privileges: allowPrivilegeEscalation must be false",
        lambda own, pod: own.get("allowPrivilegeEscalation") is not False,
    ),
    (
        "capabilities.drop",
        "keeps capabilities: drop must hold ALL",
        lambda own, pod: "ALL" not in items(reach(own, "capabilities.drop")),
    ),
    (
        "capabilities.add",
        "adds capabilities; only NET_BIND_SERVICE may be added",
        lambda own, pod: any(name != "NET_BIND_SERVICE" for name in items(reach(own, "capabilities.add"))),
    ),
    (
        "runAsNonRoot",
        "may run as root: runAsNonRoot must be true",
        lambda own, pod: own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True,
    ),
    ("runAsUser", "runs as root", lambda own, pod: own.get("runAsUser") == 0),
    (
        "seccompProfile",
        "has no seccomp profile: its type must be RuntimeDefault",
        lambda own, pod: not (reach(own, "seccompProfile.type") or reach(pod, "seccompProfile.type")),
    ),
    ("procMount", "unmasks /proc", lambda own, pod: own.get("procMount", "Default") != "Default"),
)


def _of_container(pod: Pod, one: Container) -> Iterator[tuple[str, str]]:
    for field, message, is_wrong in CONTROLS:
        if is_wrong(one.security, pod.security):
            yield f"securityContext.{field}", message
    yield from _of_both(one.security)
    for index, port in enumerate(tables(one.data.get("ports"))):
        if port.get("hostPort"):
            yield f"ports[{index}].hostPort", f"takes port {port['hostPort']} of the node"
    if table(reach(pod.template, "metadata.annotations")).get(APPARMOR + one.name) == "unconfined":
        yield "", "is not confined by AppArmor"


def _of_both(security: Table) -> Iterator[tuple[str, str]]:
    """What pod and container have alike."""
    if reach(security, "windowsOptions.hostProcess"):
        yield "securityContext.windowsOptions.hostProcess", "runs as a process of the host"
    if reach(security, "seccompProfile.type") == "Unconfined":
        yield "securityContext.seccompProfile", "is not confined by seccomp"
    if reach(security, "appArmorProfile.type") == "Unconfined":
        yield "securityContext.appArmorProfile", "is not confined by AppArmor"
    options = table(security.get("seLinuxOptions"))
    if text(options.get("type")) not in SELINUX or options.get("user") or options.get("role"):
        yield "securityContext.seLinuxOptions", "chooses an SELinux context that is not a container's"


@check(
    Severity.WARNING,
    remedy="Set readOnlyRootFilesystem: true, and mount an emptyDir where the process writes.",
    asked_by="kube-linter:no-read-only-root-fs kube-score:container-security-context-readonlyrootfilesystem "
    "polaris:notReadOnlyRootFilesystem",
)
def writable_root(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one in pod.containers:
            if one.security.get("readOnlyRootFilesystem") is not True:
                yield of_container(pod, one, "securityContext", "may write to its root file system")


@check(
    Severity.WARNING,
    remedy="Set runAsUser and runAsGroup to 10000 or more.",
    asked_by="kube-score:container-security-context-user-group-id",
)
def low_user_id(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one in pod.containers:
            for field in ("runAsUser", "runAsGroup"):
                found = one.security.get(field, pod.security.get(field))
                if not isinstance(found, int) or found < LOWEST_ID:
                    told = "is not set" if found is None else "may be that of an account of the node"
                    yield of_container(pod, one, f"securityContext.{field}", f"{field} {told}")


@check(
    Severity.WARNING,
    remedy="Set automountServiceAccountToken: false, unless the program talks to the cluster.",
    asked_by="polaris:automountServiceAccountToken",
)
def service_account_token(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        account = scene.named.get(("ServiceAccount", text(pod.spec.get("serviceAccountName"))))
        found = pod.spec.get("automountServiceAccountToken")
        if found is None and account is not None:
            found = account.get("automountServiceAccountToken")
        if found is not False:
            yield of_pod(pod, "automountServiceAccountToken", "the pod is given a token for the cluster's API")


@check(
    Severity.NOTE,
    remedy="Name a ServiceAccount of its own in serviceAccountName.",
    asked_by="kube-linter:default-service-account kube-linter:deprecated-service-account-field",
)
def default_account(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        if text(pod.spec.get("serviceAccountName")) in ("", "default"):
            yield of_pod(pod, "serviceAccountName", "the pod shares the account default with others")


@check(
    Severity.WARNING,
    remedy="Leave ssh to the machine; kubectl exec is there for pods.",
    asked_by="kube-linter:ssh-port",
)
def ssh_port(scene: Scene) -> Iterator[Fault]:
    for pod in scene.pods:
        for one, port in pod.ports:
            if port.get("containerPort") == 22:
                yield of_container(pod, one, "ports", "port 22 is open")


@check(
    Severity.WARNING,
    remedy="Name resources and verbs one by one.",
    asked_by="kube-linter:wildcard-in-rules kube-linter:access-to-secrets kube-linter:access-to-create-pods "
    "kube-linter:cluster-admin-role-binding polaris:clusterrolebindingClusterAdmin "
    "polaris:rolebindingClusterAdminClusterRole polaris:rolebindingClusterAdminRole polaris:rolePodExecAttach "
    "polaris:clusterrolePodExecAttach polaris:clusterrolebindingPodExecAttach "
    "polaris:rolebindingClusterRolePodExecAttach polaris:rolebindingRolePodExecAttach",
)
def broad_role(scene: Scene) -> Iterator[Fault]:
    for one in scene.of("Role", "ClusterRole"):
        for index, rule in enumerate(tables(one.get("rules"))):
            named = {str(name) for field in ("resources", "verbs") for name in items(rule.get(field))}
            if named & {"*", "secrets", "pods/exec", "pods/attach"}:
                yield Fault(one, f"rules[{index}]", f"the rule gives {', '.join(sorted(named))}")
    for one in scene.of("RoleBinding", "ClusterRoleBinding"):
        if one.get("roleRef.name") == "cluster-admin":
            yield Fault(one, "roleRef", "the binding gives everything")
