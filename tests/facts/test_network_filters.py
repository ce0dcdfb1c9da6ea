import contextlib
import json

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.network.filters import NetworkFilters
from tests.facts.noise import answers

TEXT = json.dumps({"names": ["allow-arp", "mine"], "error": None})


def test_filters_are_known_by_name() -> None:
    filters = NetworkFilters.parse(Record(TEXT))
    assert filters.has("mine")
    assert not filters.has("other")


@pytest.mark.parametrize(
    "record", [Record("", 1, "not asked"), Record(json.dumps({"names": [], "error": "not asked"}))]
)
def test_without_an_answer_the_reason_is_given_when_a_filter_is_asked_for(record: Record) -> None:
    with pytest.raises(Unreadable, match="libvirt did not list its network filters: not asked"):
        NetworkFilters.parse(record).has("mine")


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers(TEXT):
        with contextlib.suppress(Unreadable):
            NetworkFilters.parse(record)
