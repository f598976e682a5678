# SPDX-License-Identifier: Apache-2.0
"""A pod spec as flags of podman and docker: pure, so that what is tried can be read and tested."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Object = dict[str, Any]
REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")
VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
PATH = re.compile(r"/[^:,\0\n]*")
QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([A-Za-z]*)")
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


class Mount(msgspec.Struct, frozen=True):
    """A folder or file of ours at a path of the container."""

    volume: str
    path: str
    inside: str = ""
    read_only: bool = False


class Sources(msgspec.Struct, frozen=True):
    """Where values come from: ConfigMaps and (stand-in) Secrets by name, and what the pod would know of itself."""

    config: Mapping[str, Mapping[str, str]] = {}
    secrets: Mapping[str, Mapping[str, str]] = {}
    fields: Mapping[str, str] = {}


class Run(msgspec.Struct, frozen=True):
    """One container: `flags` before the image, `words` after it; variables apart, because values may be secret."""

    name: str
    image: str
    flags: tuple[str, ...]
    words: tuple[str, ...]
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...]
    problems: tuple[str, ...] = ()


def of_container(container: Object, pod: Object, sources: Sources) -> Run:
    """What `podman run` and `docker run` need so that the container is no freer than the pod spec says."""
    environment, problems = variables(container, sources)
    mounts, more = _mounts(container, environment)
    command = [expand(str(word), environment) for word in container.get("command") or ()]
    arguments = [expand(str(word), environment) for word in container.get("args") or ()]
    # The tools have no flag for an entrypoint of several words: the rest of it leads the arguments.
    entry = (f"--entrypoint={command[0]}",) if command else ()
    directory = (f"--workdir={container['workingDir']}",) if container.get("workingDir") else ()
    return Run(
        name=str(container.get("name", "")),
        image=str(container.get("image", "")),
        flags=(*_confinement(container, pod), *_limits(container), *directory, *entry),
        words=(*command[1:], *arguments),
        environment=environment,
        mounts=mounts,
        problems=(*problems, *more),
    )


def sysctls(pod: Object) -> tuple[str, ...]:
    """Kernel settings of the pod's own network."""
    entries = (pod.get("securityContext") or {}).get("sysctls") or ()
    return tuple(f"--sysctl={entry['name']}={entry['value']}" for entry in entries)


def aliases(pod: Object) -> dict[str, str]:
    """`hostAliases` as name → address."""
    return {name: one["ip"] for one in pod.get("hostAliases") or () for name in one.get("hostnames") or ()}


def variables(container: Object, sources: Sources) -> tuple[dict[str, str], list[str]]:
    """The environment as a kubelet fills it in, and what it would stop at."""
    found: dict[str, str] = {}
    problems: list[str] = []
    for entry in container.get("envFrom") or ():
        found |= _all_of(entry, sources, problems)
    for entry in container.get("env") or ():
        value = _value(entry, sources, found, problems)
        if value is not None:
            found[str(entry["name"])] = value
    odd = [name for name in found if not VARIABLE.fullmatch(name)]
    problems += [f"{name!r} is no name of a variable" for name in odd]
    return {name: value for name, value in found.items() if name not in odd}, problems


def expand(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` filled in where it is known, `$$` made a plain dollar sign."""
    return REFERENCE.sub(lambda match: "$" if match[0] == "$$" else known.get(match[1], match[0]), text)


def quantity(text: object) -> float:
    """`128Mi`, `0.5`, `250m` as a number; 0 for what is none."""
    match = QUANTITY.fullmatch(str(text))
    if not match or match[2] not in {*UNITS, "m"}:
        return 0
    return float(match[1]) / 1000 if match[2] == "m" else float(match[1]) * UNITS[match[2]]


def _confinement(container: Object, pod: Object) -> list[str]:
    """User, groups, root filesystem, capabilities, and no way to more of them."""
    outer, inner = pod.get("securityContext") or {}, container.get("securityContext") or {}
    both = {**outer, **inner}
    flags = []
    if both.get("runAsUser") is not None:
        group = f":{both['runAsGroup']}" if both.get("runAsGroup") is not None else ""
        flags.append(f"--user={both['runAsUser']}{group}")
    groups = [outer["fsGroup"]] if outer.get("fsGroup") is not None else []
    flags += [f"--group-add={group}" for group in (*groups, *(outer.get("supplementalGroups") or ()))]
    flags += ["--read-only"] if inner.get("readOnlyRootFilesystem") else []
    capabilities = inner.get("capabilities") or {}
    flags += [f"--cap-drop={name}" for name in capabilities.get("drop") or ()]
    flags += [f"--cap-add={name}" for name in capabilities.get("add") or ()]
    flags += ["--privileged"] if inner.get("privileged") else []
    forbidden = inner.get("allowPrivilegeEscalation") is False
    return [*flags, *(["--security-opt=no-new-privileges"] if forbidden else []), "--security-opt=label=disable"]


def _limits(container: Object) -> list[str]:
    limits = (container.get("resources") or {}).get("limits") or {}
    memory, cpu = int(quantity(limits.get("memory"))), quantity(limits.get("cpu"))
    return [*([f"--memory={memory}b"] if memory else []), *([f"--cpus={cpu:g}"] if cpu else [])]


def _mounts(container: Object, environment: Mapping[str, str]) -> tuple[tuple[Mount, ...], list[str]]:
    found, problems = [], []
    for mount in container.get("volumeMounts") or ():
        path, inside = str(mount.get("mountPath", "")), str(mount.get("subPath") or "")
        inside = expand(str(mount["subPathExpr"]), environment) if mount.get("subPathExpr") else inside
        if not PATH.fullmatch(path) or ".." in inside.split("/") or inside.startswith("/"):
            problems.append(f"volumeMount {path}: neither a kubelet nor we can mount {inside or 'it'} there")
        else:
            found.append(Mount(str(mount.get("name", "")), path, inside, bool(mount.get("readOnly"))))
    return tuple(found), problems


def _all_of(entry: Object, sources: Sources, problems: list[str]) -> dict[str, str]:
    prefix = entry.get("prefix") or ""
    for key, known in (("configMapRef", sources.config), ("secretRef", sources.secrets)):
        reference = entry.get(key)
        if not reference:
            continue
        if reference["name"] not in known and not reference.get("optional"):
            problems.append(f"{key} {reference['name']} is in no file here")
        return {f"{prefix}{name}": value for name, value in known.get(reference["name"], {}).items()}
    return {}


def _value(entry: Object, sources: Sources, before: Mapping[str, str], problems: list[str]) -> str | None:
    if "valueFrom" not in entry:
        return expand(str(entry.get("value") or ""), before)
    origin = entry["valueFrom"]
    if "fieldRef" in origin:
        return sources.fields.get(origin["fieldRef"].get("fieldPath", ""), "")
    for key, known in (("configMapKeyRef", sources.config), ("secretKeyRef", sources.secrets)):
        reference = origin.get(key)
        if reference:
            value = known.get(reference["name"], {}).get(reference["key"])
            if value is None and not reference.get("optional"):
                problems.append(f"{entry['name']}: key {reference['key']} of {reference['name']} is in no file here")
            return value
    return ""


def images(pod: Object) -> Iterable[str]:
    """The images that its containers name."""
    every = (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))
    return dict.fromkeys(str(one.get("image", "")) for one in every)
