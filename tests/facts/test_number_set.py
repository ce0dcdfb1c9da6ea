"""Lists of CPUs and nodes."""

import pytest

from preflight.facts.fact import Unreadable
from preflight.facts.text.number_set import listed, number_set


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("", set()), ("0", {0}), ("0-3,8\n", {0, 1, 2, 3, 8}), ("0-4,^2", {0, 1, 3, 4}), ("1, 2", {1, 2})],
)
def test_reads_numbers_ranges_and_what_is_left_out(text: str, numbers: set[int]) -> None:
    assert number_set(text) == numbers


@pytest.mark.parametrize("text", ["x", "1-", "-1", "0-99999", "99999999999", "^", "²"])
def test_refuses_other_text(text: str) -> None:
    with pytest.raises(Unreadable):
        number_set(text)


def test_writes_runs_short() -> None:
    assert listed(frozenset({8, 0, 1, 2, 3})) == "0-3, 8"
    assert listed(frozenset({1})) == "1"
