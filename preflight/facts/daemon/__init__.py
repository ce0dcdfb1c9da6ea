"""libvirt's daemons: the running ones, their configuration and their limits."""

from preflight.facts.daemon.clients import LockDaemon, ProxyLimits, ServingClients
from preflight.facts.daemon.conf import DaemonConf
from preflight.facts.daemon.conf_keys import IgnoredKey, IgnoredKeys
from preflight.facts.daemon.confinement import Confinement
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.device_tls import DeviceTls, devices_with_tls
from preflight.facts.daemon.displays import Display, displays
from preflight.facts.daemon.guest_settings import GuestSettings
from preflight.facts.daemon.last_error import LastError
from preflight.facts.daemon.libvirt_files import LibvirtFiles
from preflight.facts.daemon.limits import RESERVED_WORKERS, DaemonLimits
from preflight.facts.daemon.log_and_lock import LogAndLock
from preflight.facts.daemon.open_files import OpenFiles
from preflight.facts.daemon.qemu_conf import QemuConf, QemuConfFile
from preflight.facts.daemon.side_daemons import SideDaemons
from preflight.facts.daemon.start_obstacles import StartObstacles, socket_gone
from preflight.facts.daemon.state_directories import DEFINITIONS, LOGS, PRIVATE, STATUS
from preflight.facts.daemon.unit_settings import IgnoredUnitSettings
from preflight.facts.daemon.unread_conf import UnreadConf
from preflight.facts.defaults import DROPPED

__all__ = [
    "DEFINITIONS",
    "DROPPED",
    "LOGS",
    "PRIVATE",
    "RESERVED_WORKERS",
    "STATUS",
    "Confinement",
    "DaemonConf",
    "DaemonLimits",
    "Daemons",
    "DeviceTls",
    "Display",
    "GuestSettings",
    "IgnoredKey",
    "IgnoredKeys",
    "IgnoredUnitSettings",
    "LastError",
    "LibvirtFiles",
    "LockDaemon",
    "LogAndLock",
    "OpenFiles",
    "ProxyLimits",
    "QemuConf",
    "QemuConfFile",
    "ServingClients",
    "SideDaemons",
    "StartObstacles",
    "UnreadConf",
    "devices_with_tls",
    "displays",
    "socket_gone",
]
