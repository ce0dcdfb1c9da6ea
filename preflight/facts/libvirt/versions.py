"""Releases of libvirt and QEMU on a host, as reported by its daemon."""

from typing import Annotated, Self

from msgspec import Meta, Struct

from preflight.facts.fact import Fact, Record, Unreadable, read_json
from preflight.facts.version import Version


class Versions(Fact, frozen=True, kw_only=True):
    """The releases in use, as reported by the daemon."""

    #: The release of the daemon, not of the client library.
    libvirt: Version
    #: The release of the QEMU binary that libvirt would start for the host's own architecture; guests that were started
    #: before an upgrade run an older one.
    qemu: Version

    @classmethod
    def parse(cls, libvirt_versions: Annotated[Record, "libvirt.versions"]) -> Self:
        """Parse the numbers from virConnectGetLibVersion and virConnectGetVersion."""
        answer = read_json(libvirt_versions.required(), _Answer, "libvirt's versions are")
        if answer.type.upper() != "QEMU":
            raise Unreadable(f"the hypervisor is {answer.type}, not QEMU")
        return cls(libvirt=Version.of(answer.libvirt), qemu=Version.of(answer.hypervisor))


class _Answer(Struct, frozen=True, kw_only=True):
    """Record as the collector writes it."""

    libvirt: Annotated[int, Meta(gt=0, lt=10**9)]
    hypervisor: Annotated[int, Meta(gt=0, lt=10**9)]
    type: str
