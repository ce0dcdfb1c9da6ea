"""Facts: what the text of one source says, as frozen values. A rule takes them by these names."""

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
