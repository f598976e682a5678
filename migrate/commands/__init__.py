# SPDX-License-Identifier: Apache-2.0
"""What the commands of the command line do, once their options are parsed."""
