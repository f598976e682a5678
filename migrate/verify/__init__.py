# SPDX-License-Identifier: Apache-2.0
"""Generated files, tried: images built, pods started as they are described, probes and routes asked."""
