# SPDX-License-Identifier: Apache-2.0
"""migrate: from VMs that Ansible configures to a hybrid of Kubernetes and VMs."""

__version__ = "0.1.0"
