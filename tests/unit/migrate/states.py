"""What a host may report of a guest, and what may be known of it, by short names, and everything that may be."""

import functools
import itertools
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from preflight.migrate.observation import (
    BY_MIGRATION,
    BY_USER,
    IN_POSTCOPY,
    IO_ERROR,
    OFF_DESTROYED,
    OFF_FAILED,
    OFF_MIGRATED,
    OFF_SHUT_DOWN,
    POSTCOPY_FAILED,
    RUNS_BOOTED,
    RUNS_MIGRATED,
    RUNS_UNPAUSED,
    STARTING_UP,
    Place,
    Sighting,
)
from preflight.migrate.outcome import Intent, LogEnd

from .alike import Groups

#: As preflight knows it that has watched the guest since its move began; and a run that is gone on with.
SEEN = Intent(running=True, persistent=True, persist=True, undefine=True, watched=True)
RAN = replace(SEEN, watched=False)
GONE = Sighting(Place.ABSENT)
OFF = Sighting(Place.OFF, persistent=True)
LEFT = Sighting(Place.OFF, OFF_MIGRATED, persistent=True)
SHUT_DOWN = Sighting(Place.OFF, OFF_SHUT_DOWN, persistent=True)
RUNS = Sighting(Place.RUNNING, RUNS_MIGRATED, persistent=True)
SILENT = Sighting(Place.UNKNOWN)


def paused(reason: int = BY_MIGRATION, *, persistent: bool = True, cpu_time: int | None = 0) -> Sighting:
    return Sighting(Place.PAUSED, reason, persistent, cpu_time=cpu_time)


def unpaused(cpu_time: int | None) -> Sighting:
    return Sighting(Place.RUNNING, RUNS_UNPAUSED, persistent=True, cpu_time=cpu_time)


#: For each state the reasons that differ for what is decided, and one that no libvirt knows.
REASONS = {
    Place.RUNNING: (RUNS_BOOTED, RUNS_MIGRATED, RUNS_UNPAUSED, 99),
    Place.PAUSED: (0, BY_USER, BY_MIGRATION, IO_ERROR, STARTING_UP, IN_POSTCOPY, POSTCOPY_FAILED, 99),
    Place.OFF: (0, OFF_SHUT_DOWN, OFF_DESTROYED, OFF_MIGRATED, OFF_FAILED, 99),
}


def sightings() -> Iterator[Sighting]:
    """Everything that a host may say, but for a job: then nothing is decided."""
    for place, persistent in itertools.product(Place, (True, False)):
        if (place is Place.OFF and not persistent) or (place in (Place.ABSENT, Place.UNKNOWN) and persistent):
            continue
        for reason in REASONS.get(place, (0,)):
            is_told = place is Place.PAUSED or (place, reason) == (Place.RUNNING, RUNS_UNPAUSED)
            for cpu_time in (0, 10_000_000, None) if is_told else (None,):
                yield Sighting(place, reason, persistent, cpu_time=cpu_time)


FLAGS = (
    "persistent",
    "safe",
    "was_defined_there",
    "handed_over",
    "confirmed",
    "paused_by_us",
    "undefine",
    "persist",
    "watched",
    "shares_disks",
)


def intents() -> Iterator[Intent]:
    for values in itertools.product((True, False), repeat=len(FLAGS)):
        told: Any = dict(zip(FLAGS, values, strict=True))
        if told["confirmed"] and not told["handed_over"]:
            continue
        if told["undefine"] and not (told["persist"] and told["persistent"]):
            continue  # a plan takes a definition away only where there is one, and where the destination gets it
        for running, paused_, suspend, p2p in (
            (True, False, False, False),
            (True, False, False, True),
            (True, False, True, False),
            (False, True, False, False),
        ):
            yield Intent(running=running, paused=paused_, suspend=suspend, peer_to_peer=p2p, **told)
        if not (told["handed_over"] or told["paused_by_us"]):  # as no guest is that is off
            yield Intent(running=False, **told)


def informed(intent: Intent, *, has_process: bool) -> Iterator[Intent]:
    """Yield the intent with everything that a log may say of a guest, which says nothing while the source has it."""
    yield intent
    if not has_process and not intent.is_off:
        yield replace(intent, log_end=LogEnd.MIGRATED)
        yield replace(intent, log_end=LogEnd.NONE)
        yield replace(intent, log_end=LogEnd.MORE)


@functools.cache
def groups(*, has_process: bool) -> Groups:
    """Everything that may be known of a guest of which the source has a process, or none."""
    return Groups([told for intent in intents() for told in informed(intent, has_process=has_process)])
