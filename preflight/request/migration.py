"""The requested migration: the way in which guests are migrated, and how many at once."""

import enum
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

#: The greatest bandwidth that libvirt accepts, in MiB/s (QEMU_DOMAIN_MIG_BANDWIDTH_MAX: INT64_MAX bytes), and the
#: greatest downtime that QEMU accepts, in milliseconds (MAX_MIGRATE_DOWNTIME of migration/options.c: 2000 s).
FASTEST, LONGEST_DOWNTIME = 8_796_093_022_207, 2_000_000


class Role(enum.StrEnum):
    """The end of the migration that a host is."""

    SOURCE = "source"
    DESTINATION = "destination"


class Transport(enum.StrEnum):
    """The transport of the control connection to the destination, as in `qemu+ssh://`."""

    SSH = "ssh"
    TLS = "tls"
    TCP = "tcp"
    UNIX = "unix"


class Mode(enum.StrEnum):
    """The program that drives the migration.

    Managed: the client of libvirt talks to both daemons. Peer-to-peer: the source's daemon opens the control
    connection. Tunnelled: peer-to-peer, and the guest's memory is sent through that connection too.
    """

    MANAGED = "managed"
    PEER_TO_PEER = "p2p"
    TUNNELLED = "tunnelled"


class HandOver(enum.StrEnum):
    """The program that starts the guest on the destination.

    Safe: preflight starts the guest, once the source has released it. libvirt itself would start the guest at once,
    and if the answer gets lost, start it on the source again, so that it runs on both hosts
    (virDomainMigrateVersion3Full, src/libvirt-domain.c, and qemuMigrationSrcPerformPeer2Peer3,
    src/qemu/qemu_migration.c, libvirt 9.0, at "RPC failure").

    A managed migration ends if preflight dies, so nothing is lost if preflight is needed to complete it. A peer-to-peer
    migration continues without preflight: there a process that preflight leaves on the source starts the guest if
    preflight dies (`migrate.starter`).
    """

    SAFE = "safe"
    AT_ONCE = "at-once"


class CopyStorage(enum.StrEnum):
    """The extent to which disks are copied: not at all, in full, or only above a backing image on both hosts."""

    NONE = "none"
    ALL = "all"
    INC = "inc"


class OnTimeout(enum.StrEnum):
    """The action on a migration that exceeds its timeout."""

    SUSPEND = "suspend"
    POSTCOPY = "postcopy"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Migration:
    """The requested migration: the way in which guests are migrated, and how many at once."""

    transport: Transport = Transport.SSH
    mode: Mode = Mode.MANAGED
    #: The number of concurrent migrations, each with connections of its own, as with `virsh migrate`.
    concurrency: int = 1
    offline: bool = False
    copy_storage: bool = False
    #: The disks to copy if storage is copied, by their names in the guest; if empty, those that libvirt chooses.
    disks: tuple[str, ...] = ()
    #: The given lists of disks, by the option as it is typed: ("--migrate-disks", ("vda", "vdb")).
    disk_lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: Whether the guest's memory is sent over TLS, as with `virsh migrate --tls`.
    tls: bool = False
    #: Whether the definitions of guests that are off are migrated too; otherwise such guests are omitted, or block.
    as_they_are: bool = False
    #: The other flags and parameters that are requested, by virsh's names.
    flags: frozenset[str] = frozenset()
    #: The host that `--migrateuri` names instead of the announced name; None without that option.
    data_host: str | None = None
    #: The port that it names instead of one from the destination's migration range.
    data_port: int | None = None
    #: The UNIX socket that it names instead of a host; another program forwards the data.
    data_socket: str | None = None
    #: Whether it names RDMA, which needs no TCP connection for the memory.
    rdma: bool = False
    #: The host, the port or the UNIX socket for copied disks, from `--disks-uri` or `--disks-port`.
    disks_host: str | None = None
    disks_port: int | None = None
    disks_socket: str | None = None
    #: The address on which the destination listens for the data, instead of its migration_address.
    listen_address: str | None = None
    #: The host name that the destination's certificate for the data must have, from `--tls-destination`.
    tls_name: str | None = None
    #: Whether guests are defined on the destination; None: those that are persistent on the source. And whether they
    #: are then undefined on the source.
    persistent: bool | None = None
    undefinesource: bool = True
    #: The name and the XML of the guest on the destination, if they differ from those on the source.
    dname: str | None = None
    xml: str | None = None
    #: The bandwidth of one migration in MiB/s, as with `virsh migrate --bandwidth`; None for that of the link.
    bandwidth: float | None = None
    #: Whether the client of each migration also logs in at the source over ssh, as `virsh -c qemu+ssh://source` does.
    source_over_ssh: bool = True
    #: Whether the same number of migrations runs in the other direction at the same time.
    both_ways: bool = False
    #: The libvirt URI of the destination, as the opener of the control connection uses it.
    destination_uri: str | None = None

    @property
    def of_guests_off(self) -> "Migration":
        """Return the migration of the guests that are off among guests that are migrated as they are."""
        return replace(self, offline=True, copy_storage=False, flags=self.flags & {"unsafe"})

    def copies(self, target: str, *, by_default: bool) -> bool:
        """Report whether a disk is copied; `by_default` applies if no disks are named (qemuMigrationAnyCopyDisk)."""
        return self.copy_storage and (target in self.disks if self.disks else by_default)

    @property
    def peer_to_peer(self) -> bool:
        """Report whether the source's daemon opens the control connection (tunnelled is peer-to-peer too)."""
        return self.mode is not Mode.MANAGED

    @property
    def tunnelled(self) -> bool:
        """Report whether the memory is sent through the control connection, and needs no port of its own."""
        return self.mode is Mode.TUNNELLED

    @property
    def control_host(self) -> str:
        """Return the destination's name or address from its URI; empty for this machine."""
        return urlsplit(self.destination_uri or "").hostname or ""

    @property
    def control_port(self) -> int | None:
        """Return the port of a connection over TLS or TCP (LIBVIRTD_TLS_PORT, LIBVIRTD_TCP_PORT), None for others."""
        usual = {Transport.TLS: 16514, Transport.TCP: 16509}.get(self.transport)
        return usual and (urlsplit(self.destination_uri or "").port or usual)

    @property
    def ports_each(self) -> int:
        """Return the number of TCP ports from the destination's migration range that one migration uses.

        One for the memory, and one for the guest's NBD server if storage is copied (qemuMigrationDstStartNBDServer,
        libvirt 9.0). A connection for which a port or a UNIX socket is given uses none.
        """
        memory = self.data_port is None and self.data_socket is None
        disks = self.copy_storage and self.disks_port is None and self.disks_socket is None
        return memory + disks

    @property
    def ports_given(self) -> tuple[tuple[str, int], ...]:
        """Return the ports of the destination that are given, each with its option."""
        disks = self.disks_port if self.copy_storage else None
        named = (("--migrateuri", self.data_port), ("--disks-port", disks))
        return tuple((option, port) for option, port in named if port is not None)

    @property
    def data_named_by(self) -> str:
        """Return the origin of the host to which the data is sent, in the words of a finding."""
        return "announced by the destination" if self.data_host is None else "given with --migrateuri"

    def refuses_as_localhost(self, name: str) -> bool:
        """Report whether libvirt itself refuses such a name; it does not check one from `--migrateuri`."""
        return self.data_host is None and name.startswith("localhost")
