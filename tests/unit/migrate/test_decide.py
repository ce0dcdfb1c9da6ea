"""The decisions for a guest whose move went wrong: in no state of two hosts is anything done that could harm it."""

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import libvirt
import pytest
from msgspec.structs import replace

from preflight.migrate.decide import decide
from preflight.migrate.history import _OF, History, on_destination, on_source
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
    RUNS_POSTCOPY_FAILED,
    RUNS_UNPAUSED,
    STARTING_UP,
    Place,
    Sighting,
)
from preflight.migrate.outcome import Act, Decision, Intent, LogEnd, Result

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
        return replace(intent, ended_on_destination=True), source, off if destination.persistent else GONE
    assert act is Act.END_ON_SOURCE
    assert source.place is Place.PAUSED
    ours = source.reason == BY_USER and intent.paused_by_us and (intent.handed_over or intent.watched)
    assert source.reason == BY_MIGRATION or ours, "it may have run since"
    if intent.handed_over:
        assert destination.place in (Place.RUNNING, Place.PAUSED), "it was the last copy of its memory"
        assert destination.reason not in (BY_MIGRATION, STARTING_UP) or destination.place is Place.RUNNING
    else:
        assert destination.place is Place.RUNNING
        has_run = destination.reason == RUNS_UNPAUSED and destination.cpu_time and intent.shares_disks
        assert destination.reason == RUNS_MIGRATED or has_run, "booted from its disks"
    off = replace(OFF, reason=OFF_DESTROYED)
    return replace(intent, ended_on_source=True), off if source.persistent else GONE, destination


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
        assert not destination.place.active
        return intent, replace(source, persistent=True), destination
    assert act is Act.DEFINE_ON_DESTINATION
    assert destination.place.active
    assert not source.place.active
    return intent, source, replace(destination, persistent=True)


def informed(intent: Intent, source: Sighting) -> Iterator[Intent]:
    """Yield the intent with everything that a log may say of a guest of which the source has no process."""
    yield intent
    if source.place in (Place.ABSENT, Place.OFF) and not intent.is_off:
        yield replace(intent, log_end=LogEnd.MIGRATED)
        yield replace(intent, log_end=LogEnd.NONE)
        yield replace(intent, log_end=LogEnd.MORE)


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
    known = [one for intent in intents() for one in informed(intent, source)]
    copied = [replace(intent, shares_disks=False) for intent in known if not intent.handed_over]
    for destination, intents_ in [*((one, known) for one in sightings()), (unpaused(10_000_000), copied)]:
        harmless(source, destination, intents_)


def harmless(source: Sighting, destination: Sighting, intents_: Sequence[Intent]) -> None:
    """Fail if, for one of these intents, anything is done to two hosts in this state that could do harm."""
    was_active = source.place.active or destination.place.active
    ran_twice = source.place is destination.place is Place.RUNNING
    is_silent = Place.UNKNOWN in (source.place, destination.place)
    for intent in intents_:
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


@pytest.mark.parametrize(
    ("source", "destination", "why"),
    [
        (GONE, RUNS, ""),
        (GONE, replace(RUNS, persistent=False), "the guest is not defined on the destination"),
        (LEFT, replace(RUNS, persistent=False), "the guest is not defined on the destination"),
        (LEFT, RUNS, "the source still has its definition"),
    ],
    ids=str,
)
def test_what_is_still_to_be_done_of_a_guest_that_has_arrived_is_said(
    source: Sighting, destination: Sighting, why: str
) -> None:
    assert decide(RAN, source, destination).why == why


def test_a_number_that_no_table_names_is_unknown() -> None:
    for place in Place:
        for past in (on_source(Sighting(place, 99)), on_destination(Sighting(place, 99))):
            assert past is History.UNKNOWN


