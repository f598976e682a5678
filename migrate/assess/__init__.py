# SPDX-License-Identifier: Apache-2.0
"""Workloads from recorded tasks, and a verdict on each with its evidence."""
