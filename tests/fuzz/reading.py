# SPDX-License-Identifier: Apache-2.0
"""Feeds what a fuzzer makes up to the engine as an inventory: whatever it is, it costs itself and nothing else.

    python tests/fuzz/reading.py SECONDS [FILE...]

The engine is locked in as ever, so that a forbidden event ends the run as well. Files replay one case each; what made
the engine fail is written to build/fuzz. The first byte of a case chooses the format.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
ENDINGS = ("yml", "ini", "toml", "json")
LONGEST, SLOWEST = 4096, 20


def reader(folder: str) -> Callable[[bytes], None]:
    """The engine's way from a file to hosts and classes, in this process, behind its lock."""
    with atheris.instrument_imports(include=["migrate", "ansible.inventory", "ansible.plugins.inventory"]):
        from migrate.engine.confine import lock
        from migrate.engine.gaps import Gaps
        from migrate.engine.inventory import Estate
        from migrate.engine.mending import mend
        from migrate.engine.reader import Reader
        from migrate.engine.taint import Taint
    from ansible.plugins.loader import init_plugin_loader

    refused: list[str] = []
    gaps = Gaps(folder)
    init_plugin_loader()
    mend(gaps, Taint())
    read_once(Path(folder), b"\0{}", Estate, Reader, Taint, gaps)  # what is imported late is imported now
    lock([folder], [folder], refused.append)

    def read(data: bytes) -> None:
        read_once(Path(folder), data, Estate, Reader, Taint, gaps)
        if refused:
            raise RuntimeError(f"the engine tried what it must not: {refused}")

    return read


def read_once(folder: Path, data: bytes, estate: type, load: type, taint: type, gaps: object) -> None:
    if len(data) < 2:
        return
    path = folder / f"hosts.{ENDINGS[data[0] % len(ENDINGS)]}"
    path.write_bytes(data[1:])
    hidden = taint()
    hosts, classes = estate([str(path)], load(gaps, hidden), gaps, hidden).hosts_and_classes()
    assert sum(len(made.members) for made in classes) == len(hosts)
    gaps.take()  # type: ignore[attr-defined]


def main() -> None:
    seconds, cases = sys.argv[1], sys.argv[2:]
    sys.path.insert(0, str(ROOT))
    from migrate.clients.engine import environment

    found = ROOT / "build" / "fuzz"
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.clear()
        os.environ.update(environment(folder))
        Path(folder, "ansible.cfg").touch()
        tempfile.tempdir = folder
        read = reader(folder)
        for case in cases:
            read(Path(case).read_bytes())
        if not cases:
            fresh = tempfile.mkdtemp()
            options = [
                f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SLOWEST}", "-rss_limit_mb=2048",
                f"-artifact_prefix={found}/", "-print_final_stats=1", "-verbosity=1", "-close_fd_mask=0",
            ]  # fmt: skip
            atheris.Setup([sys.argv[0], *options, fresh, str(CORPUS)], read)
            atheris.Fuzz()


if __name__ == "__main__":
    main()
