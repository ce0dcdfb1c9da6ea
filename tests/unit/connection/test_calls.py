"""Calls side by side: each has its own outcome, in order, and none waits for the one before it."""

import threading
from functools import partial

import pytest

from preflight.connection.calls import Call, outcomes, results


def _fail(why: str) -> str:
    raise ValueError(why)


def test_each_call_has_its_outcome_in_order() -> None:
    calls = [partial(str, 1), partial(_fail, "two"), partial(str, 3)]
    first, second, third = outcomes(calls)
    assert (first, str(second), third) == ("1", "two", "3")
    assert isinstance(second, ValueError)


def test_more_calls_than_threads_are_all_made() -> None:
    assert results(partial(str, number) for number in range(1000)) == [str(number) for number in range(1000)]
    assert outcomes([]) == []


def test_the_first_exception_in_order_is_raised() -> None:
    with pytest.raises(ValueError, match=r"^first$"):
        results([partial(str, 0), partial(_fail, "first"), partial(_fail, "second")])


def test_calls_are_under_way_at_the_same_time() -> None:
    # each call returns only once all of them have begun
    together = threading.Barrier(4, timeout=30)
    results([together.wait] * 4)
    assert not together.broken


def test_a_call_is_made_at_once_and_its_outcome_kept() -> None:
    begun = threading.Event()
    call = Call(begun.set)
    assert begun.wait(30)
    assert (call.result(), call.result()) == (None, None)
    failed = Call(partial(_fail, "no"))
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^no$"):
            failed.result()
