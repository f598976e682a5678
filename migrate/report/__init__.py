# SPDX-License-Identifier: Apache-2.0
"""What people and programs read: the assessment as a table, a sentence, one workload explained, Markdown and JSON."""
