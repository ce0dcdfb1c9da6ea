"""When a rehearsal has shown enough."""

import pytest

from preflight.rehearse.reading import LATEST, LEAST_LEFT, MOMENT, Reading, enough, reading_of
from preflight.units import MIB

GIB = 1024 * MIB


@pytest.mark.parametrize(
    ("reading", "since_call", "since_first", "is_enough"),
    [
        (Reading(), 0.0, None, False),
        (Reading(), LATEST - 0.1, None, False),
        (Reading(), LATEST, None, True),
        (Reading(sent=100_000, left=GIB), 1.0, 0.0, False),
        (Reading(sent=100_000, left=GIB), 1.0, MOMENT - 0.01, False),
        (Reading(sent=100_000, left=GIB), 1.0, MOMENT, True),
        (Reading(sent=4 * MIB - 1, left=GIB), 1.0, 0.1, False),
        (Reading(sent=4 * MIB, left=GIB), 1.0, 0.1, True),
        (Reading(sent=1, left=LEAST_LEFT), 1.0, 0.0, False),
        (Reading(sent=1, left=LEAST_LEFT - 1), 1.0, 0.0, True),
        (Reading(left=0), 1.0, None, False),
        (Reading(mirrors=False), 1.0, None, False),
        (Reading(mirrors=True), 1.0, 0.0, True),
        (Reading(sent=0, left=GIB, mirrors=False), LATEST, None, True),
    ],
)
def test_enough(reading: Reading, since_call: float, since_first: float | None, *, is_enough: bool) -> None:
    assert (enough(reading, since_call, since_first) is not None) is is_enough


def test_a_job_that_has_not_begun_to_send_says_nothing_of_memory() -> None:
    before = reading_of({"memory_total": 0, "memory_processed": 0, "memory_remaining": 0})
    assert (before.left, before.has_begun) == (None, False)
    begun = reading_of({"memory_total": GIB, "memory_processed": 108_753, "memory_remaining": GIB - MIB})
    assert (begun.left, begun.has_begun) == (GIB - MIB, True)


def test_disks_have_begun_once_each_has_a_mirror() -> None:
    assert not reading_of({}, mirrors=False).has_begun
    assert reading_of({}, mirrors=True).has_begun
