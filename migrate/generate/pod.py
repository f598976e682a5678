# SPDX-License-Identifier: Apache-2.0
"""The pod: containers, probes, volumes and a security context that the level `restricted` admits."""

from __future__ import annotations

from migrate.generate import hardening, names, probes, sizes, stopping
from migrate.generate.draft import Draft, Process
from migrate.generate.environment import references
from migrate.generate.estate import Estate, ports
from migrate.generate.manifest import Object

LOWEST_FREE_PORT = 1024
READABLE_BY_GROUP = 0o440


def spec(draft: Draft, estate: Estate, image: str) -> Object:
    """The pod spec but for what only Deployments or only jobs have."""
    found: Object = {
        # Variables such as REDIS_PORT for every Service would get in the way of the application's own.
        "enableServiceLinks": False,
        "serviceAccountName": draft.name,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": stopping.grace(draft)[0],
        "securityContext": _security(draft),
        "containers": [_container(draft, estate, process, image) for process in draft.processes],
    }
    return {**found, "volumes": _volumes(draft)}


def provenance(draft: Draft, estate: Estate, at: str) -> dict[str, str]:
    """Field path → source, for the fields of `spec` that are below `at`."""
    found = {
        f"{at}.enableServiceLinks": "default: variables for every Service would get in the way of its own",
        f"{at}.serviceAccountName": "name of the workload",
        f"{at}.automountServiceAccountToken": "default: what ran on a VM does not ask the Kubernetes API",
        f"{at}.terminationGracePeriodSeconds": stopping.grace(draft)[1],
        f"{at}.securityContext": "default: Pod Security level restricted",
        **dict.fromkeys(
            (f"{at}.securityContext.{field}" for field in ("runAsUser", "runAsGroup", "fsGroup")), draft.account.source
        ),
    }
    if any(port.number < LOWEST_FREE_PORT for port in ports(draft.workload)):
        found[f"{at}.securityContext.sysctls"] = "default: lets a process that is not root listen below 1024"
    for name, _, source in hardening.sysctls(draft.done):
        found[f"{at}.securityContext.sysctls[{name}]"] = source
    for path, name in _empty(draft).items():
        found[f"{at}.volumes[{name}]"] = draft.volumes[path]
    for volume in ("config", "secret"):
        found[f"{at}.volumes[{volume}]"] = "files that the role writes"
    for process in draft.processes:
        inside = f"{at}.containers[{process.name}]"
        found |= _container_provenance(draft, estate, process, inside, first=process is draft.processes[0])
    return found


