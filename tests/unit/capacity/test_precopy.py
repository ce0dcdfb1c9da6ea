"""The pre-copy model: worked examples, bounds, and how many at a time are quickest."""

import math
from itertools import pairwise

import pytest

from preflight.capacity.precopy import HANDOVER, NEVER, OVERHEAD, Load, best_width, predict, together

#: Memory, rate and dirty rate in MiB and MiB/s; seconds by the closed form of Liu et al.
EXAMPLES = [
    (8192, 112, 5, 76.6),
    (8192, 112, 50, 131.9),
    (8192, 112, 100, 680.3),
    (8192, 1100, 100, 8.2),
    (65536, 1100, 300, 81.9),
    (65536, 1100, 1000, 652.5),
    (8192, 32, 20, 682.3),
]


@pytest.mark.parametrize(("memory", "rate", "dirty", "seconds"), EXAMPLES)
def test_a_guest_takes_what_the_closed_form_says(memory: float, rate: float, dirty: float, seconds: float) -> None:
    found = predict(Load("web", memory, dirty), rate)
    assert found.seconds == pytest.approx(seconds + OVERHEAD + HANDOVER, rel=0.01)
    assert found.downtime <= 0.3 + HANDOVER


def test_qemu_goes_round_until_what_it_finds_fits_the_pause() -> None:
    """QEMU 7.2 on the lab went 16 rounds over 125 MiB at 15 MiB/s, dirtied at 10.2 MiB/s, and sent 386 MiB."""
    found = predict(Load("web", 125, 10.16), 15)
    assert found.rounds == pytest.approx(16, abs=2)
    assert found.sent == pytest.approx(386, rel=0.03)


@pytest.mark.parametrize("dirty", [None, 0.0])
def test_an_idle_guest_is_sent_once(dirty: float | None) -> None:
    found = predict(Load("web", 1000, dirty), 100)
    assert (found.sent, found.rounds) == (1000, 2)
    assert found.seconds == pytest.approx(10 + OVERHEAD + HANDOVER)
    assert found.downtime == pytest.approx(0.3 + HANDOVER)


def test_memory_that_was_never_touched_costs_a_look_and_nine_bytes_a_page() -> None:
    found = predict(Load("web", 0, untouched=16_000), 100)
    assert found.sent == pytest.approx(16_000 * 9 / 4096)
    assert found.seconds == pytest.approx(1 + found.sent / 100 + OVERHEAD + HANDOVER)


@pytest.mark.parametrize("dirty", [100, 101, 5000])
def test_a_guest_that_dirties_as_fast_as_it_is_sent_never_ends(dirty: float) -> None:
    assert predict(Load("web", 1000, dirty), 100) is NEVER


def test_a_guest_that_fits_the_pause_ends_whatever_it_dirties() -> None:
    found = predict(Load("web", 20, 5000), 100)
    assert found.converges
    assert found.sent <= 40


def test_what_is_dirtied_twice_is_sent_once() -> None:
    found = predict(Load("web", 100, 99), 100)
    assert found.converges
    assert found.sent <= 100 * (found.rounds + 1)


@pytest.mark.parametrize("rate", [0, -1, math.nan])
def test_a_rate_is_above_nothing(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        predict(Load("web", 1), rate)


def test_more_rate_never_takes_longer() -> None:
    times = [predict(Load("web", 4096, 40), rate).seconds for rate in range(50, 1000, 50)]
    assert all(later <= earlier for earlier, later in pairwise(times))


BUSY = [Load(f"g{number}", 8192, 50) for number in range(32)]


def test_one_at_a_time_is_quickest_where_one_fills_the_link() -> None:
    assert best_width(BUSY, 18, 1100) == 1
    assert together(BUSY, 16, 1100) > 2.5 * together(BUSY, 1, 1100)
    assert together(BUSY, 22, 1100) == math.inf


def test_a_link_wider_than_a_stream_takes_several() -> None:
    assert best_width([Load(f"g{number}", 65536) for number in range(8)], 18, 4400) == 4


def test_small_guests_overlap_what_no_memory_is_sent_in() -> None:
    small = [Load(f"g{number}", 64) for number in range(20)]
    assert best_width(small, 18, 1100) > 4
    assert best_width(small, 3, 1100) == 3


def test_without_guests_or_room_there_is_no_width() -> None:
    assert best_width([], 18, 1100) == 1
    assert best_width(BUSY, 0, 1100) == 0
    assert together([], 4, 1100) == 0
