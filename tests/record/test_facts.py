# SPDX-License-Identifier: Apache-2.0
"""Facts: every profile is whole, the nearest is chosen, a machine brings its identity, Ansible's cache is read."""

import json
import re
from pathlib import Path

import pytest

from migrate.model.machine import Disk, Machine, Nic
from migrate.record import facts as module
from migrate.record.facts import facts_for, human, profile, profiles

ASKED_FOR = """debian11 debian12 debian13 ubuntu20.04 ubuntu22.04 ubuntu24.04 rhel7 rhel8 rhel9 rhel10 centos7
rocky8 rocky9 rocky10 almalinux8 almalinux9 almalinux10 alpine3.20 opensuse15.6""".split()
OF_SOME = {
    "ansible_distribution_file_search_string",  # RHEL, Oracle Linux
    "ansible_distribution_minor_version",  # Debian
}
FOLDER = Path(module.__file__).parent / "profiles"


def test_profiles_are_there() -> None:
    assert set(ASKED_FOR) <= set(profiles())


def test_every_extends_resolves_and_every_without_removes() -> None:
    for file in FOLDER.glob("*.json"):
        written = json.loads(file.read_text(encoding="utf-8"))
        assert set(written) <= {"extends", "without", "facts"}, file.name
        below = module._values(written["extends"]) if "extends" in written else {}
        assert set(written.get("without", [])) <= set(below), file.name
        assert list(written["facts"]) == sorted(written["facts"]), file.name


@pytest.mark.parametrize("name", profiles())
def test_profile_is_whole(name: str) -> None:
    values, model = profile(name).values, profile("debian12").values
    assert set(values) - OF_SOME == set(model) - OF_SOME
    for key in set(model) - OF_SOME - {"ansible_lvm"}:
        assert type(values[key]) is type(model[key]), key
    version = values["ansible_distribution_version"]
    assert version.split(".")[0] == values["ansible_distribution_major_version"]
    assert values["ansible_python_version"] == ".".join(map(str, values["ansible_python"]["version_info"][:3]))
    assert values["ansible_python"]["executable"] == values["discovered_interpreter_python"]
    assert values["ansible_date_time"]["iso8601"] == "2025-01-01T00:00:00Z"
    assert profile(name).source == f"profile {name} (the hypervisor says {name})"


@pytest.mark.parametrize("name", profiles())
def test_partitions_fit_the_disk_and_bear_the_mounts(name: str) -> None:
    values = profile(name).values
    disk = values["ansible_devices"]["vda"]
    assert {mount["device"].removeprefix("/dev/") for mount in values["ansible_mounts"]} <= set(disk["partitions"])
    taken = sorted((int(part["start"]), part["sectors"]) for part in disk["partitions"].values())
    ends = [start + sectors for start, sectors in taken]
    assert all(end <= start for end, (start, _) in zip(ends, taken[1:], strict=False))
    assert ends[-1] < disk["sectors"]
    assert all(part["size"] == human(part["sectors"] * 512) for part in disk["partitions"].values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("debian11", "Debian Debian 11 bullseye apt 3.9"),
        ("debian12", "Debian Debian 12 bookworm apt 3.11"),
        ("debian13", "Debian Debian 13 trixie apt 3.13"),
        ("ubuntu20.04", "Debian Ubuntu 20 focal apt 3.8"),
        ("ubuntu22.04", "Debian Ubuntu 22 jammy apt 3.10"),
        ("ubuntu24.04", "Debian Ubuntu 24 noble apt 3.12"),
        ("rhel7", "RedHat RedHat 7 Maipo yum 2.7"),
        ("centos7", "RedHat CentOS 7 Core yum 2.7"),
        ("rhel8", "RedHat RedHat 8 Ootpa dnf 3.6"),
        ("rocky8", "RedHat Rocky 8 Green Obsidian dnf 3.6"),
        ("rhel9", "RedHat RedHat 9 Plow dnf 3.9"),
        ("rocky9", "RedHat Rocky 9 Blue Onyx dnf 3.9"),
        ("almalinux9", "RedHat AlmaLinux 9 Teal Serval dnf 3.9"),
        ("rhel10", "RedHat RedHat 10 Coughlan dnf 3.12"),
        ("rocky10", "RedHat Rocky 10 Red Quartz dnf 3.12"),
        ("centos-stream9", "RedHat CentOS 9 Stream dnf 3.9"),
        ("alpine3.20", "Alpine Alpine 3 NA apk 3.12"),
        ("opensuse15.6", "Suse openSUSE Leap 15 6 zypper 3.6"),
    ],
)
def test_values_that_roles_branch_on(name: str, expected: str) -> None:
    values = profile(name).values
    keys = "os_family distribution distribution_major_version distribution_release pkg_mgr".split()
    python = values["ansible_python_version"].rpartition(".")[0]
    assert " ".join([*(values[f"ansible_{key}"] for key in keys), python]) == expected


