"""Facts of a host: each is made once, of its records and of other facts, and again only of new answers."""

from collections import Counter
from typing import Self

import pytest

from preflight.answers import Record, Unreadable
from preflight.collect.sources import made_of
from preflight.facts.fact import Fact
from preflight.host import Host
from preflight.request.migration import Role

PARSED: Counter[str] = Counter()


class Size(Fact, frozen=True, kw_only=True):
    number: int

    @classmethod
    def parse(cls, size: Record) -> Self:
        PARSED["Size"] += 1
        if not size.required().isdigit():
            raise Unreadable("the size is no number")
        return cls(number=int(size.out))


class Double(Fact, frozen=True, kw_only=True):
    number: int

    @classmethod
    def parse(cls, size: Size) -> Self:
        PARSED["Double"] += 1
        return cls(number=2 * size.number)


class Label(Fact, frozen=True, kw_only=True):
    text: str

    @classmethod
    def parse(cls, size: Size | Unreadable, double: Double | Unreadable, unit: Record) -> Self:
        PARSED["Label"] += 1
        known = (str(one) if isinstance(one, Unreadable) else f"{one.number} {unit.out}" for one in (size, double))
        return cls(text=", ".join(known))


class Broken(Fact, frozen=True, kw_only=True):
    @classmethod
    def parse(cls, size: Size) -> Self:
        raise ValueError(size.number)


class OfBroken(Fact, frozen=True, kw_only=True):
    @classmethod
    def parse(cls, broken: Broken) -> Self:
        return cls()


@pytest.fixture(autouse=True)
def uncounted() -> None:
    PARSED.clear()


def host(absent: dict[str, str] | None = None, **answers: str) -> Host:
    records = {name: Record(text) for name, text in answers.items()}
    return Host(Role.SOURCE, "host1", records, absent or {}, made_of([Label, OfBroken]))


def test_a_fact_that_others_are_made_of_is_made_once() -> None:
    one = host(size="5", unit="MiB")
    assert one.fact(Label).text == "5 MiB, 10 MiB"
    assert (one.fact(Double).number, one.fact(Size).number) == (10, 5)
    assert PARSED == {"Size": 1, "Double": 1, "Label": 1}


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (host(size="x"), "the size is no number"),
        (host(), "size was not collected"),
        (host({"size": "no answer within 5 s"}), "no answer within 5 s"),
    ],
)
def test_a_fact_is_unknown_for_the_reason_for_which_its_part_is(one: Host, why: str) -> None:
    with pytest.raises(Unreadable, match=f"^{why}$"):
        one.fact(Double)
    assert "Double" not in PARSED


def test_a_fact_that_takes_the_reason_is_known_without_its_part() -> None:
    one = host(size="x", unit="MiB")
    assert one.fact(Label).text == "the size is no number, the size is no number"
    assert PARSED["Size"] == 1


def test_a_parser_that_fails_is_the_reason_of_all_that_is_made_of_its_fact() -> None:
    with pytest.raises(Unreadable, match=r"^Broken could not be read: ValueError: 5$"):
        host(size="5").fact(OfBroken)


def test_new_answers_are_new_to_all_facts_that_are_made_of_them() -> None:
    one = host(size="5", unit="MiB")
    assert one.fact(Label).text == "5 MiB, 10 MiB"
    later = one.told({"size": Record("6")}, {})
    assert later.fact(Label).text == "6 MiB, 12 MiB"
    other = one.told({"unit": Record("GiB")}, {})
    assert other.fact(Label).text == "5 GiB, 10 GiB"
    assert PARSED == {"Size": 2, "Double": 2, "Label": 3}


def test_what_does_not_need_the_later_answers_is_made_ahead_of_them() -> None:
    one = host(size="5", unit="MiB")
    one.read_ahead([Label], ["unit"])
    assert PARSED == {"Size": 1, "Double": 1}
    one.read_ahead([Label], ["size"])
    assert "Label" not in PARSED
    one.read_ahead([Label], [])
    assert PARSED == {"Size": 1, "Double": 1, "Label": 1}
