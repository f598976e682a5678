# SPDX-License-Identifier: Apache-2.0
"""The shipped catalog: every entry is one, says what the others need of it, and can be looked up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import resources
from urllib.parse import urlsplit

import pytest
import yaml

from migrate import catalog
from migrate.catalog import Index
from migrate.errors import FileError
from migrate.model.product import Product
from migrate.model.workload import Kind, Placement

PRODUCTS = catalog.load()
FILES = sorted((f for f in resources.files(catalog).iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
PLACEHOLDERS = re.compile(r"\bapp[.:]\w|:create_app|\.wsgi:|\$[A-Z]|/backup/|backend:")


def wrong(good: Callable[[Product], object]) -> list[str]:
    """Keys of the products that are not as they should be."""
    return [key for key, product in PRODUCTS.items() if not good(product)]


def writable(product: Product) -> tuple[str, ...]:
    return product.run.writable if product.run else ()


def within(path: str, folder: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def keys(text: str) -> Iterator[tuple[str, int]]:
    """Every key of every mapping, with its line; a loader would keep only the last of two."""
    stack = [yaml.compose(text, Loader=yaml.CSafeLoader)]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value]
            yield from ((name, node.start_mark.line + 1) for name in names if names.count(name) > 1)
            stack += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value


def test_it_knows_many_products() -> None:
    assert len(PRODUCTS) >= 250


def test_keys_are_unique_in_a_file_and_among_files() -> None:
    texts = [file.read_text(encoding="utf-8") for file in FILES]
    assert [found for text in texts for found in keys(text)] == []
    assert sum(len(catalog.read(text, "a file")) for text in texts) == len(PRODUCTS)


def test_loading_is_a_pure_function_of_the_files() -> None:
    assert catalog.load.__wrapped__() == PRODUCTS
    assert catalog.load() is PRODUCTS
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        read = catalog.read(text, file.name)
        assert read == catalog.read(text, "another name") == {key: PRODUCTS[key] for key in read}
        assert {product.category for product in read.values()} == {file.name.removesuffix(".yaml")}


def test_required_fields() -> None:
    assert wrong(lambda product: re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", product.key)) == []
    assert wrong(lambda product: product.title.strip() == product.title != "") == []
    assert wrong(lambda product: product.reason.strip() == product.reason != "") == []
    assert wrong(lambda product: product.nature in {"stateless", "stateful", "depends"}) == []


def test_every_product_can_be_found_by_a_name() -> None:
    named = ("packages", "units", "processes", "images", "modules", "roles")
    assert wrong(lambda product: any(getattr(product, field) for field in named)) == []


def test_ports() -> None:
    ports = [(product.key, port) for product in PRODUCTS.values() for port in product.ports]
    assert [found for found in ports if not 0 < found[1].port < 65536] == []
    assert [found for found in ports if found[1].protocol not in {"tcp", "udp"}] == []
    assert [found for found in ports if not PORT_NAME.fullmatch(found[1].name)] == []


def test_ports_of_a_product_differ() -> None:
    assert wrong(lambda product: len({port.name for port in product.ports}) == len(product.ports)) == []
    assert (
        wrong(lambda product: len({(port.port, port.protocol) for port in product.ports}) == len(product.ports)) == []
    )


@pytest.mark.parametrize("field", ["ports", "data_dirs"])
def test_what_is_claimed_has_a_source_and_nothing_else(field: str) -> None:
    assert wrong(lambda product: bool(getattr(product, field)) == (field in product.sources)) == []


def test_sources_are_addresses() -> None:
    sources = {url for product in PRODUCTS.values() for url in product.sources.values()}
    assert [url for url in sources if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc] == []


def test_only_what_is_dropped_is_replaced() -> None:
    assert wrong(lambda product: bool(product.replaced_by) == (product.placement is Placement.DROP)) == []


def test_what_keeps_state_does_not_become_pods() -> None:
    pods = {Placement.DEPLOYMENT, Placement.CRONJOB}
    assert wrong(lambda product: product.nature != "stateful" or product.placement not in pods) == []
    assert wrong(lambda product: product.nature != "stateful" or product.kind is not Kind.STATELESS) == []


def test_folders_are_absolute() -> None:
    folders = [path for one in PRODUCTS.values() for path in (*one.data_dirs, *one.config, *writable(one))]
    assert [path for path in folders if not path.startswith("/")] == []


def test_no_folder_both_keeps_data_and_holds_no_state() -> None:
    pairs = [(key, data, empty) for key, one in PRODUCTS.items() for data in one.data_dirs for empty in writable(one)]
    assert [pair for pair in pairs if within(pair[1], pair[2]) or within(pair[2], pair[1])] == []


def test_run_says_something_and_not_root() -> None:
    runs = {key: product.run for key, product in PRODUCTS.items() if product.run}
    assert [key for key, run in runs.items() if not (run.command or run.user or run.writable or run.probe)] == []
    assert [key for key, run in runs.items() if run.user == "root"] == []
    assert [key for key, run in runs.items() if len(set(run.writable)) != len(run.writable)] == []


def test_no_placeholder_is_passed_off_as_a_command() -> None:
    assert wrong(lambda product: not (product.run and PLACEHOLDERS.search(" ".join(product.run.command)))) == []


def test_probes_ask_a_tcp_port_of_the_product() -> None:
    probes = {key: product.run.probe for key, product in PRODUCTS.items() if product.run and product.run.probe}
    assert [key for key, probe in probes.items() if set(probe) not in ({"tcp"}, {"path", "port"})] == []
    assert [key for key, probe in probes.items() if not str(probe.get("path", "/")).startswith("/")] == []
    tcp = {key: {port.port for port in PRODUCTS[key].ports if port.protocol == "tcp"} for key in probes}
    assert [key for key, probe in probes.items() if (probe.get("tcp") or probe["port"]) not in tcp[key]] == []


@pytest.mark.parametrize("field", ["packages", "units", "processes", "images"])
def test_no_two_products_share_a_name(field: str) -> None:
    owners: dict[str, list[str]] = {}
    for product in PRODUCTS.values():
        for name in getattr(product, field):
            owners.setdefault(name, []).append(product.key)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}


def of(key: str, fields: str) -> Product:
    text = f"{key}: {{title: T, category: c, nature: depends, kind: unknown, placement: decide, reason: r, {fields}}}"
    return catalog.read(text, "test.yaml")[key]


def index(*products: Product) -> Index:
    return Index({product.key: product for product in products})


def found(products: tuple[Product, ...]) -> list[str]:
    return [product.key for product in products]


def test_an_exact_name_beats_a_glob() -> None:
    known = index(of("some", 'packages: ["php*", "php?"]'), of("one", "packages: [php8]"), of("two", 'units: ["php*"]'))
    assert found(known.packages.find("php8")) == ["one"]
    assert found(known.packages.find("php7")) == ["some"]
    assert found(known.units.find("php8")) == ["two"]
    assert known.packages.find("xphp7") == known.packages.find("PHP7") == known.processes.find("php8") == ()


def test_longest_configuration_path_comes_first() -> None:
    known = index(of("short", "config: [/etc/a]"), of("long", "config: [/etc/a/b]"))
    assert [path for path, _ in known.config] == ["/etc/a/b", "/etc/a"]


@pytest.mark.parametrize(
    "reference",
    [
        "nginx",
        "nginx:1.27",
        "library/nginx:1.27-alpine",
        "docker.io/library/nginx",
        "registry.example.com:5000/nginx:1.27",
        "registry.example.com:5000/team/nginx",
        "localhost/nginx",
        "localhost:5000/nginx:1",
        f"nginx@sha256:{'0' * 64}",
        f"registry.example.com:5000/nginx:1.27@sha256:{'0' * 64}",
    ],
)
def test_registry_tag_and_digest_of_an_image_do_not_count(reference: str) -> None:
    assert found(catalog.index().image(reference)) == ["nginx"]


def test_the_whole_path_of_an_image_beats_its_last_part() -> None:
    known = index(of("server", "images: [server]"), of("team", 'images: ["team/*"]'))
    assert found(known.image("quay.io/team/server:1")) == ["team"]
    assert found(known.image("quay.io/other/server:1")) == ["server"]
    assert known.image("quay.io/other/thing:1") == ()


@pytest.mark.parametrize(
    ("field", "name", "key"),
    [
        ("packages", "nginx-full", "nginx"),
        ("packages", "apache2", "apache-httpd"),
        ("packages", "php8.2-fpm", "php-fpm"),
        ("units", "haproxy", "haproxy"),
        ("processes", "memcached", "memcached"),
        ("modules", "community.proxysql.proxysql_mysql_users", "proxysql"),
    ],
)
def test_known_names(field: str, name: str, key: str) -> None:
    assert found(getattr(catalog.index(), field).find(name)) == [key]


@pytest.mark.parametrize("text", ["a: {title: T}", "a: [1]", "a: 1", "a:"])
def test_what_is_no_product_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(FileError, match=r"mine\.yaml: catalog entry a: "):
        catalog.read(text, "mine.yaml")


def test_a_field_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileError, match="colour"):
        of("a", "colour: red")
