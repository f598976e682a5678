# SPDX-License-Identifier: Apache-2.0
"""Plays recorded on one machine of each class, with facts that fit it."""
