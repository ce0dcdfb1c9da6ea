"""What is asked: how guests are to be moved, and how many at once."""

import enum
from dataclasses import dataclass
from urllib.parse import urlsplit


class Role(enum.StrEnum):
    """Which end of the migration a host is."""

    SOURCE = "source"
    DESTINATION = "destination"


class Transport(enum.StrEnum):
    """What the control connection to the destination runs over, as in `qemu+ssh://`."""

    SSH = "ssh"
    TLS = "tls"
    TCP = "tcp"
    UNIX = "unix"


class Mode(enum.StrEnum):
    """Who drives the migration.

    Managed: the client that called libvirt talks to both daemons. Peer-to-peer: the source's daemon opens the
    control connection. Tunnelled: peer-to-peer, and the guest's memory goes through that connection too.
    """

    MANAGED = "managed"
    PEER_TO_PEER = "p2p"
    TUNNELLED = "tunnelled"


@dataclass(frozen=True, slots=True)
class Migration:
    """What is asked: how guests are to be moved, and how many at once."""

    transport: Transport = Transport.SSH
    mode: Mode = Mode.MANAGED
    #: Migrations running at the same time, each with its own connections, as `virsh migrate` has.
    concurrency: int = 1
    offline: bool = False
    copy_storage: bool = False
    #: Whether the guest's memory is sent over TLS, as by `virsh migrate --tls`.
    tls: bool = False
    #: MiB/s that a migration may send, as by `virsh migrate --bandwidth`; None for as much as the link takes.
    bandwidth: float | None = None
    #: Whether each migration's client logs in at the source by ssh too, as `virsh -c qemu+ssh://source` does.
    source_over_ssh: bool = True
    #: The libvirt URI of the destination as whoever opens the control connection uses it.
    destination_uri: str | None = None

    @property
    def peer_to_peer(self) -> bool:
        """Whether the source's daemon opens the control connection (tunnelled is peer-to-peer too)."""
        return self.mode is not Mode.MANAGED

    @property
    def tunnelled(self) -> bool:
        """Whether the guest's memory goes through the control connection, so that no port of its own is needed."""
        return self.mode is Mode.TUNNELLED

    @property
    def control_host(self) -> str:
        """The destination's name or address in its URI; empty for this machine."""
        return urlsplit(self.destination_uri or "").hostname or ""

    @property
    def control_port(self) -> int | None:
        """The port of a control connection over TLS or TCP (LIBVIRTD_TLS_PORT, LIBVIRTD_TCP_PORT); None for others."""
        usual = {Transport.TLS: 16514, Transport.TCP: 16509}.get(self.transport)
        return usual and (urlsplit(self.destination_uri or "").port or usual)

    @property
    def ports_each(self) -> int:
        """TCP ports of the destination's migration range that one migration takes.

        One for the memory; one NBD server a guest when storage is copied (qemuMigrationDstStartNBDServer, libvirt 9.0).
        """
        return 2 if self.copy_storage else 1


def unless_live(migration: Migration) -> str | None:
    """For rules about running guests."""
    return "the guest is moved offline" if migration.offline else None


def unless_peer_to_peer(migration: Migration) -> str | None:
    """For rules about the connection that the source's daemon opens."""
    return None if migration.peer_to_peer else "the migration is not peer-to-peer"


def unless_over_network(migration: Migration) -> str | None:
    """For rules about a control connection to a port of libvirt's own."""
    listens = migration.transport in (Transport.TLS, Transport.TCP)
    return None if listens else f"the control connection runs over {migration.transport}"


def unless_over_tls(migration: Migration) -> str | None:
    """For rules about a control connection over TLS."""
    is_tls = migration.transport is Transport.TLS
    return None if is_tls else f"the control connection runs over {migration.transport}"


def unless_data_over_tls(migration: Migration) -> str | None:
    """For rules about sending the guest's memory over TLS."""
    return without_data_connection(migration) or (None if migration.tls else "no --tls was asked for")


def unless_several_over_ssh(migration: Migration) -> str | None:
    """For rules about many logins at the destination's sshd at one instant."""
    if migration.transport is not Transport.SSH:
        return f"the control connection runs over {migration.transport}"
    return "one migration logs in once" if migration.concurrency == 1 else None


def without_data_connection(migration: Migration) -> str | None:
    """For rules about the connection from the source's QEMU to the destination's port."""
    if migration.offline:
        return "the guest is moved offline: no memory is sent"
    return "the memory goes through the control connection" if migration.tunnelled else None
