"""Infers a copy's past on a host from libvirt's reason for its state: whether the copy has run, and who stopped it.

From include/libvirt/libvirt-domain.h up to libvirt 11.9. A number that is not named here is UNKNOWN.
"""

import enum
from collections.abc import Mapping

from preflight.migrate.observation import Place, Sighting


class History(enum.Enum):
    """The past of a guest's copy on one host, as far as it matters for what may be done with the copy."""

    #: It was receiving a migration, or about to be started: it has executed no instruction there.
    NEVER_RAN = enum.auto()
    #: It is running, or was stopped by something other than its owner or a migration: its memory is the guest's.
    HAS_RUN = enum.auto()
    #: A migration stopped it: it has not run on this host since.
    LET_GO = enum.auto()
    #: Its owner stopped it, or it arrived there and nobody has started it yet: libvirt gives both the same reason.
    STOPPED_BY_OWNER = enum.auto()
    UNKNOWN = enum.auto()


_N, _R, _L, _O, _U = History.NEVER_RAN, History.HAS_RUN, History.LET_GO, History.STOPPED_BY_OWNER, History.UNKNOWN

#: By state and libvirt's number of the reason: the past of a copy on the source, and on the destination.
_OF: Mapping[Place, Mapping[int, tuple[History, History]]] = {
    Place.RUNNING: {
        0: (_R, _R),  # unknown; also virDomainBlockedReason's only one
        1: (_R, _R),  # booted
        2: (_R, _R),  # migrated
        3: (_R, _R),  # restored
        4: (_R, _R),  # from snapshot
        5: (_R, _R),  # unpaused
        6: (_R, _R),  # migration canceled
        7: (_R, _R),  # save canceled
        8: (_R, _R),  # wakeup
        9: (_R, _R),  # crashed
        10: (_R, _R),  # post-copy
        11: (_R, _R),  # post-copy failed
    },
    Place.PAUSED: {
        0: (_U, _U),  # unknown
        1: (_O, _O),  # user; also after an arrival with VIR_MIGRATE_PAUSED (qemuMigrationDstComplete)
        2: (_L, _N),  # migration; on the destination while the guest is received (qemuProcessFinishStartup)
        3: (_R, _R),  # save
        4: (_R, _R),  # dump
        5: (_R, _R),  # I/O error
        6: (_R, _R),  # watchdog
        7: (_R, _R),  # from snapshot
        8: (_R, _R),  # shutting down
        9: (_R, _R),  # snapshot
        10: (_R, _R),  # crashed
        11: (_N, _N),  # starting up
        12: (_R, _R),  # post-copy: its memory is split between both hosts
        13: (_R, _R),  # post-copy failed
        14: (_R, _R),  # API error (since 9.2)
    },
    Place.OFF: {
        0: (_U, _U),  # unknown, as after each restart of the daemon
        1: (_O, _O),  # shutdown
        2: (_O, _O),  # destroyed
        3: (_R, _R),  # crashed
        4: (_L, _L),  # migrated
        5: (_O, _O),  # saved
        6: (_U, _N),  # failed; on the destination, a migration that failed (qemuMigrationDstFinishActive)
        7: (_O, _O),  # from snapshot
        8: (_U, _U),  # daemon (since 4.10)
    },
    Place.SHUTTING_DOWN: {0: (_R, _R), 1: (_R, _R)},  # unknown, user
    Place.CRASHED: {0: (_R, _R), 1: (_R, _R)},  # unknown, panicked
    Place.SUSPENDED: {0: (_R, _R)},  # to memory, by the guest itself
}


def on_source(seen: Sighting) -> History:
    """Return the past of the copy on the source."""
    return _OF.get(seen.place, {}).get(seen.reason, (_U, _U))[0]


def on_destination(seen: Sighting) -> History:
    """Return the past of the copy on the destination."""
    return _OF.get(seen.place, {}).get(seen.reason, (_U, _U))[1]
