"""Facts: what the text of one source says, as frozen values. A rule takes them by these names."""

from preflight.facts.addresses import OwnAddresses
from preflight.facts.capabilities import Capabilities
from preflight.facts.daemon import Daemons
from preflight.facts.daemon_conf import DaemonConf
from preflight.facts.daemon_limits import DaemonLimits
from preflight.facts.firewall import Firewall
from preflight.facts.guest import Guests
from preflight.facts.hosts_file import HostsFile
from preflight.facts.identity import AnnouncedName, HostIdentity
from preflight.facts.libvirt_connection import LibvirtConnection
from preflight.facts.links import Links
from preflight.facts.listening import Listening
from preflight.facts.login import Login
from preflight.facts.name_service import NameService
from preflight.facts.networks import Networks
from preflight.facts.peer_connection import PeerConnection
from preflight.facts.peer_name import PeerName
from preflight.facts.qemu_conf import QemuConf, QemuConfFile
from preflight.facts.release import Kernel, OpenSsh, OsRelease
from preflight.facts.remote_helper import RemoteHelper
from preflight.facts.sshd import SshdListener, SshdSettings
from preflight.facts.storage import Storage
from preflight.facts.versions import Versions

__all__ = [
    "AnnouncedName",
    "Capabilities",
    "DaemonConf",
    "DaemonLimits",
    "Daemons",
    "Firewall",
    "Guests",
    "HostIdentity",
    "HostsFile",
    "Kernel",
    "LibvirtConnection",
    "Links",
    "Listening",
    "Login",
    "NameService",
    "Networks",
    "OpenSsh",
    "OsRelease",
    "OwnAddresses",
    "PeerConnection",
    "PeerName",
    "QemuConf",
    "QemuConfFile",
    "RemoteHelper",
    "SshdListener",
    "SshdSettings",
    "Storage",
    "Versions",
]
