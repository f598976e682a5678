# SPDX-License-Identifier: Apache-2.0
"""Containers as tasks, compose files, quadlets and command lines describe them: image, volumes, ports, environment.

Sources: docs.docker.com (docker run, Compose Specification), docs.podman.io (podman run, podman-systemd.unit).
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

RUNNERS = ("docker", "podman", "nerdctl")
COMPOSERS = ("docker-compose", "podman-compose")
IN_MEMORY = ("tmpfs", "ramfs", "npipe", "devpts")
DEFAULTED = re.compile(r"\$\{\w+:?-([^{}]*)\}")
ENDS_COMMAND = re.compile(r"^[;&|]+$")
EXTENSIONS = 5
FLAGS = frozenset(
    "-d --detach -i --interactive -t --tty --rm --privileged --init --read-only -P --publish-all --no-healthcheck "
    "--oom-kill-disable --replace --quiet -q --tls-verify --no-hosts --rmi".split()
)
SHORT_FLAGS = re.compile(r"^-[ditqP]+$")


class Volume(msgspec.Struct, frozen=True):
    """What a container sees at `target`: a folder of the host, a named volume, or one without a name."""

    source: str
    target: str
    read_only: bool = False

    def __str__(self) -> str:
        if not self.target:
            return self.source
        return f"{self.source}:{self.target}" if self.source else f"a volume without a name on {self.target}"


class Container(msgspec.Struct, frozen=True):
    """One container: `stays` when it runs in the background, `alone` when no other service shares its file."""

    name: str = ""
    image: str = ""
    command: str = ""
    volumes: tuple[Volume, ...] = ()
    ports: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    environment_files: tuple[str, ...] = ()
    stays: bool = True
    alone: bool = True
    host: tuple[str, ...] = ()
    """What of the host it is given beside volumes: `network`, `privileged`, devices by path, capabilities by name."""


def listed(value: object) -> list[Any]:
    """An argument that may be a list, one text with commas, or one thing."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


def volume(value: object, *, folder: str = "") -> Volume | None:
    """A volume in short or long form; None for what is in memory. `folder` is where relative sources begin."""
    if isinstance(value, Mapping):
        get = {str(key).lower(): given for key, given in value.items()}.get
        if str(get("type") or "") in IN_MEMORY:
            return None
        source, target = (get("source") or get("src") or "", get("target") or get("dst") or get("destination") or "")
        if not target:
            return None
        locked = any(true(get(key)) for key in ("read_only", "readonly", "ro"))
        return Volume(rooted(str(source), folder), str(target), locked)
    text = DEFAULTED.sub(r"\1", str(value)).strip()
    if not text or "/" not in text:
        return None
    parts = text.split(":")
    if len(parts) == 1:
        return Volume("", text)
    options = parts[2].split(",") if len(parts) > 2 else []
    return Volume(rooted(parts[0], folder), parts[1], "ro" in options)


def mount(text: str, *, folder: str = "") -> Volume | None:
    """A volume as `--mount` has it: type=bind,source=/a,target=/b,readonly."""
    pairs = dict(part.partition("=")[::2] for part in text.split(","))
    told = {key: given or "true" for key, given in pairs.items()}
    return volume(told, folder=folder)


def borrowed(value: object) -> Iterator[Volume]:
    """`volumes_from`: the volumes of another container."""
    for name in listed(value):
        bare = str(name).removeprefix("container:")
        yield Volume(f"the volumes of {bare.split(':')[0]}", "", bare.endswith(":ro"))


def rooted(source: str, folder: str) -> str:
    return posixpath.normpath(posixpath.join(folder, source)) if folder and source.startswith(".") else source


def true(value: object) -> bool:
    return str(value).lower() in ("true", "yes", "1", "on")


def port(value: object) -> str:
    """A published port as text that ends with the container's: `8080:80/udp`."""
    if isinstance(value, Mapping):
        number, kind = value.get("target") or value.get("target_port"), value.get("protocol") or "tcp"
        return f"{number or value.get('published_port') or ''}/{kind}"
    return DEFAULTED.sub(r"\1", str(value))


def variables(value: object) -> dict[str, str]:
    """Environment as a mapping or as `KEY=VALUE` texts; a name without a value takes it from elsewhere."""
    if isinstance(value, Mapping):
        return {str(key): plain(given) for key, given in value.items() if given is not None}
    texts = [value] if isinstance(value, str) else listed(value)
    pairs = (str(text).partition("=") for text in texts)
    return {key: plain(given) for key, sign, given in pairs if sign}


def plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else DEFAULTED.sub(r"\1", str(value))


def of_host(network: object, privileged: object, devices: object, capabilities: object) -> tuple[str, ...]:
    """What of the host a container is given, as `Container.host` has it."""
    found = ["network"] if str(network or "").lower() == "host" else []
    found += ["privileged"] if true(privileged) else []
    found += [str(one).split(":")[0] for one in listed(devices) if str(one).startswith("/")]
    return (*found, *(str(one).upper().removeprefix("CAP_") for one in listed(capabilities)))


def words_of(command: object) -> str:
    return command if isinstance(command, str) else shlex.join(str(part) for part in listed(command))


def present(found: Iterable[Volume | None]) -> tuple[Volume, ...]:
    return tuple(one for one in found if one is not None)


def of_module(args: Mapping[str, Any]) -> Container:
    """The arguments of docker_container, podman_container, docker_swarm_service and the like."""
    given = [volume(one) for key in ("volumes", "volume") for one in listed(args.get(key))]
    held = args.get("mounts") or args.get("mount") or ()
    many: Sequence[object] = [held] if isinstance(held, (str, Mapping)) else listed(held)
    given += [mount(one) if isinstance(one, str) else volume(one) for one in many]
    files = [one for key in ("env_file", "env_files") for one in listed(args.get(key))]
    published = next((args[key] for key in ("published_ports", "ports", "publish") if args.get(key)), ())
    return Container(
        volumes=(*present(given), *borrowed(args.get("volumes_from"))),
        ports=tuple(port(one) for one in listed(published)),
        environment=variables(args.get("env") or args.get("environment")),
        environment_files=tuple(map(str, files)),
        host=of_host(
            args.get("network_mode") or args.get("network"), args.get("privileged"),
            args.get("devices") or args.get("device"), args.get("capabilities") or args.get("cap_add"),
        ),
    )  # fmt: skip


def of_compose(document: object, folder: str) -> Iterator[Container]:
    """The services of a compose document that lies in `folder`."""
    document = document if isinstance(document, dict) else {}
    first_format = all(isinstance(one, dict) and ("image" in one or "build" in one) for one in document.values())
    services = document if first_format else document.get("services")
    held = sorted(services.items(), key=str) if isinstance(services, dict) else []
    for name, told in held:
        if isinstance(told, dict):
            service, elsewhere = extended(told, dict(held))
            files = [one.get("path", "") if isinstance(one, dict) else one for one in listed(service.get("env_file"))]
            volumes = service.get("volumes")
            given = [volume(one, folder=folder) for one in (volumes if isinstance(volumes, list) else ())]
            published = [*listed(service.get("ports")), *listed(service.get("expose"))]
            yield Container(
                name=str(name),
                image=plain(service.get("image") or ""),
                command=words_of(service.get("command") or ""),
                volumes=(*present(given), *borrowed(service.get("volumes_from")), *build(service, folder), *elsewhere),
                ports=tuple(port(one) for one in published),
                environment=variables(service.get("environment")),
                environment_files=tuple(posixpath.normpath(posixpath.join(folder, str(one))) for one in files if one),
                alone=len(held) == 1,
                host=of_host(
                    service.get("network_mode"),
                    service.get("privileged"),
                    service.get("devices"),
                    service.get("cap_add"),
                ),
            )


def extended(service: dict[str, Any], services: Mapping[str, Any]) -> tuple[dict[str, Any], list[Volume]]:
    """The service with what it extends; what stands in another file may be a volume, too."""
    elsewhere: list[Volume] = []
    for _ in range(EXTENSIONS):
        asked = service.get("extends")
        told = asked if isinstance(asked, dict) else {"service": asked} if asked else {}
        service = {key: value for key, value in service.items() if key != "extends"}
        base = services.get(str(told.get("service")))
        if told.get("file"):
            elsewhere.append(Volume(f"what {told['file']} may give it", ""))
        elif isinstance(base, dict):
            volumes = [*listed(base.get("volumes")), *listed(service.get("volumes"))]
            environment = {**variables(base.get("environment")), **variables(service.get("environment"))}
            service = {**base, **service, "volumes": volumes, "environment": environment}
    return service, elsewhere


def build(service: Mapping[str, Any], folder: str) -> Iterator[Volume]:
    """The folder that its image is built from: what is in there is the container's, and not written to."""
    context = service.get("build")
    context = context.get("context", ".") if isinstance(context, dict) else context
    if isinstance(context, str):
        yield Volume(posixpath.normpath(posixpath.join(folder, context)), "/", read_only=True)


