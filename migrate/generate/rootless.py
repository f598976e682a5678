# SPDX-License-Identifier: Apache-2.0
"""Settings that only root can obey (chroot, setuid): a pod runs as nobody else from the start, so they go."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrate.generate.tasks import is_below
from migrate.model.product import Product

MARK = "# Only root could, and the container is not root from the start: "
SECTION = re.compile(r"^\[[^\]\n]+\]\s*$", re.MULTILINE)  # of a file in which `;` begins a comment, and `#` may not


def without_root(path: str, text: str, products: Iterable[Product | None]) -> tuple[str, list[str]]:
    """The text with such lines made comments, and a note for each; only in the products' own configuration."""
    patterns = [
        re.compile(pattern)
        for product in products
        if product and product.run and is_below(path, product.config)
        for pattern in product.run.root_only
    ]
    if not patterns:
        return text, []
    mark = f";{MARK[1:]}" if SECTION.search(text) else MARK
    lines, notes = [], []
    for line in text.splitlines(keepends=True):
        told = any(pattern.match(line.strip()) for pattern in patterns)
        lines.append(f"{line[: len(line) - len(line.lstrip())]}{mark}{line.lstrip()}" if told else line)
        notes += [f"line «{line.strip()}» is a comment now: only root can obey it"] if told else []
    return "".join(lines), notes
