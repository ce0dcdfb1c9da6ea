"""What has to be done for a guest, from what both hosts say of it. Pure: it looks at no host and does nothing.

Two things hold whatever happens: no step is taken that could leave the guest running on both hosts, and none that could
leave it on neither. Where one host does not answer, nothing is done that its answer might forbid.
"""

import enum

from msgspec import Struct

from preflight.migrate.sighting import (
    BY_MIGRATION,
    BY_USER,
    IN_POSTCOPY,
    POSTCOPY_FAILED,
    STARTING_UP,
    Place,
    Sighting,
)


class Act(enum.StrEnum):
    """One step that settles a guest; each can be done again without harm."""

    START_ON_SOURCE = "start on the source"
    START_ON_DESTINATION = "start on the destination"
    END_ON_SOURCE = "end the paused copy on the source"
    END_ON_DESTINATION = "end the copy on the destination that never ran"
    UNDEFINE_ON_SOURCE = "undefine on the source"
    UNDEFINE_ON_DESTINATION = "undefine on the destination"
    DEFINE_ON_SOURCE = "define on the source again"
    DEFINE_ON_DESTINATION = "define on the destination"
    #: A job still runs there: it ends by itself, or is watched by somebody else.
    WAIT = "wait for the job that runs on it"


class Result(enum.StrEnum):
    """What became of a guest."""

    ARRIVED = "arrived"
    #: On the source, as it was.
    STAYED = "stayed"
    #: On one host, and does not run though it did.
    STOPPED = "stopped"
    #: On one host, paused though it ran.
    PAUSED = "paused"
    #: Active on both hosts: must never be.
    BOTH = "both"
    #: On neither host: must never be.
    LOST = "lost"
    #: A host did not answer, so that cannot be told.
    UNKNOWN = "unknown"


class Intent(Struct, frozen=True, kw_only=True):
    """What was to be done with a guest, and how far that is known to have come."""

    #: Whether it was active, and ran rather than being paused.
    running: bool
    paused: bool = False
    #: Whether it was defined on the source.
    persistent: bool
    #: Whether it is to be defined on the destination, and its definition on the source is to go.
    persist: bool
    undefine: bool
    #: Whether it is to stay paused on the destination.
    suspend: bool = False
    #: Whether preflight itself starts it on the destination, so that a copy there that is paused has never run.
    safe: bool = True
    #: Whether the destination had a definition of it before.
    was_defined_there: bool = False
    #: Whether libvirt has said that the source has let it go.
    handed_over: bool = False
    #: Whether preflight itself has paused it on the source, so that it converges.
    paused_by_us: bool = False

    @property
    def wanted(self) -> Place:
        """What it is to be on the destination."""
        if not self.running and not self.paused:
            return Place.OFF
        return Place.PAUSED if self.paused or self.suspend else Place.RUNNING


class Decision(Struct, frozen=True):
    """What to do next, and what has become of the guest if that is nothing."""

    acts: tuple[Act, ...]
    result: Result
    why: str = ""


