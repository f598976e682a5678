# SPDX-License-Identifier: Apache-2.0
"""Many servers in seconds: rows of one real server with its ports, copied in the services' databases.

Through the APIs a thousand servers take a quarter of an hour, and it is listing that is tested. Runs in the virtual
environment of the services: copies.py SOCKET SERVER COUNT; `copy_server` calls it there.
"""

import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

SKIPPED = ("shadow_", "instance_actions", "instance_faults", "migrations")
Row = dict[str, Any]


def copy_server(lab: Any, server: str, count: int) -> None:
    command = [f"{lab.environment}/bin/python", __file__, f"{lab.folder}/mysql.sock", server, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


class Databases:
    """Tables of all services, by (database, table)."""

    def __init__(self, socket: str) -> None:
        import sqlalchemy

        self.sql = sqlalchemy
        self.engines, self.tables = {}, {}
        for name in ("nova", "nova_api", "neutron"):
            url = f"mysql+pymysql://root@localhost/{name}?unix_socket={socket}&charset=utf8mb3"
            self.engines[name] = sqlalchemy.create_engine(url)
            metadata = sqlalchemy.MetaData()
            metadata.reflect(self.engines[name])
            self.tables |= {(name, table.name): table for table in metadata.tables.values()}

    def rows(self, database: str, table: str, **equal: Any) -> list[Row]:
        found = self.tables[database, table]
        query = self.sql.select(found)
        for column, value in equal.items():
            query = query.where(found.c[column].in_(value if isinstance(value, list) else [value]))
        with self.engines[database].connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def add(self, database: str, table: str, rows: list[Row]) -> None:
        with self.engines[database].begin() as connection:
            connection.exec_driver_sql("set foreign_key_checks=0")
            connection.execute(self.tables[database, table].insert(), rows)


def belongings(databases: Databases, server: str, ports: list[Row]) -> Iterator[tuple[tuple[str, str], list[Row]]]:
    """The rows of one server, wherever its identity, or that of its port, is a column."""
    yield ("nova", "instances"), databases.rows("nova", "instances", uuid=server)
    for (database, name), table in databases.tables.items():
        if name.startswith(SKIPPED):
            continue
        if database != "neutron" and "instance_uuid" in table.c:
            yield (database, name), databases.rows(database, name, instance_uuid=server)
        elif database == "neutron" and "port_id" in table.c and name not in ("floatingips", "provisioningblocks"):
            yield (database, name), databases.rows(database, name, port_id=[port["id"] for port in ports])
    yield ("neutron", "ports"), ports
    attributes = [port["standard_attr_id"] for port in ports]
    yield ("neutron", "standardattributes"), databases.rows("neutron", "standardattributes", id=attributes)


def copied(row: Row, table: str, swap: dict[Any, Any], pattern: re.Pattern[str]) -> Row:
    """A row with new identities; a number that the database counts by itself is left out."""
    counted = {column for column, value in row.items() if column == "id" and isinstance(value, int)}
    if table == "standardattributes":
        return {**row, "id": swap[row["id"]]}
    return {
        column: new_value(column, value, table, swap, pattern) for column, value in row.items() if column not in counted
    }


def new_value(column: str, value: Any, table: str, swap: dict[Any, Any], pattern: re.Pattern[str]) -> Any:
    if column == "standard_attr_id":
        return swap[value]
    if column == "uuid" and table not in ("instances", "virtual_interfaces"):
        return str(uuid.uuid4())
    return pattern.sub(lambda match: swap[match[0]], value) if isinstance(value, str) else value


def main(socket: str, name: str, count: int) -> None:
    databases = Databases(socket)
    (server,) = databases.rows("nova", "instances", hostname=name, deleted=0)
    ports = databases.rows("neutron", "ports", device_id=server["uuid"])
    templates = [(where, rows) for where, rows in belongings(databases, server["uuid"], ports) if rows]
    addresses = [
        one["ip_address"] for one in databases.rows("neutron", "ipallocations", port_id=[p["id"] for p in ports])
    ]
    highest = max(row["id"] for row in databases.rows("neutron", "standardattributes")) + 1
    made: dict[tuple[str, str], list[Row]] = {where: [] for where, _ in templates}
    for number in range(count):
        swap: dict[Any, Any] = {text: str(uuid.uuid4()) for text in [server["uuid"], *(port["id"] for port in ports)]}
        swap |= {
            port["mac_address"]: f"fa:16:3f:{number >> 8:02x}:{number & 255:02x}:{at:02x}"
            for at, port in enumerate(ports)
        }
        swap |= dict.fromkeys(addresses, f"10.10.{200 + number // 250}.{1 + number % 250}")
        swap[name] = f"{name}-{number:04d}"
        pattern = re.compile("|".join(re.escape(text) for text in sorted(swap, key=len, reverse=True)))
        swap |= {port["standard_attr_id"]: highest + number * len(ports) + at for at, port in enumerate(ports)}
        for (database, table), rows in templates:
            made[database, table] += [copied(row, table, swap, pattern) for row in rows]
    for (database, table), rows in made.items():
        databases.add(database, table, rows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
