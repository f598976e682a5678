# SPDX-License-Identifier: Apache-2.0
"""Which workload needs which, on small fleets by hand."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.assess.edges import with_edges
from migrate.model.machine import Connection, Machine
from migrate.model.place import Place
from migrate.model.task import Peer, RecordedTask, RenderedFile
from migrate.model.workload import Edge, Kind, Nature, Placement, Port, Reach, Unit, Workload

PLACE = Place("roles/x/tasks/main.yml", 3)
MACHINES = (
    Machine("web1", addresses=("10.0.0.1",), groups=("web",), kind=0),
    Machine("web2", addresses=("10.0.0.2",), groups=("web",), kind=0),
    Machine("db1", addresses=("10.0.0.9",), groups=("db",), kind=1),
)


def file(text: str, dest: str = "/etc/shop.env", kind: int = 0) -> RecordedTask:
    return RecordedTask("web1", "ansible.builtin.copy", place=PLACE, kind=kind, file=RenderedFile(dest, text))


def workload(name: str, *machines: str, ports: tuple[int, ...] = (), **more: object) -> Workload:
    fields: dict[str, object] = {
        "kind": Kind.STATELESS,
        "nature": Nature.STATELESS,
        "placement": Placement.DEPLOYMENT,
        "reason": "…",
    } | more
    return Workload(name, "", machines=machines, ports=tuple(map(Port, ports)), **fields)  # type: ignore[arg-type]


DB = workload("postgresql", "db1", ports=(5432,), software="postgresql")


def edges(text: str, *others: Workload, dest: str = "/etc/shop.env") -> list[Edge]:
    shop = workload("shop", "web1", "web2", ports=(8000,), tasks=(file(text, dest),))
    return list(with_edges([shop, DB, *others], MACHINES)[0].edges)


@pytest.mark.parametrize(
    ("text", "target", "port", "reach"),
    [
        ("DATABASE_URL=postgres://u:p@db1/x", "postgresql", 5432, Reach.WORKLOAD),
        ("db = 10.0.0.9:5432", "postgresql", 5432, Reach.WORKLOAD),
        ("db_host: db1", "postgresql", 5432, Reach.WORKLOAD),
        ("x = 10.0.0.9:9999", "db1", 9999, Reach.MACHINE),
        ("url: redis://cache.example.com/0", "cache.example.com", 6379, Reach.EXTERNAL),
        ('DATABASE_URL="mgsec_url_0a1b2c_x"', "unknown", 0, Reach.UNKNOWN),
    ],
)
def test_edge(text: str, target: str, port: int, reach: Reach) -> None:
    [edge] = edges(text)
    assert (edge.source, edge.target, edge.port, edge.reach) == ("shop", target, port, reach)
    assert edge.seen == "roles/x/tasks/main.yml:3 (line 1 of /etc/shop.env)"


@pytest.mark.parametrize(
    "text",
    ["# postgres://db1/x", "web2 is a sister", "listen 10.0.0.1:8000", "ws://web2:8000", "proxy: localhost:8000"],
)
def test_no_edge(text: str) -> None:
    assert edges(text) == []


def test_localhost_is_the_neighbour_on_the_same_machine() -> None:
    cache = workload("redis", "web1", "web2", ports=(6379,))
    assert [edge.target for edge in edges("REDIS_URL=redis://localhost/0", cache)] == ["redis"]


def test_a_unix_socket_ties_two_processes() -> None:
    unit = Unit("app", command="/srv/app/gunicorn --bind unix:/run/app/app.sock app:app")
    app = workload("app", "web1", "web2", units=(unit,))
    [edge] = edges("upstream app { server unix:/run/app/app.sock; }", app, dest="/etc/nginx/conf.d/a.conf")
    assert (edge.target, edge.protocol, edge.port) == ("app", "unix", 0)


@pytest.mark.parametrize(
    "rule",
    [
        "ip saddr { 10.0.0.1, 10.0.0.2 } tcp dport { 5432 } accept",
        "-A INPUT -s 10.0.0.1 -p tcp --dport 5432 -j ACCEPT\n-A INPUT -s 10.0.0.2 -p tcp --dport 5432 -j ACCEPT",
    ],
)
def test_a_firewall_tells_who_comes(rule: str) -> None:
    shop, _ = with_edges([workload("shop", "web1", "web2"), DB], MACHINES, [file(rule, "/etc/nftables.conf", 1)])
    [edge] = shop.edges
    assert (edge.source, edge.target, edge.port) == ("shop", "postgresql", 5432)
    assert edge.via in ("allowed by nftables", "allowed by iptables")


def test_a_firewall_names_the_group_where_several_workloads_may_come() -> None:
    rule = file("ip saddr { 10.0.0.1, 10.0.0.2 } tcp dport 5432 accept", "/etc/nftables.conf", 1)
    both = [workload("shop", "web1", "web2"), workload("blog", "web1", "web2"), DB]
    *_, database = with_edges(both, MACHINES, [rule])
    assert [(edge.source, edge.target) for edge in database.edges] == [("group web", "postgresql")]


@pytest.mark.parametrize("rule", ["ip saddr 10.0.0.0/24 tcp dport 5432 accept", "# -s 10.0.0.1 --dport 5432 -j ACCEPT"])
def test_a_firewall_that_lets_in_anyone_tells_nothing(rule: str) -> None:
    found = with_edges([workload("shop", "web1"), DB], MACHINES, [file(rule, "/etc/nftables.conf", 1)])
    assert not any(one.edges for one in found)


def test_live_sockets_are_counted() -> None:
    spoken = Connection("10.0.0.9", 5432, process="gunicorn", count=4)
    machines = [
        Machine("web1", kind=0, connections=(spoken,)),
        Machine("web2", kind=0, connections=(spoken,)),
        MACHINES[2],
    ]
    shop, _ = with_edges([workload("shop", "web1", "web2"), DB], machines)
    assert [(edge.target, edge.port, edge.connections) for edge in shop.edges] == [("postgresql", 5432, 8)]


def test_a_name_that_its_own_proxy_serves_is_no_need() -> None:
    proxy = workload(
        "nginx", "web1", ports=(443,), tasks=(file("server_name ci.example.com;\nproxy_pass http://db1:8080;"),)
    )
    app = workload("jenkins", "db1", ports=(8080,), tasks=(file("url: https://ci.example.com/"),))
    found = {one.name: [edge.target for edge in one.edges] for one in with_edges([proxy, app], MACHINES)}
    assert found == {"nginx": ["jenkins"], "jenkins": []}


def edges_with(text: str, *peers: Peer) -> list[Edge]:
    shop = workload("shop", "web1", "web2", tasks=(replace(file(text), peers=peers),))
    return list(with_edges([shop, DB], MACHINES)[0].edges)


def test_a_peer_that_the_engine_saw_says_where_it_came_from() -> None:
    peer = Peer("db1", "address", "10.0.0.9", "line 1", 5432, "hostvars.db1.ansible_host")
    [edge] = edges_with("url=postgres://10.0.0.9:5432/x", peer)
    assert (edge.target, edge.port) == ("postgresql", 5432)
    assert edge.via == "postgres URL in url, from hostvars.db1.ansible_host"


def test_a_peer_whose_name_is_a_word_is_seen_too_but_not_in_a_comment() -> None:
    peers = (Peer("db1", "name", "database", "line 1", 0, "groups.db"), Peer("db1", "name", "database", "line 2"))
    [edge] = edges_with("primary the database\n# not the database", *peers)
    assert (edge.target, edge.port, edge.via) == ("postgresql", 5432, "groups.db")
    assert edges_with("# the database", peers[0]) == []


def test_a_peer_in_an_argument() -> None:
    task = RecordedTask("web1", "community.x.y", place=PLACE, peers=(Peer("db1", "name", "db1", "api.host", 5432),))
    shop, _ = with_edges([workload("shop", "web1", tasks=(task,)), DB], MACHINES)
    assert [(edge.target, edge.port, edge.seen) for edge in shop.edges] == [("postgresql", 5432, str(PLACE))]


def test_who_a_firewall_lets_in_is_not_needed() -> None:
    peer = Peer("web1", "address", "10.0.0.1", "from_ip", 0, "hostvars.web1.ansible_host")
    rule = RecordedTask("db1", "community.general.ufw", {"rule": "allow"}, place=PLACE, kind=1, peers=(peer,))
    database = workload("postgresql", "db1", ports=(5432,), tasks=(rule,))
    assert all(not one.edges for one in with_edges([workload("shop", "web1"), database], MACHINES))


def test_a_port_that_someone_names_is_that_of_the_only_workload_without_one() -> None:
    silent = workload("billing", "db1")
    shop = workload("shop", "web1", tasks=(file("proxy_pass http://db1:9000;"),))
    assert [edge.target for edge in with_edges([shop, silent], MACHINES)[0].edges] == ["billing"]
    other = workload("ledger", "db1")
    assert [edge.target for edge in with_edges([shop, silent, other], MACHINES)[0].edges] == ["db1"]


def test_containers_of_a_machine_know_one_another_by_name() -> None:
    web = workload("web", "web1", units=(Unit("web", image="x/web", environment={"DATABASE_URL": "mysql://u:p@db/x"}),))
    store = workload("db", "web1", ports=(3306,), units=(Unit("db", image="mariadb:11"),))
    native = workload("native", "web1", tasks=(file("url = mysql://u:p@db/x"),))
    found = {one.name: one.edges for one in with_edges([web, store, native], MACHINES)}
    assert [(edge.target, edge.port) for edge in found["web"]] == [("db", 3306)]
    assert found["native"] == ()


def test_a_published_port_is_that_of_the_machine() -> None:
    ran = RecordedTask("db1", "community.docker.docker_container", {"name": "web", "image": "x", "ports": ["8080:80"]})
    web = workload("web", "db1", ports=(80,), units=(Unit("web", image="x"),), tasks=(ran,))
    other = workload("other", "db1", units=(Unit("other", image="y"),))
    shop = workload("shop", "web1", tasks=(file("proxy_pass http://db1:8080;\nx = db1:9100"),))
    targets = {(edge.target, edge.port) for edge in with_edges([shop, web, other], MACHINES)[0].edges}
    assert targets == {("web", 8080), ("db1", 9100)}


def test_each_hidden_setting_is_told() -> None:
    text = "DATABASE_URL=mgsec_a_0a1b2c_x\nSENTRY_DSN=mgneed_b_0a1b2c_x\nQ=amqp://mgsec_c_0a1b2c_x"
    told = ["DATABASE_URL, a secret", "SENTRY_DSN, which is defined nowhere", "amqp URL"]
    assert [edge.via for edge in edges(text)] == told


def test_names_of_the_hosts_file_are_known() -> None:
    hosts = file("127.0.0.1 localhost\n10.0.0.9 store.internal store\n# 10.0.0.9 old.internal", "/etc/hosts")
    text = "url = postgres://store.internal/x\nother = postgres://old.internal/x"
    shop = workload("shop", "web1", tasks=(file(text),))
    found = {(edge.target, edge.reach) for edge in with_edges([shop, DB], MACHINES, [hosts])[0].edges}
    assert found == {("postgresql", Reach.WORKLOAD), ("old.internal", Reach.EXTERNAL)}
