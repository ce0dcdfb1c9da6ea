"""libvirt's configuration files.

cases/libvirt_conf/answers.json holds texts and what libvirt 9.0's own parser (virConfReadString) said of each: "ok", or
the line and the reason. 37 were written by hand, the others drawn at random.
"""

import json
from pathlib import Path

import pytest

from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.text.libvirt_conf import Conf, parse_conf, refusal
from tests.facts.noise import answers

ANSWERS: list[tuple[str, str]] = json.loads((Path(__file__).parent / "cases/libvirt_conf/answers.json").read_text())
PATH = "/etc/libvirt/libvirtd.conf"


def conf(text: str) -> Conf:
    return parse_conf(PATH, Record(text))


@pytest.mark.parametrize(("text", "answer"), ANSWERS, ids=[repr(text) for text, _ in ANSWERS])
def test_refuses_what_libvirt_refuses_and_says_the_same(text: str, answer: str) -> None:
    found = refusal(text)
    ours = "ok" if found is None else f"{text.count(chr(10), 0, found[0]) + 1}: {found[1]}"
    assert ours == answer


def test_reads_whatever_libvirt_reads() -> None:
    taken = [text for text, answer in ANSWERS if answer == "ok" and "[[" not in text]
    assert len(taken) > 50
    for text in taken:
        assert conf(text).problem is None


def test_values_and_where_they_are() -> None:
    found = conf(
        '# first\nmax_clients = 30 # x\n  listen_addr=\'::1\'\ndrivers = [ "a",\n \'b\', ]\nlow = -1\nt = """x\ny"""\n'
    )
    assert {key: value.value for key, value in found.settings.items()} == {
        "max_clients": 30,
        "listen_addr": "::1",
        "drivers": ("a", "b"),
        "low": -1,
        "t": "x\ny",
    }
    at = found.settings["max_clients"].at
    assert at is not None
    assert (at.path, at.line, at.column, at.end_column, at.text) == (PATH, 2, 15, 17, "max_clients = 30 # x")
    several = found.settings["drivers"].at
    assert several is not None
    assert (several.line, several.column, several.text) == (4, 11, 'drivers = [ "a",')


def test_of_a_key_given_twice_the_first_counts() -> None:
    found = conf("a = 1\nb = 2\na = 3\na = 4\n")
    assert found.settings["a"].value == 1
    assert [(key, value.value) for key, value in found.duplicates] == [("a", 3), ("a", 4)]
    where = [value.at.line for _, value in found.duplicates if value.at is not None]
    assert where == [3, 4]


def test_a_file_that_does_not_exist_sets_nothing() -> None:
    found = parse_conf(PATH, Record("", MISSING))
    assert (found.present, dict(found.settings), found.problem) == (False, {}, None)
    assert found.get("max_clients") is None


def test_a_file_that_may_not_be_read_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="Permission denied"):
        parse_conf(PATH, Record("", 1, "head: cannot open: Permission denied"))


def test_a_syntax_error_is_told_in_libvirts_words() -> None:
    found = conf("a = 1\nmax_clients = many\n")
    assert found.problem is not None
    assert found.problem.error == f"{PATH}:2: expecting a value"
    assert found.problem.location is not None
    assert (found.problem.location.line, found.problem.location.column) == (2, 15)
    with pytest.raises(Unreadable, match="cannot be parsed: expecting a value"):
        found.get("a")


def test_a_file_of_blank_lines_alone_is_a_syntax_error() -> None:
    assert conf("").problem is None
    assert conf("\n").problem is not None


def test_remarks_inside_a_list_are_a_syntax_error() -> None:
    assert conf('a = [ "x", # no\n "y" ]\n').problem is not None


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "9" * 5000])
def test_a_number_that_libvirts_releases_read_in_two_ways_is_unreadable(number: str) -> None:
    assert conf("a = 9223372036854775807\n").settings["a"].value == 2**63 - 1
    with pytest.raises(Unreadable, match="a: the number exceeds 64 bits"):
        conf(f"a = {number}\n")


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers("a = 1\nb = \"x\" # y\nc = [ 'z', 1 ]\n"):
        try:
            parse_conf(PATH, record)
        except Unreadable:
            continue
