# SPDX-License-Identifier: Apache-2.0
"""One door per third-party library: asking is here, understanding is elsewhere."""