def _security(draft: Draft) -> Object:
    found: Object = {
        "runAsNonRoot": True,
        "runAsUser": draft.account.uid,
        "runAsGroup": draft.account.gid,
        "fsGroup": draft.account.gid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if settings := _sysctls(draft):
        found["sysctls"] = [{"name": name, "value": value} for name, value in sorted(settings.items())]
    return found


def _sysctls(draft: Draft) -> dict[str, str]:
    """Kernel settings of the pod's own: those of the role, and low ports for a process that is not root."""
    found = {name: value for name, value, _ in hardening.sysctls(draft.done)}
    if any(port.number < LOWEST_FREE_PORT for port in ports(draft.workload)):
        found["net.ipv4.ip_unprivileged_port_start"] = "0"
    return found


def _container(draft: Draft, estate: Estate, process: Process, image: str) -> Object:
    first = process is draft.processes[0]
    found: Object = {
        "name": process.name,
        "image": process.unit.image or process.image or image,
        "imagePullPolicy": _pull(process),
    }
    alone = first and not process.image
    if process.command.words and (not alone or process.unit.image):
        # A prebuilt image has an entrypoint that takes these; ours runs the first process by itself.
        found["args" if process.unit.image else "command"] = [_literal(word, process) for word in process.command.words]
    if not alone and process.unit.directory.startswith("/"):
        found["workingDir"] = process.unit.directory
    found |= references(process.environment, config_map=process.env_name, secret=process.env_name)
    if first and ports(draft.workload):
        found["ports"] = _ports(draft)
        found |= probes.probes(draft, estate)[0]
    if lifecycle := stopping.hook(draft, process, estate)[0]:
        found["lifecycle"] = lifecycle
    found["resources"] = sizes.resources(draft.workload, len(draft.processes))[0]
    found["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    return {**found, "volumeMounts": _mounts(draft)}


def _pull(process: Process) -> str:
    """Always, where a tag may have been moved; ours, and digests, always mean the same."""
    return "Always" if process.unit.image and "@" not in process.unit.image else "IfNotPresent"


def port_names(draft: Draft) -> dict[tuple[int, str], str]:
    """Names that the container and its Service share."""
    return names.port_names(ports(draft.workload))


def _ports(draft: Draft) -> list[Object]:
    return [
        {"name": name, "containerPort": number, "protocol": protocol}
        for (number, protocol), name in port_names(draft).items()
    ]


def _mounts(draft: Draft) -> list[Object]:
    empty: list[Object] = [{"name": name, "mountPath": path} for path, name in _empty(draft).items()]
    files: list[Object] = [
        {"name": volume, "mountPath": file.path, "subPath": file.key, "readOnly": True}
        for volume, group in (("config", draft.contents.config), ("secret", draft.contents.secret))
        for file in group
    ]
    return sorted(empty + files, key=lambda mount: str(mount["mountPath"]))


def _volumes(draft: Draft) -> list[Object]:
    found: list[Object] = [{"name": name, "emptyDir": {}} for name in _empty(draft).values()]
    if draft.contents.config:
        found.append({"name": "config", "configMap": {"name": f"{draft.name}-config"}})
    if draft.contents.secret:
        secret = {"secretName": f"{draft.name}-files", "defaultMode": READABLE_BY_GROUP}
        found.append({"name": "secret", "secret": secret})
    return found


def _empty(draft: Draft) -> dict[str, str]:
    """Folder → name of its volume."""
    by_text = names.labels(f"empty{path}" for path in draft.volumes)
    return {path: by_text[f"empty{path}"] for path in draft.volumes}


def _literal(word: str, process: Process) -> str:
    """Kubernetes reads $(NAME) as a reference to a variable, which is meant only where we write it for a secret."""
    word = word.replace("$(", "$$(")
    for name in process.environment.secret if process.unit.image else ():
        word = word.replace(f"$$({name})", f"$({name})")
    return word


def _container_provenance(draft: Draft, estate: Estate, process: Process, at: str, *, first: bool) -> dict[str, str]:
    found = {
        f"{at}.name": f"{process.unit.manager} unit {process.unit.name}",
        f"{at}.image": _image_source(process),
        f"{at}.imagePullPolicy": "default: a tag that names its contents is never moved, others may be",
        f"{at}.workingDir": f"{process.unit.manager} unit {process.unit.name}",
        f"{at}.resources": sizes.resources(draft.workload, len(draft.processes))[1],
        f"{at}.securityContext": "default: Pod Security level restricted",
        f"{at}.lifecycle": stopping.hook(draft, process, estate)[1],
        f"{at}.envFrom": f"environment files of {process.unit.name}",
    }
    if process.command.source:
        what = "args" if process.unit.image else "command"
        found[f"{at}.{what}"] = "; ".join((process.command.source, *process.command.notes))
    if first:
        known = port_names(draft)
        sources = {(port.number, names.protocol(port)): port.source for port in ports(draft.workload)}
        found |= {f"{at}.ports[{name}]": sources[port] or "assessment" for port, name in known.items()}
        found |= {f"{at}.{field}": source for field, source in probes.probes(draft, estate)[1].items()}
    return found | _environment_sources(process, at) | _mount_sources(draft, at)


def _image_source(process: Process) -> str:
    if process.unit.image:
        return f"the container that {process.unit.name} runs"
    if process.image:
        return "registry of migrate.yaml, name and digest of the folder below images/ that has its software"
    return "registry of migrate.yaml, name of the workload, digest of Dockerfile and files"


def _environment_sources(process: Process, at: str) -> dict[str, str]:
    found = {f"{at}.env[{name}]": process.told for name in process.environment.literal}
    for name in process.environment.secret:
        found[f"{at}.env[{name}]"] = f"a secret is in its value; see secret.example.yaml, Secret {process.env_name}"
    return found


def _mount_sources(draft: Draft, at: str) -> dict[str, str]:
    found = {f"{at}.volumeMounts[{path}]": why for path, why in draft.volumes.items()}
    for file in (*draft.contents.config, *draft.contents.secret):
        found[f"{at}.volumeMounts[{file.path}]"] = f"{file.task.place} writes {file.path}"
    return found
