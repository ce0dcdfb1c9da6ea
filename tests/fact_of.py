"""Facts of a host that gave only a few answers, made as those of any host are: with all that they are made of."""

from collections.abc import Mapping
from typing import TypeVar

from preflight.answers import Answers
from preflight.collect.sources import FACTS, make_host
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.request.migration import Role

F = TypeVar("F", bound=Fact)

#: How the reason begins where a parser raised anything else than `Unreadable`.
BUGS = tuple(f"{kind.__name__} could not be read: " for kind in FACTS)


def fact_of(kind: type[F], answers: Mapping[str, Record | str]) -> F:
    """Return the fact of a host that gave these answers, by record, and no other; a parser that fails is a failure."""
    records = {name: Record(answer) if isinstance(answer, str) else answer for name, answer in answers.items()}
    try:
        return make_host(Role.DESTINATION, "host2", Answers(records)).fact(kind)
    except Unreadable as why:
        if str(why).startswith(BUGS):
            raise AssertionError(why) from None
        raise
