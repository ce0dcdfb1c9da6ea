"""The rules as many ways are judged by them: one unit for each subject of a rule that is not a guest."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from preflight.facts.fact import Fact
from preflight.host import Judged
from preflight.judge.evaluate import subjects
from preflight.judge.report import ALL_GUESTS, Result
from preflight.judge.ruleset import Rule
from preflight.request.migration import Role


class Unit(Struct, frozen=True):
    """A rule and one of its subjects, and what its result depends on."""

    rule: Rule
    number: int
    subject: str
    role: Role | None
    #: The facts that it takes of either end.
    takes: tuple[tuple[type[Fact], ...], tuple[type[Fact], ...]]
    #: True if it takes all judged guests of the source.
    takes_guests: bool


class Subject(Struct, frozen=True):
    """A unit, and what it is applied to."""

    unit: Unit
    subject: str
    guest: str | None = None
    #: The guest's place among the source's guests; -1 for a unit that is not about one guest.
    place: int = -1


#: The number of a unit, the place of its guest, and its result.
Found: TypeAlias = tuple[int, int, Result]


class Settled(Struct, frozen=True):
    """What is the same for many destinations: results, and the subjects that are left."""

    results: tuple[Found, ...]
    #: Those whose results depend on what the hosts have answered about each other, and are the same where that is.
    by_answers: tuple[Subject, ...]
    #: Those that are looked up for each destination alone.
    alone: tuple[Subject, ...]


def subjects_of(units: Sequence[Unit], guests: Iterable[str | None]) -> tuple[Subject, ...]:
    """Return each unit with each of its subjects."""
    of_guests = [unit for unit in units if unit.rule.per_guest]
    found = [Subject(unit, unit.subject) for unit in units if not unit.rule.per_guest]
    for place, name in enumerate(guests):
        subject = ALL_GUESTS if name is None else f"guest {name}"
        found += [Subject(unit, subject, name, place) for unit in of_guests]
    return tuple(found)


def units_of(rules: Sequence[Rule]) -> Iterator[Unit]:
    """Yield the units of these rules, in their order and numbered."""
    number = 0
    for rule in rules:
        for subject, role in (("", None),) if rule.per_guest else subjects(rule):
            takes = tuple(
                tuple(one.kind for one in rule.parameters if issubclass(one.kind, Fact) and (one.role or role) is end)
                for end in Role
            )
            judged = any(one.kind is Judged for one in rule.parameters)
            yield Unit(rule, number, subject, role, (takes[0], takes[1]), judged)
            number += 1