#: Debian's libvirt-dev and Fedora's libvirt-devel.
HEADER = Path("/usr/include/libvirt/libvirt-domain.h")
ENUM = re.compile(r"^    (VIR_DOMAIN_[A-Z_]+) *= *(\d+),", re.MULTILINE)
#: libvirt's states by the word in the names of their reasons.
STATES = {
    "RUNNING": Place.RUNNING,
    "BLOCKED": Place.RUNNING,
    "PAUSED": Place.PAUSED,
    "SHUTOFF": Place.OFF,
    "SHUTDOWN": Place.SHUTTING_DOWN,
    "CRASHED": Place.CRASHED,
    "PMSUSPENDED": Place.SUSPENDED,
}
#: Flags of virDomainShutdown, and what tells how many there are.
NO_REASONS = ("ACPI_POWER_BTN", "DEFAULT", "GUEST_AGENT", "INITCTL", "SIGNAL", "PARAVIRT", "LAST", "DISK_UNKNOWN")
#: Those of which libvirt's name says that it is not known, or that leave open what became of it.
UNKNOWN = {"PAUSED_UNKNOWN", "SHUTOFF_UNKNOWN", "SHUTOFF_DAEMON"}


def reasons() -> Iterator[tuple[str, Place, int]]:
    """Yield every reason of the header that is installed, and of the library's newest names that this test knows."""
    names = {name: value for name, value in vars(libvirt).items() if name.startswith("VIR_DOMAIN_")}
    if HEADER.exists():
        names |= {name: int(value) for name, value in ENUM.findall(HEADER.read_text())}
    names |= {"VIR_DOMAIN_PAUSED_API_ERROR": 14}  # since libvirt 9.2
    for name, value in sorted(names.items()):
        state, _, reason = name.removeprefix("VIR_DOMAIN_").partition("_")
        if state in STATES and reason and reason not in NO_REASONS:
            yield f"{state}_{reason}", STATES[state], value


@pytest.mark.parametrize(("name", "place", "number"), list(reasons()), ids=str)
def test_every_reason_that_libvirt_names_says_something_of_the_guests_past(
    name: str, place: Place, number: int
) -> None:
    seen = Sighting(place, number)
    assert place in _OF, f"no table for {name}"
    assert number in _OF[place], f"{name} is not in the table"
    assert (on_destination(seen) is History.UNKNOWN) is (name in UNKNOWN)
    assert (on_source(seen) is History.UNKNOWN) is (name in UNKNOWN | {"SHUTOFF_FAILED"})


def test_the_header_names_as_many_reasons_as_it_did() -> None:
    """Or else the test above looks for them in the wrong place."""
    assert len(list(reasons())) >= 42


ENDED_THERE = replace(RAN, ended_on_destination=True)
P2P = replace(RAN, peer_to_peer=True)
ARRIVED = replace(RAN, handed_over=True)
CONFIRMED = replace(ARRIVED, confirmed=True)
SEEN_THERE = replace(ARRIVED, watched=True)


