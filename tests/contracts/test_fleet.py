"""The fleet of tests/fleet.py: the same for one seed, with answers about every peer, and with verdicts of each kind."""

from pathlib import Path

import pytest

from preflight.collect.endpoints import open_hosts
from preflight.connection import snapshot
from preflight.judge.check import check
from preflight.judge.report import Outcome, Report, Verdict
from preflight.request.check_request import Asked
from preflight.rule import Severity
from tests import fleet
from tests.fleet import CONFIGURATIONS, Configuration, GuestOf, Member

PLAIN = Configuration(guests=(GuestOf(), GuestOf(has_bridge=True)))


def pair_of(source: Configuration, destination: Configuration) -> tuple[Member, Member]:
    names = ("kvm0001.dc1.example.com", "kvm0002.dc1.example.com")
    here, there = (
        Member(number, names[number], f"10.20.0.{number + 1}", kind)
        for number, kind in enumerate((source, destination))
    )
    return here, there


def report_of(source: Member, destination: Member) -> Report:
    pair = (source, destination)
    with open_hosts(Asked(fleet.saved(source, pair), fleet.saved(destination, pair))) as opened:
        return check(opened).report


def errors_of(report: Report) -> set[str]:
    failed = (one for one in report.results if one.outcome is Outcome.FAILED and one.severity is Severity.ERROR)
    return {one.rule.name for one in failed}


def test_one_seed_gives_the_same_hosts_and_another_one_others() -> None:
    assert list(fleet.fleet(3)) == list(fleet.fleet(3))
    assert list(fleet.fleet(3, seed=2)) != list(fleet.fleet(3))


def test_the_configurations_differ() -> None:
    assert len({repr(one) for one in fleet.configurations()}) == CONFIGURATIONS


def test_nothing_is_left_of_the_recorded_host() -> None:
    (host,) = fleet.fleet(1)
    texts = [record.out for record in host.answers.records.values()]
    assert not [text for text in texts for word in ("host2", "192.0.2.12", "0C0200C0", "e7bc2d0f") if word in text]


def test_a_host_answers_about_each_of_its_peers() -> None:
    everyone = fleet.members(6)
    records = fleet.saved(everyone[0], everyone).answers.records
    assert {f"resolve:{one.name}" for one in everyone[1:]} == {name for name in records if name.startswith("resolve:")}


def test_libvirt_has_answered_about_every_guest_of_the_others_if_that_is_asked_for() -> None:
    pair = pair_of(PLAIN, PLAIN)
    here, there = (fleet.saved(member, pair, built=True) for member in pair)
    with open_hosts(Asked(here, there, select=("destination-refuses-definition",))) as opened:
        (*results,) = check(opened).report.results
    assert [one.outcome for one in results] == [Outcome.PASSED] * 2


def test_two_hosts_of_one_configuration_are_ready_both_ways() -> None:
    here, there = pair_of(PLAIN, PLAIN)
    for report in (report_of(here, there), report_of(there, here)):
        assert report.verdict is Verdict.READY
        assert len(report.guests) == 2
        assert not [one for one in report.results if one.outcome is Outcome.UNKNOWN]


@pytest.mark.parametrize(
    ("source", "destination", "rule"),
    [
        (PLAIN, Configuration(is_filtered=True), "migration-ports-filtered"),
        (PLAIN, Configuration(has_bridge=False), "bridge-missing"),
        (Configuration(guests=(GuestOf(is_local=True),)), PLAIN, "disk-missing-on-destination"),
        (Configuration(release="trixie", guests=(GuestOf(),)), PLAIN, "machine-type-missing"),
    ],
)
def test_each_fault_of_a_configuration_is_the_only_error(
    source: Configuration, destination: Configuration, rule: str
) -> None:
    assert errors_of(report_of(*pair_of(source, destination))) == {rule}


def test_a_name_that_a_hosts_file_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "_known_as", lambda *_: None)
    here, there = pair_of(Configuration(has_hosts_file=True, guests=(GuestOf(),)), PLAIN)
    assert errors_of(report_of(here, there)) == {"announced-name-unresolvable"}


def test_a_host_that_is_down_leaves_its_ways_undetermined() -> None:
    here, there = pair_of(PLAIN, PLAIN)
    down = Member(there.number, there.name, there.address, there.configuration, is_down=True)
    assert report_of(here, down).verdict is Verdict.UNDETERMINED


def test_what_is_written_are_snapshots_of_these_hosts(tmp_path: Path) -> None:
    fleet.write(2, tmp_path)
    read = [host for path in sorted(tmp_path.iterdir()) for host in snapshot.read(path)]
    assert [(host.name, host.answers) for host in read] == [(host.name, host.answers) for host in fleet.fleet(2)]
