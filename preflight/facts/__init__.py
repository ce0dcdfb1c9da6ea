"""Facts: frozen values parsed from the text of a host, by subject. Rules import them from here."""

from preflight.facts.control import (
    LibvirtConnection,
    ManagedConnection,
    PeerConnection,
    RemoteHelper,
    SourcesConnection,
)
from preflight.facts.cpu import HostCpu, HypervisorCpus
from preflight.facts.daemon import (
    DaemonConf,
    DaemonLimits,
    Daemons,
    LockDaemon,
    OpenFiles,
    ProxyLimits,
    QemuConf,
    QemuConfFile,
    UnreadConf,
)
from preflight.facts.firewall import Firewall
from preflight.facts.guest import Accounts, GuestMemory, Guests
from preflight.facts.libvirt import Capabilities, DomainCapabilities, Versions
from preflight.facts.memory import HostMemory, Resident
from preflight.facts.names import DisksName, HostsFile, NameService, PeerName
from preflight.facts.network import (
    AcceptQueue,
    Links,
    LinkSpeed,
    Listening,
    NetworkFilters,
    Networks,
    OwnAddresses,
    Rdma,
)
from preflight.facts.ssh import HostKeys, Login, PeerKeys, SshdListener, SshdSettings
from preflight.facts.storage import (
    BlockDevices,
    BlockDrivers,
    DiskPorts,
    DiskServers,
    ImageOwners,
    Images,
    Pools,
    QemuUser,
    Secrets,
    Storage,
)
from preflight.facts.system import AnnouncedName, Clock, HostIdentity, Kernel, OpenSsh, OsRelease
from preflight.facts.tls import MigrationTls, NetworkListener

__all__ = [
    "AcceptQueue",
    "Accounts",
    "AnnouncedName",
    "BlockDevices",
    "BlockDrivers",
    "Capabilities",
    "Clock",
    "DaemonConf",
    "DaemonLimits",
    "Daemons",
    "DiskPorts",
    "DiskServers",
    "DisksName",
    "DomainCapabilities",
    "Firewall",
    "GuestMemory",
    "Guests",
    "HostCpu",
    "HostIdentity",
    "HostKeys",
    "HostMemory",
    "HostsFile",
    "HypervisorCpus",
    "ImageOwners",
    "Images",
    "Kernel",
    "LibvirtConnection",
    "LinkSpeed",
    "Links",
    "Listening",
    "LockDaemon",
    "Login",
    "ManagedConnection",
    "MigrationTls",
    "NameService",
    "NetworkFilters",
    "NetworkListener",
    "Networks",
    "OpenFiles",
    "OpenSsh",
    "OsRelease",
    "OwnAddresses",
    "PeerConnection",
    "PeerKeys",
    "PeerName",
    "Pools",
    "ProxyLimits",
    "QemuConf",
    "QemuConfFile",
    "QemuUser",
    "Rdma",
    "RemoteHelper",
    "Resident",
    "Secrets",
    "SourcesConnection",
    "SshdListener",
    "SshdSettings",
    "Storage",
    "UnreadConf",
    "Versions",
]
