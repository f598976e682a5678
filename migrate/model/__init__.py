# SPDX-License-Identifier: Apache-2.0
"""The nouns: frozen values that stages hand to one another; they import nothing but each other."""