def decide(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    """The next steps for a guest that was to be moved live."""
    if source.place.active and destination.place.active and (source.is_broken_off or destination.is_broken_off):
        return Decision((), Result.PAUSED, "post-copy broke off: its memory lies on both hosts until --resume")
    if source.job or destination.job:
        return Decision((Act.WAIT,), Result.UNKNOWN, "a job still runs on it")
    if Place.UNKNOWN in (source.place, destination.place):
        return _one_answers(intent, source, destination)
    if source.place.active and destination.place.active:
        return _both_active(intent, source, destination)
    if destination.place.active:
        return _on_destination(intent, source, destination)
    if source.place.active:
        return _on_source(intent, source, destination)
    return _nowhere_active(intent, source, destination)


def _one_answers(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    silent = "source" if source.place is Place.UNKNOWN else "destination"
    why = f"the {silent} does not answer"
    if silent == "source" and intent.handed_over and destination.place is Place.PAUSED and _may_start(intent):
        # the source has let it go before, so that it runs nowhere
        return Decision((Act.START_ON_DESTINATION,), Result.PAUSED, why)
    return Decision((), Result.UNKNOWN, why)


def _both_active(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    if destination.reason == POSTCOPY_FAILED or source.reason in (IN_POSTCOPY, POSTCOPY_FAILED):
        return Decision((), Result.PAUSED, "post-copy broke off: its memory lies on both hosts")
    incoming = destination.reason in (BY_MIGRATION, STARTING_UP)
    if destination.place is Place.PAUSED and not intent.handed_over and (intent.safe or incoming):
        # preflight starts a copy on the destination only after libvirt has handed it over: this one has never run
        return Decision((Act.END_ON_DESTINATION,), Result.BOTH, "the destination holds a copy that never ran")
    # what libvirt itself has stopped at the hand-over, or preflight before it, has not run since
    is_left = source.reason == BY_MIGRATION or (intent.handed_over and intent.paused_by_us)
    is_whole = destination.place is Place.RUNNING or (
        destination.place is Place.PAUSED and intent.handed_over and not incoming
    )
    if source.place is Place.PAUSED and is_left and is_whole:
        return Decision((Act.END_ON_SOURCE,), Result.BOTH, "it is on the destination, the source holds what is left")
    return Decision(
        (), Result.BOTH, "it is active on both hosts; which of them is the right one, preflight cannot tell"
    )


def _on_destination(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    acts: list[Act] = []
    if destination.place is Place.PAUSED and intent.wanted is Place.RUNNING:
        if destination.reason == POSTCOPY_FAILED:
            return Decision((), Result.PAUSED, "post-copy broke off")
        by_user = destination.reason == BY_USER
        if by_user and not intent.safe and not intent.handed_over:
            return Decision((), Result.PAUSED, "somebody has paused it on the destination")
        if not (_may_start(intent) and (intent.handed_over or by_user)):
            return Decision((), Result.PAUSED, "its memory may not be whole: libvirt has not said that it arrived")
        acts.append(Act.START_ON_DESTINATION)
    if intent.persist and not destination.persistent:
        acts.append(Act.DEFINE_ON_DESTINATION)
    if intent.undefine and source.place is Place.OFF:
        acts.append(Act.UNDEFINE_ON_SOURCE)
    if destination.place is Place.OTHER:
        return Decision(tuple(acts), Result.STOPPED, "it has crashed on the destination")
    if Act.START_ON_DESTINATION in acts:
        return Decision(tuple(acts), Result.PAUSED, "it is paused on the destination")
    if Act.DEFINE_ON_DESTINATION in acts:
        why = "it is not defined on the destination"
    elif acts:
        why = "the source still has its definition"
    else:
        is_otherwise = destination.place is Place.RUNNING and intent.wanted is not Place.RUNNING
        why = "it runs, and was to stay paused" if is_otherwise else ""
    return Decision(tuple(acts), Result.ARRIVED, why)


def _on_source(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    acts: list[Act] = []
    if source.place is Place.PAUSED and intent.running:
        ours = source.reason != BY_USER or intent.paused_by_us
        if not ours or source.reason in (IN_POSTCOPY, POSTCOPY_FAILED):
            why = "post-copy broke off" if ours else "somebody has paused it"
            return Decision((), Result.PAUSED, why)
        acts.append(Act.START_ON_SOURCE)
    if destination.place is Place.OFF and not intent.was_defined_there and not intent.handed_over:
        acts.append(Act.UNDEFINE_ON_DESTINATION)
    if intent.persistent and not source.persistent:
        acts.append(Act.DEFINE_ON_SOURCE)
    if source.place is Place.OTHER:
        return Decision(tuple(acts), Result.STOPPED, "it has crashed on the source")
    if Act.START_ON_SOURCE in acts:
        return Decision(tuple(acts), Result.PAUSED, "it is paused on the source")
    return Decision(tuple(acts), Result.STAYED)


def _nowhere_active(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    ends = (source.place, destination.place)
    if ends == (Place.ABSENT, Place.ABSENT):
        if intent.persistent:
            return Decision((Act.DEFINE_ON_SOURCE,), Result.LOST, "neither host knows it")
        return Decision((), Result.LOST, "neither host knows it; it was transient, so it is gone when it stops")
    why = "it does not run on either host"
    if ends == (Place.OFF, Place.OFF) and intent.handed_over and intent.undefine:
        return Decision((Act.UNDEFINE_ON_SOURCE,), Result.STOPPED, why)
    if ends == (Place.OFF, Place.OFF):
        # libvirt defines a guest there only once it has arrived: it may have run there last, unseen
        return Decision((), Result.STOPPED, f"{why}, and both have its definition")
    return Decision((), Result.STOPPED, why)


def _may_start(intent: Intent) -> bool:
    return intent.wanted is Place.RUNNING
