"""How guests are moved: every flag and parameter of `virsh migrate`, under virsh's own names.

Values only. What of it a libvirt or QEMU lacks is for rules to say, how it is put to libvirt for `preflight.mover`.
"""

from typing import Annotated

from msgspec import Meta, Struct

from preflight.errors import UserError
from preflight.fields import GuestName, HostText, Line, Percent, Port, Word, Xml
from preflight.request.migration import FASTEST, LONGEST_DOWNTIME, CopyStorage, HandOver, Mode, OnTimeout

#: What libvirt knows to compress by (qemuMigrationCompressMethod of src/qemu/qemu_migration_params.c, libvirt 9.4).
#: Another it refuses as "Unsupported compression method", and one that is named twice too.
METHODS = ("mt", "xbzrle", "zlib", "zstd")
_Speed = Annotated[int, Meta(ge=1, le=FASTEST)]


class Method(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How guests are moved. None leaves a thing as it is on the source, or to libvirt."""

    mode: Mode = Mode.MANAGED
    #: Whether the guest runs on meanwhile; else it stands still from the start.
    live: bool = True
    #: None: as `HandOver` says for the mode.
    hand_over: HandOver | None = None
    #: Whether the guest stays paused on the destination.
    suspend: bool = False
    #: Whether it is defined on the destination; None: if it is on the source.
    persistent: bool | None = None
    #: Whether guests that are off are moved by dumpxml, define and undefine, rather than by libvirt's --offline.
    dumpxml: bool = False
    #: Whether its definition on the source goes.
    undefinesource: bool = True
    copy_storage: CopyStorage = CopyStorage.NONE
    #: The disks that are copied, by the names of their devices inside the guest ("vda"); empty: all that can be.
    migrate_disks: tuple[Word, ...] = ()
    disks_port: Port | None = None
    disks_uri: Line | None = None
    change_protection: bool = False
    unsafe: bool = False
    abort_on_error: bool = False
    migrateuri: Line | None = None
    listen_address: HostText | None = None
    graphicsuri: Line | None = None
    #: The guest's name on the destination.
    dname: GuestName | None = None
    #: The guest's XML on the destination, running and defined.
    xml: Xml | None = None
    persistent_xml: Xml | None = None
    #: MiB/s that each migration may send.
    bandwidth: _Speed | None = None
    #: Milliseconds that the guest may stand still (migrate-setmaxdowntime); None: QEMU's 300.
    max_downtime: Annotated[int, Meta(ge=1, le=LONGEST_DOWNTIME)] | None = None
    #: Seconds, and what is done to a migration that has lasted so long.
    timeout: Annotated[float, Meta(gt=0, le=1_000_000)] | None = None
    on_timeout: OnTimeout = OnTimeout.SUSPEND
    auto_converge: bool = False
    #: Percent by which the guest's CPUs are slowed down at first, and more each time.
    auto_converge_initial: Percent | None = None
    auto_converge_increment: Percent | None = None
    postcopy: bool = False
    #: Whether post-copy begins by itself after the first pass over the memory.
    postcopy_after_precopy: bool = False
    #: MiB/s in post-copy.
    postcopy_bandwidth: _Speed | None = None
    compressed: bool = False
    #: Of METHODS; empty: QEMU's own.
    comp_methods: tuple[Word, ...] = ()
    parallel: bool = False
    parallel_connections: Annotated[int, Meta(ge=1, le=255)] | None = None
    tls: bool = False
    tls_destination: HostText | None = None
    zerocopy: bool = False

    def __post_init__(self) -> None:
        """Raise `UserError` for what cannot be meant."""
        copied = "--copy-storage-all or --copy-storage-inc"
        needs = (
            ("--auto-converge-initial", self.auto_converge_initial, self.auto_converge, "--auto-converge"),
            ("--auto-converge-increment", self.auto_converge_increment, self.auto_converge, "--auto-converge"),
            ("--postcopy-after-precopy", self.postcopy_after_precopy, self.postcopy, "--postcopy"),
            ("--postcopy-bandwidth", self.postcopy_bandwidth, self.postcopy, "--postcopy"),
            ("--comp-methods", self.comp_methods, self.compressed, "--compressed"),
            ("--parallel-connections", self.parallel_connections, self.parallel, "--parallel"),
            ("--zerocopy", self.zerocopy, self.parallel, "--parallel"),
            ("--tls-destination", self.tls_destination, self.tls, "--tls"),
            ("--migrate-disks", self.migrate_disks, self.copies_storage, copied),
            ("--disks-port", self.disks_port, self.copies_storage, copied),
            ("--disks-uri", self.disks_uri, self.copies_storage, copied),
        )
        for option, asked, given, name in needs:
            if asked and not given:
                raise UserError(f"{option} is of use only with {name}")
        for number, one in enumerate(self.comp_methods):
            if one not in METHODS:
                raise UserError(f"--comp-methods: {one!r} is not one of {', '.join(METHODS)}")
            if one in self.comp_methods[:number]:
                raise UserError(f"--comp-methods: {one!r} is named twice")
        if self.on_timeout is OnTimeout.POSTCOPY and self.timeout is not None and not self.postcopy:
            raise UserError("--timeout-postcopy is of use only with --postcopy")
        if self.tls and self.mode is Mode.TUNNELLED:
            raise UserError(
                "--tls and --tunnelled exclude each other: libvirt does not send a tunnel's memory over TLS"
            )
        if not self.live and self.postcopy:
            raise UserError("--postcopy is for guests that run on meanwhile: leave out --no-live")

    @property
    def copies_storage(self) -> bool:
        """Whether disks are copied at all."""
        return self.copy_storage is not CopyStorage.NONE

    @property
    def is_safe(self) -> bool:
        """Whether preflight itself starts the guest; in post-copy QEMU must, and in peer-to-peer mode libvirt does."""
        unasked = HandOver.SAFE if self.mode is Mode.MANAGED else HandOver.AT_ONCE
        return (self.hand_over or unasked) is HandOver.SAFE and not self.postcopy

    @property
    def asked(self) -> frozenset[str]:
        """The flags and parameters that the hosts' libvirt and QEMU must know, by virsh's names.

        Each method of compression is one of its own too: "comp-methods=zstd".
        """
        named = {
            "change-protection": self.change_protection,
            "unsafe": self.unsafe,
            "abort-on-error": self.abort_on_error,
            "copy-storage-all": self.copy_storage is CopyStorage.ALL,
            "copy-storage-inc": self.copy_storage is CopyStorage.INC,
            "migrate-disks": self.migrate_disks,
            "disks-port": self.disks_port,
            "disks-uri": self.disks_uri,
            "migrateuri": self.migrateuri,
            "listen-address": self.listen_address,
            "graphicsuri": self.graphicsuri,
            "dname": self.dname,
            "xml": self.xml,
            "persistent-xml": self.persistent_xml,
            "bandwidth": self.bandwidth,
            "auto-converge": self.auto_converge,
            "auto-converge-initial": self.auto_converge_initial,
            "auto-converge-increment": self.auto_converge_increment,
            "postcopy": self.postcopy,
            "postcopy-bandwidth": self.postcopy_bandwidth,
            "compressed": self.compressed,
            "comp-methods": self.comp_methods,
            "parallel": self.parallel,
            "parallel-connections": self.parallel_connections,
            "tls": self.tls,
            "tls-destination": self.tls_destination,
            "zerocopy": self.zerocopy,
            "suspend": self.suspend,
        }
        methods = {f"comp-methods={method}" for method in self.comp_methods}
        return frozenset({name for name, value in named.items() if value} | methods)
