"""Too few ports of the destination's migration range are free.

Why it matters
    Each migration listens on a separate port, or on two if storage is copied. A port on which another program listens,
    on any address, cannot be used. Migrations for which no port is left fail at once: "Unable to find an unused port in
    range 'migration' (49152-49215)". A port given with --migrateuri or --disks-port serves one migration and must be
    free. Otherwise the guest's memory goes to whatever listens there and the migration hangs without a message, or QEMU
    reports "Address already in use".

How to fix
    Widen the range from migration_port_min to migration_port_max in the destination's /etc/libvirt/qemu.conf and
    restart the libvirt daemon, free the ports, or run fewer migrations at a time. If a port was given, choose another
    one, or omit the option.
"""

from preflight.facts import Listening, QemuConf
from preflight.rule import Change, Findings, Migration, Severity, on_destination, rule, without_data_connection

#: The highest port number.
HIGHEST = 65535


@rule(Severity.ERROR, skip=without_data_connection)
def check(destination: QemuConf, destination_ports: Listening, migration: Migration) -> Findings:
    first, last = destination.migration_port_min, destination.migration_port_max
    free = len(destination.port_range) - len(destination_ports.used_in(first.value, last.value))
    wanted = migration.concurrency * migration.ports_each
    if wanted > free:
        more = last.value + wanted - free
        yield on_destination(
            f"{free} of the {len(destination.port_range)} ports from {first} to {last} are free,"
            f" but {wanted} are needed",
            at=last.at or first.at,
            change=Change(destination.path, "migration_port_max", more) if more <= HIGHEST else None,
            error=f"Unable to find an unused port in range 'migration' ({first}-{last})",
        )
    for option, port in migration.ports_given:
        if destination_ports.used_in(port, port):
            yield on_destination(f"port {port}, given with {option}, is already in use")
        elif migration.concurrency > 1:
            yield on_destination(f"port {port}, given with {option}, serves only one migration at a time")
