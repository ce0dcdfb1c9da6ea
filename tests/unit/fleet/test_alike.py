"""Rules whose facts most destinations have alike are looked up together."""

from preflight.fleet.alike import Alike


def test_units_are_those_by_which_few_kinds_of_hosts_are_told_apart() -> None:
    # of 40 hosts: one fact that all have alike, one of two kinds, one that is every host's own
    keys = [[7, number % 2, number] for number in range(40)]
    alike = Alike(keys)
    assert alike.units == {0, 1}
    assert len({alike.kind(one) for one in keys}) == 2
    assert alike.kind(keys[0]) == alike.kind(keys[2]) == alike.kind([7, 0, 99])
    assert alike.kind([8, 0, 0]) not in {alike.kind(one) for one in keys}


def test_facts_that_differ_together_count_once() -> None:
    # each of these divides the hosts in four, and two of them in the same way
    keys = [[number % 4, number % 4, number // 4 % 4] for number in range(40)]
    assert Alike(keys).units == {0, 1}


def test_without_destinations_nothing_is_alike() -> None:
    assert Alike([]).units == frozenset()
