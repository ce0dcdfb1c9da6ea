"""What is decided for a guest whose move went wrong: in no state of two hosts does it end on both, or on neither."""

import itertools
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from preflight.migrate.recovery import Act, Decision, Intent, Result, decide
from preflight.migrate.sighting import (
    BY_MIGRATION,
    BY_USER,
    IN_POSTCOPY,
    POSTCOPY_FAILED,
    RUNS_POSTCOPY_FAILED,
    STARTING_UP,
    Place,
    Sighting,
)

RAN = Intent(running=True, persistent=True, persist=True, undefine=True)
GONE = Sighting(Place.ABSENT)
OFF = Sighting(Place.OFF, persistent=True)
RUNS = Sighting(Place.RUNNING, persistent=True)
SILENT = Sighting(Place.UNKNOWN)


def paused(reason: int = BY_MIGRATION, *, persistent: bool = True) -> Sighting:
    return Sighting(Place.PAUSED, reason, persistent)


def sightings() -> Iterator[Sighting]:
    """Everything that a host may say, but for a job: then nothing is decided."""
    for place, persistent in itertools.product(Place, (True, False)):
        reasons = (BY_USER, BY_MIGRATION, STARTING_UP, IN_POSTCOPY, POSTCOPY_FAILED) if place is Place.PAUSED else (0,)
        for reason in reasons:
            if (place is Place.OFF and not persistent) or (place in (Place.ABSENT, Place.UNKNOWN) and persistent):
                continue
            yield Sighting(place, reason, persistent)


def intents() -> Iterator[Intent]:
    flags = ("persistent", "suspend", "safe", "was_defined_there", "handed_over", "paused_by_us", "undefine", "persist")
    for values in itertools.product((True, False), repeat=len(flags)):
        told = dict(zip(flags, values, strict=True))
        for running in (True, False):
            yield Intent(running=running, paused=not running, **told)


def after(act: Act, intent: Intent, source: Sighting, destination: Sighting) -> tuple[Sighting, Sighting]:
    """What two hosts say once this was done on them; fails where it would do harm."""
    if act is Act.START_ON_SOURCE:
        assert source.place is Place.PAUSED
        assert destination.place in (Place.ABSENT, Place.OFF), "it could run on both"
        return replace(source, place=Place.RUNNING, reason=0), destination
    if act is Act.START_ON_DESTINATION:
        assert destination.place is Place.PAUSED
        assert not source.place.active, "it could run on both"
        return source, replace(destination, place=Place.RUNNING, reason=0)
    if act is Act.END_ON_DESTINATION:
        assert destination.place is Place.PAUSED
        assert source.place.active, "it was the last copy of its memory"
        assert not intent.handed_over, "it may have run there"
        return source, OFF if destination.persistent else GONE
    if act is Act.END_ON_SOURCE:
        assert source.place is Place.PAUSED
        assert source.reason == BY_MIGRATION or (intent.handed_over and intent.paused_by_us), "it may have run since"
        is_whole = destination.place is Place.PAUSED and intent.handed_over
        assert destination.place is Place.RUNNING or is_whole, "it was the last copy of its memory"
        return OFF if source.persistent else GONE, destination
    if act is Act.UNDEFINE_ON_SOURCE:
        assert source.place is Place.OFF, "an active guest would become transient"
        assert destination.place is not Place.ABSENT, "it was the last definition"
        return GONE, destination
    if act is Act.UNDEFINE_ON_DESTINATION:
        assert destination.place is Place.OFF
        assert source.place.active, "it may have run there last"
        assert not intent.handed_over, "it was there, and was brought home"
        assert not intent.was_defined_there, "it is somebody else's"
        return source, GONE
    if act is Act.DEFINE_ON_SOURCE:
        return (OFF if source.place is Place.ABSENT else replace(source, persistent=True)), destination
    assert act is Act.DEFINE_ON_DESTINATION
    return source, (OFF if destination.place is Place.ABSENT else replace(destination, persistent=True))


