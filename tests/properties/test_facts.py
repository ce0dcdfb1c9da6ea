"""Each fact, of answers of real hosts that were broken: it is made, or `Unreadable` says why, and nothing else."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.answers import Answers
from preflight.collect.sources import FACTS, make_host
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.request.migration import Role
from tests.case import Case
from tests.properties.texts import broken

ANSWERS = Case().hosts[1].answers.records
#: Facts of records that the recorded host was asked for.
ASKED = [kind for kind, source in FACTS.items() if not ANSWERS.keys().isdisjoint(source.records)]


@pytest.mark.parametrize("kind", ASKED, ids=lambda kind: kind.__name__)
def test_a_fact_is_made_of_any_answers_or_says_why_not(kind: type[Fact]) -> None:
    names = [name for name in FACTS[kind].records if name in ANSWERS]

    @given(st.data())
    @settings(max_examples=30)
    def look(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(names))
        text = data.draw(broken(ANSWERS[name].out[:5000]))
        records = {**ANSWERS, name: Record(text, data.draw(st.sampled_from((0, 0, 0, 1, 44))))}
        host = make_host(Role.DESTINATION, "host2", Answers(records))
        with contextlib.suppress(Unreadable):
            source = FACTS[kind]
            # not by `host.fact`, which would make a failure's bug a reason
            source.parse(*map(host._part, source.parts))

    look()
