"""A destination remembers what a rule has looked at, and no more: others that agree in it have the same result."""

import pytest

from preflight.answers import Answers, Unreadable
from preflight.collect.sources import FACTS
from preflight.facts import Guests, HostIdentity, OwnAddresses
from preflight.fleet.content import Library, Related
from preflight.fleet.watched import Look, WatchedDestination
from preflight.request.migration import Role
from tests.case import Case


def related(without: str = "") -> Related:
    """Return the destination of a recorded pair, which has answered nothing about its peer."""
    (_, saved) = Case().hosts
    answers = Answers({name: one for name, one in saved.answers.records.items() if name != without})
    return Library(FACTS).member(Role.DESTINATION, saved.name, answers).told({}, {})


@pytest.fixture
def destination() -> Related:
    return related()


def test_an_attribute_is_looked_at_alone(destination: Related) -> None:
    watching = WatchedDestination(destination)
    assert watching.fact(HostIdentity).uuid == destination.fact(HostIdentity).uuid
    assert list(watching.seen) == [Look(HostIdentity, "uuid")]


def test_a_fact_that_is_only_taken_was_not_looked_at(destination: Related) -> None:
    watching = WatchedDestination(destination)
    watching.fact(HostIdentity)
    assert not watching.seen


def test_a_method_is_looked_at_with_what_it_was_given(destination: Related) -> None:
    watching = WatchedDestination(destination)
    assert watching.fact(OwnAddresses).has("127.0.0.1")
    assert list(watching.seen) == [Look(OwnAddresses, "has", ("127.0.0.1",))]
    assert Look(OwnAddresses, "has", ("127.0.0.1",)).value(destination.fact(OwnAddresses)) is True


def test_what_a_method_cannot_be_given_again_is_all_of_the_fact(destination: Related) -> None:
    watching = WatchedDestination(destination)
    watching.fact(OwnAddresses).reachable_from(destination.fact(OwnAddresses))
    assert list(watching.seen) == [Look(OwnAddresses)]


def test_a_comparison_is_of_all_of_the_fact(destination: Related) -> None:
    watching = WatchedDestination(destination)
    assert watching.fact(HostIdentity) == destination.fact(HostIdentity)
    assert list(watching.seen) == [Look(HostIdentity)]


def test_a_fact_that_could_not_be_determined_was_looked_at() -> None:
    watching = WatchedDestination(related(without="addresses"))
    with pytest.raises(Unreadable):
        watching.fact(OwnAddresses)
    assert list(watching.seen) == [Look(OwnAddresses)]


def test_what_the_hosts_have_answered_about_each_other_is_not_the_destinations_own(destination: Related) -> None:
    guests = Case().hosts[0].answers.records["libvirt.domains"]
    watching = WatchedDestination(destination.member.told({"libvirt.domains": guests}, {}))
    assert watching.fact(Guests).all != destination.fact(Guests).all
    assert watching.has_own
    assert not watching.seen
