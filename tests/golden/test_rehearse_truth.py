"""The rows that are rehearsed beside virsh, and the record of what became of them."""

from typing import Any

import pytest

from tests.lab.rehearse_faults.run import Code
from tests.lab.rehearse_truth.choice import MOST, chosen, is_possible
from tests.lab.rehearse_truth.page import Class, class_of, reasons, recorded, share, short
from tests.lab.rehearse_truth.run import KEPT, Rehearsal, words_of
from tests.lab.truth.row import Row, rows

FOUND = recorded()


def row(**told: Any) -> Row:
    return Row(**{"title": "t", "expect": "fails", "rule": "network-missing"} | told)


def test_one_row_of_each_rule_and_release_that_fails_comes_first() -> None:
    every = {
        "a/1": row(),
        "a/2": row(),
        "a/3": row(destination="trixie"),
        "b/1": row(expect="moves"),
        "b/2": row(at_once=2),
        "b/3": row(live=False),
    }
    assert list(chosen(every, 2)) == ["a/1", "a/3"]
    assert list(chosen(every, 3)) == ["a/1", "a/3", "b/1"]
    assert list(chosen(every)) == ["a/1", "a/2", "a/3", "b/1"]


def test_of_the_rows_of_the_truth_each_failure_and_release_is_among_the_chosen() -> None:
    every = rows()
    kinds = {
        (one.rule, one.source, one.destination) for one in every.values() if is_possible(one) and one.expect == "fails"
    }
    names = chosen(every)
    assert len(names) == MOST
    assert kinds <= {(one.rule, one.source, one.destination) for one in names.values()}


def test_the_rule_of_a_row_is_ignored_unless_it_keeps_a_rehearsal_from_harm() -> None:
    words = words_of(row(check=("--guest", "web", "--p2p", "--probe")))
    assert "--p2p" in words
    assert not {"--guest", "--probe"} & set(words)
    assert words[words.index("--ignore") + 1] == "network-missing"
    assert "--ignore" not in words_of(row(rule=KEPT))


@pytest.mark.parametrize(
    ("answer", "outcome", "message", "expected"),
    [
        ("accepted", "moves", "", Class.AGREES),
        ("refused", "fails", "no network", Class.AGREES),
        ("accepted", "fails", "no network", Class.DISAGREES),
        ("refused", "moves", "", Class.DISAGREES),
        ("accepted", "fails", "error while loading state for instance 0x0 of device 'x'", Class.LATER),
        ("not-rehearsed", "fails", "no network", Class.NOT_REHEARSED),
        ("undecided", "fails", "no network", Class.NO_ANSWER),
        ("none", "fails", "no network", Class.NO_ANSWER),
        ("moved", "moves", "", Class.HARM),
        ("disturbed", "fails", "", Class.HARM),
    ],
)
def test_a_rehearsal_and_virsh_are_compared(answer: str, outcome: Any, message: str, expected: Class) -> None:
    one = Rehearsal(row="a/1", code=Code("c", "r"), answer=answer, whole=1.0, outcome=outcome, message=message)
    assert class_of(one) is expected


def test_no_recorded_rehearsal_did_harm_and_each_that_disagrees_has_a_reason() -> None:
    assert [one.row for one in FOUND if class_of(one) is Class.HARM] == []
    without = {one.row for one in FOUND if class_of(one) in (Class.DISAGREES, Class.NO_ANSWER)}
    assert without == set(reasons()), "the reasons are of other rows"
    assert share(FOUND) >= 0.96
    assert share(short(FOUND)) >= 0.98


def test_each_row_is_recorded_once() -> None:
    assert len({one.row for one in FOUND}) == len(FOUND)
