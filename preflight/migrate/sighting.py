"""What a host's libvirt says of one guest at one moment. Looks, and changes nothing."""

import enum
from typing import Any

from msgspec import Struct

#: virDomainPausedReason (include/libvirt/libvirt-domain.h): who or what has stopped an active guest.
BY_USER, BY_MIGRATION, STARTING_UP, IN_POSTCOPY, POSTCOPY_FAILED = 1, 2, 11, 12, 13


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


NOBODY_ANSWERED = Sighting(Place.UNKNOWN)
ABSENT = Sighting(Place.ABSENT)


def look(connection: Any, uuid: str) -> Sighting:
    """What this connection's daemon says of the guest; `Place.UNKNOWN` where it does not answer."""
    import libvirt

    try:
        domain = connection.lookupByUUIDString(uuid)
        state, reason = domain.state()
        place = _place(state)
        job = place.active and domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE
        return Sighting(place, reason, bool(domain.isPersistent()), job)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return ABSENT
        return Sighting(Place.UNKNOWN, why=str(error))


def _place(state: int) -> Place:
    import libvirt

    return {
        libvirt.VIR_DOMAIN_RUNNING: Place.RUNNING,
        libvirt.VIR_DOMAIN_BLOCKED: Place.RUNNING,
        libvirt.VIR_DOMAIN_PAUSED: Place.PAUSED,
        libvirt.VIR_DOMAIN_SHUTOFF: Place.OFF,
        libvirt.VIR_DOMAIN_CRASHED: Place.OTHER,
    }.get(state, Place.OTHER)
