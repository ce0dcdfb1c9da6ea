"""Every way between many hosts gets the results that a check of the pair alone gives."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.answers import Answers, Record, SavedHost
from preflight.collect.endpoints import open_hosts
from preflight.connection import snapshot
from preflight.fleet.ways import Way, Ways
from preflight.judge.check import check
from preflight.judge.report import Outcome, Report
from preflight.request.check_request import Asked
from preflight.request.data_uri import to_host
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Mode, Transport
from tests.case import Case
from tests.lab.truth.record import RECORDED, read

#: Every so many recorded rows give their two hosts.
STEP = 97


def recorded(directory: Path, names: Iterable[str]) -> Iterator[SavedHost]:
    for number, name in enumerate(names):
        row = read(name)
        assert row is not None
        path = directory / f"{number}.json"
        path.write_text(row[1], encoding="utf-8")
        yield from snapshot.read(path)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> list[SavedHost]:
    """Hosts of all kinds and releases, each of which has answered about one of the others."""
    names = sorted(str(path.relative_to(RECORDED)).removesuffix(".json.gz") for path in RECORDED.glob("*/*.json.gz"))
    return list(recorded(tmp_path_factory.mktemp("rows"), names[::STEP]))


def checked(source: SavedHost, destination: SavedHost, **asked: Any) -> Report:
    with open_hosts(Asked(source=source, destination=destination, **asked)) as opened:
        return check(opened, stay=False).report


def compare(way: Way, report: Report) -> None:
    silent = (Outcome.PASSED, Outcome.NOT_APPLICABLE)
    assert way.results == tuple(one for one in report.results if one.outcome not in silent)
    assert way.verdict is report.verdict
    assert way.capacity == report.capacity


def test_a_way_to_a_host_with_a_migration_address_is_that_of_a_check_with_migrateuri(hosts: list[SavedHost]) -> None:
    """Addresses of three hosts, of which one is the host's own, and of the others none."""
    some = hosts[:8]
    (line,) = [one for one in some[1].answers.records["addresses"].out.splitlines() if "eth0" in one and "inet " in one]
    led = {some[1].name: line.split()[3].partition("/")[0], some[4].name: "10.99.0.9", some[6].name: "2001:db8::9"}
    different = 0
    for method in (Method(), Method(copy_storage=CopyStorage.ALL, tls=True), Method(mode=Mode.TUNNELLED)):
        ways = Ways(some, Asked(source="", method=method), led)
        for source in range(len(some)):
            for way, number in zip(
                ways.from_source(source, range(8)), [one for one in range(8) if one != source], strict=True
            ):
                address = led.get(some[number].name)
                given = None if address is None or method.mode is Mode.TUNNELLED else to_host(address)
                alone = checked(some[source], some[number], method=replace(method, migrateuri=given))
                compare(way, alone)
                different += (
                    given is not None and alone.results != checked(some[source], some[number], method=method).results
                )
    assert different > 10


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"as_they_are": True, "method": Method(copy_storage=CopyStorage.ALL)},
        {"method": Method(mode=Mode.PEER_TO_PEER, tls=True), "transport": Transport.TLS},
    ],
    ids=["usual", "copying", "p2p over TLS"],
)
def test_each_way_has_the_results_of_a_check(hosts: list[SavedHost], asked: dict[str, Any]) -> None:
    ways = Ways(hosts, Asked(source="", **asked))
    numbers = range(len(hosts))
    compared = 0
    for source in numbers:
        for way, destination in zip(
            ways.from_source(source, numbers), [one for one in numbers if one != source], strict=True
        ):
            if (source + destination) % 3 == 0:  # a third of the ways is checked alone, and all are judged
                compare(way, checked(hosts[source], hosts[destination], **asked))
                compared += 1
    assert compared > 100


def named(host: SavedHost, name: str, **changed: str) -> SavedHost:
    """Return a host under another name that nobody has asked about others, with files of its own."""
    about_others = ("resolve:", "keys:", "way.", "peer.")
    records = {key: one for key, one in host.answers.records.items() if not key.startswith(about_others)}
    records |= {key.replace("_", "."): Record(text) for key, text in changed.items()}
    return SavedHost(name, Answers(records, host.answers.absent))


def test_hosts_that_say_the_same_of_each_other_differ_by_their_own_files() -> None:
    """The sources differ in /etc/hosts alone, by which their answers about the destinations are judged."""
    here, there = Case().hosts
    files = {
        "knows": "192.0.2.12 host2.example.com\n",
        "knows-too": "192.0.2.12 host2.example.com\n",
        "is-wrong": "192.0.2.99 host2.example.com\n",
        "knows-nothing": "127.0.0.1 localhost\n",
    }
    sources = [named(here, name, etc_hosts=text, nsswitch="hosts: files\n") for name, text in files.items()]
    destinations = [named(there, f"one-{number}") for number in range(4)]
    hosts = [*sources, *destinations]
    ways = Ways(hosts, Asked(source=""))
    found = set()
    for source in range(len(sources)):
        for way, destination in zip(ways.from_source(source, range(4, 8)), destinations, strict=True):
            compare(way, checked(sources[source], destination))
            found.add(way.verdict)
    assert len(found) > 1