def test_red_hat_differs_from_its_rebuilds() -> None:
    key = "ansible_distribution_file_search_string"
    assert profile("rhel9").values[key] == "Red Hat"
    assert key not in profile("rocky9").values
    assert profile("rhel9").values["ansible_selinux"]["mode"] == "enforcing"
    assert profile("debian12").values["ansible_selinux"] == {"status": "disabled"}
    assert set(profile("rhel9").values["ansible_devices"]["vda"]["partitions"]) == {"vda1", "vda2", "vda3", "vda4"}


@pytest.mark.parametrize(
    ("os", "name"),
    [
        ("rhel9.4", "rhel9"),
        ("rhel9-unknown", "rhel9"),
        ("rhel11", "rhel10"),
        ("rhel6.10", "rhel7"),
        ("centos7.0", "centos7"),
        ("centos-stream9", "centos-stream9"),
        ("ol7.9", "rhel7"),
        ("scientificlinux7.5", "rhel7"),
        ("rocky9.2", "rocky9"),
        ("ubuntu22.10", "ubuntu22.04"),
        ("ubuntu25.04", "ubuntu24.04"),
        ("Ubuntu24.04", "ubuntu24.04"),
        ("debian9", "debian10"),
        ("debiantesting", "debian13"),
        ("debian", "debian13"),
        ("alpinelinux3.19", "alpine3.20"),
        ("sles15sp6", "sles15"),
        ("opensuse-tumbleweed", "opensuse15.6"),
        ("win2k22", "debian12"),
        ("freebsd14.0", "debian12"),
        ("../../etc/passwd", "debian12"),
        ("²", "debian12"),
    ],
)
def test_nearest_profile(os: str, name: str) -> None:
    found = profile(os)
    assert found.values == profile(name).values
    assert found.source.startswith(f"profile {name} (the hypervisor says {os}")


def test_source_says_why() -> None:
    assert profile("").source == "profile debian12 (nothing says which system it runs)"
    assert profile("rhel9.4").source == "profile rhel9 (the hypervisor says rhel9.4)"
    assert profile("rhel11").source == "profile rhel10 (the hypervisor says rhel11, whose nearest profile is this)"
    assert profile("win2k22").source == "profile debian12 (the hypervisor says win2k22, which no profile is like)"
    assert facts_for(Machine("web1"), guess="rocky9").source == "profile rocky9 (a guess says rocky9)"
    assert facts_for(Machine("web1", os="debian13"), guess="rocky9").source.startswith("profile debian13 (the hyp")


def test_callers_share_nothing() -> None:
    profile("debian12").values["ansible_dns"]["nameservers"].append("spoilt")
    facts_for(Machine("web1", os="debian12")).values["ansible_eth0"].clear()
    assert profile("debian12").values["ansible_dns"]["nameservers"] == ["192.0.2.1"]
    assert profile("debian12").values["ansible_eth0"]["device"] == "eth0"


