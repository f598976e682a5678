# SPDX-License-Identifier: Apache-2.0
"""Tasks that belong to a workload though another role, or no role, has them."""

from __future__ import annotations

import pytest

from migrate import catalog
from migrate.assess.belonging import is_inside, reached, runtimes, writers
from migrate.catalog import Index
from migrate.model.place import Place
from migrate.model.task import RecordedTask, RenderedFile
from migrate.model.workload import Unit

INDEX = Index(catalog.load())


def task(module: str, **args: object) -> RecordedTask:
    file = RenderedFile(dest=str(args["dest"]), text="x") if module == "copy" else None
    return RecordedTask("web1", f"ansible.builtin.{module}", args=args, place=Place("a.yml", 1), file=file)


def test_the_runtime_of_a_command_comes_with_it() -> None:
    installs = [task("apt", name="nodejs"), task("apt", name="python3"), task("apt", name="redis-server")]
    assert runtimes([Unit("app", command="-/usr/bin/node /srv/app/app.js")], installs, INDEX) == installs[:1]
    assert not runtimes([Unit("app", command="/usr/local/bin/app"), Unit("none")], installs, INDEX)


def test_files_in_the_directory_of_a_unit_come_with_it() -> None:
    files = [task("copy", dest="/srv/app/app.py"), task("copy", dest="/srv/other/app.py")]
    assert reached([Unit("app", command="gunicorn", directory="/srv/app")], [], writers(files)) == files[:1]


@pytest.mark.parametrize("directory", ["", "/", "/srv", "/var/lib", "/var/www/"])
def test_directories_of_many_say_nothing(directory: str) -> None:
    assert not is_inside("/var/lib/app/file", directory) and not is_inside("/srv/app/file", directory)
