"""The decisions for a guest whose move went wrong: in no state of two hosts is anything done that could harm it."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

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
    POSTCOPY_FAILED,
    RUNS_BOOTED,
    RUNS_POSTCOPY_FAILED,
    Place,
    Sighting,
)
from preflight.migrate.outcome import Act, Intent, Result

from .states import GONE, LEFT, OFF, RAN, RUNS, SEEN, SHUT_DOWN, SILENT, paused, unpaused


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
ENDED_HERE = replace(SEEN_THERE, ended_on_source=True)
DESTROYED = replace(OFF, reason=OFF_DESTROYED)


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
        (RAN, replace(RUNS, persistent=False), GONE, [Act.DEFINE_ON_SOURCE], Result.STAYED),
        (ARRIVED, replace(RUNS, persistent=False), GONE, [], Result.STAYED),  # it was brought home without one
        (RAN, RUNS, OFF, [], Result.STAYED),
        (RAN, RUNS, replace(OFF, reason=OFF_FAILED), [Act.UNDEFINE_ON_DESTINATION], Result.STAYED),
        (ENDED_THERE, RUNS, DESTROYED, [Act.UNDEFINE_ON_DESTINATION], Result.STAYED),
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
        (SEEN_THERE, OFF, paused(BY_USER), [Act.START_ON_DESTINATION, Act.UNDEFINE_ON_SOURCE], Result.PAUSED),
        (ENDED_HERE, DESTROYED, paused(BY_USER), [Act.START_ON_DESTINATION, Act.UNDEFINE_ON_SOURCE], Result.PAUSED),
        (P2P, GONE, paused(BY_USER, cpu_time=None), [], Result.PAUSED),  # it may have run there
        (CONFIRMED, GONE, paused(BY_USER, cpu_time=None), [Act.START_ON_DESTINATION], Result.PAUSED),
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
