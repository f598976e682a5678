# SPDX-License-Identifier: Apache-2.0
"""Files that we generate, each with where its contents came from."""

from __future__ import annotations

import msgspec


class Artifact(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """One generated file: `path` below the output folder, whole `text`, and `provenance`: field → source sentence."""

    path: str
    text: str
    provenance: dict[str, str] = {}
    executable: bool = False
