"""Migrations that do not converge: passes that leave no less, and more than the downtime allows."""

import pytest

from preflight.migrate.convergence import PASSES
from preflight.migrate.limits import Limits
from preflight.migrate.progress import Sample
from preflight.request.method import Method
from preflight.request.migration import OnGiveUp, OnTimeout
from preflight.units import MIB


def sample(left_mib: float, rate_mib: float = 100, number: int = 1) -> Sample:
    return Sample(1.0, 1024 * MIB, int(left_mib * MIB), int(rate_mib * MIB), int(rate_mib * MIB), number)


def said(left_mib: float, rate_mib: float, downtime: int | None = None) -> list[str]:
    """Return the reports about passes that each leave this much, sent at this many MiB/s."""
    limits = Limits(Method(max_downtime=downtime), 0.0)
    told = [limits.begin_pass(sample(left_mib, rate_mib, number), float(number)) for number in range(1, PASSES + 3)]
    return [text for text in told if text is not None]


def test_passes_that_leave_no_less_do_not_converge() -> None:
    [text] = said(left_mib=200, rate_mib=100)
    assert text == (
        "does not converge: 3 passes in a row made no progress, and 200 MiB are left; the guest writes 100 MiB/s,"
        " 100 MiB/s are sent. After 10 min without progress the migration is aborted, and the guest stays on the source"
    )


def test_passes_that_leave_no_less_converge_where_that_fits_into_the_downtime() -> None:
    """QEMU hands over once what is left can be sent within it: 300 ms unless it is set."""
    assert said(left_mib=29, rate_mib=100) == []
    assert len(said(left_mib=31, rate_mib=100)) == 1
    assert said(left_mib=190, rate_mib=100, downtime=2000) == []


def reached(method: Method, passes: list[tuple[float, float]], now: float, *, is_in_postcopy: bool = False) -> object:
    """Return the limit that is reached at `now` after passes that began at a time, with MiB left."""
    limits = Limits(method, 0.0)
    for at, left in passes:
        limits.begin_pass(sample(left), at)
    return limits.reached(now, is_in_postcopy=is_in_postcopy)


STUCK = [(float(number), 200.0) for number in range(21)]


def test_a_migration_is_given_up_after_so_many_passes_in_a_row_without_progress() -> None:
    method = Method(give_up_after="20 passes", on_give_up=OnGiveUp.SUSPEND)
    assert reached(method, STUCK[:-1], 1000) is None
    why = "it does not converge: 20 passes in a row without progress"
    assert reached(method, STUCK, 20) == ("patience", why, OnGiveUp.SUSPEND)


def test_a_migration_is_given_up_after_a_time_without_progress_but_not_before_some_passes() -> None:
    """A pass over the memory of a large guest takes longer than any reasonable time limit."""
    method = Method(give_up_after="30s")
    assert reached(method, STUCK[:4], 29) is None
    assert reached(method, STUCK[:4], 30) == (
        "patience",
        "it does not converge: 30 s without progress",
        OnGiveUp.ABORT,
    )
    assert reached(method, STUCK[:PASSES], 3000) is None


def test_the_time_counts_from_the_last_pass_that_made_progress() -> None:
    method = Method(give_up_after="30s")
    passes = [*STUCK[:5], (20.0, 180.0), (21.0, 200.0), (22.0, 175.0), (23.0, 200.0)]
    assert reached(method, passes, 49) is None
    assert reached(method, passes, 50) is not None


def test_a_guest_whose_rate_goes_up_and_down_makes_no_progress() -> None:
    passes = [(float(number), 200.0 + 100 * (number % 2)) for number in range(21)]
    assert reached(Method(give_up_after="20"), passes, 20) is not None


def test_a_guest_that_leaves_less_in_each_pass_is_never_given_up() -> None:
    passes = [(100.0 * number, 1024 * 0.94**number) for number in range(40)]
    assert reached(Method(give_up_after="3 passes"), passes, 4000) is None
    assert reached(Method(give_up_after="1s"), passes, 4000) is None


def test_the_default_is_ten_minutes_and_an_abort_unless_there_is_a_timeout() -> None:
    assert reached(Method(), STUCK, 599.0) is None
    assert reached(Method(), STUCK, 600.0) == (
        "patience",
        "it does not converge: 10 min without progress",
        OnGiveUp.ABORT,
    )
    assert reached(Method(timeout=9999), STUCK, 600.0) is None
    assert reached(Method(timeout=9999, give_up_after="10m"), STUCK, 600.0) is not None


def test_wait_never_gives_up() -> None:
    assert reached(Method(on_give_up=OnGiveUp.WAIT), STUCK, 1e6) is None


def test_nothing_is_given_up_in_post_copy() -> None:
    assert reached(Method(give_up_after="3 passes"), STUCK, 100, is_in_postcopy=True) is None


@pytest.mark.parametrize("on_timeout", list(OnTimeout))
def test_whichever_limit_is_reached_first_acts_and_the_other_later(on_timeout: OnTimeout) -> None:
    method = Method(timeout=100, on_timeout=on_timeout, give_up_after="20 passes", postcopy=True)
    limits = Limits(method, 0.0)
    for at, left in STUCK:
        limits.begin_pass(sample(left), at)
    first = limits.reached(20.0, is_in_postcopy=False)
    assert first is not None
    assert first.name == "patience"
    limits.deal_with(first)
    assert limits.reached(99.0, is_in_postcopy=False) is None
    assert limits.reached(100.0, is_in_postcopy=False) == (
        "timeout",
        "the migration has lasted 100 s",
        OnGiveUp(on_timeout.value),
    )
