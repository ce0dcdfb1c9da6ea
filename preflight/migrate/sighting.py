"""What a host's libvirt says of one guest at one moment. Looks, and changes nothing."""

import enum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

#: virDomainPausedReason (include/libvirt/libvirt-domain.h): who or what has stopped an active guest.
BY_USER, BY_MIGRATION, STARTING_UP, IN_POSTCOPY, POSTCOPY_FAILED = 1, 2, 11, 12, 13
#: virDomainRunningReason: the same of one that runs on the destination.
RUNS_POSTCOPY_FAILED = 11


class Place(enum.StrEnum):
    """Whether a guest is on a host, and what it does there."""

    ABSENT = "absent"
    OFF = "off"
    RUNNING = "running"
    PAUSED = "paused"
    OTHER = "other"
    #: The host did not answer.
    UNKNOWN = "unknown"

    @property
    def active(self) -> bool:
        """Whether a QEMU process holds the guest there."""
        return self in (Place.RUNNING, Place.PAUSED, Place.OTHER)


class Sighting(Struct, frozen=True):
    """One look. `reason` is libvirt's number for the state, `why` what kept a host from answering."""

    place: Place
    reason: int = 0
    persistent: bool = False
    #: Whether a job runs on it, such as the migration itself.
    job: bool = False
    why: str = ""

    @property
    def is_broken_off(self) -> bool:
        """Whether post-copy has broken off here: its memory lies on both hosts until it is gone on with."""
        return (self.place, self.reason) in (
            (Place.PAUSED, POSTCOPY_FAILED),
            (Place.RUNNING, RUNS_POSTCOPY_FAILED),
        )


NOBODY_ANSWERED = Sighting(Place.UNKNOWN)
ABSENT = Sighting(Place.ABSENT)


def look(connection: Any, uuid: str) -> Sighting:
    """What this connection's daemon says of the guest; `Place.UNKNOWN` where it does not answer."""
    import libvirt

    try:
        domain = connection.lookupByUUIDString(uuid)
        state, reason = domain.state()
        place = _place(state)
        seen = Sighting(place, reason, bool(domain.isPersistent()))
        # libvirt keeps the job of a post-copy that has broken off until it is gone on with
        return replace(seen, job=place.active and not seen.is_broken_off and _has_job(domain))
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return ABSENT
        return Sighting(Place.UNKNOWN, why=str(error))


def _has_job(domain: Any) -> bool:
    import libvirt

    try:
        return bool(domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE)
    except libvirt.libvirtError as error:
        # "migration statistics are available only on the source host": it is still arriving
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_UNSUPPORTED:
            return True
        raise


def _place(state: int) -> Place:
    import libvirt

    return {
        libvirt.VIR_DOMAIN_RUNNING: Place.RUNNING,
        libvirt.VIR_DOMAIN_BLOCKED: Place.RUNNING,
        libvirt.VIR_DOMAIN_PAUSED: Place.PAUSED,
        libvirt.VIR_DOMAIN_SHUTOFF: Place.OFF,
        libvirt.VIR_DOMAIN_CRASHED: Place.OTHER,
    }.get(state, Place.OTHER)
