"""The calls that a run makes of a host's libvirt: what of libvirt-python's `virConnect` and `virDomain` it needs.

libvirt-python's own classes have these methods; so has the fake that tests put in their place. Each raises
`libvirt.libvirtError`. Numbers are libvirt's, of its header include/libvirt/libvirt-domain.h.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

#: Called with the connection, the guest, virDomainEventType, its detail, and what was given when it was registered.
Heard = Callable[[Any, Any, int, int, Any], None]


class Domain(Protocol):
    """One guest on one host."""

    def UUIDString(self) -> str:  # noqa: N802 # libvirt calls it so
        """The guest's UUID."""

    def state(self) -> Sequence[int]:
        """Its state (virDomainState), and the reason, whose numbers are of that state."""

    def isActive(self) -> int:  # noqa: N802 # libvirt calls it so
        """1 where a QEMU process holds it."""

    def isPersistent(self) -> int:  # noqa: N802 # libvirt calls it so
        """1 where it has a definition."""

    def vcpus(self) -> tuple[Sequence[Sequence[int]], Any]:
        """By virtual CPU its number, state, nanoseconds that it has run, and the host's CPU; then what pins it."""

    def XMLDesc(self, flags: int = 0) -> str:  # noqa: N802 # libvirt calls it so
        """Its XML (virDomainXMLFlags)."""

    def jobInfo(self) -> Sequence[int]:  # noqa: N802 # libvirt calls it so
        """The job that runs on it: first its kind (virDomainJobType)."""

    def jobStats(self, flags: int = 0) -> dict[str, int]:  # noqa: N802 # libvirt calls it so
        """The same by name (VIR_DOMAIN_JOB_*), with the operation."""

    def abortJob(self) -> int:  # noqa: N802 # libvirt calls it so
        """Ask for the job's end."""

    def resume(self) -> int:
        """Start its CPUs."""

    def suspend(self) -> int:
        """Stop its CPUs."""

    def destroy(self) -> int:
        """End its QEMU process."""

    def undefineFlags(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """Remove its definition (virDomainUndefineFlagsValues)."""

    def autostart(self) -> int:
        """1 where it starts with its host."""

    def setAutostart(self, autostart: int) -> int:  # noqa: N802 # libvirt calls it so
        """Have it start with its host, or no longer."""

    def hasManagedSaveImage(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """1 where its memory is saved on the host (virsh managedsave)."""

    def migrate3(self, dconn: Any, params: Mapping[str, Any], flags: int) -> "Domain":
        """Migrate it over two connections of the caller's; the guest on the destination."""

    def migrateToURI3(self, dconnuri: str, params: Mapping[str, Any], flags: int) -> int:  # noqa: N802 # libvirt's name
        """Migrate it over a connection of the source's daemon."""

    def migrateSetMaxDowntime(self, downtime: int, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """Milliseconds that it may stand still at the hand-over."""

    def migrateStartPostCopy(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """Switch a migration that runs to post-copy."""


class Hypervisor(Protocol):
    """A connection to one host's libvirt."""

    def lookupByUUIDString(self, uuidstr: str) -> Domain:  # noqa: N802 # libvirt calls it so
        """The guest of this UUID; VIR_ERR_NO_DOMAIN where there is none."""

    def defineXML(self, xml: str) -> Domain:  # noqa: N802 # libvirt calls it so
        """Define a guest, or define it otherwise."""

    def isAlive(self) -> int:  # noqa: N802 # libvirt calls it so
        """1 while it can be used."""

    def setKeepAlive(self, interval: int, count: int) -> int:  # noqa: N802 # libvirt calls it so
        """Have the other end's silence noticed after so many seconds, so many times."""

    def domainEventRegisterAny(self, dom: Any, eventID: int, cb: Heard, opaque: Any) -> int:  # noqa: N802, N803
        """Have events told, of one guest or (None) of all."""

    def close(self) -> int:
        """Let go of it."""
