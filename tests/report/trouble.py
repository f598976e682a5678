# SPDX-License-Identifier: Apache-2.0
"""Findings of each severity: one alone, many alike, and one that makes the answer partial."""

from __future__ import annotations

from migrate.model.finding import Finding, Severity
from migrate.model.place import Place

FINDINGS = (
    Finding(
        "source-failed",
        "qemu+ssh://kvm2/system",
        "no answer in 30 seconds",
        "check that `virsh -c qemu+ssh://kvm2/system list` works, then run again",
        Severity.ERROR,
    ),
    *(
        Finding(
            "vault-locked",
            f"group_vars/app{number}.yml",
            "the file is encrypted and no password was given; its values stand in as tokens",
            "give --vault-password-file if the names of the variables matter",
            place=Place(f"inventories/production/group_vars/app{number}.yml", 1),
            environment="production",
        )
        for number in range(1, 41)
    ),
    Finding(
        "role-missing",
        "geerlingguy.nginx",
        "the role is not in the project",
        "ansible-galaxy install -r requirements.yml -p roles",
        place=Place("web.yml", 7),
        environment="production",
    ),
    Finding("facts-guessed", "web1", "facts come from the bundled profile debian12", severity=Severity.NOTE),
)
