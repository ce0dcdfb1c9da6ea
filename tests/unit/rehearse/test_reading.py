"""When a rehearsal has shown enough, and when it must end."""

import pytest

from preflight.rehearse.limits import LATEST, MOMENT
from preflight.rehearse.reading import ENOUGH, LEAST_LEFT, Reading, ends, reading_of
from preflight.units import MIB

GIB = 1024 * MIB


@pytest.mark.parametrize(
    ("reading", "since_call", "since_first"),
    [
        (Reading(), 0.0, None),
        (Reading(), LATEST - 0.1, None),
        (Reading(sent=100_000, left=GIB), 1.0, 0.0),
        (Reading(sent=100_000, left=GIB), 1.0, MOMENT - 0.01),
        (Reading(sent=ENOUGH - 1, left=GIB), 1.0, 0.1),
        (Reading(sent=1, left=LEAST_LEFT), 1.0, 0.0),
        (Reading(left=0), 1.0, None),
        (Reading(mirrors=False), 1.0, None),
    ],
)
def test_it_continues(reading: Reading, since_call: float, since_first: float | None) -> None:
    assert ends(reading, since_call, since_first) is None


@pytest.mark.parametrize(
    ("reading", "since_call", "since_first", "is_enough"),
    [
        (Reading(), LATEST, None, False),
        (Reading(sent=100_000, left=GIB), 1.0, MOMENT, True),
        (Reading(sent=ENOUGH, left=GIB), 1.0, 0.1, True),
        (Reading(mirrors=True), 1.0, 0.0, True),
        (Reading(sent=0, left=GIB, mirrors=False), LATEST, None, False),
        # it must end, but the destination had no time to refuse
        (Reading(sent=1, left=LEAST_LEFT - 1), 1.0, 0.0, False),
        (Reading(sent=1, left=LEAST_LEFT - 1), 1.0, MOMENT, True),
        (Reading(sent=1, left=GIB), LATEST, 0.1, False),
    ],
)
def test_it_ends(reading: Reading, since_call: float, since_first: float | None, *, is_enough: bool) -> None:
    end = ends(reading, since_call, since_first)
    assert end is not None
    assert end.is_enough is is_enough


def test_a_job_that_has_not_begun_to_send_says_nothing_of_memory() -> None:
    before = reading_of({"memory_total": 0, "memory_processed": 0, "memory_remaining": 0})
    assert (before.left, before.has_begun) == (None, False)
    begun = reading_of({"memory_total": GIB, "memory_processed": 108_753, "memory_remaining": GIB - MIB})
    assert (begun.left, begun.has_begun) == (GIB - MIB, True)


def test_disks_have_begun_once_each_has_a_mirror() -> None:
    assert not reading_of({}, mirrors=False).has_begun
    assert reading_of({}, mirrors=True).has_begun
