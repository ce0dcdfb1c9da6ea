"""Every state of two hosts and everything that is known of a guest: nothing is done that could harm it."""

import pytest
from msgspec.structs import replace

from preflight.migrate.decide import decide
from preflight.migrate.observation import (
    BY_MIGRATION,
    BY_USER,
    OFF_DESTROYED,
    OFF_FAILED,
    OFF_MIGRATED,
    OFF_SHUT_DOWN,
    RUNS_MIGRATED,
    RUNS_UNPAUSED,
    STARTING_UP,
    Place,
    Sighting,
)
from preflight.migrate.outcome import Act, Decision, Intent, LogEnd, Result

from .alike import but
from .states import GONE, OFF, groups, sightings


def after_a_start(
    act: Act, intent: Intent, source: Sighting, destination: Sighting
) -> tuple[Intent, Sighting, Sighting]:
    if act is Act.START_ON_SOURCE:
        assert source.place is Place.PAUSED
        assert source.reason in (BY_MIGRATION, BY_USER), "what else has stopped it is not to be passed over (D11)"
        assert source.reason == BY_MIGRATION or (intent.paused_by_us and intent.watched), "its owner has paused it"
        assert not intent.handed_over, "it has run on the destination, on disks that are newer (D1)"
        assert destination.place in (Place.ABSENT, Place.OFF), "it could run on both"
        never_ran = destination.place is Place.OFF and destination.reason == OFF_FAILED
        known = intent.watched or never_ran or intent.ended_on_destination
        assert known, "it may have run there, and been shut down or moved on"
        is_new_there = destination.place is Place.OFF and not intent.was_defined_there
        assert not is_new_there or never_ran or intent.ended_on_destination, "it arrived there, and may have run"
        return intent, replace(source, place=Place.RUNNING, reason=RUNS_UNPAUSED, cpu_time=None), destination
    assert act is Act.START_ON_DESTINATION
    assert destination.place is Place.PAUSED
    assert destination.reason == BY_USER, "its memory is not whole, or something else has stopped it (D11)"
    assert intent.safe, "libvirt has started it, and its owner has paused it"
    assert not destination.cpu_time, "it has run there, and its owner has paused it"
    assert not source.place.active, "it could run on both"
    if source.place is Place.UNKNOWN:
        assert intent.handed_over, "it may run there"
        assert intent.watched, "it may have been started again since"
    else:
        gone = source.place is Place.ABSENT and intent.undefine
        seen = intent.handed_over and intent.watched
        by_log = intent.log_end is LogEnd.MIGRATED
        assert gone or seen or by_log, "it may have run on at the source (D2)"
        assert source.reason not in (OFF_SHUT_DOWN, OFF_DESTROYED) or intent.ended_on_source, "it did (D2)"
        assert intent.watched or intent.log_end is not LogEnd.MORE, "it may have run elsewhere since"
        known = seen or intent.peer_to_peer or intent.confirmed or by_log
        assert known, "the source was left with it, so somebody took it away"
    return intent, source, replace(destination, place=Place.RUNNING, reason=RUNS_UNPAUSED, cpu_time=None)


def after_an_end(
    act: Act, intent: Intent, source: Sighting, destination: Sighting
) -> tuple[Intent, Sighting, Sighting]:
    if act is Act.END_ON_DESTINATION:
        assert destination.place is Place.PAUSED
        assert destination.reason in (BY_USER, BY_MIGRATION, STARTING_UP), "it has run there (D3)"
        assert destination.reason != BY_USER or intent.safe, "libvirt has started it there"
        assert destination.cpu_time == 0, "its CPUs have run there, or nobody knows (D3)"
        assert source.place in (Place.RUNNING, Place.PAUSED), "it was the last copy of its memory"
        assert not intent.handed_over, "it may have run there"
        off = replace(OFF, reason=OFF_DESTROYED)
        return but(intent, ended_on_destination=True), source, off if destination.persistent else GONE
    assert act is Act.END_ON_SOURCE
    assert source.place is Place.PAUSED
    ours = source.reason == BY_USER and intent.paused_by_us and (intent.handed_over or intent.watched)
    assert source.reason == BY_MIGRATION or ours, "it may have run since"
    if intent.handed_over:
        assert destination.place in (Place.RUNNING, Place.PAUSED), "it was the last copy of its memory"
        assert destination.reason not in (BY_MIGRATION, STARTING_UP) or destination.place is Place.RUNNING
        assert destination.reason not in (0, 99), "nobody knows whether it is whole there"
    else:
        assert destination.place is Place.RUNNING
        has_run = destination.reason == RUNS_UNPAUSED and destination.cpu_time and intent.shares_disks
        assert destination.reason == RUNS_MIGRATED or has_run, "booted from its disks"
    off = replace(OFF, reason=OFF_DESTROYED)
    return but(intent, ended_on_source=True), off if source.persistent else GONE, destination


