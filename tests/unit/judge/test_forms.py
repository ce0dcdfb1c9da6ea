"""Errors that rules declare: what is read of a rule's file, and where a form is found in a message."""

import time
from pathlib import Path

import pytest

from preflight.judge.forms import LONGEST, Form, forms
from tests.rule_files import load_rule

RESOLVE = Form.parse("Unable to resolve address '...' service '...'")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a '...' b", ("a '", "' b")),
        ("...", ()),
        ("'...'", ()),
        ("... graphics are not supported", (" graphics are not supported",)),
        ("two\n  lines of ... text", ("two lines of ", " text")),
        ("to the end ...", ("to the end",)),
    ],
)
def test_a_form_has_the_fixed_parts_of_a_declared_text(text: str, parts: tuple[str, ...]) -> None:
    assert Form.parse(text).parts == parts


@pytest.mark.parametrize(
    ("message", "span"),
    [
        ("Unable to resolve address 'h' service '1': x", (0, 39)),
        ("x: Unable to resolve address 'Unable to resolve address' service 'y'", (3, 66)),
        ("Unable to resolve address 'a b', Unable to resolve address 'c' service '", (0, 72)),
    ],
)
def test_it_is_found_whatever_the_variable_parts_are(message: str, span: tuple[int, int]) -> None:
    assert RESOLVE.find(message) == span


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Unable to resolve address 'h'",
        "' service ' Unable to resolve address '",
        f"Unable to resolve address '{'x' * (LONGEST + 1)}' service '",
        "Unable to resolve address '' service",
    ],
)
def test_it_is_not_found_where_a_part_is_missing_or_too_far_away(message: str) -> None:
    assert RESOLVE.find(message) is None


@pytest.mark.parametrize(
    ("message", "shared"),
    [
        ("Unable to resolve address", 25),
        ("resolve address '", 17),
        ("Unable to resolve address 'host2", 27),
        ("Unable to resolve address 'host2' serv", 27),
        ("Unable to resolve address 'host2' of nobody", 0),
        ("Unable to", 0),
        ("cannot resolve address", 0),
    ],
)
def test_a_piece_of_a_message_is_known_unless_it_goes_on_otherwise(message: str, shared: int) -> None:
    assert RESOLVE.overlap(message) == shared


@pytest.mark.parametrize(
    "text", ["Permission denied", "No space left on device", ": Connection refused", "short text", "..."]
)
def test_what_does_not_say_what_failed_is_not_telling(text: str) -> None:
    assert not Form.parse(text).is_telling


@pytest.mark.parametrize("text", [*RESOLVE.parts, "Unable to resolve address 'a", "x"])
def test_no_message_takes_longer_than_its_length_lets_expect(text: str) -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        RESOLVE.find(text * count + "' service ")
        RESOLVE.overlap(text * count)
        return time.process_time() - began

    few, many = (min(seconds(count) for _ in range(3)) for count in (2_000, 16_000))
    assert many < 0.2 or many < 16 * few


RULE = """
_SAID = "a text of the module"


def check(host):
    one = f"{_SAID}, with {host} and more"
    yield f(error=one)
    yield f(error="the first text" if host else "the second text")
    yield f(error=host.error or "a text in place of none")
    yield f(error={"a": "a text of a table"}.get(host))
    yield f(error="begin " + host.name + " and the end")
    yield f(error=_of(host))
    yield f(error=host.error)
    yield f(error="short")
    yield f(message="no error at all, this")


def _of(host):
    if host:
        return f"a text that a {host} returns"
    return None
"""


def test_the_errors_of_findings_are_read_from_a_rules_file(tmp_path: Path) -> None:
    body = RULE.replace(
        "def check(host):",
        '@rule(Severity.ERROR, errors=("declared by ... itself",))\ndef check(host: OsRelease) -> Findings:',
    )
    found = [str(form) for form in forms(load_rule(tmp_path, body))]
    assert found == [
        "a text of the module, with ... and more",
        "the first text",
        "the second text",
        "a text in place of none",
        "a text of a table",
        "begin ... and the end",
        "a text that a ... returns",
        "declared by ... itself",
    ]
