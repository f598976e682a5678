# SPDX-License-Identifier: Apache-2.0
"""Modules by what their tasks mean for an image, and why some mean nothing to it."""

from __future__ import annotations

from collections.abc import Mapping

PACKAGES, ACCOUNTS, PATHS, FILES, INSTALLS = "packages", "accounts", "paths", "files", "installs"
SOURCES, FETCHES, EDITS, COMMANDS, SETTINGS = "sources", "fetches", "edits", "commands", "settings"
POD, HOST, OTHER = "pod", "host", "other"

BUCKETS: Mapping[str, str] = {
    **dict.fromkeys(("apt", "package", "dnf", "dnf5", "yum", "apk"), PACKAGES),
    **dict.fromkeys(("user", "group"), ACCOUNTS),
    "file": PATHS,
    **dict.fromkeys(("copy", "template"), FILES),
    **dict.fromkeys(("pip", "npm", "gem"), INSTALLS),
    **dict.fromkeys(("apt_key", "apt_repository", "deb822_repository", "rpm_key", "yum_repository"), SOURCES),
    **dict.fromkeys(("get_url", "git", "unarchive"), FETCHES),
    **dict.fromkeys(("blockinfile", "ini_file", "lineinfile", "replace"), EDITS),
    **dict.fromkeys(("command", "shell", "raw"), COMMANDS),
    **dict.fromkeys(("alternatives", "apache2_module", "debconf", "dpkg_divert", "locale_gen", "timezone"), SETTINGS),
    **dict.fromkeys(("capabilities", "pam_limits", "sysctl"), POD),
}

SERVICE = "a container starts its process itself"
KERNEL = "the kernel belongs to the node"
ASKS = "it only asks the machine something"
CONTROL = "it steers the play and changes nothing on the machine"
REACHES = "it waits for or talks to something that runs, and nothing runs during a build"
NETWORK = "the network of a pod belongs to the cluster"
STORAGE = "disks and mounts are volumes of the pod"
CONTAINERS = "it manages containers"
HOST_OF: Mapping[str, str] = {
    **dict.fromkeys("service systemd systemd_service sysvinit supervisorctl runit monit".split(), SERVICE),
    **dict.fromkeys("modprobe seboolean selinux sefcontext selinux_permissive seport kernel_blacklist".split(), KERNEL),
    **dict.fromkeys(
        "fetch find gather_facts getent getent_facts package_facts ping service_facts setup slurp stat".split(), ASKS
    ),
    **dict.fromkeys(
        """add_host assert async_status debug fail group_by include_role include_tasks include_vars import_role
        import_tasks meta pause set_fact set_stats tempfile validate_argument_spec""".split(),
        CONTROL,
    ),
    **dict.fromkeys("uri wait_for wait_for_connection".split(), REACHES),
    **dict.fromkeys("firewalld firewalld_info hostname iptables nmcli known_hosts ufw nftables".split(), NETWORK),
    **dict.fromkeys("filesystem lvg lvol mount parted swap swapfile".split(), STORAGE),
    **dict.fromkeys("docker_container docker_network docker_volume docker_image podman_container".split(), CONTAINERS),
    "cron": "its command becomes a CronJob",
    "reboot": "an image is never running",
    "authorized_key": "nobody logs in to a container by ssh",
    "logrotate": "logs go to the output of the container",
    "dpkg_selections": "an image is built anew instead of upgraded",
}
BUCKETS = {**BUCKETS, **dict.fromkeys(HOST_OF, HOST)}

# Folder or file → why what is written there is no part of an image; the first that fits.
HOST_PLACES: Mapping[str, str] = {
    **dict.fromkeys(
        """/etc/systemd /lib/systemd /usr/lib/systemd /usr/local/lib/systemd /run/systemd /etc/init.d /etc/rc.d
        /etc/init /etc/supervisor /etc/supervisord.d /etc/supervisord.conf /etc/monit""".split(),
        "what it says of processes is in the pod",
    ),
    **dict.fromkeys(
        """/etc/cron.d /etc/cron.daily /etc/cron.hourly /etc/cron.monthly /etc/cron.weekly /var/spool/cron
        /etc/crontab""".split(),
        "its commands become CronJobs",
    ),
    **dict.fromkeys(
        """/etc/logrotate.d /etc/logrotate.conf /etc/rsyslog.d /etc/rsyslog.conf /etc/audit""".split(),
        "logs go to the output of the container",
    ),
    **dict.fromkeys(
        """/etc/sysctl.d /etc/sysctl.conf /etc/modules-load.d /etc/modprobe.d /etc/modules /etc/udev /etc/default/grub
        /etc/apparmor.d /proc /sys /dev""".split(),
        KERNEL,
    ),
    **dict.fromkeys(
        """/etc/fail2ban /etc/ufw /etc/nftables.d /etc/nftables.conf /etc/iptables /etc/network /etc/netplan /etc/hosts
        /etc/hostname /etc/resolv.conf""".split(),
        NETWORK,
    ),
    **dict.fromkeys(
        """/etc/sudoers.d /etc/sudoers /etc/ssh /root/.ssh /etc/security /etc/profile.d /etc/polkit-1 /etc/motd
        /etc/issue /etc/update-motd.d /etc/environment""".split(),
        "it is for people who log in, and nobody does",
    ),
    "/etc/tmpfiles.d": "its folders are empty volumes of the pod",
    "/etc/fstab": STORAGE,
    "/etc/ansible/facts.d": "it tells Ansible about the machine",
}
HOST_SUFFIXES = (".service", ".timer", ".socket", ".mount", ".target")
HANDLER = "a handler reacts to a change on a running machine"
DELEGATED = "it is done on another machine"
DESCRIBES = "it describes containers and is read outside of them"