@pytest.mark.parametrize(
    ("intent", "source", "destination", "acts", "result"),
    [
        (RAN, GONE, RUNS, [], Result.ARRIVED),
        (RAN, LEFT, RUNS, [Act.UNDEFINE_ON_SOURCE], Result.ARRIVED),
        (RAN, SHUT_DOWN, RUNS, [], Result.ARRIVED),
        (RAN, OFF, RUNS, [], Result.ARRIVED),
        (ARRIVED, OFF, RUNS, [Act.UNDEFINE_ON_SOURCE], Result.ARRIVED),
        (RAN, GONE, replace(RUNS, persistent=False), [Act.DEFINE_ON_DESTINATION], Result.ARRIVED),
        (
            RAN,
            LEFT,
            replace(RUNS, persistent=False),
            [Act.DEFINE_ON_DESTINATION, Act.UNDEFINE_ON_SOURCE],
            Result.ARRIVED,
        ),
        (RAN, RUNS, GONE, [], Result.STAYED),
        (RAN, RUNS, OFF, [], Result.STAYED),
        (RAN, RUNS, replace(OFF, reason=OFF_FAILED), [Act.UNDEFINE_ON_DESTINATION], Result.STAYED),
        (ENDED_THERE, RUNS, replace(OFF, reason=OFF_DESTROYED), [Act.UNDEFINE_ON_DESTINATION], Result.STAYED),
        (SEEN, paused(), GONE, [Act.START_ON_SOURCE], Result.PAUSED),
        (RAN, paused(), GONE, [], Result.PAUSED),
        (ENDED_THERE, paused(), GONE, [Act.START_ON_SOURCE], Result.PAUSED),
        (
            RAN,
            paused(),
            replace(OFF, reason=OFF_FAILED),
            [Act.START_ON_SOURCE, Act.UNDEFINE_ON_DESTINATION],
            Result.PAUSED,
        ),
        (SEEN, paused(0), GONE, [], Result.PAUSED),
        (RAN, RUNS, paused(), [Act.END_ON_DESTINATION], Result.BOTH),
        (RAN, paused(), paused(BY_USER), [Act.END_ON_DESTINATION], Result.BOTH),
        (RAN, paused(), RUNS, [Act.END_ON_SOURCE], Result.BOTH),
        (RAN, paused(), replace(RUNS, reason=RUNS_BOOTED), [], Result.BOTH),
        (RAN, paused(), unpaused(10_000_000), [Act.END_ON_SOURCE], Result.BOTH),  # it has run on the same disks
        (
            replace(RAN, shares_disks=False),
            paused(),
            unpaused(10_000_000),
            [],
            Result.BOTH,
        ),  # booted from a copy, maybe
        (RAN, paused(), unpaused(0), [], Result.BOTH),
        (RAN, paused(), unpaused(None), [], Result.BOTH),
        (RAN, paused(BY_USER), unpaused(10_000_000), [], Result.BOTH),  # it ran, and so did the other
        (SEEN, paused(IO_ERROR), RUNS, [], Result.BOTH),  # it ran, and so did the other
        (P2P, GONE, paused(BY_USER), [Act.START_ON_DESTINATION], Result.PAUSED),
        (P2P, LEFT, paused(BY_USER), [], Result.PAUSED),  # its owner may have started it, and moved it on
        (ARRIVED, GONE, paused(BY_USER), [], Result.PAUSED),  # Confirm may have been lost, and its owner acted since
        (CONFIRMED, GONE, paused(BY_USER), [Act.START_ON_DESTINATION], Result.PAUSED),
        (SEEN_THERE, LEFT, paused(BY_USER), [Act.START_ON_DESTINATION, Act.UNDEFINE_ON_SOURCE], Result.PAUSED),
        (SEEN_THERE, GONE, paused(BY_USER), [Act.START_ON_DESTINATION], Result.PAUSED),
        (RAN, GONE, paused(BY_USER), [], Result.PAUSED),  # the source was left with it, and somebody took it away
        (RAN, GONE, GONE, [], Result.LOST),
        (SEEN, GONE, GONE, [], Result.LOST),
        (RAN, OFF, GONE, [], Result.STOPPED),
        (RAN, GONE, OFF, [], Result.STOPPED),
        (RAN, OFF, OFF, [], Result.STOPPED),
        (ARRIVED, LEFT, OFF, [Act.UNDEFINE_ON_SOURCE], Result.STOPPED),
        (RAN, RUNS, RUNS, [], Result.BOTH),
    ],
    ids=str,
)
def test_what_is_done_for_a_guest_that_ran(
    intent: Intent, source: Sighting, destination: Sighting, acts: list[Act], result: Result
) -> None:
    decision = decide(intent, source, destination)
    assert list(decision.acts) == acts
    assert decision.result is result


def test_an_old_copy_is_not_started_on_the_source_once_the_guest_was_handed_over() -> None:
    """D1: Confirm got lost, the guest was started on the destination, worked there, and was shut down."""
    for seen, there in itertools.product((True, False), (GONE, SHUT_DOWN, OFF)):
        decision = decide(replace(ARRIVED, watched=seen), paused(BY_MIGRATION), there)
        assert (decision.acts, decision.result) == ((), Result.PAUSED)
        assert "this copy is older than its disks" in decision.why


