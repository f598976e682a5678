# SPDX-License-Identifier: Apache-2.0
"""Secrets by reference, each way, and never with a value."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

from migrate.generate import generate
from migrate.model.config import Secrets, Target
from migrate.model.task import Token, TokenKind
from tests.generate.estates import CATALOG, PASSWORD, SHOP, TOKENS, assessment, file


def made(way: Secrets, *more: Any, tokens: tuple[Token, ...] = TOKENS) -> tuple[dict[str, Any], list[str]]:
    shop = msgspec.structs.replace(SHOP, tasks=(*SHOP.tasks, *more))
    estate = msgspec.structs.replace(assessment(shop), tokens=tokens)
    target = Target(secrets=way, secret_store="vault")
    artifacts, findings = generate(estate, catalog=CATALOG, target=target)
    assert not any(token.text in artifact.text.lower() for artifact in artifacts for token in tokens)
    texts = {artifact.path: artifact.text for artifact in artifacts if artifact.path.startswith("shop/")}
    return texts, [one.remedy for one in findings if one.check == "secret-needed"]


def rendered(template: str, values: dict[str, str]) -> str:
    """What Go's templates make of `{{ index . "NAME" }}` and of a brace in quotes."""
    text = re.sub(r'\{\{ index \. "(\w+)" \}\}', lambda match: values[match[1]], template)
    return text.replace('{{ "{{" }}', "{{")


def test_a_skeleton_by_default() -> None:
    texts, (remedy,) = made(Secrets.PLAIN)
    assert "shop/base/secret.example.yaml" in texts
    assert "secret.example.yaml" in remedy
    assert not any("kind: Secret" in text for path, text in texts.items() if ".example." not in path)


def test_external_secrets() -> None:
    texts, (remedy,) = made(Secrets.EXTERNAL)
    found = yaml.safe_load(texts["shop/overlays/production/externalsecret-shop-env.yaml"])
    assert found["spec"]["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
    assert found["spec"]["target"]["name"] == "shop-env"
    keys = {entry["secretKey"]: entry["remoteRef"]["key"] for entry in found["spec"]["data"]}
    assert keys["VAULT_SHOP_DATABASE_PASSWORD"] == "production/vault_shop_database_password"
    template = found["spec"]["target"]["template"]["data"]["DATABASE_URL"]
    assert rendered(template, dict.fromkeys(keys, "x")) == "postgresql://shop:x@10.20.20.11:5432/shop"
    listed = yaml.safe_load(texts["shop/overlays/production/kustomization.yaml"])["resources"]
    assert {"externalsecret-shop-env.yaml", "externalsecret-shop-files.yaml"} <= set(listed)
    assert not any("example" in path for path in texts)
    assert "store" in remedy


def test_sealed_secrets_wait_to_be_filled() -> None:
    texts, (remedy,) = made(Secrets.SEALED)
    found = yaml.safe_load(texts["shop/overlays/production/sealedsecret-shop-files.yaml"])
    assert found["spec"]["encryptedData"] == {"VAULT_SHOP_DATABASE_PASSWORD": "TO-BE-SEALED"}
    template = found["spec"]["template"]["data"]["srv-shop-settings.ini"]
    assert rendered(template, {"VAULT_SHOP_DATABASE_PASSWORD": "x"}).startswith("[db]\npassword = x\n")
    assert "kubeseal" in remedy


def test_braces_of_a_file_are_not_a_template() -> None:
    text = f"{{{{ range }}}} {PASSWORD.upper()} }}}}\n"
    texts, _ = made(Secrets.EXTERNAL, file("template", 60, "/etc/shop/consul.tpl", text))
    found = yaml.safe_load(texts["shop/overlays/production/externalsecret-shop-files.yaml"])
    template = found["spec"]["target"]["template"]["data"]["etc-shop-consul.tpl"]
    assert rendered(template, {"VAULT_SHOP_DATABASE_PASSWORD": "x"}) == "{{ range }} x }}\n"


def test_tokens_that_would_share_a_name_do_not() -> None:
    twins = (
        Token("migrate-secret-aaaaaa", "a.password", TokenKind.SECRET),
        Token("migrate-secret-bbbbbb", "a_password", TokenKind.SECRET),
    )
    text = "one = migrate-secret-aaaaaa\ntwo = migrate-secret-bbbbbb\n"
    texts, _ = made(Secrets.EXTERNAL, file("template", 60, "/etc/shop/two.ini", text), tokens=(*TOKENS, *twins))
    found = yaml.safe_load(texts["shop/overlays/production/externalsecret-shop-files.yaml"])
    names = {entry["secretKey"] for entry in found["spec"]["data"]}
    assert len([name for name in names if name.startswith("A_PASSWORD_")]) == 2
