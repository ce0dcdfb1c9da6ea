"""The ways that are tried: as many from each host as to it, and those first that nothing else settles."""

from collections import Counter
from collections.abc import Sequence

import pytest

from preflight.answers import Answers, Record
from preflight.collect.sources import make_host
from preflight.fleet.probes import chosen
from preflight.host import Host
from preflight.request.migration import Role


def host(number: int, network: int = 0) -> Host:
    """Return a host with an address on one of the networks 10.NETWORK.0.0/16."""
    addresses = f"1: lo inet 127.0.0.1/8 scope host lo\n2: eth0 inet 10.{network}.0.{number}/16 scope global eth0\n"
    return make_host(Role.SOURCE, f"kvm{number:02}", Answers({"addresses": Record(addresses)}))


def between(hosts: Sequence[Host], most: int) -> dict[str, set[str]]:
    return chosen(hosts, {one.name: one for one in hosts}, most, lambda _source, _destination: True)


@pytest.mark.parametrize("most", [1, 3, 8])
@pytest.mark.parametrize("hosts", [9, 20, 31])
def test_each_host_is_tried_as_often_as_it_tries(hosts: int, most: int) -> None:
    found = between([host(number) for number in range(hosts)], most)
    assert {len(names) for names in found.values()} == {most}
    assert set(Counter(name for names in found.values() for name in names).values()) == {most}
    assert all(name not in names for name, names in found.items())


def test_of_few_hosts_every_way_is_tried() -> None:
    found = between([host(number) for number in range(5)], 8)
    assert {len(names) for names in found.values()} == {4}


def test_ways_that_cross_networks_come_first() -> None:
    rack = [host(number, number % 2) for number in range(20)]
    found = between(rack, 3)
    place = {one.name: number % 2 for number, one in enumerate(rack)}
    assert all(place[name] != place[source] for source, names in found.items() for name in names)
    assert {len(names) for names in found.values()} == {3}
    # and where there are too few of them, others
    lonely = between([host(0, 1), *(host(number) for number in range(1, 9))], 3)
    assert sum("kvm00" in names for names in lonely.values()) == 3
    assert {len(names) for names in lonely.values()} == {3}


def test_another_way_is_tried_in_place_of_one_that_cannot_be() -> None:
    hosts = [host(number) for number in range(10)]
    filtered = {"kvm03", "kvm07"}
    found = chosen(hosts, {one.name: one for one in hosts}, 3, lambda _, there: there.name not in filtered)
    assert not filtered & {name for names in found.values() for name in names}
    assert sum(map(len, found.values())) == 8 * 3  # as often as the other hosts may be tried


def test_a_host_to_which_nothing_can_be_tried_looks_at_a_few() -> None:
    hosts, seen = [host(number) for number in range(100)], Counter[str]()

    def never(source: Host, _: Host) -> bool:
        seen[source.name] += 1
        return False

    assert not any(chosen(hosts, {one.name: one for one in hosts}, 2, never).values())
    assert set(seen.values()) == {8}


def test_only_ways_to_destinations_are_tried() -> None:
    hosts = [host(number) for number in range(6)]
    found = chosen(hosts[:1], {one.name: one for one in hosts[4:]}, 8, lambda _source, _destination: True)
    assert found == {"kvm00": {"kvm04", "kvm05"}}
