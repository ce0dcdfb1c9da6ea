"""A window: all fit, or those go first that do."""

from preflight.placement.place import place
from tests.unit.placement.problems import guest, problem


def test_all_that_fit_into_the_window_are_named() -> None:
    answer = place(problem(guest("a"), guest("b"), window=60.0))
    assert answer.fits
    assert sorted(answer.in_window or ()) == ["a", "b"]


def test_if_not_all_fit_the_most_go_first() -> None:
    asked = problem(guest("large", 64), *(guest(f"g{number}", 2) for number in range(5)), window=20.0)
    answer = place(asked)
    assert answer.fits is False
    assert sorted(answer.in_window or ()) == [f"g{number}" for number in range(5)]
    assert answer.moves[-1].guest == "large"


def test_a_guest_that_matters_more_goes_first() -> None:
    asked = problem(guest("db", 16, weight=9), *(guest(f"g{number}", 8) for number in range(2)), window=20.0)
    assert (place(asked).in_window or ())[0] == "db"


def test_a_guest_that_never_converges_does_not_fit() -> None:
    answer = place(problem(guest("hot", 16, dirty_kib=2_000_000), guest("a"), window=3600.0))
    assert answer.in_window == ("a",)
    assert answer.fits is False