def test_an_old_copy_is_not_started_on_the_destination_once_the_guest_ran_on_at_the_source() -> None:
    """D2: preflight was killed between Finish and Confirm; its owner resumed it on the source, and shut it down."""
    for intent in (RAN, P2P, ARRIVED, CONFIRMED, SEEN_THERE):
        decision = decide(intent, SHUT_DOWN, paused(BY_USER))
        assert (decision.acts, decision.result) == ((), Result.PAUSED)
        assert "the guest may have run since, on the source" in decision.why


def test_a_copy_that_has_run_on_the_destination_is_not_ended() -> None:
    """D3: its owner resumed it there, or the journal could not be written; then something stopped it."""
    for reason in (3, 4, IO_ERROR, 6, 7, 8, 9, 10, 14, 99, 0):
        assert decide(RAN, paused(), paused(reason)).acts == ()
    assert decide(RAN, paused(), paused(BY_USER, cpu_time=10_000_000)).acts == ()
    assert decide(RAN, paused(), paused(BY_USER, cpu_time=None)).acts == ()


def test_what_neither_host_knows_is_defined_nowhere_again() -> None:
    """D10: its owner has moved it on to a third host."""
    for intent in (RAN, SEEN, ARRIVED, OFF_INTENT, replace(OFF_INTENT, handed_over=True)):
        decision = decide(intent, GONE, GONE)
        assert (decision.acts, decision.result) == ((), Result.LOST)
        assert "it may have been moved elsewhere" in decision.why


def test_what_an_error_or_a_watchdog_or_a_crash_has_paused_is_not_started() -> None:
    """D11."""
    for reason in (0, 3, 4, IO_ERROR, 6, 7, 8, 9, 10, 14, 99):
        for intent in (SEEN, replace(SEEN, paused_by_us=True), ENDED_THERE):
            assert Act.START_ON_SOURCE not in decide(intent, paused(reason), GONE).acts
        for intent in (P2P, CONFIRMED, SEEN_THERE):
            assert Act.START_ON_DESTINATION not in decide(intent, GONE, paused(reason)).acts


@pytest.mark.parametrize(
    ("place", "result", "word"),
    [
        (Place.CRASHED, Result.STOPPED, "the guest has crashed on the"),
        (Place.SHUTTING_DOWN, Result.STOPPED, "the guest is shutting down on the"),
        (Place.SUSPENDED, None, "the guest has suspended itself to memory on the"),
        (Place.OTHER, Result.STOPPED, "the guest is in a state unknown to preflight on the"),
    ],
)
def test_a_guest_that_sleeps_or_shuts_down_has_not_crashed(place: Place, result: Result | None, word: str) -> None:
    """D16."""
    seen = Sighting(place, persistent=True)
    there, here = decide(ARRIVED, GONE, seen), decide(RAN, seen, GONE)
    assert (there.acts, there.result) == ((), result or Result.ARRIVED)
    assert (here.acts, here.result) == ((), result or Result.STAYED)
    assert there.why.startswith(f"{word} destination")
    assert here.why.startswith(f"{word} source")


def test_what_is_left_to_a_person_names_the_command_and_the_host() -> None:
    known = replace(ARRIVED, uuid="f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0", hosts=("host1", "host2"))
    assert decide(known, GONE, paused(IO_ERROR)).why.endswith(
        "to start it, on host2: virsh resume f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"
    )


OFF_INTENT = Intent(running=False, persistent=True, persist=True, undefine=True)


