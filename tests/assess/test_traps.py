# SPDX-License-Identifier: Apache-2.0
"""Traps from real projects: names that mislead, ports that are not listeners, one role several times, one VM's own
database.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from migrate import pipeline
from migrate.model.assessment import Assessment
from migrate.model.config import Config, Environment
from migrate.model.workload import Kind, Nature, Placement, Workload

FILES = {
    "hosts": """
        [stack]
        search-indexer1 ansible_host=10.5.0.11
        search-head1 ansible_host=10.5.0.12
        [web]
        web1 ansible_host=10.5.0.13
        [apps]
        app1 ansible_host=10.5.0.14
        [php]
        php1 ansible_host=10.5.0.15
    """,
    "site.yml": """
        - {hosts: stack, roles: [stack]}
        - hosts: web
          roles: [ghost, ntp, firewall, http_proxy, web]
        - hosts: apps
          roles:
            - {role: service, service_name: orders, service_port: 8101}
            - {role: service, service_name: billing, service_port: 8102}
            - {role: service, service_name: wiki, service_port: 8103}
            - local_database
        - {hosts: php, roles: [php_app]}
    """,
    "roles/stack/tasks/main.yml": """
        - apt: {name: elasticsearch}
          when: "'indexer' in inventory_hostname"
        - service: {name: elasticsearch, state: started}
          when: "'indexer' in inventory_hostname"
        - apt: {name: kibana}
          when: "'head' in inventory_hostname"
        - service: {name: kibana, state: started}
          when: "'head' in inventory_hostname"
    """,
    "roles/ghost/tasks/main.yml": "- apt: {name: gh-ost}\n",
    "roles/ntp/tasks/main.yml": """
        - apt: {name: ntp, state: absent}
        - service: {name: ntp, state: stopped, enabled: false}
    """,
    "roles/firewall/defaults/main.yml": "postgresql_port: 5432\nredis_port: 6379\n",
    "roles/firewall/tasks/main.yml": """
        - community.general.ufw: {rule: allow, port: "{{ item }}"}
          loop: ["{{ postgresql_port }}", "{{ redis_port }}"]
    """,
    "roles/http_proxy/tasks/main.yml": """
        - copy: {dest: /etc/profile.d/proxy.sh, content: "export http_proxy=http://proxy.example.org:3128"}
    """,
    "roles/web/tasks/main.yml": "- apt: {name: nginx}\n- service: {name: nginx, state: started}\n",
    "roles/service/tasks/main.yml": """
        - copy:
            dest: /etc/systemd/system/{{ service_name }}.service
            content: |
              [Service]
              ExecStart=/opt/{{ service_name }}/bin/{{ service_name }}d
              EnvironmentFile=/etc/{{ service_name }}.env
        - copy:
            dest: /etc/{{ service_name }}.env
            content: |
              PORT={{ service_port }}
              DATABASE_URL=postgres://localhost:5432/{{ service_name }}
        - systemd: {name: "{{ service_name }}", state: started}
    """,
    "roles/local_database/tasks/main.yml": """
        - apt: {name: postgresql}
        - service: {name: postgresql, state: started}
    """,
    "roles/php_app/tasks/main.yml": """
        - apt: {name: [apache2, libapache2-mod-php]}
        - git: {repo: "https://git.example.org/intranet.git", dest: /var/www/intranet}
        - copy: {dest: /var/www/intranet/config.php, content: "<?php $DB_HOST = 'db9.example.net';"}
        - service: {name: apache2, state: started}
    """,
}


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    root = tmp_path_factory.mktemp("traps")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    config = Config(project=".", playbooks=("site.yml",), environments={"default": Environment(inventories=("hosts",))})
    return pipeline.assess(config, root)


def on(assessment: Assessment, machine: str) -> dict[str, Workload]:
    return {one.name: one for one in assessment.workloads if machine in one.machines}


def test_a_role_called_like_an_application_installs_a_tool(assessment: Assessment) -> None:
    assert "ghost" not in {one.software for one in assessment.workloads}


def test_a_role_that_removes_what_it_is_called_after(assessment: Assessment) -> None:
    assert "ntp" not in on(assessment, "web1")


def test_ports_in_a_firewall_and_a_proxy_of_clients_are_no_listeners(assessment: Assessment) -> None:
    serving = [one for one in on(assessment, "web1").values() if one.kind is not Kind.PLUMBING]
    assert [one.name for one in serving] == ["nginx"]
    assert {port.number for port in serving[0].ports} == {80, 443}


def test_one_role_listed_three_times_makes_three_workloads(assessment: Assessment) -> None:
    found = on(assessment, "app1")
    assert {name: [port.number for port in found[name].ports] for name in ("orders", "billing", "wiki")} == {
        "orders": [8101],
        "billing": [8102],
        "wiki": [8103],
    }


def test_a_program_of_ones_own_is_not_the_product_of_that_name(assessment: Assessment) -> None:
    assert on(assessment, "app1")["wiki"].software == ""


def test_a_role_split_by_the_name_of_the_machine(assessment: Assessment) -> None:
    indexer, head = on(assessment, "search-indexer1"), on(assessment, "search-head1")
    assert {name: one.nature for name, one in indexer.items()} == {"elasticsearch": Nature.STATEFUL}
    assert {name: one.placement for name, one in head.items()} == {"kibana": Placement.DEPLOYMENT}


def test_localhost_is_another_workload_of_the_same_machine(assessment: Assessment) -> None:
    found = on(assessment, "app1")
    assert found["postgresql"].nature is Nature.STATEFUL
    assert ("postgresql", 5432) in {(edge.target, edge.port) for edge in found["orders"].edges}
    assert not [one for one in found.values() if one.nature is Nature.STATELESS and one.kind is not Kind.PLUMBING]


def test_code_in_a_web_server_is_not_stateless_because_its_database_is_elsewhere(assessment: Assessment) -> None:
    found = on(assessment, "php1")["apache-httpd"]
    assert (found.nature, found.placement) == (Nature.UNKNOWN, Placement.DECIDE)
    assert "runs code itself" in found.reason
