"""The system below libvirt: the host's identity, its releases and its clock."""

from preflight.facts.system.clock import Clock
from preflight.facts.system.identity import AnnouncedName, HostIdentity
from preflight.facts.system.release import Kernel, OpenSsh, OsRelease
from preflight.facts.system.resources import Resources
from preflight.facts.system.usb_devices import UsbDevice, UsbDevices

__all__ = [
    "AnnouncedName",
    "Clock",
    "HostIdentity",
    "Kernel",
    "OpenSsh",
    "OsRelease",
    "Resources",
    "UsbDevice",
    "UsbDevices",
]
