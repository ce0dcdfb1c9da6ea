"""A snapshot from before a question is judged without the answer; one from after it is not."""

import pytest

from preflight.answers import Answers, NotAsked, Record, SavedHost
from preflight.collect import questions
from preflight.collect.session import SavedVisit
from preflight.collect.sources import make_host
from preflight.facts import Resources
from preflight.facts.fact import Unreadable
from preflight.request.migration import Role


def of(records: dict[str, Record]) -> Answers:
    return SavedVisit(SavedHost("host1", Answers(records)), "ssh").first()


def test_a_record_that_was_not_asked_for_yet_is_no_unknown() -> None:
    with pytest.raises(NotAsked):
        make_host(Role.SOURCE, "host1", of({})).fact(Resources)


@pytest.mark.parametrize("generation", ["2", "3", "4", "x", ""])
def test_a_record_that_is_missing_from_a_newer_snapshot_is_unknown(generation: str) -> None:
    with pytest.raises(Unreadable) as why:
        make_host(Role.SOURCE, "host1", of({"generation": Record(generation)})).fact(Resources)
    assert not isinstance(why.value, NotAsked)


def test_a_record_that_an_old_snapshot_has_counts() -> None:
    assert make_host(Role.SOURCE, "host1", of({"resources": Record("has numad\n")})).fact(Resources).has("numad")


def test_every_newer_record_is_one_that_is_asked_for() -> None:
    asked = {*questions.STANDING, "usb-devices", "way.disks", "way.memory"}
    assert asked >= questions.NEWER.keys()
    assert {*questions.NEWER.values()} == {*range(2, questions.GENERATION + 1)}