def after(act: Act, intent: Intent, source: Sighting, destination: Sighting) -> tuple[Intent, Sighting, Sighting]:
    """Return what two hosts report after this was done on them; fails if it would do harm, whatever else is true."""
    assert not intent.is_off, "one that was off is moved again, and nothing else"
    if act in (Act.START_ON_SOURCE, Act.START_ON_DESTINATION):
        return after_a_start(act, intent, source, destination)
    if act in (Act.END_ON_SOURCE, Act.END_ON_DESTINATION):
        return after_an_end(act, intent, source, destination)
    if act is Act.UNDEFINE_ON_SOURCE:
        assert source.place is Place.OFF, "an active guest would become transient"
        assert destination.persistent, "it was the last definition"
        assert intent.undefine
        assert source.reason in (OFF_MIGRATED, OFF_FAILED, 0, 99) or intent.ended_on_source, "it has run there since"
        runs_on = destination.place is Place.RUNNING and destination.reason in (RUNS_MIGRATED, RUNS_UNPAUSED)
        by_log = intent.log_end is LogEnd.MIGRATED or (intent.log_end is LogEnd.NONE and runs_on)
        assert source.reason == OFF_MIGRATED or intent.ended_on_source or intent.handed_over or by_log
        return intent, GONE, destination
    if act is Act.UNDEFINE_ON_DESTINATION:
        assert destination.place is Place.OFF
        assert source.place.active, "it may have run there last"
        assert destination.reason == OFF_FAILED or intent.ended_on_destination, "it may have run there"
        assert not intent.handed_over, "it was there, and was brought home"
        assert not intent.was_defined_there, "it is somebody else's"
        return intent, source, GONE
    if act is Act.DEFINE_ON_SOURCE:
        assert source.place.active, "its owner may have moved it on (D10)"
        assert not intent.handed_over, "it belongs to the destination"
        assert not destination.place.active
        return intent, replace(source, persistent=True), destination
    assert act is Act.DEFINE_ON_DESTINATION
    assert destination.place.active
    assert not source.place.active
    return intent, source, replace(destination, persistent=True)


def settle(intent: Intent, source: Sighting, destination: Sighting) -> tuple[Decision, Sighting, Sighting]:
    for _ in range(6):
        decision = decide(intent, source, destination)
        for act in decision.acts:
            intent, source, destination = after(act, intent, source, destination)
        if not decision.acts:
            return decision, source, destination
    pytest.fail(f"it never comes to an end: {decision}")


@pytest.mark.parametrize("source", list(sightings()), ids=str)
def test_no_state_of_two_hosts_is_made_worse(source: Sighting) -> None:
    """In each, every intent is tried, though only one of those that agree in all that was read of it."""
    for destination in sightings():
        for intent in groups(has_process=source.place not in (Place.ABSENT, Place.OFF)).each():
            harmless(intent, source, destination)


def harmless(intent: Intent, source: Sighting, destination: Sighting) -> None:
    """Fail if anything is done to two hosts in this state that could do harm."""
    was_active = source.place.active or destination.place.active
    ran_twice = source.place is destination.place is Place.RUNNING
    is_silent = Place.UNKNOWN in (source.place, destination.place)
    decision, here, there = settle(intent, source, destination)
    if here is not source or there is not destination:
        assert was_active == (here.place.active or there.place.active), "a guest was lost"
        assert ran_twice or not here.place is there.place is Place.RUNNING
    if is_silent:
        assert decision.result in (Result.UNKNOWN, Result.PAUSED)
    if decision.result is Result.ARRIVED:
        assert there.place is intent.wanted or decision.why or intent.is_off
        assert not decision.acts or decision.why, "what is still to be done is said"
        assert not here.place.active
    elif decision.result is not Result.STAYED:
        assert decision.why, "what is not as it should be is said"
    if decision.result is Result.STAYED and not intent.is_off:
        assert here.place.active
        assert not there.place.active
    if Place.RUNNING in (here.place, there.place) and here.place.active and there.place.active:
        assert decision.result in (Result.BOTH, Result.PAUSED)
