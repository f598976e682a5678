# SPDX-License-Identifier: Apache-2.0
"""Rules about plumbing that is more than plumbing: what takes in the logs of other machines keeps them.

Sources: rsyslog.com/doc (imtcp, imudp, imrelp), syslog-ng's guide (network source), systemd-journal-remote(8), docs of
Fluentd, Fluent Bit and Vector about writing to files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.assess.rules import Seen, rule, seen
from migrate.assess.rules.settings import uncommented
from migrate.assess.subject import Subject
from migrate.model.workload import Kind, Points

TAKES_IN = re.compile(
    r"\b(?:load|type)\s*=\s*\"im(?:p?tcp|udp|relp)\"|\$ModLoad\s+im(?:p?tcp|udp|relp)\b|\$(?:Input)?(?:TCP|UDP|RELP)ServerRun\b|"
    r"\bsource\s+\S+\s*\{[^}]*?\b(?:network|tcp6?|udp6?|syslog)\s*\([^)]*",
    re.IGNORECASE,
)
ONLY_HERE = re.compile(
    r"(?:\b(?:address|ip|localip)\s*[=(]\s*|\$UDPServerAddress\s+)\"?(?:127\.|localhost|::1)", re.IGNORECASE
)
WRITES = re.compile(
    r"<match[^>]*>\s*@?type\s+file\b|\[OUTPUT\]\s+Name\s+file\b|\[sinks\.[^\]]+\][^\[]*?\btype\s*=\s*[\"']file[\"']",
    re.IGNORECASE,
)
ADVICE = "Logs of other machines are kept here: ship them to a store in the cluster first, or keep the machine."


@rule(Points.STATEFUL, advice=ADVICE)
def central_logs(subject: Subject) -> Iterator[Seen]:
    """A log daemon that listens for other machines, or writes what it collects to files."""
    if subject.product is None or subject.product.kind is not Kind.PLUMBING:
        return
    for start in subject.draft.starts:
        if start.running and start.name.startswith("systemd-journal-remote"):
            yield seen(start.task, "it takes in the journals of other machines (systemd-journal-remote)")
    for task, text in subject.texts():
        clean = uncommented(text)
        if (found := TAKES_IN.search(clean)) and not ONLY_HERE.search(clean):
            yield seen(task, f"it takes in the logs of other machines: {' '.join(found[0].split())[:60]}")
        if found := WRITES.search(clean):
            yield seen(task, f"it writes the logs that it collects to files: {' '.join(found[0].split())[-40:]}")