WEB = Machine(
    "web1.example.org",
    addresses=("10.1.2.3", "fd00::3", "10.9.0.3"),
    uuid="11111111-2222-3333-4444-555555555555",
    vcpus=4,
    memory=8 << 30,
    os="ubuntu24.04",
    disks=(Disk("sda", capacity=50 << 30, boot=True), Disk("sdb", capacity=1 << 40), Disk("sr0", readonly=True)),
    nics=(Nic("52:54:00:ab:cd:ef"), Nic("52:54:00:ab:cd:f0", addresses=("10.9.0.3",))),
)


def test_machine_brings_its_names_and_size() -> None:
    values = facts_for(WEB).values
    assert [values[f"ansible_{key}"] for key in ("hostname", "nodename", "fqdn", "domain")] == [
        "web1",
        "web1",
        "web1.example.org",
        "example.org",
    ]
    assert values["ansible_dns"]["search"] == ["example.org"]
    assert values["ansible_processor_vcpus"] == values["ansible_processor_nproc"] == 4
    assert len(values["ansible_processor"]) == 12
    assert values["ansible_memtotal_mb"] == values["ansible_memory_mb"]["real"]["total"] == 8192
    assert values["ansible_product_uuid"] == WEB.uuid


def test_machine_brings_its_addresses() -> None:
    values = facts_for(WEB).values
    default = values["ansible_default_ipv4"]
    assert default["address"] == values["ansible_eth0"]["ipv4"]["address"] == "10.1.2.3"
    assert (default["network"], default["netmask"], default["broadcast"]) == ("10.1.2.0", "255.255.255.0", "10.1.2.255")
    assert (default["gateway"], default["macaddress"]) == ("10.1.2.1", "52:54:00:ab:cd:ef")
    assert values["ansible_default_ipv6"]["address"] == "fd00::3"
    assert values["ansible_all_ipv4_addresses"] == ["10.1.2.3", "10.9.0.3"]
    assert values["ansible_interfaces"] == ["lo", "eth0", "eth1"]
    assert values["ansible_eth1"]["ipv4"]["address"] == "10.9.0.3"
    assert values["ansible_eth0"]["ipv6"][-1]["address"] == "fe80::5054:ff:feab:cdef"
    assert "192.0.2.10" not in json.dumps(values)


def test_machine_brings_its_disks() -> None:
    values = facts_for(WEB).values
    devices = values["ansible_devices"]
    assert {name: disk["size"] for name, disk in devices.items()} == {"sda": "50.00 GB", "sdb": "1.00 TB"}
    assert sorted(devices["sda"]["partitions"]) == ["sda1", "sda14", "sda15"]
    assert devices["sdb"]["partitions"] == {}
    assert devices["sda"]["partitions"]["sda1"]["size"] == "49.87 GB"
    root = values["ansible_mounts"][0]
    assert (root["mount"], root["device"], root["size_total"] >> 30) == ("/", "/dev/sda1", 49)
    assert "vda" not in json.dumps([devices, values["ansible_mounts"]])


def test_a_machine_of_which_little_is_known() -> None:
    values, plain = facts_for(Machine("web1")).values, profile("").values
    differing = {key for key in values if values[key] != plain[key]}
    assert differing == {"ansible_fqdn", "ansible_hostname", "ansible_nodename"}
    odd = facts_for(Machine("10.0.0.7", disks=(Disk(""), Disk("/dev/vdb")), nics=(Nic(""), Nic("")))).values
    assert odd["ansible_hostname"] == "ip-10-0-0-7"
    assert sorted(odd["ansible_devices"]) == ["vda", "vdb"]
    assert "ipv4" not in odd["ansible_eth1"]
    named = facts_for(Machine("10.0.0.7", aliases=("db1", "db1.example.org"))).values
    assert (named["ansible_hostname"], named["ansible_fqdn"]) == ("db1", "db1.example.org")


@pytest.mark.parametrize("size", [0, 511, 1024, 5 << 20, 20 << 30, 3 << 40])
def test_sizes_as_ansible_prints_them(size: int) -> None:
    assert re.fullmatch(r"\d+\.\d\d (Bytes|KB|MB|GB|TB)", human(size))