def settle(intent: Intent, source: Sighting, destination: Sighting) -> tuple[Decision, Sighting, Sighting]:
    for _ in range(6):
        decision = decide(intent, source, destination)
        for act in decision.acts:
            source, destination = after(act, intent, source, destination)
        if not decision.acts:
            return decision, source, destination
    pytest.fail(f"it never comes to an end: {decision}")


@pytest.mark.parametrize("source", list(sightings()), ids=str)
def test_no_state_of_two_hosts_is_made_worse(source: Sighting) -> None:
    for destination, intent in itertools.product(sightings(), intents()):
        was_active = (source.place.active, destination.place.active)
        decision, here, there = settle(intent, source, destination)
        assert any(was_active) == (here.place.active or there.place.active), "a guest was lost"
        assert not (here.place is there.place is Place.RUNNING) or (source.place is destination.place is Place.RUNNING)
        if Place.UNKNOWN in (source.place, destination.place):
            assert decision.result in (Result.UNKNOWN, Result.PAUSED)
        if decision.result is Result.ARRIVED:
            assert there.place is intent.wanted or decision.why
            assert not decision.acts or decision.why, "what is still to be done is said"
            assert not here.place.active
        if decision.result is Result.STAYED:
            assert here.place.active
            assert not there.place.active
        if Place.RUNNING in (here.place, there.place) and here.place.active and there.place.active:
            assert decision.result in (Result.BOTH, Result.PAUSED)


@pytest.mark.parametrize(
    ("source", "destination", "acts", "result"),
    [
        (GONE, RUNS, [], Result.ARRIVED),
        (OFF, RUNS, [Act.UNDEFINE_ON_SOURCE], Result.ARRIVED),
        (GONE, replace(RUNS, persistent=False), [Act.DEFINE_ON_DESTINATION], Result.ARRIVED),
        (RUNS, GONE, [], Result.STAYED),
        (RUNS, OFF, [Act.UNDEFINE_ON_DESTINATION], Result.STAYED),
        (paused(), GONE, [Act.START_ON_SOURCE], Result.PAUSED),
        (paused(0), GONE, [Act.START_ON_SOURCE], Result.PAUSED),
        (RUNS, paused(), [Act.END_ON_DESTINATION], Result.BOTH),
        (paused(), paused(BY_USER), [Act.END_ON_DESTINATION], Result.BOTH),
        (paused(), RUNS, [Act.END_ON_SOURCE], Result.BOTH),
        (paused(5), RUNS, [], Result.BOTH),  # an I/O error: it ran, and so did the other
        (GONE, paused(BY_USER), [Act.START_ON_DESTINATION], Result.PAUSED),
        (GONE, GONE, [Act.DEFINE_ON_SOURCE], Result.LOST),
        (OFF, GONE, [], Result.STOPPED),
        (GONE, OFF, [], Result.STOPPED),
        (OFF, OFF, [], Result.STOPPED),
        (RUNS, RUNS, [], Result.BOTH),
    ],
    ids=str,
)
def test_what_is_done_for_a_guest_that_ran(
    source: Sighting, destination: Sighting, acts: list[Act], result: Result
) -> None:
    decision = decide(RAN, source, destination)
    assert list(decision.acts) == acts
    assert decision.result is result


def test_a_copy_whose_memory_may_not_be_whole_is_not_started() -> None:
    decision = decide(RAN, GONE, paused(BY_MIGRATION))
    assert decision.acts == ()
    assert decision.result is Result.PAUSED
    assert "libvirt has not said that it arrived" in decision.why


def test_a_guest_that_its_owner_paused_meanwhile_is_not_started() -> None:
    decision = decide(RAN, paused(BY_USER), GONE)
    assert decision.acts == ()
    assert decision.why == "somebody has paused it"
    assert decide(replace(RAN, paused_by_us=True), paused(BY_USER), GONE).acts == (Act.START_ON_SOURCE,)


def test_a_running_job_is_waited_for() -> None:
    for source, destination in ((replace(RUNS, job=True), GONE), (RUNS, replace(paused(), job=True))):
        assert decide(RAN, source, destination).acts == (Act.WAIT,)


