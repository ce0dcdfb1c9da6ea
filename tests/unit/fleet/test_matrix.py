"""The ways between many hosts together: each cause once, with the ways that it blocks."""

from collections.abc import Sequence

import pytest

from preflight.answers import SavedHost
from preflight.fleet import matrix as matrices
from preflight.fleet.audited import Audited
from preflight.fleet.groups import groups
from preflight.fleet.matrix import Cause, Matrix, matrix
from preflight.fleet.ways import Ways
from preflight.judge.report import Outcome, RuleText, Verdict
from preflight.request.check_request import Asked
from preflight.rule import Severity
from tests.fleet import fleet

#: Every third of these hosts cannot take anybody, and one guest has a disk that no other host has.
HOSTS = 12


@pytest.fixture(scope="module")
def hosts() -> Sequence[SavedHost]:
    return tuple(fleet(HOSTS, seed=1))


@pytest.fixture(scope="module")
def found(hosts: Sequence[SavedHost]) -> Matrix:
    return matrix(Ways(hosts, Asked(source="")))


def test_several_processes_find_what_one_finds(hosts: Sequence[SavedHost], found: Matrix) -> None:
    both = matrix(Ways([*hosts, *hosts], Asked(source="")), jobs=2)
    alone = matrix(Ways([*hosts, *hosts], Asked(source="")))
    assert both == alone
    for source, row in enumerate(found.cells):
        for destination, cell in row.items():
            other = both.cells[source][destination]
            assert (other.verdict, other.guests, other.allows) == (cell.verdict, cell.guests, cell.allows)


def test_every_ordered_pair_is_a_way(found: Matrix) -> None:
    assert {(source, destination) for source, destination, _ in found.ways} == {
        (one, other) for one in range(HOSTS) for other in range(HOSTS) if one != other
    }


def test_the_verdict_of_a_way_follows_from_its_causes(found: Matrix) -> None:
    for _, _, cell in found.ways:
        causes = [found.causes[number] for number in cell.causes]
        blocked = any(one.blocks for one in causes)
        assert cell.verdict is (
            Verdict.NOT_READY
            if blocked
            else Verdict.UNDETERMINED
            if any(one.obscures for one in causes)
            else Verdict.READY
        )
    assert len(found.verdicts()) > 1


def test_no_cause_is_there_twice(found: Matrix) -> None:
    assert len(set(found.causes)) == len(found.causes)
    assert all(found.met_by())


def test_of_a_rule_and_a_host_so_many_texts_are_kept() -> None:
    rule = RuleText("a-rule", "names", "Title.", "Why.", "Fix.", Severity.ERROR)
    numbers = matrices._Numbers()
    causes = [Cause(rule, Outcome.FAILED, Severity.ERROR, f"text {number}", "host1") for number in range(100)]
    given = [numbers.of(cause) for cause in causes]
    assert given == [min(number, matrices.MOST_TEXTS) for number in range(100)]
    assert [numbers.of(cause) for cause in causes] == given
    assert list(numbers.causes)[-1].text == matrices.FURTHER
    assert list(numbers.causes)[-1].blocks
    assert numbers.of(Cause(rule, Outcome.FAILED, Severity.ERROR, "text 99", "host2")) == matrices.MOST_TEXTS + 1


def test_groups_have_every_cause_once_and_all_its_ways(found: Matrix) -> None:
    every = groups(found)
    assert sorted(id(cause) for group in every for cause in group.causes) == sorted(map(id, found.causes))
    met = dict(zip(found.causes, found.met_by(), strict=True))
    for group in every:
        assert group.ways == {way for cause in group.causes for way in met[cause]}
        assert len({(cause.rule.name, cause.outcome) for cause in group.causes}) == 1
    decisive = [group.blocks or group.obscures for group in every]
    assert decisive == sorted(decisive, reverse=True), "what keeps ways from being READY comes first"


def test_a_way_that_only_one_group_blocks_is_counted(found: Matrix) -> None:
    alone = sum(group.alone for group in groups(found))
    assert 0 < alone <= found.verdicts()[Verdict.NOT_READY] + found.verdicts()[Verdict.UNDETERMINED]


def test_a_guest_is_stuck_if_no_destination_is_ready_for_it(found: Matrix) -> None:
    stuck = {(source, name) for source, name, _ in found.stuck()}
    for source, names in enumerate(found.guests):
        for number, name in enumerate(names):
            ready = any(cell.guests[number] is Verdict.READY for cell in found.cells[source].values())
            assert ready is ((source, name) not in stuck)
    assert stuck
    assert Audited(found).verdict is Verdict.NOT_READY


def test_the_ways_can_be_some_of_all(hosts: Sequence[SavedHost], found: Matrix) -> None:
    some = matrix(Ways(hosts, Asked(source="")), sources=(0, 1), destinations=(1, 2))
    assert {way[:2] for way in some.ways} == {(0, 1), (0, 2), (1, 2)}
    for source, destination, cell in some.ways:
        whole = found.cells[source][destination]
        assert [some.causes[one] for one in cell.causes] == [found.causes[one] for one in whole.causes]
    assert some.guests[2] == ()
    assert {number for number, _ in some.unreachable()} <= {1, 2}


def test_the_guests_of_the_only_destination_are_not_said_to_go_anywhere(hosts: Sequence[SavedHost]) -> None:
    one = matrix(Ways(hosts, Asked(source="")), sources=(0, 1), destinations=(0,))
    assert [way[:2] for way in one.ways] == [(1, 0)]
    assert (one.guests[0], bool(one.guests[1])) == ((), True)