@pytest.mark.parametrize(
    ("intent", "source", "destination", "result"),
    [
        (OFF_INTENT, OFF, GONE, Result.STAYED),
        (OFF_INTENT, OFF, OFF, Result.STAYED),
        (OFF_INTENT, GONE, OFF, Result.ARRIVED),
        (OFF_INTENT, GONE, RUNS, Result.ARRIVED),
        (OFF_INTENT, OFF, RUNS, Result.STAYED),
        (OFF_INTENT, RUNS, RUNS, Result.BOTH),
        (OFF_INTENT, SILENT, OFF, Result.UNKNOWN),
        (replace(OFF_INTENT, handed_over=True), OFF, OFF, Result.STAYED),
        (replace(OFF_INTENT, handed_over=True, undefine=False), OFF, OFF, Result.ARRIVED),
    ],
    ids=str,
)
def test_what_has_become_of_a_guest_that_was_off(
    intent: Intent, source: Sighting, destination: Sighting, result: Result
) -> None:
    decision = decide(intent, source, destination)
    assert (decision.acts, decision.result) == ((), result)


def test_a_copy_whose_memory_may_not_be_whole_is_not_started() -> None:
    decision = decide(P2P, GONE, paused(BY_MIGRATION))
    assert decision.acts == ()
    assert decision.result is Result.PAUSED
    assert "libvirt has not reported that it arrived" in decision.why


def test_a_guest_that_its_owner_paused_meanwhile_is_not_started() -> None:
    decision = decide(SEEN, paused(BY_USER), GONE)
    assert decision.acts == ()
    assert decision.why.startswith("the guest has been paused by its user")
    assert decide(replace(SEEN, paused_by_us=True), paused(BY_USER), GONE).acts == (Act.START_ON_SOURCE,)


def test_a_running_job_is_waited_for() -> None:
    for source, destination in ((replace(RUNS, job=True), GONE), (RUNS, replace(paused(), job=True))):
        assert decide(RAN, source, destination).acts == (Act.WAIT,)


@pytest.mark.parametrize("source", [GONE, OFF, SILENT, RUNS], ids=str)
def test_a_job_that_nobody_will_end_is_left_to_a_person(source: Sighting) -> None:
    decision = decide(RAN, source, replace(paused(), job=True))
    assert (decision.acts, decision.result) == ((Act.WAIT,), Result.UNKNOWN)
    assert ("restart the libvirt daemon on the destination" in decision.why) is (source in (GONE, OFF))


@pytest.mark.parametrize(
    ("source", "destination"), [(SILENT, paused(BY_USER)), (RUNS, SILENT), (SILENT, GONE), (paused(), SILENT)], ids=str
)
def test_a_host_that_does_not_answer_forbids_everything(source: Sighting, destination: Sighting) -> None:
    decision = decide(RAN, source, destination)
    assert decision.acts == ()
    assert decision.result is Result.UNKNOWN
    assert "does not answer" in decision.why


def test_what_the_source_has_let_go_is_started_even_if_the_source_no_longer_answers() -> None:
    handed_over = replace(SEEN, handed_over=True)
    assert decide(handed_over, SILENT, paused(BY_USER)).acts == (Act.START_ON_DESTINATION,)
    assert decide(replace(handed_over, autostart=True), SILENT, paused(BY_USER)).acts == (), "it starts with its host"
    assert decide(ARRIVED, SILENT, paused(BY_USER)).acts == (), "its owner may have started it there since"


def test_libvirts_own_start_leaves_a_copy_that_may_have_run_alone() -> None:
    at_once = replace(RAN, safe=False)
    assert decide(at_once, RUNS, paused(BY_USER)).acts == ()
    assert decide(at_once, RUNS, paused(BY_MIGRATION)).acts == (Act.END_ON_DESTINATION,)


def test_what_ran_on_the_destination_is_ended_no_more() -> None:
    """The guest was handed over and ran; then an error stopped it, and somebody started the source's copy."""
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
    for known in (True, False):
        decision = decide(replace(RAN, safe=False, handed_over=known, peer_to_peer=True), GONE, paused(BY_USER))
        assert decision.acts == ()
        assert decision.why.startswith("the guest has been paused on the destination")
    ran = paused(BY_USER, cpu_time=10_000_000)
    assert decide(ARRIVED, GONE, ran).acts == (), "preflight started it, and then its owner paused it"


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
