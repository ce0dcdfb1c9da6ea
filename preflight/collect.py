"""Asks both hosts at once, and says which facts are parsed from which answers.

A host's answers come in three steps: what it is asked in any case; what libvirt says, and the daemon's state once
libvirt was reached; and what only makes sense when the other host is known (what does the source make of the name that
the destination announces? does the guest's disk exist over there?).
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from msgspec import Struct

from preflight import questions
from preflight.connection import Answers
from preflight.facts.accept_queue import AcceptQueue
from preflight.facts.accounts import Accounts
from preflight.facts.addresses import OwnAddresses
from preflight.facts.block_devices import BlockDevices
from preflight.facts.block_drivers import MODULES, BlockDrivers
from preflight.facts.capabilities import Capabilities
from preflight.facts.certificate_paths import CertificatePaths, of_client
from preflight.facts.clock import Clock
from preflight.facts.control_connection import ManagedConnection, SourcesConnection
from preflight.facts.daemon import Daemons
from preflight.facts.daemon_clients import LockDaemon, ProxyLimits
from preflight.facts.daemon_conf import DaemonConf
from preflight.facts.daemon_limits import DaemonLimits
from preflight.facts.disk_ports import DiskPorts
from preflight.facts.disk_servers import DiskServers
from preflight.facts.domain_capabilities import DomainCapabilities
from preflight.facts.firewall import Firewall
from preflight.facts.guest import KVM, Guests
from preflight.facts.guest_memory import GuestMemory
from preflight.facts.host_cpu import HostCpu
from preflight.facts.host_keys import HostKeys, PeerKeys
from preflight.facts.host_memory import HostMemory
from preflight.facts.hosts_file import HostsFile
from preflight.facts.hypervisor_cpus import HypervisorCpus
from preflight.facts.identity import AnnouncedName, HostIdentity
from preflight.facts.images import Images
from preflight.facts.libvirt_connection import LibvirtConnection
from preflight.facts.link_speed import LinkSpeed
from preflight.facts.links import Links
from preflight.facts.listener import NetworkListener
from preflight.facts.listening import Listening
from preflight.facts.login import Login
from preflight.facts.migration_tls import MigrationTls
from preflight.facts.name_service import NameService
from preflight.facts.network_filters import NetworkFilters
from preflight.facts.networks import Networks
from preflight.facts.open_files import OpenFiles
from preflight.facts.peer_connection import PeerConnection
from preflight.facts.peer_name import PeerName
from preflight.facts.pools import Pools
from preflight.facts.qemu_conf import QemuConf, QemuConfFile
from preflight.facts.qemu_user import QemuUser, above
from preflight.facts.record import Fact, Record, Unreadable
from preflight.facts.release import Kernel, OpenSsh, OsRelease
from preflight.facts.remote_helper import RemoteHelper
from preflight.facts.resident import Resident
from preflight.facts.secrets import Secrets, needed_by
from preflight.facts.sshd import SshdListener, SshdSettings
from preflight.facts.storage import Storage
from preflight.facts.unread_conf import UnreadConf
from preflight.facts.versions import Versions
from preflight.host import FactSource, Guest, Host
from preflight.migration import Migration, Role, Transport
from preflight.side_by_side import side_by_side
from preflight.visit import Visit

_DAEMON_CONFS = ("libvirtd.conf", "virtqemud.conf", "virtproxyd.conf")


def _source(kind: type[Fact], *records: str, optional: tuple[str, ...] = ()) -> tuple[type[Fact], FactSource]:
    return kind, FactSource(kind.parse, (*records, *optional), optional)


#: Which records each fact is parsed from, in the order in which its `parse` takes them.
FACTS: Mapping[type[Fact], FactSource] = dict(
    (
        _source(AcceptQueue, "somaxconn"),
        _source(Accounts, optional=("accounts",)),
        _source(AnnouncedName, "libvirt.hostname", "qemu.conf", "daemons"),
        _source(BlockDevices, optional=("block-devices",)),
        _source(BlockDrivers, optional=("block-drivers",)),
        _source(Capabilities, "libvirt.capabilities"),
        _source(Clock, "daemons", "asked-at"),
        _source(DaemonConf, "daemons", *_DAEMON_CONFS, optional=("libvirt.versions", "units")),
        _source(DaemonLimits, "limits", "daemons", *_DAEMON_CONFS, "libvirt.versions", "own.clients"),
        _source(Daemons, "daemons", optional=("units",)),
        _source(DomainCapabilities, optional=("libvirt.domain-capabilities",)),
        _source(DiskPorts, optional=("disk-ports",)),
        _source(DiskServers, optional=("disk-servers",)),
        _source(Firewall, "nft", "iptables"),
        _source(GuestMemory, "libvirt.memory", optional=("guest-memory",)),
        _source(Guests, "libvirt.domains"),
        _source(HostCpu, "libvirt.capabilities"),
        _source(HostIdentity, "libvirt.capabilities", "kernel.hostname", "machine-id", "daemons"),
        _source(HostKeys, optional=("host-keys",)),
        _source(HostMemory, optional=("memory", "mounts", "qemu.conf")),
        _source(HostsFile, "etc.hosts"),
        _source(Images, optional=("images",)),
        _source(HypervisorCpus, optional=("libvirt.cpus", "cpu-features")),
        _source(Kernel, "kernel"),
        _source(LibvirtConnection, "libvirt.connect"),
        _source(LinkSpeed, optional=("speeds",)),
        _source(Links, optional=("links",)),
        _source(Listening, "sockets"),
        _source(LockDaemon, "limits.virtlockd", "virtlockd.conf"),
        _source(Login, "login"),
        _source(ManagedConnection, optional=("libvirt.connect", "tls.client", "came-from")),
        _source(MigrationTls, "qemu.conf", "daemons", optional=("tls.data",)),
        _source(NameService, "nsswitch", "resolv", "udp-sockets"),
        _source(NetworkListener, "daemons", "libvirtd.conf", "virtproxyd.conf", optional=("units", "tls.server")),
        _source(NetworkFilters, optional=("libvirt.filters",)),
        _source(Networks, optional=("libvirt.networks",)),
        _source(OpenFiles, "open-files"),
        _source(OpenSsh, "openssh"),
        _source(OsRelease, "os-release"),
        _source(OwnAddresses, "addresses"),
        _source(PeerConnection, "peer.connect"),
        _source(
            PeerName,
            "peer.name",
            "peer.resolve",
            "etc.hosts",
            "nsswitch",
            "resolv",
            "udp-sockets",
            "addresses",
            "kernel.hostname",
        ),
        _source(PeerKeys, optional=("peer.keys",)),
        _source(Pools, optional=("libvirt.pools",)),
        _source(ProxyLimits, "limits", "daemons", "virtproxyd.conf", "libvirt.versions"),
        _source(QemuConf, "qemu.conf", "daemons"),
        _source(QemuConfFile, "qemu.conf"),
        _source(QemuUser, "libvirt.capabilities", "qemu.conf", "daemons", optional=("access",)),
        _source(RemoteHelper, "helpers", "daemons"),
        _source(Resident, optional=("resident",)),
        _source(Secrets, optional=("libvirt.secrets", "libvirt.versions")),
        _source(SourcesConnection, optional=("peer.connect", "tls.client", "addresses")),
        _source(SshdListener, "sshd.listener"),
        _source(SshdSettings, "sshd.effective", "sshd_config", "openssh"),
        _source(Storage, "paths", "mounts"),
        _source(UnreadConf, "daemons", *_DAEMON_CONFS),
        _source(Versions, "libvirt.versions"),
    )
)

#: What every report says of a host, whatever rules are selected.
SUMMARY_FACTS: frozenset[type[Fact]] = frozenset((HostIdentity, OsRelease, Versions, OpenSsh, Login))

#: What is asked of each end for the sake of the other, whatever rules are selected: which guests there are to move, and
#: what the questions about the name that the destination announces are made of.
TIES: Mapping[Role, frozenset[type[Fact]]] = {
    Role.SOURCE: frozenset((Guests, OwnAddresses, PeerName)),
    Role.DESTINATION: frozenset((AnnouncedName, OwnAddresses)),
}


class Collected(Struct, frozen=True):
    """Both hosts as they answered."""

    source: Host
    destination: Host


def records_for(kinds: Iterable[type[Fact]]) -> set[str]:
    """The names of the records that these facts are parsed from."""
    return {name for kind in kinds for name in FACTS[kind].records}


def make_host(role: Role, name: str, answers: Answers) -> Host:
    """A host whose facts are parsed when asked for."""
    return Host(role, name, answers.records, answers.absent, FACTS)


def collect(
    source: Visit,
    destination: Visit,
    migration: Migration,
    guests_of: Callable[[Host], Iterable[Guest]],
    facts: Mapping[Role, Iterable[type[Fact]]],
) -> Collected:
    """Ask both hosts side by side; `guests_of` picks the guests whose disks are looked at on both.

    `facts` are those that will be made of each end.
    """
    visits = (source, destination)
    first = side_by_side(source.first, destination.first)
    hosts = [make_host(role, visit.name, known) for role, visit, known in zip(Role, visits, first, strict=True)]
    further = _further_questions(hosts[0], hosts[1], migration, guests_of)
    asking = [partial(visit.ask, asked.commands) for visit, asked in zip(visits, further, strict=True)]

    def read_ahead() -> None:
        for host, asked in zip(hosts, further, strict=True):
            host.read_ahead(facts[host.role], asked.news)

    later = side_by_side(*asking, meanwhile=read_ahead)
    ends = [_with_peer(host, asked, answers) for host, asked, answers in zip(hosts, further, later, strict=True)]
    return Collected(ends[0], ends[1])


class _Further(Struct, frozen=True):
    """What one host is asked about the other: commands by the name under which the answer is kept."""

    commands: Mapping[str, str]
    #: The record that each answer becomes for this pair.
    becomes: Mapping[str, str]
    #: Records that need no question, and why some cannot be asked.
    records: Mapping[str, Record]
    absent: Mapping[str, str]

    @property
    def news(self) -> set[str]:
        """The names of all records that are not there yet."""
        return {*self.becomes.values(), *self.records, *self.absent, *questions.LAST}


def _further_questions(
    source: Host, destination: Host, migration: Migration, guests_of: Callable[[Host], Iterable[Guest]]
) -> tuple[_Further, _Further]:
    guests = list(guests_of(source))
    paths = sorted({path for host in (source, destination) for guest in guests for path in paths_of(guest, host)})
    looked = {"paths": questions.stat_paths(paths)} if paths else {}
    none = {} if paths else {"paths": Record("")}
    commands, becomes, records, absent = dict(looked), {"paths": "paths"}, dict(none), {}
    try:
        name = migration.data_host or destination.fact(AnnouncedName).name.value
    except Unreadable as why:
        absent["peer.name"] = f"the name that {destination.name} announces is not known: {why}"
    else:
        records["peer.name"] = Record(name)
        commands[f"resolve:{name}"] = questions.resolve(name)
        becomes[f"resolve:{name}"] = "peer.resolve"
        with contextlib.suppress(Unreadable):
            known = {own.address for host in (source, destination) for own in host.fact(OwnAddresses).addresses}
            commands[f"keys:{name}"] = questions.keys_met(name, sorted(known))
            becomes[f"keys:{name}"] = "peer.keys"
    if migration.peer_to_peer and migration.destination_uri:
        uri = migration.destination_uri
        commands[f"connect:{uri}"] = questions.connect(uri)
        becomes[f"connect:{uri}"] = "peer.connect"
    theirs, becomes_there = dict(looked), {"paths": "paths"}

    def ask(end: Role, name: str, kept: str, command: str) -> None:
        """Ask one end; `kept` is the name under which the answer is kept, `name` what it is in this pair."""
        asked, becoming = (commands, becomes) if end is Role.SOURCE else (theirs, becomes_there)
        asked[kept], becoming[kept] = command, name

    def certificates(end: Role, name: str, *paths: CertificatePaths) -> None:
        files = [one.all for one in paths]
        ask(end, name, f"{name}:{' '.join(map(' '.join, files))}", questions.certificates(*files))

    if wanted := sorted({account for guest in guests for account in guest.devices.accounts}):
        ask(Role.DESTINATION, "accounts", f"accounts:{' '.join(wanted)}", questions.accounts(wanted))
    for end, name, command in _of_guests(guests, source, destination, migration):
        ask(end, name, name, command)
    if migration.control_port and not migration.peer_to_peer:
        ask(Role.DESTINATION, "came-from", "came-from", questions.CAME_FROM)
    if migration.transport is Transport.TLS:
        if migration.peer_to_peer:
            certificates(Role.SOURCE, "tls.client", of_client(migration.destination_uri or ""))
        with contextlib.suppress(Unreadable):  # said by the rule that needs it
            certificates(Role.DESTINATION, "tls.server", destination.fact(NetworkListener).paths)
    if migration.tls:
        for end, host, what in ((Role.SOURCE, source, "client"), (Role.DESTINATION, destination, "server")):
            with contextlib.suppress(Unreadable):
                certificates(end, "tls.data", *host.fact(MigrationTls).paths(what))
    return _Further(commands, becomes, records, absent), _Further(theirs, becomes_there, none, {})


def _of_guests(
    guests: list[Guest], source: Host, destination: Host, migration: Migration
) -> Iterator[tuple[Role, str, str]]:
    """What either end is asked about the guests: records and commands."""
    opened = sorted({path for guest in guests for path in _opened(guest, destination)})
    kvm = any(guest.virt_type == "kvm" for guest in guests)
    with contextlib.suppress(Unreadable):
        user = destination.fact(QemuUser)
        if user.uid and (opened or kvm):  # root may do anything, so nothing is asked
            asked = [*opened, *([KVM] if kvm else [])]
            yield Role.DESTINATION, "access", questions.access(user.uid, user.gid, asked, kvm=kvm)
    for name, command in _of_network_disks(guests):
        yield Role.DESTINATION, name, command
    if devices := sorted({disk.path for guest in guests for disk in guest.disks if disk.path and disk.type == "block"}):
        for end in Role:
            yield end, "block-devices", questions.block_devices(devices)
    if migration.copy_storage and (images := _copied(guests, migration, source, destination)):
        for end in Role:
            yield end, "images", questions.image_heads(images)
    with contextlib.suppress(Unreadable):  # said by the rule that needs it
        # by its file alone: what virt-admin says of the daemon is asked beside these questions, and does not tell it
        if source.fact(DaemonConf).number("max_client_requests").value <= 1:
            running = [guest.name for guest in guests if guest.running]
            yield Role.SOURCE, "resident", questions.resident(running)


def _of_network_disks(guests: Iterable[Guest]) -> Iterator[tuple[str, str]]:
    """What the destination is asked about disks on a network: records and commands."""
    disks = [(guest, disk) for guest in guests for disk in guest.disks]
    servers = {server for _, disk in disks for server in disk.servers}
    if names := sorted({server.name for server in servers if server.named}):
        yield "disk-servers", questions.resolve_all(names)
    if ports := sorted({(server.name, port) for server in servers for port in server.ports}):
        yield "disk-ports", questions.connect_all(ports)
    wanted = {(guest.emulator, MODULES[one]) for guest, disk in disks for one in disk.protocols if one in MODULES}
    if drivers := sorted((emulator, *module) for emulator, module in wanted if emulator):
        yield "block-drivers", questions.block_drivers(drivers)


def paths_of(guest: Guest, host: Host) -> Iterator[str]:
    """Every path that a host has to be asked about for a guest.

    Some only its libvirt tells: where volumes lie by its pools, and the values of secrets.
    """
    yield from guest.paths
    if "<hugepages" in guest.xml:
        yield from (mount.marker for mount in host.fact(HostMemory).mounts)
    with contextlib.suppress(Unreadable):
        for disk in guest.disks:
            if disk.pool is not None:
                yield from host.fact(Pools).paths(disk)
    with contextlib.suppress(Unreadable):
        for needed in needed_by(guest):
            secret = host.fact(Secrets).find(needed)
            if secret is not None and secret.value_path is not None:
                yield secret.value_path


def _opened(guest: Guest, host: Host) -> Iterator[str]:
    """The files of the guest's disks on this host, and the directories above them."""
    for disk in guest.disks:
        with contextlib.suppress(Unreadable):
            for path in host.fact(Pools).paths(disk):
                yield from (path, *above(path))


def _copied(guests: Iterable[Guest], migration: Migration, *hosts: Host) -> list[str]:
    """Where the images of disks that are copied lie, on either host."""
    every = [disk for guest in guests for disk in guest.disks]
    disks = [disk for disk in every if migration.copies(disk.target, by_default=disk.copied_by_default)]
    found: set[str] = {disk.path for disk in disks if disk.path}
    for host in hosts:
        with contextlib.suppress(Unreadable):
            found |= {path for disk in disks if disk.pool is not None and (path := host.fact(Pools).path(disk))}
    return sorted(found)


def _with_peer(host: Host, further: _Further, answers: Answers) -> Host:
    records, absent = dict(further.records), dict(further.absent)
    for kept, name in (*further.becomes.items(), *zip(questions.LAST, questions.LAST, strict=True)):
        if kept in answers.records:
            records[name] = answers.records[kept]
        elif kept in answers.absent:
            absent[name] = answers.absent[kept]
    return host.told(records, absent)
