# SPDX-License-Identifier: Apache-2.0
"""A way from the outside world to a Service, and what is known of such ways."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from migrate.generate.haproxy import Check


class Route(msgspec.Struct, frozen=True, order=True):
    """A host of the outside world, and the Service and port that answer for it. `certificate` is a file of the VM."""

    host: str
    service: str
    port: int
    tls: bool = False
    backend_tls: bool = False
    certificate: str = ""
    source: str = ""
    bypassed: str = ""


class Routing(msgspec.Struct, frozen=True):
    """`routes` by the workload that declares them; `checks` are what balancers ask, by (environment, Service)."""

    routes: Mapping[str, tuple[Route, ...]] = {}
    checks: Mapping[tuple[str, str], tuple[Check, str]] = {}
