# SPDX-License-Identifier: Apache-2.0
"""NetworkPolicies and routes: what edges and virtual hosts say, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from migrate.generate import generate, haproxy, traffic, vhosts
from migrate.generate.haproxy import Check
from migrate.generate.vhosts import VirtualHost
from migrate.model.config import Routes, Target
from migrate.model.finding import Finding
from migrate.model.workload import Edge, Placement, Port, Reach, Workload
from tests.generate import estates
from tests.generate.estates import CATALOG, NGINX, POSTGRESQL, REDIS, SHOP, assessment, file, workload
from tests.generate.test_probes import BALANCER


def files(*workloads: Workload, **target: Any) -> tuple[dict[str, list[dict[str, Any]]], list[Finding]]:
    balancer = msgspec.structs.replace(CATALOG["nginx"], title="HAProxy", category="proxy")
    known = {**CATALOG, "haproxy": balancer}
    artifacts, findings = generate(assessment(*workloads), catalog=known, target=Target(**target))
    return {
        artifact.path: list(yaml.safe_load_all(artifact.text))
        for artifact in artifacts
        if artifact.path.endswith(".yaml")
    }, findings


def policy(found: dict[str, list[dict[str, Any]]], name: str) -> dict[str, Any]:
    (path,) = [path for path in found if path.startswith(f"{name}/") and path.endswith("networkpolicy.yaml")]
    return dict(found[path][0]["spec"])


def calling(*edges: Edge) -> Workload:
    return msgspec.structs.replace(SHOP, edges=edges)


PODS = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "shop"}}}


def test_what_an_edge_needs_is_allowed_and_dns() -> None:
    shop = calling(Edge("shop", "redis", 6379, "a.j2"), Edge("shop", "postgresql", 5432), Edge("shop", "nginx", 80))
    found, _ = files(shop, REDIS, POSTGRESQL, NGINX)
    spec = policy(found, "shop")
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["egress"][0] == traffic.DNS
    allowed = {str(rule["ports"][0]["port"]): rule["to"] for rule in spec["egress"][1:]}
    assert allowed["6379"] == [{"ipBlock": {"cidr": "10.20.20.21/32"}}]
    assert [block["ipBlock"]["cidr"] for block in allowed["5432"]] == [
        "10.20.20.11/32",
        "10.20.20.12/32",
        "2001:db8:20::11/128",
        "2001:db8:20::12/128",
    ]
    assert allowed["80"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "nginx"}}}]
    assert policy(found, "nginx")["ingress"] == [{"from": [PODS], "ports": [{"port": 80, "protocol": "TCP"}]}]


def test_addresses_are_kept_out_of_the_base() -> None:
    found, _ = files(calling(Edge("shop", "redis", 6379)), REDIS)
    assert "shop/overlays/production/networkpolicy.yaml" in found


def test_a_vm_that_calls_is_its_addresses() -> None:
    caller = msgspec.structs.replace(REDIS, edges=(Edge("redis", "nginx", 80),))
    found, _ = files(caller, NGINX)
    (rule,) = policy(found, "nginx")["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.20.20.21/32"}}]


def test_what_a_policy_can_not_say_is_told() -> None:
    outside = {"reach": Reach.EXTERNAL}
    shop = calling(
        Edge("shop", "api.example.com", 443, **outside),
        Edge("shop", "smtp.example.com", 0, **outside),
        Edge("shop", "192.0.2.7", 25, **outside),
        Edge("shop", "nothing", 1, reach=Reach.UNKNOWN),
        Edge("shop", "absent", 0, protocol="unix"),
    )
    found, findings = files(shop, NGINX)
    rules = policy(found, "shop")["egress"][1:]
    assert [[block["ipBlock"]["cidr"] for block in rule["to"]] for rule in rules] == [
        ["0.0.0.0/0", "::/0"],
        ["192.0.2.7/32"],
    ]
    assert {"egress-by-name", "egress-unknown", "no-caller"} <= {one.check for one in findings}


def test_everything_else_is_denied_in_the_namespace() -> None:
    found, _ = files(NGINX)
    (deny,) = found["environments/production/networkpolicy.yaml"]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (namespace,) = found["environments/production/namespace.yaml"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


SITE = """
# server { server_name no.example.com; }
map $x $y { default 1; }
server { listen 80; server_name shop.example.com; return 301 https://$host$request_uri; }
server {
    listen 443 ssl http2; listen [::]:443 ssl;
    server_name shop.example.com "www.example.com" ~^x\\d+$ _;
    ssl_certificate /etc/ssl/shop.pem;
    location / { if ($a) { return 403; } proxy_pass http://127.0.0.1:8000; }
}
server { listen 127.0.0.1:8080; server_name intern.example.com; }
server { listen unix:/run/x.sock; server_name never.example.com; }
server { listen 80 default_server;
"""
APACHE = """
<VirtualHost *:80>
  ServerName www.example.org:80
  ServerAlias example.org *.example.org
  Redirect permanent / https://www.example.org/
</VirtualHost>
<VirtualHost *:443>
  ServerName www.example.org
  SSLEngine on
  SSLCertificateFile "/etc/ssl/org.pem"
</VirtualHost>
"""


def test_virtual_hosts_of_nginx() -> None:
    assert vhosts.parse(SITE) == [
        VirtualHost(("shop.example.com",), 80, redirects=True),
        VirtualHost(("shop.example.com", "www.example.com"), 443, tls=True, certificate="/etc/ssl/shop.pem"),
        VirtualHost(("intern.example.com",), 8080),
    ]


def test_virtual_hosts_of_apache() -> None:
    assert vhosts.parse(APACHE) == [
        VirtualHost(("*.example.org", "example.org", "www.example.org"), 80, redirects=True),
        VirtualHost(("www.example.org",), 443, tls=True, certificate="/etc/ssl/org.pem"),
    ]


@pytest.mark.parametrize("text", ["server_name", "server {{{ server_name a.b", "server_name } } ; {", "<VirtualHost"])
def test_broken_configuration_is_no_host(text: str) -> None:
    assert vhosts.parse(text) == []


def test_rules_of_haproxy() -> None:
    text = """
    frontend f
        mode http
        bind *:80,*:8080
        bind :443 ssl crt x
        acl is_api hdr(host) -i api.example.com api2.example.com
        use_backend api if is_api
        use_backend docs if { req.hdr(host) -i docs.example.com } { path_beg / }
        default_backend web
    backend api
        option httpchk
        http-check send meth GET uri /up hdr Host api.example.com
        server a 10.0.0.1:81 check
    """
    front, back = haproxy.parse(text)
    assert front.binds == ((80, False), (8080, False), (443, True))
    assert front.hosts == {"api": ("api.example.com", "api2.example.com"), "docs": ("docs.example.com",)}
    assert front.default == "web"
    assert (back.servers, back.check) == (("10.0.0.1:81",), Check("/up", "api.example.com"))


def site(text: str) -> Workload:
    return msgspec.structs.replace(NGINX, tasks=(file("template", 9, "/etc/nginx/sites-enabled/x.conf", text),))


def test_an_ingress_for_a_virtual_host() -> None:
    found, findings = files(site("server { listen 80; server_name a.example.com b.example.com; }"), route_class="nginx")
    (ingress,) = found["nginx/base/ingress.yaml"]
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["a.example.com", "b.example.com"]
    assert "tls" not in ingress["spec"]
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]
    assert backend == {"service": {"name": "nginx", "port": {"number": 80}}}
    assert policy(found, "nginx")["ingress"][0]["from"] == [{"namespaceSelector": {}}]
    assert "no-caller" not in {one.check for one in findings}


def test_tls_alone_is_told() -> None:
    found, findings = files(site(SITE))
    (ingress,) = found["nginx/base/ingress.yaml"]
    assert ingress["spec"]["tls"] == [{"hosts": ["shop.example.com", "www.example.com"], "secretName": "nginx-tls"}]
    assert {"backend-tls", "certificate-needed"} <= {one.check for one in findings}


def test_tls_of_the_balancer_in_front_counts() -> None:
    found, _ = files(site("server { listen 80; server_name a.example.com; }"), BALANCER)
    assert found["nginx/base/ingress.yaml"][0]["spec"]["tls"][0]["hosts"] == ["a.example.com"]


def test_a_rule_of_the_balancer_goes_to_the_service_behind() -> None:
    text = (BALANCER.tasks[0].file.text or "").replace(  # type: ignore[union-attr]
        "default_backend web", "use_backend web if { hdr(host) -i a.example.com }"
    )
    balancer = msgspec.structs.replace(
        BALANCER, tasks=(file("template", 1, "/etc/haproxy/haproxy.cfg", text, machine="worker1"),)
    )
    found, findings = files(site("server { listen 80; server_name a.example.com; }"), balancer)
    assert "nginx/base/ingress.yaml" not in found
    (ingress,) = found["haproxy/base/ingress.yaml"]
    assert ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] == "nginx"
    assert "balancer-bypassed" in {one.check for one in findings}


def test_routes_of_the_gateway_api() -> None:
    found, _ = files(site(SITE), routes=Routes.GATEWAY, route_class="envoy")
    (route,) = found["nginx/base/httproute.yaml"]
    assert route["spec"]["hostnames"] == ["shop.example.com", "www.example.com"]
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "nginx", "port": 443}]
    (gateway,) = found["environments/production/gateway.yaml"]
    assert gateway["spec"]["gatewayClassName"] == "envoy"
    assert [one["name"] for one in gateway["spec"]["listeners"]] == ["http", "https-0", "https-1"]


def test_a_gateway_without_a_class_is_told() -> None:
    assert "gateway-class" in {one.check for one in files(site(SITE), routes=Routes.GATEWAY)[1]}
    assert "gateway-class" not in {one.check for one in files(site(SITE))[1]}


def test_no_routes_if_none_are_wanted() -> None:
    found, findings = files(site(SITE), routes=Routes.NONE)
    assert not [path for path in found if "ingress" in path or "httproute" in path]
    assert "no-caller" in {one.check for one in findings}


def test_a_balancer_that_nobody_calls_is_where_users_come_in() -> None:
    """Only on the ports of the web, if it has those; its statistics stay closed."""
    ports_ = (Port(443), Port(8404))
    balancer = workload("haproxy", Placement.DEPLOYMENT, machines=("lb1",), ports=ports_, units=estates.SHOP.units)
    balancer = msgspec.structs.replace(balancer, software="haproxy", edges=(Edge("haproxy", "nginx", 80),))
    found, findings = files(balancer, NGINX)
    anyone = [{"ipBlock": {"cidr": cidr}} for cidr in ("0.0.0.0/0", "::/0")]
    assert policy(found, "haproxy")["ingress"] == [{"from": anyone, "ports": [{"port": 443, "protocol": "TCP"}]}]
    assert "front-door" in {one.check for one in findings}
    alone = msgspec.structs.replace(balancer, edges=())
    assert policy(files(alone, NGINX)[0], "haproxy")["ingress"] == []


def test_daemon_sets_run_on_every_node() -> None:
    agent = workload("agent", Placement.DAEMONSET, machines=("web1",), ports=(Port(9100),), units=estates.SHOP.units)
    found, _ = files(agent)
    (daemon,) = found["agent/base/daemonset.yaml"]
    assert daemon["spec"]["template"]["spec"]["tolerations"] == [{"operator": "Exists", "effect": "NoSchedule"}]
    assert "replicas" not in daemon["spec"]
