# SPDX-License-Identifier: Apache-2.0
"""Public projects to record: a hosts file over each third role of debops, and kolla-ansible as operators call it."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
EVERY = 3
"""Of debops' roles, in order of their names, each of this distance is played on a host of its own."""


@dataclass(frozen=True)
class Project:
    """One project: where to stand, and what to say after `migrate assess`."""

    name: str
    folder: Path
    arguments: tuple[str, ...]


def projects(folder: Path) -> tuple[Project, Project]:
    """Both, downloaded from the package index into the user's cache where they are not yet."""
    sys.path.insert(0, str(ROOT))
    from tests.real.content import only, unpacked

    settings = only(unpacked("kolla-ansible"), "globals.yml")
    kolla = only(unpacked("kolla-ansible"), "site.yml").parent
    extra = ("kolla_action=deploy", f"@{settings}", f"@{settings.with_name('passwords.yml')}", "network_interface=eth0")
    given = ("-p", ".", "-i", "inventory/multinode", "site.yml", *(word for one in extra for word in ("-e", one)))
    roles = only(unpacked("debops"), "galaxy.yml").parent / "roles"
    return Project("kolla-ansible", kolla, given), debops(roles, folder / "debops")


def debops(roles: Path, project: Path) -> Project:
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(roles, project / "roles")
    names = sorted(path.name for path in roles.iterdir() if (path / "tasks" / "main.yml").is_file())[::EVERY]
    hosts = (f"[{name}]\n{name.replace('_', '-')}1 ansible_host=10.30.0.{n}\n" for n, name in enumerate(names, 1))
    (project / "hosts").write_text("\n".join(hosts))
    plays = [{"hosts": name, "become": True, "roles": [name]} for name in names]
    (project / "site.yml").write_text(yaml.safe_dump(plays))
    return Project("debops", project, ("-p", ".", "-i", "hosts", "site.yml"))
