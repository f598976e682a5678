# SPDX-License-Identifier: Apache-2.0
"""Base images that are the same distribution as the machine."""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import fnmatch

import msgspec

from migrate.generate import mirrors
from migrate.generate.estate import Estate
from migrate.model.workload import Workload

DEFAULT = "debian:bookworm-slim"
DEBIAN = {"10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie"}
# libosinfo short id → image; \1 is the version (major only where images have no minor).
IMAGES = (
    (r"ubuntu(\d+\.\d+).*", r"ubuntu:\1"),
    (r"rocky(?:linux)?-?(\d+).*", r"rockylinux:\1"),
    (r"alma(?:linux)?-?(\d+).*", r"almalinux:\1"),
    (r"rhel-?(\d+).*", r"registry.access.redhat.com/ubi\1/ubi"),
    (r"centos-stream-?(\d+).*", r"quay.io/centos/centos:stream\1"),
    (r"fedora-?(\d+).*", r"fedora:\1"),
    (r"(?:ol|oraclelinux)-?(\d+).*", r"oraclelinux:\1"),
    (r"amazonlinux-?(\d+).*", r"amazonlinux:\1"),
    (r"alpinelinux-?(\d+\.\d+).*", r"alpine:\1"),
)
APK_BASED = ("alpine",)
DNF_BASED = (
    "rocky",
    "alma",
    "centos",
    "fedora",
    "redhat",
    "rhel",
    "ubi8",
    "ubi9",
    "ubi10",
    "amazonlinux",
    "oraclelinux",
)
APT_BASED = ("debian", "ubuntu", "python", "node", "ruby", "php", "openjdk", "temurin")


class Base(msgspec.Struct, frozen=True):
    """A base image, its package family (apt, dnf or apk), where the choice comes from, what a person should know."""

    image: str
    family: str
    source: str
    problem: str = ""
    is_runtime: bool = False


def of(workload: Workload, estate: Estate) -> Base:
    """What migrate.yaml says, else the distribution of most machines, else Debian; as the mirror calls it."""
    found = _of(workload, estate)
    return msgspec.structs.replace(found, image=mirrors.image(found.image, estate.target.mirrors))


def _of(workload: Workload, estate: Estate) -> Base:
    given = estate.target.bases
    for name in (workload.id, workload.name):
        if name in given:
            return Base(given[name], family(given[name]), f"target.bases[{name}] of migrate.yaml")
    if estate.target.base_image:
        image = estate.target.base_image
        return Base(image, family(image), "target.base_image of migrate.yaml")
    systems = Counter(machine.os for machine in estate.machines_of(workload) if machine.os)
    if not systems:
        problem = f"The distribution of its machines is not known; the image starts from {DEFAULT}."
        return Base(DEFAULT, "apt", "default: no source knows the distribution", problem)
    most = min(systems, key=lambda system: (-systems[system], system))
    if runtime := _runtime(workload, estate, most):
        return Base(runtime, family(runtime), f"catalog: made of the same packages of {most}", is_runtime=True)
    image = given.get(most) or for_system(most)
    if not image:
        problem = f"No base image is known for {most}; {DEFAULT} is used."
        return Base(DEFAULT, "apt", f"default: no image is known for {most}", problem)
    others = sorted(systems.keys() - {most})
    problem = f"Its machines differ: {most} is used, others run {', '.join(others)}." if others else ""
    source = f"target.bases[{most}] of migrate.yaml" if most in given else f"distribution {most} of its machines"
    return Base(image, family(image), source, problem)


def _runtime(workload: Workload, estate: Estate, system: str) -> str:
    """The image of a product that is made of the same packages, where the role installs nothing but these."""
    product = estate.product(workload)
    if not estate.target.runtime_images or product is None or product.run is None:
        return ""
    alike = all(any(fnmatch(package, glob) for glob in product.packages) for package in workload.packages)
    return product.run.images.get(system, "") if alike else ""


def for_system(system: str) -> str:
    """libosinfo short id → image; "" where none is known."""
    debian = re.fullmatch(r"debian(\d+).*", system)
    if debian:
        return f"debian:{DEBIAN[debian[1]]}-slim" if debian[1] in DEBIAN else ""
    for pattern, image in IMAGES:
        match = re.fullmatch(pattern, system)
        if match:
            return match.expand(image)
    return ""


def family(image: str) -> str:
    """apt, dnf or apk, by the name of the image."""
    name = image.lower()
    if any(word in name for word in APK_BASED):
        return "apk"
    return "dnf" if any(word in name for word in DNF_BASED) and not any(word in name for word in APT_BASED) else "apt"
