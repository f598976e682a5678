# SPDX-License-Identifier: Apache-2.0
"""The suffix that kustomize gives to the name of a ConfigMap, so that new contents replace pods."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

LENGTH = 10
# Letters and digits that make no words, as kubectl chose them.
SAFE = str.maketrans("013ae", "ghkmt")
# Go's encoding/json writes these as escapes.
ESCAPED_BY_GO = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def suffix(data: Mapping[str, str]) -> str:
    """kustomize leaves the name out of what it hashes (seen in 5.5 and 5.7), so the contents alone count."""
    told = {"data": dict(data), "kind": "ConfigMap", "name": ""}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).translate(ESCAPED_BY_GO)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH].translate(SAFE)
