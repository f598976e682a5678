# SPDX-License-Identifier: Apache-2.0
"""No secret's value in any file: by where it stands, by what its name says, by what it looks like."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from migrate.check.checks import Fault, check, of_container
from migrate.check.reach import strings, table, tables, text
from migrate.check.scene import Object, Scene
from migrate.model.finding import Severity

WORDS = r"(?:passw(?:or)?d|passphrase|secret|token|bearer|api_?key|private_?key|access_?key|credentials?)"
SECRET_NAME = re.compile(rf"(?:^|[_\-.]){WORDS}(?:s|_?\d+)?$|^AZURE_.+KEY$|^OCI_CLI_KEY_CONTENT$", re.IGNORECASE)
# A path, a name of a variable or of a Secret is how a program is told where its secret is.
HARMLESS = re.compile(
    r"|[/$].*|\$\{?\w+\}?|<[^>]*>|\{\{.*|(?i:true|false|yes|no|none|null|on|off|\d{1,4}|required|optional|changeme|example)"
)
ASSIGNED = re.compile(
    rf"(?im)^[ \t]*[\"']?(?P<key>[\w.\-]*{WORDS})[\"']?[ \t]*(?:=>|[=:])[ \t]*[\"']?(?P<value>[^\s\"',;#]+)"
)
ENGINE_TOKEN = re.compile(r"mg(?:sec|need|unk)_\w*?_[0-9a-f]{6}_x", re.IGNORECASE)
SHAPES = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a JSON web token": re.compile(r"\beyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*"),
    "an access key": re.compile(r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|glpat-[\w\-]{20,}|xox[abprs]-[\w-]{10,})"),
    "a password hash": re.compile(r"\$(?:apr1|2[aby]|[156]|y)\$[./\w$]{8,}"),
    "a password in an address": re.compile(r"\w+://[^\s/:@\"'<>$]+:(?!\$|<)[^\s/@\"'<>{}$]{4,}@"),
    "a login": re.compile(r"(?i)authorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer)\s+[\w+/=.-]{12,}"),
    "ciphertext of ansible-vault": re.compile(r"\$ANSIBLE_VAULT;"),
    "a token of migrate that was not filled in": ENGINE_TOKEN,
}
RANDOM_BITS, RANDOM_LENGTH = 3.6, 20
PLACEHOLDER = re.compile(r"<[^>]*>|\$\{?\w+\}?|(?i:change.?me|todo|xxx+|placeholder)")


@check(
    Severity.ERROR,
    remedy="Move the value into a Secret that is not kept here, and refer to it by secretKeyRef or a mounted file.",
    asked_by="kube-linter:env-var-secret kube-linter:configmap-with-credentials polaris:sensitiveContainerEnvVar "
    "polaris:sensitiveConfigmapContent",
)
def secret_value(scene: Scene) -> Iterator[Fault]:
    for one in scene.objects:
        if one.kind == "Secret":
            yield from _of_secret(one)
        elif one.kind == "ConfigMap":
            yield from _of_config_map(one)
        elif one.kind != "SealedSecret":
            yield from _shapes(one, "", one.data)
    for one in scene.examples:
        yield from _of_secret(one)
    for pod in scene.pods:
        for each in pod.containers:
            for index, entry in enumerate(tables(each.data.get("env"))):
                if betrays(text(entry.get("name")), text(entry.get("value"))):
                    yield of_container(pod, each, f"env[{index}]", f"{entry['name']} has its value written out")


def betrays(name: str, value: str) -> bool:
    """Whether a name says secret, and the value is one."""
    return bool(value and SECRET_NAME.search(name) and not HARMLESS.fullmatch(value))


def _of_secret(one: Object) -> Iterator[Fault]:
    """Skeletons say what belongs there; anything else is a secret in version control."""
    for field in ("data", "stringData"):
        for key, value in table(one.get(field)).items():
            if value and (field == "data" or not PLACEHOLDER.search(str(value))) and not _is_plain(str(value), field):
                yield Fault(one, f"{field}.{key}", f"{key} has its value written out")


def _is_plain(value: str, field: str) -> bool:
    """Text around placeholders, and settings that stand beside secrets, are none themselves."""
    return field == "stringData" and not _random(value) and not any(shape.search(value) for shape in SHAPES.values())


def _of_config_map(one: Object) -> Iterator[Fault]:
    for key, value in table(one.get("data")).items():
        at = f"data.{key}"
        if betrays(str(key), str(value)):
            yield Fault(one, at, f"{key} has its value written out")
        found = sorted({match["key"] for match in ASSIGNED.finditer(str(value)) if _is_secret(match)})
        if found:
            yield Fault(one, at, f"{', '.join(found)} in {key} has its value written out")
        yield from _shapes(one, at, value)


def _is_secret(match: re.Match[str]) -> bool:
    return not HARMLESS.fullmatch(match["value"]) and (len(match["value"]) >= 8 or _random(match["value"]))


def _shapes(one: Object, at: str, value: object) -> Iterator[Fault]:
    for found in strings(value):
        for what, shape in SHAPES.items():
            if shape.search(found):
                yield Fault(one, at, f"it holds {what}")


def _random(value: str) -> bool:
    """Long words whose letters are spread as chance would have them."""
    return any(len(word) >= RANDOM_LENGTH and entropy(word) > RANDOM_BITS and re.search(r"\d", word)
               for word in re.findall(r"[\w+/=-]+", value))  # fmt: skip


def entropy(word: str) -> float:
    """Bits for each letter."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())


def in_dockerfile(source: str) -> Iterator[tuple[int, str]]:
    """(line, what) of secrets in a Dockerfile: every layer can be read by whoever has the image."""
    for number, line in enumerate(source.splitlines(), 1):
        words = re.match(r"\s*(?:ENV|ARG)\s+(?P<name>\w+)(?:=|\s+)[\"']?(?P<value>[^\s\"']*)", line)
        if words and betrays(words["name"], words["value"]):
            yield number, f"{words['name']} has its value written out"
        for what, shape in SHAPES.items():
            if shape.search(line):
                yield number, f"it holds {what}"
