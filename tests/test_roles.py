# SPDX-License-Identifier: Apache-2.0
"""Roles alone, from their files to the answer: one child plays them all, and a bad one costs itself."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from migrate import roles
from migrate.errors import UsageError
from migrate.model.role import RoleAnswer
from migrate.model.workload import Confidence, Kind, Placement
from migrate.report.roles import render

FILES = {
    "store/tasks/main.yml": """
        - apt: {name: "{{ store_package }}"}
        - template: {src: redis.conf.j2, dest: /etc/redis/redis.conf}
        - service: {name: redis-server, state: started}
    """,
    "store/defaults/main.yml": "store_package: redis-server\nstore_port: 6380\n",
    "store/templates/redis.conf.j2": "port {{ store_port }}\nappendonly yes\n",
    "web/tasks/main.yml": """
        - apt: {name: nginx}
        - user: {name: deploy}
        - service: {name: nginx, state: started}
    """,
    "several/tasks/main.yml": """
        - apt: {name: [nginx, postgresql]}
        - service: {name: "{{ item }}", state: started}
          loop: [nginx, postgresql]
    """,
    "red_hat/tasks/main.yml": "- include_tasks: '{{ ansible_os_family }}.yml'\n",
    "red_hat/tasks/RedHat.yml": """
        - dnf: {name: httpd}
        - service: {name: httpd, state: started}
    """,
    "asleep/tasks/main.yml": """
        - apt: {name: memcached}
          when: asleep_enabled
        - service: {name: memcached, state: started}
          when: asleep_enabled
    """,
    "asleep/defaults/main.yml": "asleep_enabled: false\n",
    "acted/tasks/main.yml": "- include_tasks: '{{ action_asked }}.yml'\n",
    "acted/tasks/deploy.yml": """
        - kolla_container: {action: start_container, name: cache, image: "{{ registry }}memcached:{{ tag }}"}
    """,
    "acted/tasks/destroy.yml": "- command: rm -rf /var/lib/everything\n",
    "by_handler/tasks/main.yml": "- import_tasks: nothing.yml\n",
    "by_handler/tasks/nothing.yml": "[]\n",
    "by_handler/handlers/main.yml": "- {name: restart it, service: {name: mariadb, state: restarted}, listen: again}\n",
    "kernel/tasks/main.yml": "- sysctl: {name: vm.swappiness, value: '1'}\n- modprobe: {name: br_netfilter}\n",
    "tool/tasks/main.yml": "- get_url: {url: 'https://example.org/tool', dest: /usr/local/bin/tool}\n",
    "variables/defaults/main.yml": "a: 1\n",
    "switches/tasks/main.yml": "- eos_config: {src: switch.j2}\n",
    "dark/tasks/main.yml": "- command: /opt/dark/install.sh --all\n",
    "broken/tasks/main.yml": "- command: [unclosed\n",
    "needs/tasks/main.yml": "- sysctl: {name: vm.swappiness, value: '1'}\n",
    "needs/meta/main.yml": "dependencies: [store]\n",
    "jenkins_agent/tasks/main.yml": """
        - apt: {name: openjdk-17-jre-headless}
        - cron: {name: old workspaces, job: "find /var/lib/jenkins/workspace -mtime +7 -delete", hour: "4"}
    """,
    "tidy/tasks/main.yml": "- cron: {name: old logs, job: 'find /var/log/app -mtime +7 -delete', hour: '4'}\n",
    "described/tasks/main.yml": """
        - copy:
            dest: /var/lib/containers/startup/etcd.json
            content: '{"image": "reg.example.org/openstack-etcd:1", "volumes": ["/var/lib/etcd:/var/lib/etcd"]}'
    """,
    "called_wiki/tasks/main.yml": """
        - copy: {dest: /etc/systemd/system/wiki.service, content: "[Service]\\nExecStart=/opt/wiki/bin/serve\\n"}
        - systemd: {name: wiki, state: started}
    """,
    "fetched/tasks/main.yml": """
        - get_url: {url: "https://dl.example.org/x.run", dest: /tmp/x.run}
        - command: sh /tmp/x.run --silent
        - sysctl: {name: vm.swappiness, value: "1"}
    """,
    "client/tasks/main.yml": "- apt: {name: postgresql-client}\n- postgresql_db: {name: app, login_host: db1}\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        path = root / "roles" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return root


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, RoleAnswer]:
    told = roles.assess_roles(folder, profile="debian-12")
    assert not told.findings
    return {one.path.removeprefix("roles/"): one for one in told.roles}


@pytest.mark.parametrize(
    ("name", "kind", "placement"),
    [
        ("store", Kind.STATEFUL, Placement.VM),
        ("web", Kind.STATELESS, Placement.DEPLOYMENT),
        ("several", Kind.STATEFUL, Placement.VM),
        ("red_hat", Kind.STATELESS, Placement.DEPLOYMENT),
        ("asleep", Kind.STATELESS, Placement.DEPLOYMENT),
        ("acted", Kind.STATELESS, Placement.DEPLOYMENT),
        ("by_handler", Kind.STATEFUL, Placement.VM),
        ("kernel", Kind.PLUMBING, Placement.DROP),
        ("tool", Kind.LIBRARY, Placement.DROP),
        ("variables", Kind.LIBRARY, Placement.DROP),
        ("switches", Kind.PLUMBING, Placement.OUT_OF_SCOPE),
        ("dark", Kind.UNKNOWN, Placement.DECIDE),
        ("needs", Kind.PLUMBING, Placement.DROP),
        ("client", Kind.LIBRARY, Placement.DROP),
        ("jenkins_agent", Kind.BUILD_AGENT, Placement.BUILD_AGENT),
        ("tidy", Kind.PLUMBING, Placement.DROP),
        ("described", Kind.STATEFUL, Placement.VM),
        ("called_wiki", Kind.UNKNOWN, Placement.DECIDE),
        ("fetched", Kind.UNKNOWN, Placement.DECIDE),
    ],
)
def test_what_becomes_of_a_role(found: dict[str, RoleAnswer], name: str, kind: Kind, placement: Placement) -> None:
    told = found[name]
    assert (told.kind, told.placement) == (kind, placement), told.reason
    assert told.reason and told.because


def test_what_is_told_of_a_service(found: dict[str, RoleAnswer]) -> None:
    store = found["store"]
    assert (store.software, store.units, store.ports) == (("redis",), ("redis-server",), (6380,))
    assert (store.packages, store.data_dirs) == (("redis-server",), ("/var/lib/redis",))
    assert store.confidence is Confidence.HIGH
    said = {str(one.place): one.saw for one in store.evidence if one.rule == "saves-to-disk"}
    assert said == {"roles/store/tasks/main.yml:2": "its configuration has `appendonly yes`"}


def test_several_workloads_are_all_told_the_worst_first(found: dict[str, RoleAnswer]) -> None:
    assert [(part.name, part.kind) for part in found["several"].workloads] == [
        ("postgresql", Kind.STATEFUL),
        ("nginx", Kind.STATELESS),
    ]
    assert found["several"].ports == (80, 443, 5432)


def test_which_system_told(found: dict[str, RoleAnswer]) -> None:
    assert found["web"].facts_from == "profile debian12"
    assert found["red_hat"].facts_from == "profile rhel9"
    assert found["asleep"].facts_from == "profile debian12, and tasks that its defaults leave out"
    assert all(" (only if " in one.saw for one in found["asleep"].evidence if "memcached" in one.saw)


def test_unknown_says_what_to_look_at(found: dict[str, RoleAnswer]) -> None:
    assert "command at roles/dark/tasks/main.yml:1" in found["dark"].look_at
    assert found["dark"].confidence is Confidence.LOW


def test_a_broken_role_costs_itself(found: dict[str, RoleAnswer]) -> None:
    assert found["broken"].kind in (Kind.LIBRARY, Kind.UNKNOWN)
    assert "broken-yaml" in {one.check for one in found["broken"].findings}
    assert not [one for one in found["web"].findings if one.check == "broken-yaml"]


def test_one_role_alone(folder: Path) -> None:
    told = roles.assess_role(folder / "roles" / "web")
    assert (told.kind, told.software) == (Kind.STATELESS, ("nginx",))


def test_reports(found: dict[str, RoleAnswer]) -> None:
    told = roles.Answers(tuple(found.values()))
    listed = json.loads(render(told, "json", single=False))
    fields = "path kind software units ports data_dirs packages placement confidence evidence"
    assert set(fields.split()) <= set(listed[0])
    assert json.loads(render(roles.Answers((found["web"],)), "json", single=True))["kind"] == "stateless"
    assert "stateful" in render(told, "table", single=False)
    assert "| `roles/web` | stateless | deployment | 80, 443 | high |" in render(told, "markdown", single=False)


def test_a_profile_that_there_is_not(folder: Path) -> None:
    with pytest.raises(UsageError, match="no profile plan9"):
        roles.assess_role(folder / "roles" / "web", profile="plan9")
