# SPDX-License-Identifier: Apache-2.0
"""Runs one OpenStack service as one process, in the virtual environment of the services: service.py FOLDER NAME PORT.

A service that has workers (nova's scheduler, cinder's volume manager…) gets them as threads of the same process, as in
its own functional tests, because its messages go no further than the process.
"""

import os
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER, NAME, PORT = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
COMPUTES = sys.argv[4:]


def keystone() -> Any:
    from keystone.wsgi.api import application

    return application


def placement() -> Any:
    from placement.wsgi.api import application

    return application


def glance() -> Any:
    from glance.wsgi.api import application

    return application


def neutron() -> Any:
    import oslo_service.backend as backend

    backend.init_backend(backend.BackendType.THREADING)
    from neutron.wsgi.api import application

    return application


def cinder() -> Any:
    from cinder import monkey_patch

    monkey_patch.patch()
    sys.argv += ["--config-file", f"{FOLDER}/etc/cinder.conf"]
    from cinder.cmd import volume  # before the configuration is parsed, for it registers an option
    from cinder.wsgi.api import application  # isort: skip
    import os_brick
    from cinder import service
    from cinder.common import constants
    from oslo_config import cfg

    os_brick.setup(cfg.CONF)
    cfg.CONF.register_opt(volume.host_opt, group="fake")
    manager = {"host": "control@fake", "service_name": "fake", "coordination": True}
    service.Service.create(binary=constants.VOLUME_BINARY, **manager).start()
    service.Service.create(binary="cinder-scheduler").start()
    return application


def nova() -> Any:
    from nova import monkey_patch

    monkey_patch.patch(backend="threading")
    from nova.wsgi.osapi_compute import application  # isort: skip
    import nova.virt.fake
    import os_brick
    import os_vif
    from nova import service
    from nova.compute import rpcapi as compute
    from nova.conductor import rpcapi as conductor
    from nova.scheduler import rpcapi as scheduler
    from oslo_config import cfg

    os_brick.setup(cfg.CONF)
    os_vif.initialize()
    keep_identities(Path(cfg.CONF.state_path) / "compute_id")
    driver = nova.virt.fake.FakeDriver
    driver.vcpus, driver.memory_mb, driver.local_gb = 4_000, 16_000_000, 4_000_000
    service.Service.create(binary="nova-conductor", topic=conductor.RPC_TOPIC).start()
    service.Service.create(binary="nova-scheduler", topic=scheduler.RPC_TOPIC).start()
    for host in COMPUTES:
        topics = {"topic": compute.RPC_TOPIC, "topic_alt": compute.RPC_TOPIC_ALT}
        service.Service.create(host=host, binary="nova-compute", **topics).start()
    return application


def keep_identities(file: Path) -> None:
    """The fake driver invents the identity of a node at each start, and nova refuses one that it has seen otherwise."""
    from oslo_utils.fixture import uuidsentinel

    for host in COMPUTES:
        uuidsentinel._sentinels[f"node_{host}"] = str(uuid.uuid5(uuid.NAMESPACE_DNS, host))
    if not file.exists():
        file.write_text(str(uuid.uuid4()))


APPLICATIONS: dict[str, Callable[[], Any]] = {
    "keystone": keystone,
    "placement": placement,
    "glance": glance,
    "neutron": neutron,
    "cinder": cinder,
    "nova": nova,
}


def main() -> None:
    os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = os.environ["OS_CINDER_DISABLE_EVENTLET_PATCHING"] = "true"
    os.environ["OS_NEUTRON_CONFIG_FILES"] = "neutron.conf"
    for name in APPLICATIONS:
        os.environ[f"OS_{name.upper()}_CONFIG_DIR"] = f"{FOLDER}/etc"
    sys.argv = [NAME]
    sys.path.insert(0, f"{FOLDER}/plugins")
    application = APPLICATIONS[NAME]()
    import waitress

    waitress.serve(application, host="127.0.0.1", port=PORT, threads=4)


main()
