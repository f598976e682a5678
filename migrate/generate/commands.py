# SPDX-License-Identifier: Apache-2.0
"""What commands of a role are about: the host, a running service, a question, or the software of an image."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping

from migrate.model.task import RecordedTask

READERS = frozenset(
    """awk cat cmp command cut date df diff dig dpkg-query du echo egrep env false fgrep file find free getconf getent
    grep groups head hostname id ip ls lsb_release lscpu md5sum netstat nproc nslookup pgrep ps pwd readlink realpath
    rpm sha256sum sort ss stat strings tail test tr true type uname uniq uptime wc which whereis whoami xargs""".split()
)
ASKING_OPTIONS = re.compile(r"^(--?version|-[vV]|--help|-h|status|list|show|info|is-active|is-enabled)$")
CHANGING = re.compile(r"(?<![0-9&<>|=-])>(?!&|\s*/dev/(?:null|std))|\b(?:tee|-delete|-exec|-i\b|sed -i)\b")
OF_THE_HOST: Mapping[str, str] = {
    **dict.fromkeys(
        """systemctl service initctl rc-service rc-update update-rc.d chkconfig invoke-rc.d supervisorctl monit
        /etc/init.d start-stop-daemon loginctl journalctl systemd-tmpfiles pkill kill killall""".split(),
        "a container starts its process itself",
    ),
    **dict.fromkeys(
        "modprobe sysctl swapon swapoff mkswap depmod grub-mkconfig update-grub update-initramfs dracut".split(),
        "the kernel belongs to the node",
    ),
    **dict.fromkeys("mount umount lvcreate vgcreate pvcreate mkfs parted".split(), "disks are volumes of the pod"),
    **dict.fromkeys(
        "iptables ip6tables ufw firewall-cmd nft ifup ifdown netplan hostnamectl nmcli".split(),
        "the network of a pod belongs to the cluster",
    ),
    **dict.fromkeys(
        "setenforce semanage restorecon setsebool getenforce chcon".split(), "the kernel belongs to the node"
    ),
    **dict.fromkeys("reboot shutdown poweroff halt".split(), "an image is never running"),
    **dict.fromkeys("docker podman kubectl helm docker-compose crictl".split(), "it manages containers"),
    **dict.fromkeys("timedatectl localectl".split(), "it asks a daemon of the host"),
}
TO_A_SERVER = re.compile(
    r"\b(?:mysql|mysqladmin|mariadb|psql|createdb|createuser|dropdb|pg_\w+|redis-cli|mongo|mongosh|rabbitmqctl|"
    r"rabbitmq-plugins|ldapadd|ldapmodify|occ|wp|drush|consul|vault|etcdctl|nomad|influx|clickhouse-client|kafka-\w+)\b"
    r"|\b(?:migrate|db:\w+|syncdb|db upgrade|loaddata|createsuperuser|upgradedb|initdb)\b"
    r"|\b(?:localhost|127\.0\.0\.1)\b"
)
WRAPPERS = frozenset("sudo exec nohup time nice ionice timeout env".split())


def no_business(task: RecordedTask) -> str:
    """Why a command has no place in an image; "" where it may have one."""
    if task.asks:
        return "the role says that it changes nothing"
    line = _unquoted(text(task))
    programs = [_program(part) for part in re.split(r"&&|\|\||;|\n", line) if part.strip()]
    for program in programs:
        for name in (posixpath.basename(program), posixpath.dirname(program)):
            if name in OF_THE_HOST:
                return OF_THE_HOST[name]
    if programs and _only_asks(line):
        return "it only asks the machine something"
    return ""


def needs_a_server(task: RecordedTask) -> str:
    """Why a command can only be run beside the running application; "" where it may run in a build."""
    if TO_A_SERVER.search(text(task)):
        return "it talks to a service that runs: make it a Job, or do it once by hand"
    return ""


def text(task: RecordedTask) -> str:
    """The command line, as one text."""
    given = task.args.get("argv")
    if isinstance(given, list):
        return shlex.join(map(str, given))
    return str(task.args.get("cmd") or task.args.get("_raw_params") or "")


def paths(task: RecordedTask) -> list[str]:
    """The absolute paths that a command names, but for the program itself."""
    words = text(task).split()[1:]
    return [word.strip("'\"") for word in words if word.strip("'\"").startswith("/") and len(word) > 1]


def _unquoted(line: str) -> str:
    """Without what stands in quotes, where `;` and `|` mean something else."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "''", line)


def _program(part: str) -> str:
    """The first word that is a program; "" where there is none."""
    words = part.strip().lstrip("({!").split()
    while words and (words[0] in WRAPPERS or "=" in words[0] or words[0] in {"if", "then", "do", "set", "while"}):
        words = words[1:] if words[0] != "set" else []
    return words[0] if words else ""


def _only_asks(line: str) -> bool:
    """Whether all programs of a line only read, and nothing is written to a file."""
    if CHANGING.search(line):
        return False
    for part in re.split(r"&&|\|\||\||;|\n", line):
        words = part.split()
        program = posixpath.basename(_program(part))
        asks = len(words) > 1 and any(ASKING_OPTIONS.match(word) for word in words[1:3])
        if program and program not in READERS and not asks:
            return False
    return True
