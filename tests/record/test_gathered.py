# SPDX-License-Identifier: Apache-2.0
"""Facts that Ansible gathered: which file is whose, what is left out of it, and what a project may not point at."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from migrate import pipeline
from migrate.errors import UsageError
from migrate.model.config import Config, Environment
from migrate.model.machine import Machine
from migrate.record.gathered import Broken, FactCache, fact_cache, from_cache, known_facts, own_cache
from migrate.report import json as report_json
from tests.engine.conftest import write


def cached(folder: Path, name: str, value: object) -> None:
    (folder / name).write_text(json.dumps(value), encoding="utf-8")


def test_cache_of_newer_ansible(tmp_path: Path) -> None:
    tagged = {
        "value": "Debian",
        "tags": [{"path": "/x", "__ansible_type": "Origin"}],
        "__ansible_type": "_AnsibleTaggedStr",
    }
    day = {"iso8601": "2025-01-01", "__ansible_type": "AnsibleSerializableDate"}
    facts = {
        "ansible_os_family": tagged,
        "since": {"value": day, "tags": [], "__ansible_type": "_AnsibleTaggedDate"},
        "token": {"value": "$ANSIBLE_VAULT;1.1", "tags": [], "__ansible_type": "EncryptedString"},
        "opened": {
            "value": "x",
            "tags": [{"__ansible_type": "SourceWasEncrypted"}],
            "__ansible_type": "_AnsibleTaggedStr",
        },
        "ansible_date_time": {"date": "2024-05-06"},
        "plain": {"value": 1, "tags": [2]},
    }
    cached(tmp_path, "s1_web1", {"__payload__": json.dumps(facts)})
    found = from_cache(FactCache(tmp_path, tmp_path.name), "web1")
    assert found is not None
    assert found.source == f"fact cache {tmp_path.name}/s1_web1 (gathered 2024-05-06)"
    assert found.values == {
        "ansible_os_family": "Debian",
        "since": "2025-01-01",
        "token": "",
        "opened": "",
        "ansible_date_time": {"date": "2024-05-06"},
        "plain": {"value": 1, "tags": [2]},
    }


def test_cache_of_older_ansible(tmp_path: Path) -> None:
    facts = {"ansible_os_family": {"__ansible_unsafe": "RedHat"}, "key": {"__ansible_vault": "$ANSIBLE_VAULT;1.1"}}
    cached(tmp_path, "pre_db1", facts)
    found = from_cache(FactCache(tmp_path, tmp_path.name, "pre_"), "db1")
    assert found is not None and found.values == {"ansible_os_family": "RedHat", "key": ""}
    assert found.source == f"fact cache {tmp_path.name}/pre_db1"
    assert from_cache(FactCache(tmp_path, tmp_path.name), "db1") is None


def test_tree_of_setup(tmp_path: Path) -> None:
    cached(tmp_path, "web1", {"ansible_facts": {"ansible_system": "Linux"}, "changed": False})
    found = from_cache(FactCache(tmp_path, tmp_path.name), "web1")
    assert found is not None and found.values == {"ansible_system": "Linux"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '"x"', '{"__payload__": "{"}', '{"__payload__": "[]"}', "[" * 100_000]
)
def test_a_broken_file_is_said_and_other_facts_are_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "web1").write_text(text, encoding="utf-8")
    told, findings = known_facts(FactCache(tmp_path, "facts"), Machine(name="web1"), "debian12", ())
    assert told.source.startswith("profile debian12")
    assert [finding.check for finding in findings] == ["broken-facts"]
    assert findings[0].remedy


def test_cache_stays_in_its_folder(tmp_path: Path) -> None:
    cached(tmp_path, "web1", {"ansible_system": "Linux"})
    (tmp_path / "cache").mkdir()
    for host in ("../web1", "", ".", "..", "web1\0"):
        assert from_cache(FactCache(tmp_path / "cache", "cache"), host) is None


GATHERED = {
    "ansible_distribution": "Rocky", "ansible_distribution_major_version": "9", "ansible_os_family": "RedHat",
    "ansible_pkg_mgr": "dnf", "ansible_hostname": "web1", "ansible_eth0": {"device": "eth0"},
    "ansible_date_time": {"date": "2025-02-03"}, "ansible_env": {"HOME": "/root", "API_TOKEN": "open-s3same"},
}  # fmt: skip


def test_a_cache_goes_over_the_profile_of_its_system(tmp_path: Path) -> None:
    cached(tmp_path, "s1_web1", GATHERED)
    told, findings = known_facts(FactCache(tmp_path, "facts"), Machine(name="web1"), "debian12", ())
    assert told.source == "fact cache facts/s1_web1 (gathered 2025-02-03)"
    assert (told.values["ansible_pkg_mgr"], findings) == ("dnf", [])
    assert told.values["ansible_selinux"], "a key that only the profile of Rocky 9 has"
    assert told.values["ansible_env"] == {"HOME": "/root"}


def test_a_machine_that_is_not_in_it_takes_what_a_twin_has_but_its_name(tmp_path: Path) -> None:
    cached(tmp_path, "web1", GATHERED)
    cache = FactCache(tmp_path, "facts")
    told, _ = known_facts(cache, Machine(name="web2"), "", ("web2", "web1"))
    assert told.source == "fact cache facts/web1 (gathered 2025-02-03), of a machine like it"
    assert (told.values["ansible_hostname"], told.values["ansible_pkg_mgr"]) == ("web2", "dnf")
    assert "ipv4" in told.values["ansible_eth0"]
    alias, _ = known_facts(cache, Machine(name="web9", aliases=("web1",)), "", ())
    assert alias.values["ansible_hostname"] == "web1"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("fact_caching = jsonfile\nfact_caching_connection = facts\nfact_caching_prefix = x_", "x_"),
        ("fact_caching = ansible.builtin.jsonfile\nfact_caching_connection = ./facts", ""),
        ("fact_caching = redis\nfact_caching_connection = facts", None),
        ("fact_caching = jsonfile\nfact_caching_connection = ../outside", None),
        ("fact_caching = jsonfile\nfact_caching_connection = /etc", None),
        ("fact_caching = jsonfile\nfact_caching_connection = ~/facts", None),
        ("fact_caching = jsonfile\nfact_caching_connection = link", None),
        ("fact_caching = jsonfile", None),
        ("[broken", None),
    ],
)
def test_a_project_points_only_into_itself(settings: str, expected: str | None, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "facts").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (project / "link").symlink_to(tmp_path / "outside")
    (project / "ansible.cfg").write_text(f"[defaults]\n{settings}\n")
    found = own_cache(project)
    assert (found.prefix if found else None) == expected


def test_a_link_in_a_cache_is_not_followed_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    cached(tmp_path, "secret", GATHERED)
    (tmp_path / "facts" / "web1").symlink_to(tmp_path / "secret")
    with pytest.raises(Broken):
        from_cache(FactCache(tmp_path / "facts", "facts"), "web1")


def test_a_folder_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        fact_cache("nowhere", tmp_path, tmp_path)
    assert caught.value.hint


def test_facts_of_the_cache_decide(tmp_path: Path) -> None:
    files = {
        "hosts": "web1\n",
        "ansible.cfg": "[defaults]\nfact_caching = jsonfile\nfact_caching_connection = facts\n",
        "site.yml": """
            - hosts: all
              tasks:
                - service: {name: "{{ 'httpd' if ansible_os_family == 'RedHat' else 'apache2' }}", state: started}
                - copy: {content: "{{ ansible_local.app.db_password }}", dest: /etc/app}
            """,
    }
    write(tmp_path, files)
    (tmp_path / "facts").mkdir()
    cached(tmp_path / "facts", "web1", GATHERED | {"ansible_local": {"app": {"db_password": "open-s3same"}}})
    time.sleep(0.05)

    def told() -> pipeline.Assessment:
        return pipeline.assess(
            Config(project=".", playbooks=("site.yml",), environments={"default": Environment(("hosts",))}), tmp_path
        )

    found = told()
    assert found.machines[0].facts_from == "fact cache facts/web1 (gathered 2025-02-03)"
    assert [one.software for one in found.workloads] == ["apache-httpd"]
    assert "httpd" in report_json.encode(found).decode()
    assert "open-s3same" not in report_json.encode(found).decode()
    cached(tmp_path / "facts", "web1", GATHERED | {"ansible_os_family": "Debian"})
    assert "apache2" in report_json.encode(told()).decode()