def of_quadlet(name: str, settings: Mapping[str, tuple[str, ...]]) -> Container:
    """A `.container` file of Podman."""
    get = settings.get
    given = [volume(one) for one in get("Container.Volume", ())]
    given += [mount(one) for one in get("Container.Mount", ())]
    extra = of_run([word for text in get("Container.PodmanArgs", ()) for word in split(text)] + ["image"])
    pairs = [word for text in get("Container.Environment", ()) for word in split(text)]
    files = (one.lstrip("-") for one in get("Container.EnvironmentFile", ()))
    return Container(
        name=name,
        image=(get("Container.Image") or ("",))[-1],
        command=(get("Container.Exec") or ("",))[-1],
        volumes=(*present(given), *extra.volumes),
        ports=(*get("Container.PublishPort", ()), *extra.ports),
        environment={**variables(pairs), **extra.environment},
        environment_files=(*files, *extra.environment_files),
        host=(
            *of_host(
                (get("Container.Network") or ("",))[-1], "", [*get("Container.AddDevice", ())],
                [*get("Container.AddCapability", ())],
            ),
            *extra.host,
        ),
    )  # fmt: skip


def split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def commands(text: str) -> list[list[str]]:
    """The single commands of a shell text, as words."""
    found: list[list[str]] = []
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split, lexer.commenters = True, ""
        try:
            words = list(lexer)
        except ValueError:
            words = line.split()
        found.append([])
        for word in words:
            if ENDS_COMMAND.match(word):
                found.append([])
            else:
                found[-1].append(word)
    return [words for words in found if words]


def runs(text: str) -> list[Container]:
    """Containers that a shell text or a unit's command line starts by `docker run` or `podman run`."""
    return [one for words in commands(text) for one in in_words(words)]


def in_words(words: Sequence[str]) -> Iterator[Container]:
    for place, word in enumerate(words):
        if posixpath.basename(word).lstrip("-@+!:") in RUNNERS:
            after = words[place + 1 :]
            if "run" in after[:4]:
                yield of_run(after[after.index("run") + 1 :])
            elif after[:1] == ["create"]:
                yield replace(of_run(after[1:]), stays=True)
            elif list(after[:2]) in (["service", "create"], ["container", "create"]):
                yield replace(of_run(after[2:]), stays=True)
            return
        if " run " in word and any(runner in word for runner in RUNNERS):
            yield from runs(word)


def of_run(words: Sequence[str]) -> Container:
    """The words after `run`: options, image, command."""
    given: dict[str, list[str]] = {}
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option.startswith("--"):
            key, sign, text = option.partition("=")
        elif SHORT_FLAGS.match(option) or len(option) == 2:
            key, sign, text = option, "", ""
        else:
            key, sign, text = option[:2], "=", option[2:].removeprefix("=")
        if key in FLAGS or (SHORT_FLAGS.match(key) and not sign):
            given.setdefault("flags", []).append(option)
        elif sign or rest:
            given.setdefault(key, []).append(text if sign else rest.pop(0))

    def all_of(*keys: str) -> list[str]:
        return [text for key in keys for text in given.get(key, ())]

    flags = all_of("flags")
    detached = any(one.startswith("--detach") or (one[1:2] != "-" and "d" in one) for one in flags)
    found = [volume(one) for one in all_of("-v", "--volume")] + [mount(one) for one in all_of("--mount")]
    return Container(
        name=next(iter(all_of("--name")), ""),
        image=rest[0] if rest else "",
        command=shlex.join(rest[1:]),
        volumes=(*present(found), *borrowed(all_of("--volumes-from"))),
        ports=tuple(all_of("-p", "--publish", "--expose")),
        environment=variables(all_of("-e", "--env")),
        environment_files=tuple(all_of("--env-file")),
        stays=detached or bool(all_of("--restart")),
        host=of_host(
            next(iter(all_of("--net", "--network")), ""), any("--privileged" in one for one in flags),
            all_of("--device"), all_of("--cap-add"),
        ),
    )  # fmt: skip


def composes(text: str) -> bool:
    """True for a command line that brings up the services of a compose file."""
    for words in commands(text):
        names = [posixpath.basename(word).lstrip("-@+!:") for word in words]
        if "up" in names or "start" in names:
            if any(name in COMPOSERS for name in names):
                return True
            if any(name in RUNNERS for name in names) and ("compose" in names or "stack" in names):
                return True
        if any(name in RUNNERS for name in names) and "stack" in names and "deploy" in names:
            return True
        if any("compose" in word and " " in word and composes(word) for word in words):
            return True
    return False
