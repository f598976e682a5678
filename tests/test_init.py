# SPDX-License-Identifier: Apache-2.0
"""`migrate init`: what it finds in projects of several shapes, and that it writes what `config` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import config
from migrate.errors import FileError
from migrate.init import look, write

PLAY = "- hosts: all\n  tasks: []\n"


def made(folder: Path, **files: str) -> Path:
    """Files by path, with `__` for `/` and `_` before the suffix for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yml", ".yml").replace("_xml", ".xml").replace("_cfg", ".cfg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_folder_of_inventories(tmp_path: Path) -> None:
    files = {"ansible__site_yml": PLAY, "ansible__web_yml": PLAY, "ansible__roles__x__tasks__main_yml": "- debug:\n"}
    inventories = {
        "ansible__inventories__production__hosts": "a\n",
        "ansible__inventories__staging__hosts": "b\n",
        "ansible__inventories__production__group_vars__all_yml": "x: 1\n",
    }
    found = look(made(tmp_path, **files, **inventories))
    assert found.project == "ansible"
    assert found.playbooks == ["site.yml"]
    assert found.inventories == {
        "production": "ansible/inventories/production",
        "staging": "ansible/inventories/staging",
    }


def test_a_plain_project(tmp_path: Path) -> None:
    found = look(made(tmp_path, hosts="a\n", web_yml=PLAY, db_yml=PLAY, notes_yml="just: text\n"))
    assert (found.project, found.playbooks, found.inventories) == (".", ["db.yml", "web.yml"], {"default": "hosts"})


def test_the_inventory_of_ansible_cfg(tmp_path: Path) -> None:
    found = look(made(tmp_path, site_yml=PLAY, ansible_cfg="[defaults]\ninventory = machines.txt\n"))
    assert found.inventories == {"default": "machines.txt"}


def test_libvirt_files_go_with_the_environment_of_their_name(tmp_path: Path) -> None:
    files = {"site_yml": PLAY, "inventories__one__hosts": "a\n", "inventories__two__hosts": "b\n"}
    made(tmp_path, **files, vms__one_xml="<node/>", vms__other_xml="<html/>")
    write(tmp_path)
    environments = config.load(tmp_path / "migrate.yaml").environments
    assert {name: one.libvirt for name, one in environments.items()} == {"one": ("test:vms/one.xml",), "two": ()}


@pytest.mark.parametrize("name", ["a b", "it's", "yes", "1.0", "#x", "a: b"])
def test_odd_names_are_quoted(tmp_path: Path, name: str) -> None:
    made(tmp_path / name, site_yml=PLAY, hosts="a\n")
    write(tmp_path)
    assert config.load(tmp_path / "migrate.yaml").project == name


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no inventory and no playbook"):
        write(tmp_path)


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    made(tmp_path, site_yml=PLAY, hosts="a\n", migrate_yml="mine\n")
    (tmp_path / "migrate.yaml").write_text("mine\n")
    with pytest.raises(FileError, match="exists"):
        write(tmp_path)
    write(tmp_path, force=True)
    assert (tmp_path / "migrate.yaml").read_text().startswith("# What migrate reads")


def test_broken_files_cost_nothing(tmp_path: Path) -> None:
    made(tmp_path, site_yml=PLAY, hosts="a\n", broken_yml="- [", odd_yml="\udcff".encode("utf-8", "replace").decode())
    (tmp_path / "dangling.yml").symlink_to("nowhere.yml")
    (tmp_path / "bad.xml").symlink_to("nowhere.xml")
    assert look(tmp_path).playbooks == ["site.yml"]


def test_playbooks_that_the_first_does_not_import_stand_as_comments(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("web1\n")
    (tmp_path / "site.yml").write_text("- import_playbook: web.yml\n")
    (tmp_path / "web.yml").write_text("- {hosts: all, tasks: []}\n")
    (tmp_path / "db.yml").write_text("- {hosts: all, tasks: []}\n")
    assert "1 more playbooks" in write(tmp_path)
    lines = (tmp_path / "migrate.yaml").read_text().splitlines()
    assert "  - site.yml" in lines
    assert "  # - db.yml" in lines
    assert not any("web.yml" in line for line in lines)


def test_a_folder_with_group_vars_is_one_inventory(tmp_path: Path) -> None:
    (tmp_path / "inventory" / "group_vars").mkdir(parents=True)
    (tmp_path / "inventory" / "hosts").write_text("web1\n")
    (tmp_path / "inventory" / "groups").write_text("[web]\nweb1\n")
    (tmp_path / "site.yml").write_text("- {hosts: all, tasks: []}\n")
    assert look(tmp_path).inventories == {"default": "inventory"}
