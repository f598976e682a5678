# SPDX-License-Identifier: Apache-2.0
"""A small estate, made through the services' own APIs."""

from typing import Any

from tests.real.cloud.lab import Lab

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0dX0l2JkF1o8GfM0u6pQ0m1m5cR1p0yJm3h3o1xq2B operator"


def make_estate(lab: Lab) -> None:
    """web1 (floating address, group, server group), web2 (stopped), db1 (boots from a volume, has another), and a
    server in a project of its own."""
    cloud = lab.connect("lab")
    image = make_image(lab, cloud)
    flavor = cloud.compute.create_flavor(name="m1.small", ram=2048, vcpus=1, disk=20, is_public=True)
    private, public = make_networks(cloud)
    web = make_group(cloud, "web", 443, "0.0.0.0/0")
    cloud.compute.create_keypair(name="operator", public_key=KEY)
    apart = cloud.compute.create_server_group(name="apart", policy="anti-affinity")
    common: dict[str, Any] = {"flavor_id": flavor.id, "networks": [{"uuid": private.id}]}
    more = {"image_id": image.id, "security_groups": [{"name": web.name}], "key_name": "operator"}
    first = cloud.compute.create_server(
        name="web1", metadata={"role": "web"}, scheduler_hints={"group": apart.id}, **common, **more
    )
    second = cloud.compute.create_server(name="web2", **common, **more)
    volume = {"boot_index": 0, "uuid": image.id, "source_type": "image", "destination_type": "volume"}
    database = cloud.compute.create_server(name="db1", block_device_mapping=[{**volume, "volume_size": 10}], **common)
    make_other(lab, image.id, flavor.id)
    for server in (first, second, database):
        cloud.compute.wait_for_server(server, wait=180, interval=0.5)
    cloud.compute.stop_server(second)
    cloud.compute.put(f"/servers/{first.id}/tags/blue", microversion="2.26")
    attach(cloud, database, size=5)
    (port,) = cloud.network.ports(device_id=first.id)
    cloud.network.create_ip(floating_network_id=public.id, port_id=port.id)
    cloud.compute.wait_for_server(second, status="SHUTOFF", wait=60, interval=0.5)


def make_image(lab: Lab, cloud: Any) -> Any:
    file = lab.folder / "image.raw"
    file.write_bytes(bytes(2**20))
    about = {"container_format": "bare", "disk_format": "raw", "os_distro": "debian", "os_version": "12"}
    return cloud.image.create_image(name="Debian 12", filename=str(file), visibility="public", wait=True, **about)


def make_networks(cloud: Any) -> tuple[Any, Any]:
    """A private network that a router ties to a public one."""
    public = cloud.network.create_network(
        name="public", is_router_external=True, provider_network_type="flat", provider_physical_network="outside"
    )
    cloud.network.create_subnet(
        name="public", network_id=public.id, ip_version=4, cidr="198.18.0.0/20", is_dhcp_enabled=False
    )
    private = cloud.network.create_network(name="private", is_shared=True)
    subnet = cloud.network.create_subnet(name="private", network_id=private.id, ip_version=4, cidr="10.10.0.0/16")
    router = cloud.network.create_router(name="router", external_gateway_info={"network_id": public.id})
    cloud.network.add_interface_to_router(router, subnet_id=subnet.id)
    return private, public


def make_group(cloud: Any, name: str, port: int, source: str) -> Any:
    group = cloud.network.create_security_group(name=name, description=f"{name} tier")
    cloud.network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        protocol="tcp",
        port_range_min=port,
        port_range_max=port,
        remote_ip_prefix=source,
    )
    return group


def make_other(lab: Lab, image: str, flavor: str) -> None:
    """A server of an ordinary member in a second project."""
    cloud = lab.connect("demo")
    server = cloud.compute.create_server(name="other1", image_id=image, flavor_id=flavor, networks="none")
    cloud.compute.wait_for_server(server, wait=180, interval=0.5)


def attach(cloud: Any, server: Any, *, size: int) -> None:
    volume = cloud.block_storage.create_volume(size=size, name="data")
    cloud.block_storage.wait_for_status(volume, "available", interval=0.5, wait=60)
    cloud.compute.create_volume_attachment(server, volume_id=volume.id)
    cloud.block_storage.wait_for_status(volume, "in-use", interval=0.5, wait=60)
