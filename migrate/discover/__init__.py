# SPDX-License-Identifier: Apache-2.0
"""Machines: each source (inventory, hypervisor) tells what it sees, and the sightings of one machine are joined.

A source is one module with a function `discover(…) -> tuple[list[Machine], list[Finding]]`, whose asking is done by its
door in `migrate.clients`; `fleet.join` takes the sightings of all of them.
"""
