"""What is asked: how guests are to be moved, and how many at once."""

import enum
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

#: MiB/s that libvirt takes (QEMU_DOMAIN_MIG_BANDWIDTH_MAX: INT64_MAX bytes), and milliseconds that QEMU does
#: (MAX_MIGRATE_DOWNTIME of migration/options.c: 2000 s).
FASTEST, LONGEST_DOWNTIME = 8_796_093_022_207, 2_000_000


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


class HandOver(enum.StrEnum):
    """Who starts the guest on the destination.

    Safe: preflight does, once the source has let the guest go. libvirt itself starts it at once, and when the answer
    to that gets lost it starts the guest on the source again: then it runs on both (virDomainMigrateVersion3Full,
    src/libvirt-domain.c, and qemuMigrationSrcPerformPeer2Peer3, src/qemu/qemu_migration.c, libvirt 9.0, at "RPC
    failure").

    A managed migration ends with preflight anyway. A peer-to-peer migration goes on without it: there a process that
    preflight leaves on the source starts the guest if preflight dies (`migrate.starter`).
    """

    SAFE = "safe"
    AT_ONCE = "at-once"


class CopyStorage(enum.StrEnum):
    """Whether disks are copied too: not, whole, or what lies above a backing image that both hosts have."""

    NONE = "none"
    ALL = "all"
    INC = "inc"


class OnTimeout(enum.StrEnum):
    """What is done to a migration that has lasted as long as it may."""

    SUSPEND = "suspend"
    POSTCOPY = "postcopy"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Migration:
    """What is asked: how guests are to be moved, and how many at once."""

    transport: Transport = Transport.SSH
    mode: Mode = Mode.MANAGED
    #: Migrations running at the same time, each with its own connections, as `virsh migrate` has.
    concurrency: int = 1
    offline: bool = False
    copy_storage: bool = False
    #: The disks that are copied then, by their names in the guest; where none is named, those that libvirt chooses.
    disks: tuple[str, ...] = ()
    #: The lists of disks that are given, by the option as it is typed: ("--migrate-disks", ("vda", "vdb")).
    disk_lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: Whether the guest's memory is sent over TLS, as by `virsh migrate --tls`.
    tls: bool = False
    #: Whether guests that are off are moved too, by their definition; else they are left out, or block.
    as_they_are: bool = False
    #: The further flags and parameters that are asked for, by the names that virsh gives them.
    flags: frozenset[str] = frozenset()
    #: The host that `--migrateuri` names in place of what the destination announces; None without.
    data_host: str | None = None
    #: The port that it names in place of one of the destination's migration range.
    data_port: int | None = None
    #: The UNIX socket that it names in place of a host: something else carries what is written there.
    data_socket: str | None = None
    #: Whether it names RDMA, over which no TCP connection for the memory is made.
    rdma: bool = False
    #: The host, the port or the UNIX socket for copied disks, by `--disks-uri` or `--disks-port`.
    disks_host: str | None = None
    disks_port: int | None = None
    disks_socket: str | None = None
    #: Where the destination listens for the data, in place of its migration_address.
    listen_address: str | None = None
    #: The name that the destination's certificate for the data is to be made out to, by `--tls-destination`.
    tls_name: str | None = None
    #: Whether guests are defined on the destination; None: those that are on the source. And whether their definition
    #: goes from the source then.
    persistent: bool | None = None
    undefinesource: bool = True
    #: The guest's name and XML on the destination, where they are to be others.
    dname: str | None = None
    xml: str | None = None
    #: MiB/s that a migration may send, as by `virsh migrate --bandwidth`; None for as much as the link takes.
    bandwidth: float | None = None
    #: Whether each migration's client logs in at the source by ssh too, as `virsh -c qemu+ssh://source` does.
    source_over_ssh: bool = True
    #: Whether as many go the other way at the same time.
    both_ways: bool = False
    #: The libvirt URI of the destination as whoever opens the control connection uses it.
    destination_uri: str | None = None

    @property
    def of_guests_off(self) -> "Migration":
        """How guests that are off are moved where guests are moved as they are: by their definition alone."""
        return replace(self, offline=True, copy_storage=False, flags=self.flags & {"unsafe"})

    def copies(self, target: str, *, by_default: bool) -> bool:
        """Whether a disk is copied; `by_default`: where no disks are named (qemuMigrationAnyCopyDisk)."""
        return self.copy_storage and (target in self.disks if self.disks else by_default)

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
        None where the port, or a UNIX socket, is given.
        """
        memory = self.data_port is None and self.data_socket is None
        disks = self.copy_storage and self.disks_port is None and self.disks_socket is None
        return memory + disks

    @property
    def ports_given(self) -> tuple[tuple[str, int], ...]:
        """Ports of the destination that are given, and by which option."""
        disks = self.disks_port if self.copy_storage else None
        named = (("--migrateuri", self.data_port), ("--disks-port", disks))
        return tuple((option, port) for option, port in named if port is not None)

    @property
    def data_named_by(self) -> str:
        """Who says which host the data goes to, as a finding puts it."""
        return "announced by the destination" if self.data_host is None else "given with --migrateuri"

    def refuses_as_localhost(self, name: str) -> bool:
        """Whether libvirt itself refuses such a name; one that is given with `--migrateuri` it does not look at."""
        return self.data_host is None and name.startswith("localhost")
