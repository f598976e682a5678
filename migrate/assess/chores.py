# SPDX-License-Identifier: Apache-2.0
"""Chores of a host: modules, paths and commands that set up the machine itself, or only look at it."""

from __future__ import annotations

import re

from migrate.assess.cleaning import HARMLESS, pieces, target

LOOKING = frozenset(
    """stat slurp find debug assert fail wait_for wait_for_connection uri setup gather_facts service_facts package_facts
    getent set_fact include_vars pause meta fetch tempfile validate ping async_status set_stats validate_argument_spec
    ip_allocation console_allocation add_host group_by local_action""".split()
)
"""Modules that look, or keep things in the controller's memory."""

MODULES = frozenset(
    """reboot dpkg_divert debconf dpkg_selections alternatives update_alternatives locale_gen timezone hostname
    known_hosts sefcontext seboolean selinux selinux_permissive selogin seport iptables iptables_state pam_limits
    pamd capabilities acl crypttab mount filesystem lvg lvol parted kernel_blacklist modprobe sysctl interfaces_file
    nmcli nmstate_apply open_iscsi btrfs_subvolume xattr udev_rule ssh_config openssh_keypair rhsm_release
    rhsm_repository redhat_subscription yum_versionlock dnf_versionlock apt_rpm zypper_repository authselect cronvar
    bootc_manage virt_net virt_pool virt firewalld ufw nftables swapon sudoers java_cert""".split()
)
"""Modules whose work is the host's own setup."""

# Below /etc; a name without a slash at its end stands for all that begin with it.
ETC = """
    apt yum dnf zypp pki/rpm-gpg pki/ca-trust pki/consumer ca-certificates rhsm sysctl modprobe modules sudoers
    security/ pam ssh/ profile environment bash skel zsh hosts hostname host.conf gai.conf resolv nsswitch services
    protocols aliases fstab crypttab auto. motd issue login.defs securetty shells default/grub default/locale
    default/keyboard default/console default/useradd default/motd grub kernel dracut initramfs mkinitcpio udev network
    netplan NetworkManager sysconfig/network sysconfig/kernel sysconfig/clock sysconfig/selinux iproute2 systemd/system.
    systemd/logind systemd/journald systemd/resolved systemd/timesyncd systemd/networkd systemd/network/ systemd/user.
    systemd/sleep systemd/coredump tmpfiles.d logrotate locale timezone localtime adjtime selinux audit sysfs ld.so
    machine-info update-motd polkit dbus-1/ dpkg inputrc vim screenrc tmux libuser subuid subgid firewalld nftables
    iptables ufw ferm cloud/ rc.local cron.allow at.allow dhcp/dhclient iscsi multipath lvm mdadm smartd
""".split()
ELSEWHERE = """
    boot/ proc/ sys/ root/. usr/share/ca-certificates usr/local/share/ca-certificates lib/systemd/system-sleep
    usr/lib/sysctl
""".split()
COMMANDS = """
    sysctl modprobe update-initramfs dracut update-grub grub-mkconfig grub2-mkconfig update-ca-certificates
    update-ca-trust locale-gen localectl timedatectl hostnamectl setenforce semanage restorecon iptables ip6tables nft
    ufw firewall-cmd firewall-offline-cmd useradd usermod groupadd passwd visudo swapon swapoff mkswap fallocate mkfs
    parted wipefs lvcreate vgcreate pvcreate vgscan cryptsetup udevadm nmcli netplan ifup ifdown apt-get apt-key
    apt-mark dpkg rpm yum dnf subscription-manager update-alternatives update-java-alternatives alternatives authselect
    pam-auth-update shutdown reboot hwclock chronyc ntpdate tuned-adm racadm ipmitool dpkg-reconfigure
    debconf-set-selections chattr auditctl augenrules aide apparmor_parser journalctl loginctl virsh ovs-vsctl
    efibootmgr ssh-keyscan ssh-keygen logrotate unattended-upgrade needrestart updatedb
""".split()
SHELL_LOOKS = """
    cat grep egrep ls which whoami id uname test hostname getent findmnt mountpoint df dpkg-query apt-cache apt-config
    true echo readlink awk head tail stat lsmod lsblk blkid
""".split()
STRICT = r"^\s*(?:set(?: [-+]\S+| [a-z]+)*\s*(?:&&|;)\s*)?(?:\S*/)?"
PATH = re.compile("^/(?:etc/(?:" + "|".join(map(re.escape, ETC)) + ")|" + "|".join(map(re.escape, ELSEWHERE)) + ")")
COMMAND = re.compile(
    r"(?<![\w./-])(?:/\S+/)?(?:" + "|".join(map(re.escape, COMMANDS)) + r")(?![\w-])"
    r"|\bip (?:link|addr|route|rule)\b|\baa-\w+|\bsystemctl (?:daemon-re|mask|disable|stop|restart systemd-)"
)
KERNEL = re.compile(r">{1,2}\s*/(?:sys|proc)/")
MOVES = re.compile(r"(?:^|[\s;&|/])(?:cp|mv|install|tee|sed|ln|chmod|chown|rm)\s")
LOOKS = re.compile(
    STRICT + "(?:(?:" + "|".join(map(re.escape, SHELL_LOOKS)) + r")(?![\w-])|command -v|dpkg -s|rpm -q|sed -n|"
    r"ip (?:-\S+ )*(?:a|addr|route|link)\s*(?:show|$)|systemctl (?:is-|show|status|list-|cat|get-default)|"
    r"\S+ (?:--?version|-V|version|status|list|show|info|--help)\b)"
)


def about_path(path: str) -> bool:
    """True for a file that is part of the host's own setup."""
    return bool(PATH.match(path))


def about_command(text: str) -> bool:
    """True for a command that sets up the host, or that puts a file in its setup."""
    if COMMAND.search(text) or KERNEL.search(text):
        return True
    return bool(MOVES.search(text)) and any(about_path(word.strip("\"'")) for word in text.split())


def nothing_else(text: str) -> bool:
    """True for a job that sets up, tidies or looks at its host, and does nothing else."""
    found = [piece for piece in pieces(text) if not HARMLESS.match(piece) and not piece.startswith("sleep ")]
    if only_kernel(text):
        return True
    chores = [piece for piece in found if about_command(piece)]
    return bool(chores) and all(piece in chores or command_looks(piece) or target(piece) for piece in found)


def only_kernel(text: str) -> bool:
    """True when all that a command names is the kernel's: /sys and /proc."""
    named = [
        path for path in re.findall(r"(?<![\w.:])/[\w./*-]+", text) if not re.match("/(?:usr/)?s?bin/|/dev/null", path)
    ]
    return bool(named) and all(path.startswith(("/sys/", "/proc/")) for path in named)


def only_looks(module: str) -> bool:
    return module in LOOKING or module.endswith(("_info", "_facts"))


def command_looks(text: str) -> bool:
    """True for a command that only reads; one that also writes somewhere is none."""
    return bool(LOOKS.match(text)) and not re.search(r"(?<!2)>{1,2}\s*/(?!dev/null)", text)
