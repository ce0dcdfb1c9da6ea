"""The request of a check, as typed or as saved, and the migration that it asks for, as rules see it."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from preflight.answers import SavedHost
from preflight.request.configured import NONE as NOTHING_CONFIGURED
from preflight.request.configured import Configured
from preflight.request.data_uri import DataUri
from preflight.request.method import Method
from preflight.request.migration import FailOn, Mode, OnUnknown, Transport

#: Connections of preflight itself to the ports of sshd and of the daemon.
OWN = 1


class Selection(Struct, frozen=True, kw_only=True):
    """The selected guests: those named, or else all of a kind, except those that are left out."""

    #: Names or UUIDs.
    guests: tuple[str, ...] = ()
    no_guests: bool = False
    #: Only guests that are off, whose definitions are migrated.
    offline: bool = False
    #: Guests that are off as well as those that run, each migrated as it is.
    as_they_are: bool = False
    #: Names or UUIDs, as typed: each one, or several separated by commas.
    left_out: tuple[str, ...] = ()


class Site(Struct, frozen=True, kw_only=True):
    """Changes that a site makes to the rules."""

    #: Directories of further rules, and the names of installed packs of rules.
    rules: tuple[Path, ...] = ()
    packs: tuple[str, ...] = ()
    #: Rules whose severity is changed, each with its severity.
    severity: tuple[tuple[str, str], ...] = ()
    #: Rules whose threshold is changed, each with its threshold.
    thresholds: tuple[tuple[str, float], ...] = ()
    #: The configuration file, with its waivers.
    configured: Configured = NOTHING_CONFIGURED
    #: The day in UTC to which the expiry of waivers is compared, such as 2026-11-30.
    today: str = ""


class Asked(Selection, frozen=True):
    """The request of a check. The hosts are as typed or as saved; `timeout` is in seconds, for all of one host."""

    source: str | SavedHost
    destination: str | SavedHost | None = None
    concurrency: int = 1
    #: The options of `virsh migrate`, as given.
    method: Method = Method()
    transport: Transport | None = None
    destination_uri: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    site: Site = Site()
    both_ways: bool = False
    #: Whether facts that only `preflight capacity` shows are collected too.
    sizing: bool = False
    #: Whether every question is asked, so that a saved file can be judged by any rule later.
    whole: bool = False
    #: Whether the destination opens a listener at the ports that the source tries.
    probe: bool = False
    timeout: float = 60.0


class Gate(Struct, frozen=True):
    """The results of a check that change its exit code."""

    fail_on: FailOn = FailOn.ERROR
    unknown: OnUnknown = OnUnknown.FAIL
    #: True if no finding changes the exit code; an unknown still does.
    exit_zero: bool = False


class Connections(Struct, frozen=True):
    """The TCP connections of each migration to one port of a host, and those of preflight itself."""

    #: ssh, libvirt or data.
    what: str
    #: The port of each migration in turn, as many as can run at once; a single one if all connect to the same.
    ports: tuple[int, ...]
    each: int
    own: int = 0
    #: True if all migrations connect to the same port.
    shared: bool = True
    #: Further ports for the same purpose, which are in use now.
    taken: tuple[int, ...] = ()

    def of(self, migrations: int, counted: Collection[int]) -> int:
        """Return the connections of so many migrations to the ports that are counted, without preflight's own."""
        if self.shared:
            return migrations * self.each if self.ports[0] in counted else 0
        return self.each * sum(port in counted for port in self.ports[:migrations])


