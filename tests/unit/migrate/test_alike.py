"""One intent of each group takes every course that any intent takes, so that trying it tries them all."""

import itertools
import random

import pytest

from preflight.migrate.decide import decide
from preflight.migrate.observation import Place, Sighting
from preflight.migrate.outcome import Intent

from .alike import Groups, but
from .states import RAN, SEEN, groups, sightings

PAIRS = random.Random(1).sample(list(itertools.product(sightings(), repeat=2)), 20)


@pytest.mark.parametrize(("source", "destination"), PAIRS, ids=str)
def test_what_is_decided_of_any_intent_is_decided_of_one_that_is_tried(source: Sighting, destination: Sighting) -> None:
    known = groups(has_process=source.place not in (Place.ABSENT, Place.OFF))
    assert {decide(one, source, destination) for one in known.each()} == {
        decide(one, source, destination) for one in known.intents
    }


def intents() -> list[Intent]:
    return [
        but(one, safe=safe, persist=persist)
        for one in (RAN, SEEN)
        for safe in (True, False)
        for persist in (True, False)
    ]


def test_what_is_not_read_is_not_tried_twice() -> None:
    assert [one.watched for one in Groups(intents()).each()] == [True, False]
    assert len(list(Groups(intents()).each())) == 1


def test_what_is_read_on_one_course_alone_is_tried_there() -> None:
    taken = {(one.watched, one.watched and one.safe) for one in Groups(intents()).each()}
    assert taken == {(True, True), (True, False), (False, False)}


def test_what_a_property_or_a_method_reads_counts_as_read() -> None:
    both = [RAN, but(RAN, suspend=True), but(RAN, hosts=("a", "b"))]
    assert len({one.wanted for one in Groups(both).each()}) == 2
    assert {one.here("resume") for one in Groups(both).each()} == {one.here("resume") for one in both}


def test_what_a_test_has_put_into_an_intent_is_not_read_from_it() -> None:
    changed = [but(one, watched=True).watched for one in Groups(intents()).each()]
    assert changed == [True]
    kept = [but(one, watched=True).safe for one in Groups(intents()).each()]
    assert sorted(kept) == [False, True]
