# SPDX-License-Identifier: Apache-2.0
"""All rules in their own order, before a test imports one module of them."""

from __future__ import annotations

from migrate.assess.assess import RULE_MODULES

assert RULE_MODULES
