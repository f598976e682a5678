# SPDX-License-Identifier: Apache-2.0
"""Configuration of a whole OpenStack on loopback: six services, one private MariaDB, messages inside each process.

nova has its own fake driver, cinder the driver of its tests, and neutron one of ours that binds every port at once, so
that servers become ACTIVE without a hypervisor, a disk or an agent, while every API is the real one.
"""

from configparser import RawConfigParser
from pathlib import Path

PASSWORD = "secret"
COMPUTES = ("compute-01", "compute-02", "compute-03")

MECHANISM = '''\
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api


class AlwaysBind(api.MechanismDriver):
    """Binds any port on any host, without an agent."""

    connectivity = portbindings.CONNECTIVITY_L2

    def initialize(self):
        pass

    def bind_port(self, context):
        for segment in context.segments_to_bind:
            details = {portbindings.CAP_PORT_FILTER: True}
            status = constants.PORT_STATUS_ACTIVE
            context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, details, status=status)
            return
'''
VOLUMES = '''\
from cinder.tests import fake_driver


class Volumes(fake_driver.FakeLoggingVolumeDriver):
    """No storage; a volume made from an image needs no qemu-img."""

    def clone_image(self, context, volume, image_location, image_meta, image_service):
        return {}, True
'''
CLOUDS = """\
clouds:
  lab: &lab
    region_name: RegionOne
    auth: &admin
      auth_url: {url}
      username: admin
      password: {password}
      project_name: admin
      user_domain_id: default
      project_domain_id: default
  demo:
    <<: *lab
    auth: {{<<: *admin, username: demo, project_name: demo}}
  wrong:
    <<: *lab
    auth: {{<<: *admin, password: not-this-one}}
"""

Section = dict[str, str]


def write(folder: Path, environment: Path, ports: dict[str, int]) -> None:
    """All files below `folder`; `environment` is the virtual environment with the services."""
    for name in ("etc", "log", "images", "plugins", *(f"state/{service}" for service in ports)):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("fernet", "credential"):
        (folder / name).mkdir(mode=0o700)
    settings = Settings(folder, environment, ports)
    for name, sections in settings.all().items():
        parser = RawConfigParser()
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_dict({"DEFAULT": {}, **sections})
        with (folder / "etc" / name).open("w") as stream:
            parser.write(stream)
    (folder / "etc" / "api-paste.ini").write_text((environment / "etc/nova/api-paste.ini").read_text())
    (folder / "plugins" / "always_bind.py").write_text(MECHANISM)
    (folder / "plugins" / "volumes.py").write_text(VOLUMES)
    distribution = folder / "plugins" / "always_bind-1.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: always_bind\nVersion: 1\n")
    (distribution / "entry_points.txt").write_text(
        "[neutron.ml2.mechanism_drivers]\nalwaysbind = always_bind:AlwaysBind\n"
    )
    (folder / "clouds.yaml").write_text(CLOUDS.format(url=settings.keystone, password=PASSWORD))