@pytest.mark.parametrize(
    ("source", "destination"), [(SILENT, paused(BY_USER)), (RUNS, SILENT), (SILENT, GONE), (paused(), SILENT)], ids=str
)
def test_a_host_that_does_not_answer_forbids_everything(source: Sighting, destination: Sighting) -> None:
    decision = decide(RAN, source, destination)
    assert decision.acts == ()
    assert decision.result is Result.UNKNOWN
    assert "does not answer" in decision.why


def test_what_the_source_has_let_go_is_started_even_if_the_source_no_longer_answers() -> None:
    handed_over = replace(RAN, handed_over=True)
    assert decide(handed_over, SILENT, paused(BY_USER)).acts == (Act.START_ON_DESTINATION,)


def test_libvirts_own_start_leaves_a_copy_that_may_have_run_alone() -> None:
    at_once = replace(RAN, safe=False)
    assert decide(at_once, RUNS, paused(BY_USER)).acts == ()
    assert decide(at_once, RUNS, paused(BY_MIGRATION)).acts == (Act.END_ON_DESTINATION,)


def test_what_ran_on_the_destination_is_ended_no_more() -> None:
    """It was handed over and ran there; then an error stopped it, and somebody started what the source still had."""
    handed_over = replace(RAN, handed_over=True)
    for source in (RUNS, paused(BY_USER), paused(5)):
        decision = decide(handed_over, source, paused(5))
        assert (decision.acts, decision.result) == ((), Result.BOTH)


def test_what_the_source_was_left_with_is_ended_once_it_was_handed_over() -> None:
    handed_over = replace(RAN, handed_over=True)
    assert decide(handed_over, paused(BY_MIGRATION), paused(BY_USER)).acts == (Act.END_ON_SOURCE,)
    ours = replace(handed_over, paused_by_us=True)
    assert decide(ours, paused(BY_USER), RUNS).acts == (Act.END_ON_SOURCE,)


def test_somebody_elses_definition_stays_on_the_destination() -> None:
    assert decide(replace(RAN, was_defined_there=True), RUNS, OFF).acts == ()
    assert decide(replace(RAN, handed_over=True), RUNS, OFF).acts == (), "it was there, and was brought home"


def test_what_its_owner_paused_on_the_destination_is_not_started() -> None:
    decision = decide(replace(RAN, safe=False), GONE, paused(BY_USER))
    assert decision.acts == ()
    assert decision.why == "somebody has paused it on the destination"


@pytest.mark.parametrize("reason", [IN_POSTCOPY, POSTCOPY_FAILED])
def test_a_broken_post_copy_is_touched_on_neither_host(reason: int) -> None:
    for source, destination in ((paused(reason), RUNS), (paused(reason), paused(POSTCOPY_FAILED))):
        decision = decide(replace(RAN, safe=False), source, destination)
        assert decision.acts == ()
        assert decision.result is Result.PAUSED


def test_a_broken_post_copy_is_not_waited_for_though_the_destination_has_not_noticed() -> None:
    still_receives = Sighting(Place.RUNNING, 10, job=True)
    decision = decide(replace(RAN, safe=False), paused(POSTCOPY_FAILED), still_receives)
    assert (decision.acts, decision.result) == ((), Result.PAUSED)
    assert "--resume" in decision.why


@pytest.mark.parametrize(
    ("place", "reason", "is_broken_off"),
    [
        (Place.PAUSED, POSTCOPY_FAILED, True),
        (Place.RUNNING, RUNS_POSTCOPY_FAILED, True),
        (Place.PAUSED, RUNS_POSTCOPY_FAILED, False),
        (Place.RUNNING, POSTCOPY_FAILED, False),
    ],
)
def test_a_number_means_a_broken_post_copy_in_one_state_alone(place: Place, reason: int, is_broken_off: bool) -> None:
    assert Sighting(place, reason).is_broken_off is is_broken_off
