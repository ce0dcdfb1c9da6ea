"""Releases and capabilities of a host's libvirt and QEMU, as they report them."""

from preflight.facts.libvirt.built import BuiltGuests
from preflight.facts.libvirt.capabilities import Capabilities
from preflight.facts.libvirt.domain_capabilities import DomainCapabilities
from preflight.facts.libvirt.flags_since import (
    COMPRESS_ALONE,
    FOR_PARALLEL,
    KNOWN,
    METHODS_KEPT_APART,
    POSTCOPY_ALONE,
    POSTCOPY_PARALLEL,
    UNKNOWN_TO_QEMU,
)
from preflight.facts.libvirt.versions import Versions
from preflight.facts.version import Version

__all__ = [
    "COMPRESS_ALONE",
    "FOR_PARALLEL",
    "KNOWN",
    "METHODS_KEPT_APART",
    "POSTCOPY_ALONE",
    "POSTCOPY_PARALLEL",
    "UNKNOWN_TO_QEMU",
    "BuiltGuests",
    "Capabilities",
    "DomainCapabilities",
    "Version",
    "Versions",
]
