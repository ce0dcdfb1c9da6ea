"""No text of a host or a file keeps a regular expression busy: each takes time in proportion to the text's length."""

import re

import pytest

from tests.contracts.regular_expressions import Used, in_source, slow_text, used_in, with_some


@pytest.mark.parametrize("name", with_some())
def test_no_text_keeps_it_busy(name: str) -> None:
    slow = {f"{used.where} {used.pattern.pattern}": text for used in used_in(name) if (text := slow_text(used))}
    assert slow == {}


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(?:\d{1,9}[smhdw]?)+", "fullmatch"),  # T1: LoginGraceTime
        (r"\s*(?:\[([^]]*)\]|([^\s\[]+))", "findall"),  # T3: a line of nsswitch.conf
        (r"([ \t]*\w*(?:password)\w*[ \t]*=)", "findall"),
        (r"(a|a)*b", "fullmatch"),
        (r"(?:a*)*b", "fullmatch"),
        (r"x\s*\s*y", "fullmatch"),
        (r"(.*)(.*)\d", "fullmatch"),
        ("#[^!]*!", "search"),
    ],
)
def test_the_search_for_slow_texts_finds_those_of_a_pattern_that_has_some(pattern: str, method: str) -> None:
    assert slow_text(Used("", re.compile(pattern), frozenset((method,)))) is not None


def test_patterns_are_found_wherever_they_are_written() -> None:
    text = "import re\nA = re.compile('a', re.ASCII)\nB = re.compile('b')\nA.findall('')\nre.search('c', '')\n"
    found = {used.pattern.pattern: used.methods for used in in_source("some.py", text)}
    assert found == {"a": {"findall"}, "b": {"match", "fullmatch"}, "c": {"search"}}
    with pytest.raises(LookupError):
        list(in_source("some.py", "import re\ndef f(x):\n    re.match(x + 'a', '')\n"))
