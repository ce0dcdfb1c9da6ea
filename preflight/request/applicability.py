"""Reasons for which a rule does not apply to a kind of migration, or None if it applies: for `skip` of `@rule`."""

from preflight.request.check_request import Migration
from preflight.request.migration import Transport


def unless_live(migration: Migration) -> str | None:
    """Return the reason for rules about running guests."""
    return "the guest is moved offline" if migration.offline else None


def unless_peer_to_peer(migration: Migration) -> str | None:
    """Return the reason for rules about the connection that the source's daemon opens."""
    return None if migration.peer_to_peer else "the migration is not peer-to-peer"


def unless_over_network(migration: Migration) -> str | None:
    """Return the reason for rules about a control connection to a port of libvirt itself."""
    listens = migration.transport in (Transport.TLS, Transport.TCP)
    return None if listens else f"the control connection runs over {migration.transport}"


def unless_over_tls(migration: Migration) -> str | None:
    """Return the reason for rules about a control connection over TLS."""
    is_tls = migration.transport is Transport.TLS
    return None if is_tls else f"the control connection runs over {migration.transport}"


def unless_data_over_tls(migration: Migration) -> str | None:
    """Return the reason for rules about sending the guest's memory over TLS."""
    return without_data_connection(migration) or (None if migration.method.tls else "--tls was not requested")


def unless_over_ssh(migration: Migration) -> str | None:
    """Return the reason for rules about sshd."""
    return None if migration.transport is Transport.SSH else f"the control connection runs over {migration.transport}"


def unless_several_over_ssh(migration: Migration) -> str | None:
    """Return the reason for rules about many simultaneous logins at the destination's sshd."""
    return unless_over_ssh(migration) or ("one migration logs in once" if migration.concurrency == 1 else None)


def without_data_connection(migration: Migration) -> str | None:
    """Return the reason for rules about the migration connection, from the source's QEMU to the destination's port."""
    if migration.offline:
        return "the guest is moved offline: no memory is sent"
    if migration.memory_to.socket is not None:
        return "the memory goes through a UNIX socket"
    if migration.memory_to.rdma:
        return "the memory goes over RDMA"
    return "the memory goes through the control connection" if migration.tunnelled else None


def unless_over_rdma(migration: Migration) -> str | None:
    """Return the reason for rules about memory that is sent over RDMA."""
    return unless_live(migration) or (None if migration.memory_to.rdma else "no --migrateuri names RDMA")


def unless_disks_host_is_given(migration: Migration) -> str | None:
    """Return the reason for rules about the host to which copied disks are sent."""
    if not migration.copy_storage:
        return "no disks are copied"
    return None if migration.disks_to.host else "no --disks-uri names a host"


def unless_disks_are_sent_elsewhere(migration: Migration) -> str | None:
    """Return the reason for rules about the connection for copied disks where it is not the memory's as well."""
    if not migration.copy_storage or migration.tunnelled:
        return "no disks are copied" if not migration.copy_storage else "the disks go through the control connection"
    if migration.disks_to.socket is not None:
        return "the disks go through a UNIX socket"
    apart = migration.disks_to.host or (migration.probe and migration.disks_to.port)
    return None if apart else "the disks are sent to the same host as the memory"


def unless_storage_is_copied(migration: Migration) -> str | None:
    """Return the reason for rules about the images onto which disks are copied."""
    return None if migration.copy_storage else "no disks are copied"


def unless_name_is_announced(migration: Migration) -> str | None:
    """Return the reason for rules about the name that the destination announces."""
    if migration.memory_to.host is not None:
        return "--migrateuri names the host"
    return without_data_connection(migration)


def unless_offline(migration: Migration) -> str | None:
    """Return the reason for rules about guests that are off, whose definitions are migrated."""
    return None if migration.offline else "the guest is moved while it runs"


def unless_libvirt_migrates(migration: Migration) -> str | None:
    """Return the reason for rules about what libvirt does in a migration, of a definition too."""
    return (
        "--dumpxml moves the definition without a migration" if migration.offline and migration.method.dumpxml else None
    )
