"""Single limits of the daemons and of sshd: the number, what a migration takes of it, and where it is set."""

import math

import pytest

from preflight.capacity import daemon, sshd
from preflight.capacity.limit import Capacity, Limit, Scope
from preflight.capacity.precopy import HANDOVER, OVERHEAD, Load, predict, together
from preflight.capacity.reader import Asked
from preflight.collect.sources import make_host
from preflight.host import Host
from preflight.request.check_request import Migration
from preflight.request.migration import Mode, Role, Transport
from tests.case import Case

SIZING = {"open-files": "files libvirtd 8192 26\n", "somaxconn": "4096\n", "limits.virtlockd": "", "virtlockd.conf": ""}


def source(case: Case) -> Host:
    return make_host(Role.SOURCE, "host1", case.hosts[0].answers)


def found(case: Case, **asked: object) -> Capacity:
    return case.asking(select=("same-host",), **asked).report().capacity


def sized(case: Case, **asked: object) -> dict[tuple[str, str], Limit]:
    for name, text in SIZING.items():
        for number, end in enumerate((case.source, case.destination)):
            if name not in case.hosts[number].answers.records:
                end(name, text)
    return {(limit.name, limit.host.value): limit for limit in found(case, sizing=True, **asked).limits}


# clients that have not authenticated


def unauthenticated(most: int, now: int) -> Limit:
    def edit(text: str) -> str:
        text = text.replace("nclients_unauth_max : 20", f"nclients_unauth_max : {most}")
        return text.replace("nclients_unauth     : 0", f"nclients_unauth     :  {now}")

    host = source(Case().source("limits", edit))
    return daemon.anonymous(Asked("max_anonymous_clients", Scope.WAITS, host, Migration()))


@pytest.mark.parametrize(("most", "now", "allows"), [(20, 0, 20), (20, 3, 17), (0, 3, 5000), (0, 0, 5000)])
def test_clients_that_have_not_authenticated_are_taken_off_unless_there_is_no_limit(
    most: int, now: int, allows: int
) -> None:
    limit = unauthenticated(most, now)
    assert (limit.configured, limit.in_use, limit.allows) == (most, now, allows)


def test_sizing_shows_the_limit_of_unauthenticated_clients_of_both_daemons() -> None:
    limits = sized(Case())
    for end in ("source", "destination"):
        assert limits["max_anonymous_clients", end].allows == 20
        assert limits["max_anonymous_clients", end].scope is Scope.WAITS


# clients that have not been accepted


@pytest.mark.parametrize(("system", "allows", "is_system"), [(6, 6, True), (7, 7, False), (8, 7, False)])
def test_the_accept_queue_of_the_system_is_named_only_where_it_is_the_shorter_one(
    system: int, allows: int, is_system: bool
) -> None:
    case = Case().source("libvirtd.conf", "max_queued_clients = 7\n").source("somaxconn", f"{system}\n")
    limit = daemon.queued(Asked("max_queued_clients", Scope.WAITS, source(case), Migration()))
    assert (limit.allows, limit.written is not None, limit.at is None) == (allows, is_system, is_system)


# open files


@pytest.mark.parametrize(
    ("mode", "takes"),
    [
        (Mode.MANAGED, {"source": 1, "destination": 6}),
        (Mode.PEER_TO_PEER, {"source": 4, "destination": 6}),
        (Mode.TUNNELLED, {"source": 7, "destination": 7}),
    ],
)
def test_each_end_opens_as_many_files_for_a_migration_as_the_lab_counted(mode: Mode, takes: dict[str, int]) -> None:
    one_way = sized(Case(), mode=mode)
    assert {end: one_way["open files", end].takes for end in takes} == takes
    both_ways = sized(Case(), mode=mode, both_ways=True)
    assert {both_ways["open files", end].takes for end in takes} == {sum(takes.values())}


# ports


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ("", None),
        ("migration_port_max = 49200\n", 1),
        ("migration_port_min = 49100\n", 1),
        ("migration_port_min = 49100\nmigration_port_max = 49200\n", 2),
    ],
)
def test_the_range_of_ports_points_to_the_line_of_its_end_or_else_of_its_beginning(
    lines: str, line: int | None
) -> None:
    limits = found(Case().destination("qemu.conf", lines)).limits
    [ports] = [limit for limit in limits if limit.name == "migration_port_range"]
    assert (ports.at and ports.at.line) == line


# workers


