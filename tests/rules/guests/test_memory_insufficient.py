"""The guest's memory, compared with the memory available on the destination."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "memory-insufficient"
#: The memory of the sound pair's guest.
GUEST_KIB = 64 * 1024


def left(available: int | None, swap: int | None = 0) -> Case:
    """Return the sound pair, whose destination has this much available memory and free swap, in KiB."""
    lines = ["/proc/meminfo:MemTotal:       24684092 kB"]
    lines += [f"/proc/meminfo:MemAvailable:   {available} kB"] if available is not None else []
    lines += [f"/proc/meminfo:SwapFree:       {swap} kB"] if swap is not None else []
    return Case().destination("memory", "\n".join(lines) + "\n")


def test_catches_a_guest_that_is_larger_than_what_is_left() -> None:
    result = left(40 * 1024, 20 * 1024).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, None)
    assert finding.message == "the guest has 64 MiB of memory, but only 40 MiB and 20 MiB of swap are available here"


def test_catches_one_that_lacks_a_page() -> None:
    assert left(GUEST_KIB - 4).result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("available", "swap"), [(GUEST_KIB, 0), (GUEST_KIB, None), (40 * 1024, 24 * 1024), (0, 1 << 20)]
)
def test_passes_a_guest_that_fits_with_swap(available: int, swap: int | None) -> None:
    assert left(available, swap).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_whose_balloon_took_what_is_missing() -> None:
    now = "<currentMemory unit='KiB'>{}</currentMemory>"
    case = left(40 * 1024).xml(now.format(GUEST_KIB), now.format(40 * 1024))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("backing", ["<hugepages/>", "<source type='file'/>"])
def test_passes_memory_on_huge_pages_and_in_files(backing: str) -> None:
    case = Case().destination("memory", Record("", 1, "timed out"))
    case.xml("<os>", f"<memoryBacking>{backing}</memoryBacking><os>")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_catches_memory_of_a_memfd_which_is_memory_too() -> None:
    case = left(0).xml("<os>", "<memoryBacking><source type='memfd'/></memoryBacking><os>")
    assert case.result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Record("", 1, "timed out"), "the host did not report its memory: timed out"),
        (
            Record("/proc/meminfo:MemTotal: 8000000 kB\n"),
            "the destination's kernel does not report how much memory is available",
        ),
    ],
)
def test_is_unknown_when_the_memory_was_not_told(answer: Record, reason: str) -> None:
    result = Case().destination("memory", answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, reason)
    assert not result.obscures  # only an error rule does


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert left(0).asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE
