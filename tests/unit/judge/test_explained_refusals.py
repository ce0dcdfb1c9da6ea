"""A finding that passes on a host's own refusal names the other rules whose findings predict it."""

from pathlib import Path

import pytest

from tests.case import Case
from tests.rule_files import write_rule
from tests.rules.neighbour import with_db

REFUSES = """
@rule(Severity.WARNING, quotes=True)
def check(destination: Versions, guest: Guest) -> Findings:
    if guest.name == "web":
        yield on_destination("the host refuses", error="cannot start web: no room, no luck")
"""
OF_PAIR = """
@rule(Severity.WARNING)
def check(destination: Versions) -> Findings:
    yield on_destination("too small", error={error!r})
"""
OF_GUEST = """
@rule(Severity.WARNING)
def check(destination: Versions, guest: Guest) -> Findings:
    if guest.name == {name!r}:
        yield on_destination("unlucky", error="no luck")
"""


def said(directory: Path, **predicting: str) -> str:
    """Return what is said of the refusal of the guest web."""
    for name, body in {"refuses": REFUSES, **predicting}.items():
        write_rule(directory, name, body)
    case = with_db(Case()).asking(rules=(directory,), select=("site",), guests=("web", "db"))
    (message,) = {
        finding.message
        for result in case.report().results
        if result.rule.name == "refuses"
        for finding in result.findings
    }
    return message


def test_nothing_is_named_where_no_rule_predicts_it(tmp_path: Path) -> None:
    assert said(tmp_path) == "the host refuses"


@pytest.mark.parametrize(
    ("error", "is_named"), [("no room", True), ("cannot start web: no room, no luck", True), ("no time", False)]
)
def test_a_rule_of_both_hosts_is_named_if_the_refusal_contains_its_error(
    tmp_path: Path, error: str, *, is_named: bool
) -> None:
    whole = "the host refuses (explained by size)" if is_named else "the host refuses"
    assert said(tmp_path, size=OF_PAIR.format(error=error)) == whole


@pytest.mark.parametrize(("name", "is_named"), [("web", True), ("db", False)])
def test_a_rule_of_each_guest_is_named_if_it_is_the_same_guest(tmp_path: Path, name: str, *, is_named: bool) -> None:
    whole = "the host refuses (explained by luck)" if is_named else "the host refuses"
    assert said(tmp_path, luck=OF_GUEST.format(name=name)) == whole


def test_all_are_named_each_once(tmp_path: Path) -> None:
    twice = OF_PAIR.format(error="no room") + '    yield on_destination("too small again", error="no room")\n'
    both = said(tmp_path, luck=OF_GUEST.format(name="web"), size=twice)
    assert both == "the host refuses (explained by luck, size)"
