# SPDX-License-Identifier: GPL-3.0-or-later
"""The recording child: plays a project with ansible-core, noting every task instead of running it."""
