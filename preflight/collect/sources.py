"""The records that each fact is parsed from, and the facts that are always made, whichever rules are selected."""

from collections.abc import Iterable, Mapping

from preflight.answers import Answers
from preflight.facts.control.by_preflight import LibvirtConnection
from preflight.facts.control.by_source import PeerConnection
from preflight.facts.control.connection import ManagedConnection, SourcesConnection
from preflight.facts.control.remote_helper import RemoteHelper
from preflight.facts.cpu.host import HostCpu
from preflight.facts.cpu.hypervisor import HypervisorCpus
from preflight.facts.daemon.clients import LockDaemon, ProxyLimits
from preflight.facts.daemon.conf import DaemonConf
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.limits import DaemonLimits
from preflight.facts.daemon.open_files import OpenFiles
from preflight.facts.daemon.qemu_conf import QemuConf, QemuConfFile
from preflight.facts.daemon.unread_conf import UnreadConf
from preflight.facts.fact import Fact
from preflight.facts.firewall.firewall import Firewall
from preflight.facts.guest.accounts import Accounts
from preflight.facts.guest.guests import Guests
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.libvirt.capabilities import Capabilities
from preflight.facts.libvirt.domain_capabilities import DomainCapabilities
from preflight.facts.libvirt.versions import Versions
from preflight.facts.memory.host import HostMemory
from preflight.facts.memory.resident import Resident
from preflight.facts.names.disks_name import DisksName
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.names.name_service import NameService
from preflight.facts.names.peer_name import PeerName
from preflight.facts.network.accept_queue import AcceptQueue
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.filters import NetworkFilters
from preflight.facts.network.link_speed import LinkSpeed
from preflight.facts.network.links import Links
from preflight.facts.network.listening import Listening
from preflight.facts.network.networks import Networks
from preflight.facts.network.rdma import Rdma
from preflight.facts.ssh.host_keys import HostKeys, PeerKeys
from preflight.facts.ssh.login import Login
from preflight.facts.ssh.sshd import SshdListener, SshdSettings
from preflight.facts.storage.block_devices import BlockDevices
from preflight.facts.storage.block_drivers import BlockDrivers
from preflight.facts.storage.disk_ports import DiskPorts
from preflight.facts.storage.disk_servers import DiskServers
from preflight.facts.storage.image_owners import ImageOwners
from preflight.facts.storage.images import Images
from preflight.facts.storage.paths import Storage
from preflight.facts.storage.pools import Pools
from preflight.facts.storage.qemu_user import QemuUser
from preflight.facts.storage.secrets import Secrets
from preflight.facts.system.clock import Clock
from preflight.facts.system.identity import AnnouncedName, HostIdentity
from preflight.facts.system.release import Kernel, OpenSsh, OsRelease
from preflight.facts.tls.listener import NetworkListener
from preflight.facts.tls.migration_tls import MigrationTls
from preflight.host import FactSource, Host
from preflight.request.migration import Role

_DAEMON_CONFS = ("libvirtd.conf", "virtqemud.conf", "virtproxyd.conf")


def _source(kind: type[Fact], *records: str, optional: tuple[str, ...] = ()) -> tuple[type[Fact], FactSource]:
    return kind, FactSource(kind.parse, (*records, *optional), optional)


#: The records that each fact is parsed from, in the order of the parameters of its `parse`.
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
        _source(DisksName, "disks.name", optional=("disks.resolve",)),
        _source(Firewall, "nft", "iptables"),
        _source(GuestMemory, "libvirt.memory", optional=("guest-memory",)),
        _source(Guests, "libvirt.domains"),
        _source(HostCpu, "libvirt.capabilities"),
        _source(HostIdentity, "libvirt.capabilities", "kernel.hostname", "machine-id", "daemons"),
        _source(HostKeys, optional=("host-keys",)),
        _source(HostMemory, optional=("memory", "mounts", "qemu.conf")),
        _source(HostsFile, "etc.hosts"),
        _source(ImageOwners, "libvirt.domains", "paths", "mounts", optional=("libvirt.pools",)),
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
        _source(Rdma, optional=("rdma",)),
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


#: Facts that every report shows for a host, whichever rules are selected.
SUMMARY_FACTS: frozenset[type[Fact]] = frozenset((HostIdentity, OsRelease, Versions, OpenSsh, Login))


#: Facts of each end that questions for the other end need, whichever rules are selected: the guests to be migrated, and
#: those that the questions about the announced name are built from.
TIES: Mapping[Role, frozenset[type[Fact]]] = {
    Role.SOURCE: frozenset((Guests, OwnAddresses, PeerName)),
    Role.DESTINATION: frozenset((AnnouncedName, OwnAddresses)),
}


def records_for(kinds: Iterable[type[Fact]]) -> set[str]:
    """Return the names of the records that these facts are parsed from."""
    return {name for kind in kinds for name in FACTS[kind].records}


def make_host(role: Role, name: str, answers: Answers) -> Host:
    """Return a host whose facts are parsed on first use."""
    return Host(role, name, answers.records, answers.absent, FACTS)
