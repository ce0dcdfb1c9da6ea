"""Guests that fit into the destination's memory one by one."""

import pytest

from preflight.judge.report import ALL_GUESTS, Outcome, Verdict
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.guests.test_hugepages_missing import FOUND, LINE, files
from tests.rules.neighbour import with_db

RULE = "guests-do-not-fit-together"


def two(free: int, *, available: int = 7000000, huge: bool = True) -> Case:
    """Return two guests of 64 MiB, which use huge pages if `huge`, and a destination with `free` pages of 2 MiB."""
    case = Case()
    if huge:
        case.xml("<os>", "<memoryBacking><hugepages/></memoryBacking><os>")
    memory = files(free).replace("7000000", str(available))
    case.destination("memory", memory).destination("paths", lambda text: text + FOUND)
    case.destination("mounts", lambda text: text + LINE.format("2M"))
    return with_db(case)


def test_catches_huge_pages_for_one_of_two() -> None:
    result = two(63).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, ALL_GUESTS)
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        "2 guests together need 64 huge pages of 2048 KiB, but only 63 are available",
    )
    assert finding.predicted_error == "unable to map backing store for guest RAM"


def test_catches_it_for_the_whole_and_not_for_one_of_the_guests() -> None:
    report = two(63).asking(select=(RULE,)).report()
    assert report.verdict is Verdict.NOT_READY
    assert {guest.name: guest.verdict for guest in report.guests} == {"web": Verdict.READY, "db": Verdict.READY}


def test_catches_as_a_warning_usual_memory_that_is_not_enough_for_both() -> None:
    result = two(0, huge=False, available=100000).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert "2 guests together have 128 MiB of memory, but only 97 MiB" in finding.message


def test_passes_enough_of_either() -> None:
    assert two(64).result(RULE).outcome is Outcome.PASSED
    assert two(0, huge=False).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("free", [0, 31])
def test_passes_too_few_for_any_one_of_which_another_rule_speaks(free: int) -> None:
    assert two(free).result(RULE).outcome is Outcome.PASSED


def test_passes_one_guest_alone() -> None:
    assert two(63).asking(guests=("web",)).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_guests_that_are_moved_offline() -> None:
    assert two(63).asking(offline=True, guests=("web", "db")).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_does_not_tell_of_its_huge_pages() -> None:
    assert two(63).destination("memory", None).result(RULE).outcome is Outcome.UNKNOWN


def test_passes_usual_memory_of_which_nothing_is_told_since_another_rule_says_so() -> None:
    assert two(0, huge=False).destination("memory", None).result(RULE).outcome is Outcome.PASSED