class Settings:
    """The sections of each file."""

    def __init__(self, folder: Path, environment: Path, ports: dict[str, int]) -> None:
        self.folder, self.environment, self.ports = folder, environment, ports
        self.keystone = f"http://127.0.0.1:{ports['keystone']}/v3"

    def all(self) -> dict[str, dict[str, Section]]:
        return {
            "keystone.conf": self.of_keystone(),
            "placement.conf": {
                "DEFAULT": self.logged("placement"),
                "api": {"auth_strategy": "keystone"},
                "placement_database": self.database("placement"),
                "keystone_authtoken": self.checked("placement"),
            },
            "glance-api.conf": self.of_glance(),
            "neutron.conf": self.of_neutron(),
            "cinder.conf": self.of_cinder(),
            "nova.conf": self.of_nova(),
        }

    def database(self, name: str) -> Section:
        socket = self.folder / "mysql.sock"
        return {
            "connection": f"mysql+pymysql://root@localhost/{name}?unix_socket={socket}&charset=utf8",
            "max_pool_size": "20",
            "max_overflow": "20",
        }

    def logged(self, service: str) -> Section:
        return {"log_file": f"{self.folder}/log/{service}.log", "use_stderr": "false"}

    def default(self, service: str, **more: str) -> Section:
        state = f"{self.folder}/state/{service}"
        return {**self.logged(service), "state_path": state, "transport_url": "fake://", "host": "control", **more}

    def user(self, service: str) -> Section:
        """How a service asks another: as a user of its own in the project of services."""
        return {
            "auth_type": "password",
            "auth_url": self.keystone,
            "username": service,
            "password": PASSWORD,
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
            "region_name": "RegionOne",
        }

    def checked(self, service: str) -> Section:
        """How a service checks the tokens of its callers."""
        roles = {"service_token_roles_required": "true", "service_token_roles": "service,admin"}
        return {**self.user(service), "www_authenticate_uri": self.keystone, **roles}

    def locks(self, service: str) -> Section:
        return {"lock_path": f"{self.folder}/state/{service}"}

    def of_keystone(self) -> dict[str, Section]:
        return {
            "DEFAULT": self.logged("keystone"),
            "database": self.database("keystone"),
            "token": {"provider": "fernet"},
            "cache": {"enabled": "true", "backend": "dogpile.cache.memory"},  # else a token costs dozens of queries
            "fernet_tokens": {"key_repository": f"{self.folder}/fernet"},
            "credential": {"key_repository": f"{self.folder}/credential"},
            "identity": {"password_hash_rounds": "4"},
        }

    def of_glance(self) -> dict[str, Section]:
        state = f"{self.folder}/state/glance"
        return {
            "DEFAULT": {**self.logged("glance"), "enabled_backends": "files:file"},
            "database": self.database("glance"),
            "glance_store": {"default_backend": "files"},
            "files": {"filesystem_store_datadir": f"{self.folder}/images"},
            "os_glance_staging_store": {"filesystem_store_datadir": f"{state}/staging"},
            "os_glance_tasks_store": {"filesystem_store_datadir": f"{state}/tasks"},
            "keystone_authtoken": {**self.checked("glance"), "token_cache_time": "-1"},  # so that it sees a revoked one
            "paste_deploy": {
                "flavor": "keystone",
                "config_file": f"{self.environment}/etc/glance/glance-api-paste.ini",
            },
        }

    def of_neutron(self) -> dict[str, Section]:
        unlimited = ("network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule")
        default = self.default(
            "neutron",
            core_plugin="ml2",
            service_plugins="router,segments,tag",
            api_paste_config=f"{self.environment}/etc/neutron/api-paste.ini",
            notify_nova_on_port_status_changes="true",
            notify_nova_on_port_data_changes="true",
            pagination_max_limit="1000",
            dhcp_agent_notification="false",
            network_scheduler_driver="neutron.scheduler.dhcp_agent_scheduler.WeightScheduler",
        )
        return {
            "DEFAULT": default,
            "database": self.database("neutron"),
            "oslo_concurrency": self.locks("neutron"),
            "keystone_authtoken": self.checked("neutron"),
            "nova": self.user("nova"),
            "placement": self.user("placement"),
            "quotas": {
                **{f"quota_{name}": "-1" for name in unlimited},
                "quota_driver": "neutron.db.quota.driver_nolock.DbQuotaNoLockDriver",
            },
            "ml2": {
                "type_drivers": "flat,vlan,geneve,local",
                "tenant_network_types": "geneve",
                "mechanism_drivers": "alwaysbind",
                "extension_drivers": "port_security",
            },
            "ml2_type_geneve": {"vni_ranges": "1:10000"},
            "ml2_type_flat": {"flat_networks": "*"},
            "securitygroup": {"enable_security_group": "true"},
        }

    def of_cinder(self) -> dict[str, Section]:
        default = self.default(
            "cinder",
            auth_strategy="keystone",
            my_ip="127.0.0.1",
            enabled_backends="fake",
            api_paste_config=f"{self.environment}/etc/cinder/api-paste.ini",
            resource_query_filters_file=f"{self.environment}/etc/cinder/resource_filters.json",
            quota_volumes="-1",
            quota_gigabytes="-1",
            per_volume_size_limit="-1",
            glance_api_servers=f"http://127.0.0.1:{self.ports['glance']}",
            scheduler_driver_init_wait_time="2",
        )
        return {
            "DEFAULT": default,
            "fake": {"volume_driver": "volumes.Volumes", "volume_backend_name": "fake"},
            "database": self.database("cinder"),
            "oslo_concurrency": self.locks("cinder"),
            "keystone_authtoken": self.checked("cinder"),
            "nova": self.user("nova"),
            "service_user": {**self.user("cinder"), "send_service_user_token": "true"},
            "coordination": {"backend_url": f"file://{self.folder}/state/cinder/coordination"},
            "key_manager": {"backend": "cinder.keymgr.conf_key_mgr.ConfKeyManager"},
        }

    def of_nova(self) -> dict[str, Section]:
        default = self.default(
            "nova",
            compute_driver="fake.FakeDriver",
            my_ip="127.0.0.1",
            instances_path=f"{self.folder}/state/nova/instances",
            heal_instance_info_cache_interval="-1",
            sync_power_state_interval="-1",
            update_resources_interval="600",
            vif_plugging_timeout="0",
            vif_plugging_is_fatal="false",
            service_down_time="600",
            report_interval="60",
            block_device_allocate_retries_interval="1",
        )
        return {
            "DEFAULT": default,
            "api": {"auth_strategy": "keystone", "max_limit": "1000", "response_validation": "ignore"},
            "api_database": self.database("nova_api"),
            "database": self.database("nova"),
            "quota": dict.fromkeys(("instances", "cores", "ram", "server_groups", "server_group_members"), "-1"),
            "oslo_concurrency": self.locks("nova"),
            "keystone_authtoken": self.checked("nova"),
            "placement": self.user("nova"),
            "neutron": self.user("nova"),
            "service_user": {**self.user("nova"), "send_service_user_token": "true"},
            "glance": {**self.user("nova"), "api_servers": f"http://127.0.0.1:{self.ports['glance']}"},
            "cinder": {"os_region_name": "RegionOne", "catalog_info": "block-storage::publicURL", **self.user("nova")},
            "key_manager": {"backend": "nova.keymgr.conf_key_mgr.ConfKeyManager"},
            "vnc": {"enabled": "false"},
            "scheduler": {"discover_hosts_in_cells_interval": "-1"},
            "filter_scheduler": {"track_instance_changes": "false"},
            "wsgi": {"api_paste_config": f"{self.folder}/etc/api-paste.ini"},
        }
