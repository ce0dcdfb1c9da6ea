"""sshd's configuration files: what is read of any text, and what an edit leaves alone."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from preflight.facts.fact import Unreadable
from preflight.facts.ssh.sshd_config import MAIN, Directive, directives, own_directives
from preflight.fix.files import edited
from tests.properties.texts import words_of

VOCABULARY = (
    "MaxStartups", "maxstartups", "Port", "Match", "Match all", "Match User git", "Include", "10:30:100", '"5"', "'6'",
    "=", " ", "\t", "\\", '"', "#", "# MaxStartups 1", "\n", "\r\n", "*", "/etc/ssh/sshd_config.d/*.conf", "22",
)  # fmt: skip
TEXTS = words_of(VOCABULARY)


def meanings(found: list[Directive]) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(one.keyword, one.arguments, one.conditional) for one in found]


@given(TEXTS)
def test_a_directive_stands_where_it_is_said_to(text: str) -> None:
    lines = text.split("\n")
    for one in own_directives(MAIN, text):
        assert one.at.text == lines[one.at.line - 1]
        assert one.at.text[: one.at.column - 1].lower().lstrip(" \t\r\f").startswith(one.keyword)
        if one.arguments:
            assert one.at.text[one.at.column - 1 : one.at.end_column - 1].strip(" \t\r\f") != ""


@given(TEXTS, TEXTS)
def test_files_that_include_each_other_come_to_an_end(main: str, other: str) -> None:
    with contextlib.suppress(Unreadable):
        directives({MAIN: main, "/etc/ssh/sshd_config.d/a.conf": other})


@given(TEXTS, st.sampled_from(("30:30:100", "1", "7:50:9")))
def test_an_edit_sets_the_keyword_for_all_connections_and_nothing_else(text: str, value: str) -> None:
    after = edited(MAIN, text, {"MaxStartups": value})
    found = list(own_directives(MAIN, after))
    mine = [one.arguments for one in found if one.keyword == "maxstartups" and not one.conditional]
    assert mine
    assert set(mine) == {(value,)}
    others = [
        [one for one in meanings(list(own_directives(MAIN, some))) if one[0] != "maxstartups" or one[2]]
        for some in (text, after)
    ]
    assert others[0] == others[1]
    assert edited(MAIN, after, {"MaxStartups": value}) == after