def test_only_workers_are_better_left_free() -> None:
    assert {limit.name: limit.reserve for limit in sized(Case()).values() if limit.reserve} == {"max_workers": 2}


@pytest.mark.parametrize("most", [1, 2])
def test_no_migration_is_safe_where_no_worker_could_be_left_free(most: int) -> None:
    case = Case().source("limits", lambda text: text.replace("maxWorkers     : 20", f"maxWorkers     : {most}"))
    capacity = found(case)
    assert (capacity.concurrent, capacity.safe) == (most, 0)


def test_a_limit_is_met_one_way_unless_both_are_asked_about() -> None:
    limit = daemon.workers(Asked("max_workers", Scope.IN_FLIGHT, source(Case()), Migration()))
    assert (limit.allows, limit.takes) == (20, 1)


def test_both_ways_the_connection_whose_daemon_reads_fewer_calls_counts() -> None:
    for narrow in (Case().source, Case().destination):
        assert found(narrow("libvirtd.conf", "max_client_requests = 3\n"), both_ways=True).over_one_connection == 2


# limits that could not be read


def test_virtproxyd_is_not_counted_if_the_daemons_are_not_known() -> None:
    capacity = found(Case().destination("daemons", None), transport=Transport.TLS)
    assert ("max_clients", "destination") in {(limit.name, limit.host.value) for limit in capacity.unread}
    assert "virtproxyd max_clients" not in {limit.name for limit in capacity.limits}


def test_virtlockd_is_not_counted_if_the_lock_manager_is_not_known() -> None:
    limits = sized(Case().destination("qemu.conf", None))
    assert limits["migration_port_range", "destination"].allows is None
    assert ("virtlockd max_clients", "destination") not in limits


def test_an_sshd_that_does_not_answer_has_no_limits_beside_those_of_every_sshd() -> None:
    limits = sized(Case().destination("sshd.effective", None))
    assert limits["MaxStartups", "destination"].allows is None
    assert not {("PerSourceMaxStartups", "destination"), ("PerSourcePenalties", "destination")} & set(limits)


# logins


@pytest.mark.parametrize(("written", "rate"), [("10:30:100", "30"), ("10:99:100", "99"), ("10:100:100", None)])
def test_the_share_of_logins_that_sshd_refuses_is_given_unless_it_refuses_all(written: str, rate: str | None) -> None:
    case = Case().source("sshd.effective", lambda text: text.replace("10:30:100", written) + "\n")
    limit = sshd.startups(Asked("MaxStartups", Scope.BURST, source(case), Migration()))
    assert limit.written == written
    assert "".join(filter(str.isdigit, limit.beyond)) == (rate or "")


# all limits together


def limit(name: str, allows: int | None) -> Limit:
    return Limit(name, Role.SOURCE, None, None, allows)


def test_a_limit_that_allows_none_binds_before_one_that_allows_one() -> None:
    limits = (limit("one", 1), limit("none", 0), limit("unread", None))
    assert Capacity(limits).binding is limits[1]
    assert Capacity(limits).next_binding is limits[0]


def test_a_limit_counts_for_migrations_in_flight_and_keeps_none_free_unless_it_says_so() -> None:
    capacity = Capacity((limit("some", 5),))
    assert (capacity.concurrent, capacity.safe, capacity.limits[0].burst) == (5, 5, False)
    assert not capacity.both_ways


# the pre-copy model


def test_a_migration_that_never_ends_has_no_numbers() -> None:
    never = predict(Load("web", 1000, 200), 100)
    assert not never.converges
    assert (never.seconds, never.downtime, never.sent, never.rounds) == (math.inf, math.inf, math.inf, 0)


def test_a_stream_may_be_slower_than_one_mib_a_second() -> None:
    assert predict(Load("web", 0.1), 0.5).seconds == pytest.approx(0.2 + OVERHEAD + HANDOVER)


def test_a_guest_whose_rest_just_fits_the_pause_converges() -> None:
    """64 MiB are left of 64.0625 after one step, which is what 64 s at 1 MiB/s carry."""
    found = predict(Load("web", 64.0625), 1.0, downtime_limit=64.0)
    assert (found.converges, found.rounds, found.sent) == (True, 2, 64.0625)


def test_one_at_a_time_has_the_whole_link() -> None:
    loads = [Load("a", 1000), Load("b", 500)]
    assert together(loads, 1, 100) == pytest.approx(sum(predict(load, 100).seconds for load in loads))
    assert together(loads[:1], 2, 100) == predict(loads[0], 100).seconds