class Migration(Struct, frozen=True, kw_only=True):
    """The requested migration: the way in which guests are migrated, and how many at once, with defaults resolved."""

    #: The options of `virsh migrate`.
    method: Method = Method()
    transport: Transport = Transport.SSH
    #: The number of concurrent migrations, each with connections of its own, as with `virsh migrate`.
    concurrency: int = 1
    offline: bool = False
    #: Whether the definitions of guests that are off are migrated too; otherwise such guests are omitted, or block.
    as_they_are: bool = False
    #: Whether this is the migration of such guests: no memory is sent, and no disk is copied.
    by_definition: bool = False
    #: The address of the memory from `--migrateuri`, instead of the one that the destination announces.
    memory_to: DataUri = DataUri()
    #: The host, the port or the UNIX socket for copied disks, from `--disks-uri` or `--disks-port`.
    disks_to: DataUri = DataUri()
    #: Whether the client of each migration also logs in at the source over ssh, as `virsh -c qemu+ssh://source` does.
    source_over_ssh: bool = True
    #: Whether the same number of migrations runs in the other direction at the same time.
    both_ways: bool = False
    #: The libvirt URI of the destination, as the opener of the control connection uses it.
    destination_uri: str | None = None
    #: Whether the destination opens a listener at the ports that the source tries.
    probe: bool = False

    @property
    def of_guests_off(self) -> "Migration":
        """Return the migration of the guests that are off among guests that are migrated as they are."""
        return replace(self, offline=True, by_definition=True)

    @property
    def copy_storage(self) -> bool:
        """Report whether disks are copied."""
        return self.method.copies_storage and not self.by_definition

    @property
    def flags(self) -> frozenset[str]:
        """Return the requested flags and parameters that libvirt and QEMU must support, by virsh's names."""
        return self.method.asked & {"unsafe"} if self.by_definition else self.method.asked

    def copies(self, target: str, *, by_default: bool) -> bool:
        """Report whether a disk is copied; `by_default` applies if no disks are named (qemuMigrationAnyCopyDisk)."""
        return self.copy_storage and (target in self.method.migrate_disks if self.method.migrate_disks else by_default)

    @property
    def peer_to_peer(self) -> bool:
        """Report whether the source's daemon opens the control connection (tunnelled is peer-to-peer too)."""
        return self.method.mode is not Mode.MANAGED

    @property
    def tunnelled(self) -> bool:
        """Report whether the memory is sent through the control connection, and needs no port of its own."""
        return self.method.mode is Mode.TUNNELLED

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
        memory = self.memory_to.port is None and self.memory_to.socket is None
        disks = self.copy_storage and self.disks_to.port is None and self.disks_to.socket is None
        return memory + disks

    def control_connections(self, sshd: int | None) -> Iterator[Connections]:
        """Yield the control connection of each migration; `sshd` is the port of the destination's sshd, if known."""
        if self.transport is Transport.SSH and (port := urlsplit(self.destination_uri or "").port or sshd) is not None:
            yield Connections("ssh", (port,), 1, OWN)
        if self.control_port is not None:
            yield Connections("libvirt", (self.control_port,), 1, OWN)

    def data_connections(self, free: Sequence[int], taken: Sequence[int] = ()) -> Iterator[Connections]:
        """Yield the connections for memory and for copied disks of each migration to the destination.

        `free` and `taken` are the ports of its migration range. libvirt takes the lowest free ones: the first for the
        memory, and the next for the guest's NBD server if disks are copied, to which each disk has a connection; the
        number of disks is not known here.
        """
        if self.offline or self.tunnelled:
            return
        parallel = (self.method.parallel_connections or 2) if self.method.parallel else 0
        memory = (self.memory_to.port, 1 + parallel)
        disks = (self.disks_to.port, 1)
        wanted = [memory] if self.memory_to.socket is None and not self.memory_to.rdma else []
        wanted += [disks] if self.copy_storage and self.disks_to.socket is None else []
        position = 0
        for given, each in wanted:
            if given is not None:
                yield Connections("data", (given,), each)
            elif ports := tuple(free[position :: self.ports_each]):
                yield Connections("data", ports, each, shared=False, taken=tuple(taken))
            position += given is None

    @property
    def ports_given(self) -> tuple[tuple[str, int], ...]:
        """Return the ports of the destination that are given, each with its option."""
        disks = self.disks_to.port if self.copy_storage else None
        named = (("--migrateuri", self.memory_to.port), ("--disks-port", disks))
        return tuple((option, port) for option, port in named if port is not None)

    @property
    def data_named_by(self) -> str:
        """Return the origin of the host to which the data is sent, in the words of a finding."""
        return "announced by the destination" if self.memory_to.host is None else "given with --migrateuri"

    def refuses_as_localhost(self, name: str) -> bool:
        """Report whether libvirt itself refuses such a name; it does not check one from `--migrateuri`."""
        return self.memory_to.host is None and name.startswith("localhost")
