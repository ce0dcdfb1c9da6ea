"""Observes one guest on one host: what libvirt reports at one moment. Changes nothing."""

import enum

from msgspec import Struct
from msgspec.structs import replace

from preflight.migrate.hypervisor import Domain, Hypervisor

#: virDomainPausedReason (include/libvirt/libvirt-domain.h): who or what stopped an active guest.
BY_USER, BY_MIGRATION, IO_ERROR, STARTING_UP, IN_POSTCOPY, POSTCOPY_FAILED = 1, 2, 5, 11, 12, 13
#: virDomainRunningReason: what made the guest run last; BOOTED if it was started from its disks.
RUNS_BOOTED, RUNS_MIGRATED, RUNS_UNPAUSED, RUNS_POSTCOPY, RUNS_POSTCOPY_FAILED = 1, 2, 5, 10, 11
#: virDomainShutoffReason. libvirt keeps it only in memory: after a restart of the daemon it is 0, unknown.
OFF_SHUT_DOWN, OFF_DESTROYED, OFF_MIGRATED, OFF_FAILED = 1, 2, 4, 6


class Place(enum.StrEnum):
    """A guest's place on a host: whether it is there, and its state."""

    ABSENT = "absent"
    OFF = "off"
    RUNNING = "running"
    PAUSED = "paused"
    #: It is shutting down at this moment.
    SHUTTING_DOWN = "shutting down"
    CRASHED = "crashed"
    #: It suspended itself to memory (S3); `virsh dompmwakeup` wakes it.
    SUSPENDED = "suspended"
    #: A state that this version does not know.
    OTHER = "other"
    #: The host did not answer.
    UNKNOWN = "unknown"

    @property
    def active(self) -> bool:
        """True if a QEMU process holds the guest there."""
        return self not in (Place.ABSENT, Place.OFF, Place.UNKNOWN)


class Sighting(Struct, frozen=True):
    """One observation. `reason` is libvirt's number for the state, `why` the reason if the host did not answer."""

    place: Place
    reason: int = 0
    persistent: bool = False
    #: True if a job is running on it, such as the migration itself.
    job: bool = False
    why: str = ""
    #: Nanoseconds that the guest's virtual CPUs have run in this QEMU process; None if unknown. QEMU's own threads,
    #: which receive a migration, do not count. Read only of a guest that is paused, or that a user has resumed.
    cpu_time: int | None = None

    @property
    def is_broken_off(self) -> bool:
        """True if post-copy was interrupted here: the memory is split between both hosts until it is resumed."""
        return (self.place, self.reason) in (
            (Place.PAUSED, POSTCOPY_FAILED),
            (Place.RUNNING, RUNS_POSTCOPY_FAILED),
        )


NOBODY_ANSWERED = Sighting(Place.UNKNOWN)
ABSENT = Sighting(Place.ABSENT)


def look(connection: Hypervisor, uuid: str) -> Sighting:
    """Return what this connection's daemon reports about the guest; `Place.UNKNOWN` if it does not answer."""
    import libvirt

    try:
        domain = connection.lookupByUUIDString(uuid)
        state, reason = domain.state()
        place = place_of(state)
        seen = Sighting(place, reason, bool(domain.isPersistent()))
        # libvirt keeps the job of an interrupted post-copy migration until it is resumed
        seen = replace(seen, job=place.active and not seen.is_broken_off and _has_job(domain))
        is_asked = place is Place.PAUSED or (place, reason) == (Place.RUNNING, RUNS_UNPAUSED)
        return replace(seen, cpu_time=_cpu_time(domain)) if is_asked else seen
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return ABSENT
        return Sighting(Place.UNKNOWN, why=str(error))


def _has_job(domain: Domain) -> bool:
    import libvirt

    try:
        return bool(domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE)
    except libvirt.libvirtError as error:
        # "migration statistics are available only on the source host": the guest is still arriving
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_UNSUPPORTED:
            return True
        raise


def _cpu_time(domain: Domain) -> int | None:
    import libvirt

    try:
        return sum(each[2] for each in domain.vcpus()[0])
    except libvirt.libvirtError:
        return None


def place_of(state: int) -> Place:
    """Return the place for a number of virDomainState."""
    import libvirt

    return {
        libvirt.VIR_DOMAIN_RUNNING: Place.RUNNING,
        libvirt.VIR_DOMAIN_BLOCKED: Place.RUNNING,
        libvirt.VIR_DOMAIN_PAUSED: Place.PAUSED,
        libvirt.VIR_DOMAIN_SHUTDOWN: Place.SHUTTING_DOWN,
        libvirt.VIR_DOMAIN_SHUTOFF: Place.OFF,
        libvirt.VIR_DOMAIN_CRASHED: Place.CRASHED,
        libvirt.VIR_DOMAIN_PMSUSPENDED: Place.SUSPENDED,
    }.get(state, Place.OTHER)
