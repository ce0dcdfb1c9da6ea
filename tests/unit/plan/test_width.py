"""The number of guests that move at a time, with its reason: what the user asked for, the limits, the link's speed."""

import re

import pytest

from preflight.forecast.duration import forecast, link_of
from preflight.judge.check import Checked
from preflight.plan.make import Pace, Refused
from preflight.plan.width import pace
from tests.case import Case
from tests.unit.plan.pairs import LINK, checked, clients, guests, workers

SIX = ("a", "b", "c", "d", "e", "f")


def paced(case: Case, at_once: int | None = None, *, speeds: str | None = None) -> Pace:
    return pace(checked(case, speeds=speeds), at_once)


def refused(found: Checked, at_once: int) -> tuple[set[str], str]:
    """Return the numbers that the refusal names, and its text."""
    with pytest.raises(Refused) as why:
        pace(found, at_once)
    return set(re.findall(r"\b\d+\b", str(why.value))), str(why.value)


def unread() -> Case:
    """Make a pair of which no limit of migrations in flight can be read."""
    case = Case()
    for end in (case.source, case.destination):
        for record in ("limits", "sockets", "open-files"):
            end(record, None)
    return case


def test_one_guest_moves_at_a_time_if_no_limit_could_be_read() -> None:
    found = checked(unread())
    assert found.report.capacity.safe is None
    assert pace(found, 1).width == 1
    assert refused(found, 2)[0] == {"1", "2"}


def test_a_host_without_a_free_worker_allows_no_migration_at_all() -> None:
    found = checked(workers(Case(), 2))
    assert found.report.capacity.concurrent == 2
    numbers, said = refused(found, 1)
    assert numbers == {"0", "1"}
    assert "max_workers" in said
    assert "source" in said


def test_a_destination_without_a_free_port_allows_no_migration_at_all() -> None:
    listens = "  9: 00000000:{:04X} 00000000:0000 0A 0 0 0 0 0 0 0\n"
    case = Case().destination("qemu.conf", lambda text: text + "migration_port_max = 49153\n")
    case.destination("sockets", lambda text: text + listens.format(49152) + listens.format(49153))
    numbers, said = refused(checked(case), 1)
    assert numbers == {"0", "1"}
    assert "migration_port_range" in said
    assert "destination" in said


@pytest.mark.parametrize("speeds", [None, LINK])
def test_one_guest_moves_alone(speeds: str | None) -> None:
    assert paced(Case(), speeds=speeds).width == 1


def test_four_guests_move_at_a_time_if_the_speed_of_the_link_is_not_known() -> None:
    assert paced(guests(*SIX)).width == 4


def test_guests_that_are_off_do_not_widen_a_run() -> None:
    assert paced(guests("a", "b", off=("c", "d", "e"))).width == 2


def test_no_more_guests_move_at_a_time_than_the_limits_allow() -> None:
    assert paced(workers(guests(*SIX), 5)).width == 3
    found = paced(workers(guests(*SIX), 5), speeds=LINK)
    assert (found.width, len(found.seconds_each)) == (3, 6)


def test_the_own_connection_of_preflight_narrows_a_run_of_any_speed() -> None:
    for speeds in (None, LINK):
        assert paced(clients(guests(*SIX), 3), speeds=speeds).width == 2


def test_each_width_has_a_reason_of_its_own() -> None:
    few, by_default, limited = guests("a", "b"), guests(*SIX), workers(guests(*SIX), 5)
    reasons = [paced(case).because for case in (few, by_default, limited)] + [paced(guests(*SIX), 3).because]
    assert len(set(reasons)) == 4
    assert ["max_workers" in one and "source" in one for one in reasons] == [False, False, True, False]


def test_the_reason_is_that_all_guests_move_even_if_the_limits_allow_no_more() -> None:
    assert paced(workers(guests("a", "b", "c"), 5)).because == paced(guests("a", "b")).because


@pytest.mark.parametrize("speeds", [None, LINK])
@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_the_width_that_was_asked_for_is_used(at_once: int, speeds: str | None) -> None:
    found = paced(guests(*SIX), at_once, speeds=speeds)
    assert (found.width, found.because) == (at_once, paced(guests("a", "b"), 2).because)


def test_a_link_of_known_speed_gives_the_quickest_width_and_how_long_it_takes() -> None:
    found = checked(guests(*SIX), speeds=LINK)
    link = link_of(found, None)
    predicted = forecast(found, link, {})
    paced = pace(found, None)
    assert paced.width == predicted.width
    assert 1 < paced.width < 18
    assert link.because in paced.because
    assert paced.seconds == predicted.seconds
    assert paced.seconds_each == {
        load.name: alone.seconds for load, alone in zip(predicted.loads, predicted.alone, strict=True)
    }
    assert set(paced.seconds_each) == set(SIX)


def test_no_time_is_given_if_the_speed_of_the_link_is_not_known() -> None:
    found = paced(guests(*SIX))
    assert (found.seconds, found.seconds_each) == (None, {})


@pytest.mark.parametrize("speeds", [None, LINK])
@pytest.mark.parametrize(("most", "calls"), [(None, 4), (3, 2), (2, 1), (1, 1)])
def test_one_connection_has_one_call_less_than_its_daemon_reads(
    most: int | None, calls: int, speeds: str | None
) -> None:
    case = Case() if most is None else Case().source("libvirtd.conf", f"max_client_requests = {most}\n")
    assert paced(case, speeds=speeds).calls == calls


def test_one_connection_has_one_call_if_the_daemons_limit_is_not_known() -> None:
    case = Case().source("libvirt.versions", None).source("limits", None)
    found = checked(case)
    assert found.report.capacity.over_one_connection is None
    assert pace(found, None).calls == 1


def test_both_ways_the_daemon_that_reads_fewer_calls_counts() -> None:
    for narrow in (Case().source, Case().destination):
        case = narrow("libvirtd.conf", "max_client_requests = 3\n")
        assert pace(checked(case, both_ways=True), None).calls == 2
