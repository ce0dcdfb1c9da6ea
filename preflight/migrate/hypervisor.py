"""The calls that a run makes to a host's libvirt: the part of libvirt-python's `virConnect` and `virDomain` it uses.

libvirt-python's classes have these methods, and so does the fake that tests use instead. Each raises
`libvirt.libvirtError`. The numbers are those of libvirt's header include/libvirt/libvirt-domain.h.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

#: Called with the connection, the guest, virDomainEventType, its detail, and the opaque value given at registration.
Heard = Callable[[Any, Any, int, int, Any], None]


class Domain(Protocol):
    """One guest on one host."""

    def UUIDString(self) -> str:  # noqa: N802 # libvirt calls it so
        """Return the guest's UUID."""

    def state(self) -> Sequence[int]:
        """Return the state (virDomainState) and the reason, whose numbering depends on the state."""

    def isActive(self) -> int:  # noqa: N802 # libvirt calls it so
        """Return 1 if the guest has a QEMU process."""

    def isPersistent(self) -> int:  # noqa: N802 # libvirt calls it so
        """Return 1 if the guest has a definition."""

    def vcpus(self) -> tuple[Sequence[Sequence[int]], Any]:
        """Return each virtual CPU's number, state, run time in nanoseconds and host CPU; then the pinning."""

    def XMLDesc(self, flags: int = 0) -> str:  # noqa: N802 # libvirt calls it so
        """Return the guest's XML (virDomainXMLFlags)."""

    def jobInfo(self) -> Sequence[int]:  # noqa: N802 # libvirt calls it so
        """Return the job that runs on the guest; its first item is the kind (virDomainJobType)."""

    def jobStats(self, flags: int = 0) -> dict[str, int]:  # noqa: N802 # libvirt calls it so
        """Return the same by name (VIR_DOMAIN_JOB_*), with the operation."""

    def abortJob(self) -> int:  # noqa: N802 # libvirt calls it so
        """Ask libvirt to abort the job."""

    def resume(self) -> int:
        """Start the guest's CPUs."""

    def suspend(self) -> int:
        """Stop the guest's CPUs."""

    def destroy(self) -> int:
        """End the guest's QEMU process."""

    def undefineFlags(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """Remove the guest's definition (virDomainUndefineFlagsValues)."""

    def autostart(self) -> int:
        """Return 1 if the host starts the guest at boot."""

    def setAutostart(self, autostart: int) -> int:  # noqa: N802 # libvirt calls it so
        """Enable or disable the guest's start at the host's boot."""

    def hasManagedSaveImage(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """Return 1 if the guest's memory is saved on the host (virsh managedsave)."""

    def interfaceStats(self, interface: str) -> Sequence[int]:  # noqa: N802 # libvirt calls it so
        """Return bytes, packets, errors and drops that an interface has received, and those that it has sent."""

    def blockStats(self, disk: str) -> Sequence[int]:  # noqa: N802 # libvirt calls it so
        """Return the requests and the bytes that were read from a disk, those that were written, and the errors."""

    def migrate3(self, dconn: Any, params: Mapping[str, Any], flags: int) -> "Domain":
        """Migrate the guest over the caller's own two connections, and return the guest on the destination."""

    def migrateToURI3(self, dconnuri: str, params: Mapping[str, Any], flags: int) -> int:  # noqa: N802 # libvirt's name
        """Migrate the guest over a connection that the source's daemon opens."""

    def migrateSetMaxDowntime(self, downtime: int, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """Set the longest downtime at the hand-over, in milliseconds."""

    def migrateSetMaxSpeed(self, bandwidth: int, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """Set the maximum bandwidth in MiB/s, of post-copy with VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY."""

    def migrateStartPostCopy(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        """Switch a running migration to post-copy."""


class Hypervisor(Protocol):
    """A connection to one host's libvirt."""

    def lookupByUUIDString(self, uuidstr: str) -> Domain:  # noqa: N802 # libvirt calls it so
        """Return the guest of this UUID; raises VIR_ERR_NO_DOMAIN if there is none."""

    def defineXML(self, xml: str) -> Domain:  # noqa: N802 # libvirt calls it so
        """Define a guest, or replace its definition."""

    def isAlive(self) -> int:  # noqa: N802 # libvirt calls it so
        """Return 1 while the connection can be used."""

    def setKeepAlive(self, interval: int, count: int) -> int:  # noqa: N802 # libvirt calls it so
        """Send a keepalive after `interval` seconds of silence; `count` unanswered ones end the connection."""

    def domainEventRegisterAny(self, dom: Any, eventID: int, cb: Heard, opaque: Any) -> int:  # noqa: N802, N803
        """Register a callback for events of one guest, or of all guests if `dom` is None."""

    def close(self) -> int:
        """Close the connection."""
