# SPDX-License-Identifier: Apache-2.0
"""What no instruction of a build expresses, run during the build by ansible-core, which is removed again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from migrate.files import dump_yaml
from migrate.generate.names import line
from migrate.generate.tokens import Tokens
from migrate.model.task import RecordedTask

PATH = "ansible/playbook.yml"
INSIDE = "/tmp/ansible"
BUILTIN = ("ansible.builtin.", "ansible.legacy.")
# Namespaces of the collections that come with the package `ansible` of a distribution.
SHIPPED = ("ansible", "community", "containers", "kubernetes", "openstack", "cloudscale_ch", "netbox", "theforeman")
TEMPLATE = re.compile(r"\{[{%#]")
NEEDS = {
    "xml": ("python3-lxml",),
    "deb822_repository": ("python3-debian",),
    "apt": ("python3-apt",),
    "apt_repository": ("python3-apt", "gnupg"),
    "apt_key": ("gnupg", "dirmngr"),
    "package": ("python3-apt",),
    "git": ("git",),
    "unarchive": ("tar", "unzip", "xz-utils"),
    "debconf": ("debconf-utils",),
}
TALKS = re.compile(
    r"(mysql|postgresql|mongodb|rabbitmq|proxysql|ldap|redis|grafana|zabbix|k8s|elasticsearch|elastic|consul|influxdb|"
    r"nomad|keycloak|icinga|jenkins|gitlab|vault|etcd|kafka|clickhouse|nagios|sensu|foreman|docker|podman)(_|$)"
)
NO_TEXT = "what it copies is not here"


def refusal(task: RecordedTask, tokens: Tokens) -> str:
    """Why not even Ansible could run it in a build; "" where it can."""
    if needed := tokens.inside([task.args, task.environment]):
        return f"it needs the value of {needed[0].name}"
    if TALKS.match(task.module):
        return "it talks to a service that runs: make it a Job, or do it once by hand"
    if "." not in task.action:
        return f"{line(task.action)} is a module of the project or of a collection that is not at hand"
    if not task.action.startswith(BUILTIN) and task.action.split(".")[0] not in SHIPPED:
        return f"{line(task.action)} is not in the collections that a distribution's ansible has"
    return NO_TEXT if task.module in {"assemble", "script", "synchronize"} and not _is_remote(task) else ""


def text(tasks: Iterable[RecordedTask], header: str) -> str:
    """The play: the recorded tasks with their final arguments, in their order."""
    play = {
        "name": "What could not be said as instructions of a Dockerfile",
        "hosts": "localhost",
        "gather_facts": False,
        "become_method": "su",
        "tasks": [_task(task) for task in tasks],
    }
    return dump_yaml([play], header=header)


def packages(tasks: Sequence[RecordedTask], family: str) -> tuple[str, ...]:
    """What has to be installed for a while to run these tasks."""
    builtin = all(task.action.startswith(BUILTIN) for task in tasks)
    found = {"ansible-core" if builtin else "ansible", "ca-certificates"}
    if family == "apt":
        found |= {name for task in tasks for name in NEEDS.get(task.module, ())}
    return tuple(sorted(found))


def command(tasks: Sequence[RecordedTask], family: str, kept: Iterable[str]) -> str:
    """One RUN that leaves nothing of Ansible behind; `kept` are packages that the image itself wants."""
    wanted = packages(tasks, family)
    gone = " ".join(name for name in wanted if name not in {*kept, "ca-certificates", "tar"})
    install, remove = {
        "apt": (
            f"apt-get update && \\\n    apt-get install -y --no-install-recommends {' '.join(wanted)}",
            f"apt-get purge -y --auto-remove {gone} && \\\n    apt-get clean && \\\n    "
            f"rm -rf /var/lib/apt/lists/* /root/.ansible {INSIDE}",
        ),
        "dnf": (
            f"dnf install -y --nodocs --setopt=install_weak_deps=False {' '.join(wanted)}",
            f"dnf remove -y {gone} && \\\n    dnf clean all && \\\n    rm -rf /root/.ansible {INSIDE}",
        ),
        "apk": (
            f"apk add --no-cache --virtual .ansible {' '.join(wanted)}",
            f"apk del .ansible && \\\n    rm -rf /root/.ansible {INSIDE}",
        ),
    }[family]
    play = f"LC_ALL=C.UTF-8 ansible-playbook --connection=local --inventory=localhost, {INSIDE}/playbook.yml"
    return f"{install} && \\\n    {play} && \\\n    {remove}"


def _task(task: RecordedTask) -> dict[str, Any]:
    args = dict(task.args)
    raw = args.pop("_raw_params", None)
    if raw is not None:
        args["cmd"] = raw
    if task.module in {"apt", "package"}:
        args = {**args, **({"update_cache": True} if task.module == "apt" else {})}
    found: dict[str, Any] = {"name": line(f"{task.place} {task.name}".strip()), task.action: _plain(args)}
    if task.environment:
        found["environment"] = _plain(task.environment)
    if task.become_user and task.become_user != "root":
        found |= {"become": True, "become_user": task.become_user}
    return found


def _plain(value: Any) -> Any:
    """Arguments are final, so that what looks like a template in them is text."""
    if isinstance(value, str):
        return TEMPLATE.sub(lambda match: f"{{{{ '{match[0]}' }}}}", value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _is_remote(task: RecordedTask) -> bool:
    return str(task.args.get("remote_src", "")).lower() in {"true", "yes", "1"} or task.module == "assemble"
