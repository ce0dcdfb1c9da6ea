"""Facts: what the text of one source says, as frozen values. A rule takes them by these names."""

from preflight.facts.accept_queue import AcceptQueue
from preflight.facts.accounts import Accounts
from preflight.facts.addresses import OwnAddresses
from preflight.facts.block_devices import BlockDevices
from preflight.facts.block_drivers import BlockDrivers
from preflight.facts.capabilities import Capabilities
from preflight.facts.clock import Clock
from preflight.facts.control_connection import ManagedConnection, SourcesConnection
from preflight.facts.daemon import Daemons
from preflight.facts.daemon_clients import LockDaemon, ProxyLimits
from preflight.facts.daemon_conf import DaemonConf
from preflight.facts.daemon_limits import DaemonLimits
from preflight.facts.disk_ports import DiskPorts
from preflight.facts.disk_servers import DiskServers
from preflight.facts.disks_name import DisksName
from preflight.facts.domain_capabilities import DomainCapabilities
from preflight.facts.firewall import Firewall
from preflight.facts.guest import Guests
from preflight.facts.guest_memory import GuestMemory
from preflight.facts.host_cpu import HostCpu
from preflight.facts.host_keys import HostKeys, PeerKeys
from preflight.facts.host_memory import HostMemory
from preflight.facts.hosts_file import HostsFile
from preflight.facts.hypervisor_cpus import HypervisorCpus
from preflight.facts.identity import AnnouncedName, HostIdentity
from preflight.facts.image_owners import ImageOwners
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
from preflight.facts.qemu_user import QemuUser
from preflight.facts.release import Kernel, OpenSsh, OsRelease
from preflight.facts.remote_helper import RemoteHelper
from preflight.facts.resident import Resident
from preflight.facts.secrets import Secrets
from preflight.facts.sshd import SshdListener, SshdSettings
from preflight.facts.storage import Storage
from preflight.facts.unread_conf import UnreadConf
from preflight.facts.versions import Versions

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
